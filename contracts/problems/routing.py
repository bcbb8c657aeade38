"""Picker routing: the shortest walk from the depot through the places of a pick list to the end depot."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from contracts.base import Identifier, Model
from contracts.catalogue import OrderLine, StockLine
from contracts.layout import Layout, Metres


class PickList(Model):
    """One tour: locations to visit, in any order, and articles to take from whichever of their places suit the walk."""

    id: Identifier
    locations: Annotated[tuple[Identifier, ...], Field(max_length=10_000)] = ()
    lines: Annotated[tuple[OrderLine, ...], Field(max_length=1000)] = ()

    @model_validator(mode="after")
    def _not_empty(self) -> PickList:
        if not self.locations and not self.lines:
            raise ValueError("a pick list needs locations or lines")
        return self


class RoutingProblem(Model):
    """Pick lists on one floor. `stock` says where the articles of `lines` lie; earlier lists take from it first.

    Walks are exact on parametric layouts of up to four blocks and on graphs of the same shape, searched elsewhere.
    """

    layout: Layout
    lists: Annotated[tuple[PickList, ...], Field(max_length=10_000)]
    stock: Annotated[tuple[StockLine, ...], Field(max_length=500_000)] = ()


class Take(Model):
    """So many pieces of an article from one location."""

    location: Identifier
    sku: Identifier
    quantity: Annotated[int, Field(ge=1)]


class Route(Model):
    """`locations` in walking order; `path` is the polyline walked, [x, y] in metres; on a graph with its `nodes`."""

    id: Identifier
    locations: tuple[Identifier, ...]
    path: tuple[tuple[float, float], ...]
    nodes: tuple[Identifier, ...] = ()
    takes: tuple[Take, ...] = ()  # what the list's lines take, in walking order
    distance_m: Metres
    s_shape_m: Metres | None  # what the S-shape rule would walk past these locations; none on a floor without aisles
    rules_m: dict[str, Metres] = Field(
        default_factory=dict,
        description="Metres that each routing rule walks past the same locations: s_shape, return, midpoint, largest_gap, "
        "combined and, with several blocks, aisle_by_aisle. Empty on a floor without aisles, or when the depot hangs on "
        "several corners.",
    )


class LockedRoute(Model):
    """A route that stays as it is: what is walked and taken. The measures of an answer's route may be left out or sent along."""

    id: Identifier
    locations: tuple[Identifier, ...]
    path: tuple[tuple[float, float], ...]
    nodes: tuple[Identifier, ...] = ()
    takes: tuple[Take, ...] = ()
    distance_m: Metres | None = None
    s_shape_m: Metres | None = None
    rules_m: dict[str, Metres] = Field(default_factory=dict)


class PinnedTake(Take):
    """So many pieces that a pick list takes from one location, or more."""

    pick_list: Identifier


class RoutingLocks(Model):
    """Decisions that must stay. What they take is taken from stock before any list is planned.

    `routes`: these lists are not planned again; the routes of an earlier answer can be sent as they are. `takes`: these
    pieces come from these places; the rest of the list and its walk are planned.
    """

    routes: Annotated[tuple[LockedRoute, ...], Field(max_length=10_000)] = ()
    takes: Annotated[tuple[PinnedTake, ...], Field(max_length=100_000)] = ()


class RoutingSolution(Model):
    routes: tuple[Route, ...]
    distance_m: float
