"""Picker routing: the shortest walk from the depot through the places of a pick list to the end depot."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from contracts.base import Identifier, Model
from contracts.layout import Metres, ParametricLayout


class PickList(Model):
    """One tour's locations, in any order; a location named twice is visited once."""

    id: Identifier
    locations: Annotated[tuple[Identifier, ...], Field(min_length=1, max_length=10_000)]


class RoutingProblem(Model):
    """Pick lists on a parametric layout of up to four blocks, where walks are exact."""

    layout: ParametricLayout
    lists: Annotated[tuple[PickList, ...], Field(max_length=10_000)]


class Route(Model):
    """`locations` in walking order; `path` is the polyline walked, [x, y] in metres."""

    id: Identifier
    locations: tuple[Identifier, ...]
    path: tuple[tuple[float, float], ...]
    distance_m: Metres
    s_shape_m: Metres  # what the S-shape rule would walk


class RoutingSolution(Model):
    routes: tuple[Route, ...]
    distance_m: float
