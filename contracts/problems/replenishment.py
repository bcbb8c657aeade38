"""Replenishment: what to bring down from reserve to the pick faces, how much and when, so that every wave finds its goods.

Periods are the waves in the order of their start, the orders of no wave at `rest_at`, then the forecast's days. Goods for a
period lie in the pick face when it starts, as far as it holds them; what it does not hold comes while the period is picked.
Quantities are pieces, money is seconds of work.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, model_validator

from contracts.base import Identifier, Model
from contracts.catalogue import Item, Order, Quantity, StockLine
from contracts.layout import Layout

MAX_FACES = 20_000
Pieces = Annotated[int, Field(ge=0, le=1_000_000)]


class PickFace(Model):
    """The forward slot of a SKU. It should not fall below `min_pieces` and never holds more than `max_pieces`."""

    sku: Identifier
    location: Identifier
    min_pieces: Pieces = 0
    max_pieces: Annotated[int, Field(ge=1, le=1_000_000)]

    @model_validator(mode="after")
    def _ordered(self) -> PickFace:
        if self.min_pieces > self.max_pieces:
            raise ValueError("min_pieces must not exceed max_pieces")
        return self


class Pack(Model):
    """How a SKU is packed in reserve."""

    sku: Identifier
    case_pieces: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    pallet_pieces: Annotated[int, Field(ge=1, le=1_000_000)] | None = None


class ReserveLot(Model):
    """Pieces of one date at one reserve location."""

    sku: Identifier
    location: Identifier
    quantity: Quantity
    received_at: AwareDatetime | None = None
    expires_at: AwareDatetime | None = None


Minutes = Annotated[float, Field(ge=0, le=10_000)]


class PickWave(Model):
    """Orders that are picked from `start_at` on, in `minutes`; 0 stands for all at once."""

    id: Identifier
    start_at: AwareDatetime
    minutes: Minutes = 0.0
    orders: Annotated[tuple[Identifier, ...], Field(max_length=20_000)]
    order_minutes: Annotated[tuple[Minutes, ...], Field(max_length=20_000)] | None = Field(
        default=None,
        description="When each of `orders` is picked, in minutes after start_at. Left out, each SKU's pieces are taken "
        "evenly over `minutes`.",
    )


class SkuHistory(Model):
    """Pieces asked for on each of the days past."""

    sku: Identifier
    daily_pieces: Annotated[tuple[Pieces, ...], Field(min_length=1, max_length=1000)]


class Forecast(Model):
    """Days after the last wave for which demand is foreseen: the `service_level` quantile of `samples` bootstrapped sums of
    days drawn from the history, per SKU and day, from `seed`."""

    days: Annotated[int, Field(ge=1, le=60)] = 1
    service_level: Annotated[float, Field(gt=0, lt=1)] = 0.9
    samples: Annotated[int, Field(ge=10, le=20_000)] = 500
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 1
    minutes: Annotated[float, Field(ge=0, le=1440)] = 0.0  # in which a day's pieces are picked, evenly
    history: Annotated[tuple[SkuHistory, ...], Field(max_length=MAX_FACES)]


class ForwardArea(Model):
    """Room to divide among pick faces (Bartholdi & Hackman): which SKUs get some, and how much."""

    volume_mm3: Annotated[int, Field(gt=0, le=10**18)]
    saved_s_per_pick: Annotated[float, Field(ge=0, le=3600)]  # by picking forward instead of from reserve
    restock_s: Annotated[float, Field(gt=0, le=86_400)]
    days: Annotated[float, Field(gt=0, le=3660)] = 1.0  # that the orders cover


class RestockWork(Model):
    """A task takes, per trip, fixed_s + twice the way / travel_m_per_s, and case_s per case (or started case)."""

    fixed_s: Annotated[float, Field(ge=0, le=86_400)] = 90.0
    case_s: Annotated[float, Field(ge=0, le=3600)] = 5.0
    travel_m_per_s: Annotated[float, Field(gt=0, le=20)] = 1.0
    trip_pieces: Annotated[int, Field(ge=1, le=1_000_000)] | None = None  # what one trip carries


class ReplenishmentProblem(Model):
    """Stock in a pick face's location of its SKU lies forward; all other stock of that SKU is reserve, unless `lots` say."""

    layout: Layout
    items: Annotated[tuple[Item, ...], Field(max_length=500_000)] = ()
    stock: Annotated[tuple[StockLine, ...], Field(max_length=500_000)] = ()
    orders: Annotated[tuple[Order, ...], Field(max_length=100_000)] = ()
    faces: Annotated[tuple[PickFace, ...], Field(max_length=MAX_FACES)]
    lots: Annotated[tuple[ReserveLot, ...], Field(max_length=500_000)] = ()
    packs: Annotated[tuple[Pack, ...], Field(max_length=MAX_FACES)] = ()
    multiple: Literal["piece", "case", "pallet"] = "case"  # what comes down is a multiple of this
    policy: Literal["fefo", "fifo", "nearest"] = "fefo"
    start_at: AwareDatetime  # when the work may begin
    waves: Annotated[tuple[PickWave, ...], Field(max_length=200)] = ()
    rest_at: AwareDatetime | None = (
        None  # when the orders of no wave are picked; eight hours after start_at if left out
    )
    rest_minutes: Minutes = 0.0  # in which they are picked, evenly
    forecast: Forecast | None = None
    workers: Annotated[int, Field(ge=1, le=1000)] = 1
    work: RestockWork = RestockWork()
    holding_s: Annotated[float, Field(ge=0, le=3600)] = 0.0  # what a piece left in its face after a period costs
    below_min_s: Annotated[float, Field(ge=0, le=3600)] = 1.0  # what each piece below min after a period costs
    late_weight: Annotated[float, Field(ge=0, le=1000)] = 1.0  # objective seconds per second that a task ends too late
    # What a trip to a face costs, beside its work, when its wave is being picked: it crosses the pickers, and they wait
    # for whatever delays it.
    during_wave_s: Annotated[float, Field(ge=0, le=86_400)] = 300.0
    forward_area: ForwardArea | None = None

    @model_validator(mode="after")
    def _consistent(self) -> ReplenishmentProblem:
        faults = []
        forecast = self.forecast.history if self.forecast is not None else ()
        for name, rows, key in (
            ("faces", self.faces, "sku"),
            ("packs", self.packs, "sku"),
            ("waves", self.waves, "id"),
            ("orders", self.orders, "id"),
            ("items", self.items, "sku"),
            ("forecast/history", forecast, "sku"),
        ):
            seen: set[str] = set()
            for i, row in enumerate(rows):
                value = getattr(row, key)
                if value in seen:
                    faults.append(f"{name}/{i}/{key}: {value!r} appears twice; keep one")
                seen.add(value)
        known = {order.id for order in self.orders}
        waved: set[str] = set()
        for i, wave in enumerate(self.waves):
            for order in wave.orders:
                if order not in known:
                    faults.append(f"waves/{i}/orders: no order {order!r} in `orders`")
                elif order in waved:
                    faults.append(f"waves/{i}/orders: {order!r} is in two waves; keep one")
                waved.add(order)
            times = wave.order_minutes
            if times is not None and len(times) != len(wave.orders):
                faults.append(f"waves/{i}/order_minutes: one time for each of the {len(wave.orders)} orders")
            elif times and max(times) > wave.minutes:
                faults.append(f"waves/{i}/order_minutes: none may exceed minutes; raise minutes to {max(times):g}")
            if wave.start_at < self.start_at:
                faults.append(f"waves/{i}/start_at: it must not be before start_at")
        if self.rest_at is not None and self.rest_at < self.start_at:
            faults.append("rest_at: it must not be before start_at")
        if faults:
            raise ValueError("; ".join(faults[:20]))
        return self


