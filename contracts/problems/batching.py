"""Order batching joint with picker routing: which orders share a cart, and how the picker walks.

Data in: a layout, where the stock lies (an article may lie at several places), the orders, the cart, the pace of work.
Answer: BatchingSolution. Everything that cannot be picked comes back as `unassigned`, with a reason and a cure.
"""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, model_validator

from contracts.base import Identifier, Model, Slug
from contracts.catalogue import Item, Order, StockLine
from contracts.layout import Layout, Metres

MAX_ORDERS = 20_000
MAX_STOCK_LINES = 500_000


class BatchOrder(Order):
    """An order with what the cart must know besides its lines."""

    totes: Annotated[int, Field(ge=0, le=1000)] = 1  # totes (boxes) that this order occupies on the cart


class Cart(Model):
    """What one picking tour can carry. Absent means unlimited."""

    items: Annotated[int, Field(gt=0, le=10**12)] | None = None  # pieces
    volume_mm3: Annotated[int, Field(gt=0, le=10**18)] | None = None
    weight_g: Annotated[int, Field(gt=0, le=10**15)] | None = None
    orders: Annotated[int, Field(gt=0, le=1_000_000)] | None = None
    totes: Annotated[int, Field(gt=0, le=10**9)] | None = None


class Pace(Model):
    """How long work takes: a batch lasts setup + metres / walking speed + halts x stop + pieces x piece.

    A halt is a place on the walk; all that is taken there for the batch, left and right, costs one `stop_s`.
    """

    walk_m_per_s: Annotated[float, Field(gt=0, le=20)] = 1.0
    setup_s: Annotated[float, Field(ge=0, le=86_400)] = 0.0
    stop_s: Annotated[float, Field(ge=0, le=3600)] = 0.0
    piece_s: Annotated[float, Field(ge=0, le=3600)] = 0.0


LockedOrders = Annotated[tuple[Identifier, ...], Field(min_length=1)]


class BatchLocks(Model):
    """Decisions that must stay: batches whose orders stay together, and orders that may not join anything else."""

    together: Annotated[tuple[LockedOrders, ...], Field(max_length=MAX_ORDERS)] = ()
    sealed: Annotated[tuple[LockedOrders, ...], Field(max_length=MAX_ORDERS)] = ()  # exactly these, no more


class EarlierBatch(Model):
    """A batch of the plan before. Once `released` it stays as it is, and takes nobody else."""

    orders: Annotated[tuple[Identifier, ...], Field(max_length=MAX_ORDERS)]
    released: bool = False


class Extension(Model):
    """A plan to extend by the orders that are not in it, with little disturbance.

    An order has moved when it is no longer with what is left of its batch: with each earlier batch continued by the batch of the new
    plan so that most orders stay, those that do not. Orders that are no more in the problem are passed over.
    """

    batches: Annotated[tuple[EarlierBatch, ...], Field(max_length=MAX_ORDERS)]
    moved_order_cost: Annotated[float, Field(ge=0, le=1e6)] = Field(
        default=20.0,
        description="Objective units for each order that moves: orders move only where the plan gains more than that.",
    )
    max_moved_orders: Annotated[int, Field(ge=0)] | None = None  # absent means no limit


class BatchingProblem(Model):
    """What to pick, from where, onto what.

    `objective` "distance" minimises metres walked; "time" minimises seconds of work. With `start_at`, orders' `due_at`
    are deadlines: `due` "hard" never plans an order late (it is left out, with a reason, when nobody can make it);
    "soft" adds `tardiness_weight` objective units for each second late.
    """

    layout: Layout
    items: Annotated[tuple[Item, ...], Field(max_length=MAX_STOCK_LINES)] = ()
    stock: Annotated[tuple[StockLine, ...], Field(max_length=MAX_STOCK_LINES)]
    orders: Annotated[tuple[BatchOrder, ...], Field(max_length=MAX_ORDERS)]
    cart: Cart = Cart()
    pace: Pace = Pace()
    pickers: Annotated[int, Field(ge=1, le=1000)] = 1
    objective: Literal["distance", "time"] = "distance"
    start_at: AwareDatetime | None = None
    due: Literal["ignore", "soft", "hard"] = "ignore"
    tardiness_weight: Annotated[float, Field(ge=0)] = 1.0
    # Orders are picked zone by zone (one batch stays in one zone, an order may be split between zones).
    zone_picking: bool = False
    # Pairs of item attributes or families that may not share a cart, e.g. ["hazard", "food"].
    incompatible: Annotated[tuple[tuple[str, str], ...], Field(max_length=100)] = ()
    extend: Extension | None = None

    @model_validator(mode="after")
    def _consistent(self) -> BatchingProblem:
        faults = []
        seen: set[str] = set()
        for i, order in enumerate(self.orders):
            if order.id in seen:
                faults.append(f"orders/{i}/id: {order.id!r} appears twice; give each order its own id")
            seen.add(order.id)
        skus: set[str] = set()
        for i, item in enumerate(self.items):
            if item.sku in skus:
                faults.append(f"items/{i}/sku: {item.sku!r} appears twice; keep one")
            skus.add(item.sku)
        if self.extend is not None:
            if self.zone_picking:
                faults.append("extend: it needs whole orders; leave out zone_picking")
            batched: set[str] = set()
            for i, batch in enumerate(self.extend.batches):
                for name in batch.orders:
                    if name in batched:
                        faults.append(f"extend/batches/{i}/orders: {name!r} appears twice; keep one")
                    batched.add(name)
        if self.due != "ignore" and self.start_at is None:
            faults.append("start_at: give the instant at which picking starts when due is 'soft' or 'hard'")
        if faults:
            raise ValueError("; ".join(faults[:20]))
        return self

    @cached_property
    def item_of(self) -> dict[str, Item]:
        """Items by SKU."""
        return {item.sku: item for item in self.items}


class PickStop(Model):
    """One place where the picker stops: what to take there."""

    location: Identifier
    sku: Identifier
    quantity: Annotated[int, Field(ge=1)]
    x_m: float
    y_m: float


class Batch(Model):
    """One tour. `path` is the polyline walked, from depot to end depot, as [x, y] in metres; on a graph layout it has a
    point for each of the `nodes` walked."""

    id: str
    orders: tuple[Identifier, ...]
    zone: Slug | None = None
    stops: tuple[PickStop, ...]
    path: tuple[tuple[float, float], ...]
    nodes: tuple[Identifier, ...] = ()
    distance_m: Metres
    seconds: float
    items: int
    totes: int = 0
    volume_mm3: int | None = None  # None when an item's size is unknown
    weight_g: int | None = None
    picker: int | None = None
    start_s: float | None = None  # seconds after the problem's start
    finish_s: float | None = None


class Disturbance(Model):
    """What extending a plan changed in it."""

    late_orders: int  # that the earlier plan did not hold
    moved_orders: tuple[Identifier, ...]
    changed_batches: int  # earlier batches that are no longer what they were
    new_batches: int  # that continue none
    replanned_m: float  # metres of the best plan found that keeps nothing but what was released
    over_replanned_m: float  # what keeping the plan walks more


class BatchingSolution(Model):
    """The plan, beside what first come, first served with S-shape routes would walk for the same orders."""

    batches: tuple[Batch, ...]
    distance_m: float
    seconds: float
    baseline_distance_m: float
    saved_m: float
    saved_share: float  # 0..1 of the baseline
    rules_m: dict[str, float] = Field(
        default_factory=dict,
        description="Metres of the same batches when they are walked by each routing rule (see a route's rules_m).",
    )
    disturbance: Disturbance | None = None  # when a plan was extended
