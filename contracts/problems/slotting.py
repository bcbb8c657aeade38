"""Slotting: where each article should live, so that picking walks less and every rule of the building is kept.

Data in: a layout, the articles, what lies where today, and orders that show how the articles are asked for. Answer:
SlottingSolution. What cannot be placed comes back as `unassigned`, with a reason and the smallest change.

A rule speaks of articles by tag, which is an attribute or a family of theirs, and of places by the zone's id or one of
the zone's attributes.
"""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field, model_validator

from contracts.base import Identifier, Model
from contracts.catalogue import Item, Order, Quantity, StockLine
from contracts.layout import Layout, Location, LocationLimits, locations
from contracts.layout_faults import MAX_LOCATIONS

MAX_SKUS = 20_000
MAX_HISTORY = 100_000
MAX_LINES = 500_000

Tag = Annotated[str, Field(min_length=1, max_length=64)]
Level = Annotated[int, Field(ge=1, le=50)]
Region = Literal["slot", "bay", "aisle", "zone"]


class Slot(Model):
    """A location that articles may be put in, where it differs from the layout's own limits."""

    location: Identifier
    limits: LocationLimits | None = None  # absent: those of the layout
    max_skus: Annotated[int, Field(ge=1, le=1000)] | None = None  # absent: the problem's max_skus_per_slot


class Need(Model):
    """What one article needs, where stock and orders do not say it.

    `picks` beyond what the orders show count as tours of one visit each.
    """

    sku: Identifier
    pieces: Annotated[int, Field(ge=1, le=1_000_000_000)] | None = None  # to be stored; absent: what lies there today
    picks: Annotated[float, Field(ge=0, le=1e9)] | None = None  # at least so many over the horizon


class Heavy(Model):
    """Articles from `from_g` grams a piece may lie on these levels only (1 is the floor)."""

    from_g: Annotated[int, Field(gt=0, le=100_000_000)]
    levels: Annotated[frozenset[Level], Field(min_length=1)]


class GoldenZone(Model):
    """Levels between knee and shoulder. A pick elsewhere costs `penalty_m` metres of walking."""

    levels: Annotated[frozenset[Level], Field(min_length=1)]
    penalty_m: Annotated[float, Field(ge=0, le=1000)] = 2.0


class ZoneRule(Model):
    """Articles with `tag` must lie in one of the places `only` and in none of `never`.

    `exclusive`: the places named in `only` take nothing else.
    """

    tag: Tag
    only: Annotated[frozenset[Tag], Field(max_length=100)] = frozenset()
    never: Annotated[frozenset[Tag], Field(max_length=100)] = frozenset()
    exclusive: bool = False

    @model_validator(mode="after")
    def _says_something(self) -> ZoneRule:
        if not self.only and not self.never:
            raise ValueError("name places in `only` or `never`")
        if self.exclusive and not self.only:
            raise ValueError("`exclusive` needs the places in `only`")
        if both := self.only & self.never:
            raise ValueError(f"{min(both)!r} is both in `only` and in `never`; keep one")
        return self


class Apart(Model):
    """No slot (bay, aisle, zone) holds articles of both tags. A bay is both sides of the aisle, all levels."""

    tags: tuple[Tag, Tag]
    within: Region = "slot"

    @model_validator(mode="after")
    def _differ(self) -> Apart:
        if self.tags[0] == self.tags[1]:
            raise ValueError("a tag cannot be kept apart from itself; name two tags")
        return self


class Together(Model):
    """All articles with the tag lie in one zone, or in one aisle."""

    tag: Tag
    within: Literal["aisle", "zone"] = "zone"


class SlottingRules(Model):
    """What every plan must keep. Absent rules allow everything."""

    max_skus_per_slot: Annotated[int, Field(ge=1, le=1000)] = 1
    fill_limit: Annotated[float, Field(gt=0, le=1)] = 1.0  # the share of a slot's volume that may be filled
    heavy: Heavy | None = None
    golden: GoldenZone | None = None
    zones: Annotated[tuple[ZoneRule, ...], Field(max_length=200)] = ()
    apart: Annotated[tuple[Apart, ...], Field(max_length=100)] = ()
    together: Annotated[tuple[Together, ...], Field(max_length=500)] = ()