class RestockTask(Model):
    """Bring pieces of one reserve lot to the face. priority 0 is the most urgent."""

    id: Identifier
    sku: Identifier
    from_location: Identifier
    to_location: Identifier
    pieces: Quantity
    period: str  # "wave " and the wave's id, "rest", or "day-1" …
    trip: Annotated[int, Field(ge=1)] = Field(
        default=1,
        description="1: before the period starts; 2, 3, … while it is picked, each before the face runs empty.",
    )
    worker: Annotated[int, Field(ge=0)]
    start_s: float  # after start_at
    finish_s: float
    due_s: float  # when the period starts, or its picks need the first of these pieces
    seconds: float
    priority: Annotated[int, Field(ge=0, le=9)]


class FaceShare(Model):
    """What the forward area gives to a SKU: none of it when picking from reserve is better."""

    sku: Identifier
    volume_mm3: float
    pieces: int
    restocks_per_day: float


class ReplenishmentSolution(Model):
    """Tasks in the order of their start."""

    tasks: tuple[RestockTask, ...] = ()
    seconds: float = 0.0  # of work
    late_tasks: int = 0
    trips_during_waves: int = 0  # to a face that does not hold what its wave needs
    baseline_s: float | None = None
    shares: tuple[FaceShare, ...] = ()  # when a forward area was given


class ReplenishmentLocks(Model):
    """`skip`: nothing is brought down for these SKUs."""

    skip: Annotated[frozenset[Identifier], Field(max_length=MAX_FACES)] = frozenset()