class SlottingFacts(Model):
    """What slotting and re-slotting both know of a warehouse."""

    layout: Layout
    items: Annotated[tuple[Item, ...], Field(max_length=MAX_LINES)] = ()
    stock: Annotated[tuple[StockLine, ...], Field(max_length=MAX_LINES)] = ()  # today's slots
    orders: Annotated[tuple[Order, ...], Field(max_length=MAX_HISTORY)] = ()
    needs: Annotated[tuple[Need, ...], Field(max_length=MAX_SKUS)] = ()
    horizon_days: Annotated[float, Field(gt=0, le=3660)] = 1.0  # the days that `orders` cover
    orders_per_tour: Annotated[int, Field(ge=1, le=100)] = 1  # picked together, in the order in which they are given
    # Where articles may be put: all locations of the layout when left out, without those of `blocked`.
    slots: Annotated[tuple[Slot, ...], Field(max_length=MAX_LOCATIONS)] = ()
    blocked: Annotated[frozenset[Identifier], Field(max_length=MAX_LOCATIONS)] = frozenset()
    rules: SlottingRules = SlottingRules()

    @model_validator(mode="after")
    def _consistent(self) -> SlottingFacts:
        faults = []
        for name, key in (("items", "sku"), ("needs", "sku"), ("slots", "location"), ("orders", "id")):
            seen: set[str] = set()
            for i, one in enumerate(getattr(self, name)):
                value = getattr(one, key)
                if value in seen:
                    faults.append(f"{name}/{i}/{key}: {value!r} appears twice; keep one")
                seen.add(value)
        if sum(len(order.lines) for order in self.orders) > MAX_LINES:
            faults.append(f"orders: more than {MAX_LINES} lines; send a sample of the history")
        if faults:
            raise ValueError("; ".join(faults[:20]))
        return self

    @cached_property
    def item_of(self) -> dict[str, Item]:
        """Items by SKU."""
        return {item.sku: item for item in self.items}

    @cached_property
    def place_of(self) -> dict[str, Location]:
        """The layout's locations by id, in its order."""
        return {place.id: place for place in locations(self.layout)}


class SlottingProblem(SlottingFacts):
    """Where each article should live.

    objective:
    - "cube_per_order": the rule of Heskett (1963): the less room per pick, the nearer. At once, not optimized.
    - "frequency": least sum of picks x (metres from depot to slot and on to the end depot), exactly.
    - "affinity": the same weighted by `depot_weight`, plus metres between the slots of articles ordered together.
    - "pick_distance": least metres of the tours that the orders really need, each the shortest through its slots.
    """

    objective: Literal["cube_per_order", "frequency", "affinity", "pick_distance"] = "pick_distance"
    depot_weight: Annotated[float, Field(ge=0, le=1000)] = 1.0  # for objective "affinity"


class SlotAssignment(Model):
    """Pieces of a SKU that live at a location. A SKU may have several, a location too."""

    sku: Identifier
    location: Identifier
    pieces: Quantity


class SlottingSolution(Model):
    """The plan, beside what today's slots (or, without any, the order of the SKUs) come to by the same measure."""

    assignments: tuple[SlotAssignment, ...] = ()
    distance_m: float = 0.0  # over the horizon, by the objective's own measure of walking
    distance_m_per_day: float = 0.0
    baseline_m: float | None = None  # the baseline's objective over the horizon
    saved_m_per_day: float | None = None  # of the objective
    saved_share: float | None = None  # 0..1 of the baseline
    today: bool = False  # in mode "score" with no assignments: score what lies there today


class SlottingLocks(Model):
    """`fixed`: these SKUs stay at exactly these locations. `keep`: these SKUs stay where they are today."""

    fixed: Annotated[dict[Identifier, tuple[Identifier, ...]], Field(max_length=MAX_SKUS)] = Field(default_factory=dict)
    keep: Annotated[frozenset[Identifier], Field(max_length=MAX_SKUS)] = frozenset()
