"""The warehouse's geometry: a parametric rectangular warehouse, or an explicit graph. Metres throughout.

A parametric warehouse has parallel picking aisles, cut by cross aisles into blocks. x runs across the aisles, y along
them; cross aisle 0 is the front (y = 0). In each block an aisle has `bays_per_block` bays on either side; the picker
walks the aisle's centre line, so left and right of one bay are one walking position. Conventions follow Roodbergen &
de Koster (2001), "Routing methods for warehouses with multiple cross aisles".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, model_validator

from contracts.base import Identifier, Model, Slug
from contracts.layout_faults import MAX_LOCATIONS, graph_faults, parametric_faults, refuse

Metres = Annotated[float, Field(ge=0, le=100_000)]


class LocationLimits(Model):
    """What one storage location holds. Absent means unlimited."""

    max_weight_g: Annotated[int, Field(gt=0, le=10**12)] | None = None
    max_volume_mm3: Annotated[int, Field(gt=0, le=10**18)] | None = None
    width_mm: Annotated[int, Field(gt=0, le=1_000_000)] | None = None
    depth_mm: Annotated[int, Field(gt=0, le=1_000_000)] | None = None
    height_mm: Annotated[int, Field(gt=0, le=1_000_000)] | None = None


class AccessPoint(Model):
    """A depot: where picking aisle `aisle` meets cross aisle `cross_aisle` (0 is the front)."""

    aisle: Annotated[int, Field(ge=0)] = 0
    cross_aisle: Annotated[int, Field(ge=0)] = 0


class AisleZone(Model):
    """A zone as a range of aisles, both ends included."""

    id: Slug
    first_aisle: Annotated[int, Field(ge=0)]
    last_aisle: Annotated[int, Field(ge=0)]
    attributes: Annotated[frozenset[str], Field(max_length=32)] = frozenset()  # e.g. "chilled", "hazard", "golden"


class ParametricLayout(Model):
    """A rectangular warehouse from a dozen numbers."""

    type: Literal["parametric"] = "parametric"
    aisles: Annotated[int, Field(ge=1, le=500)]
    blocks: Annotated[int, Field(ge=1, le=20)] = 1
    bays_per_block: Annotated[int, Field(ge=1, le=500)]
    levels: Annotated[int, Field(ge=1, le=50)] = 1
    sides: Literal[1, 2] = 2
    aisle_pitch_m: Annotated[float, Field(gt=0, le=1000)] = 5.0  # between the centre lines of neighbouring aisles
    bay_width_m: Annotated[float, Field(gt=0, le=100)] = 1.0  # between the centres of neighbouring bays
    end_gap_m: Metres = 1.0  # from the centre of a block's first or last bay to its cross aisle's centre line
    level_height_m: Annotated[float, Field(ge=0, le=20)] = 1.5
    depot: AccessPoint = AccessPoint()
    end_depot: AccessPoint | None = None  # where a route ends, when not at the depot
    zones: Annotated[tuple[AisleZone, ...], Field(max_length=500)] = ()
    location_limits: LocationLimits = LocationLimits()

    @model_validator(mode="after")
    def _consistent(self) -> ParametricLayout:
        refuse("ParametricLayout", parametric_faults(self))
        return self

    @property
    def block_length_m(self) -> float:
        """Centre line to centre line between neighbouring cross aisles."""
        return 2 * self.end_gap_m + (self.bays_per_block - 1) * self.bay_width_m

    def zone_of(self, aisle: int) -> str:
        for zone in self.zones:
            if zone.first_aisle <= aisle <= zone.last_aisle:
                return zone.id
        return DEFAULT_ZONE


class Node(Model):
    id: Identifier
    x_m: float
    y_m: float


class Edge(Model):
    from_node: Identifier
    to_node: Identifier
    length_m: Metres  # 0 joins places beside each other
    one_way: bool = False


class GraphLocation(Model):
    id: Identifier
    node: Identifier
    zone: Slug = "main"
    height_m: Metres = 0.0
    limits: LocationLimits = LocationLimits()


class GraphLayout(Model):
    """Any floor: walkable nodes and edges, and the locations that are picked from a node."""

    type: Literal["graph"] = "graph"
    nodes: Annotated[tuple[Node, ...], Field(min_length=1, max_length=50_000)]
    edges: Annotated[tuple[Edge, ...], Field(max_length=200_000)]
    locations: Annotated[tuple[GraphLocation, ...], Field(min_length=1, max_length=MAX_LOCATIONS)]
    depot: Identifier
    end_depot: Identifier | None = None

    @model_validator(mode="after")
    def _consistent(self) -> GraphLayout:
        refuse("GraphLayout", graph_faults(self))
        return self


Layout = Annotated[ParametricLayout | GraphLayout, Field(discriminator="type")]

DEFAULT_ZONE = "main"


class Location(Model):
    """One storage location with its place: `aisle`, `block`, `bay` are -1 on a graph layout."""

    id: Identifier
    zone: Slug
    x_m: float
    y_m: float
    z_m: float
    aisle: int = -1
    block: int = -1
    bay: int = -1
    level: int = 0
    side: str = ""
    limits: LocationLimits = LocationLimits()


def location_id(aisle: int, side: str, bay: int, level: int) -> str:
    """`A03-L-012-2`: aisle, side, bay counted through all blocks from the front, level; all but the side from 1."""
    return f"A{aisle + 1:02d}-{side}-{bay + 1:03d}-{level + 1}"


def parametric_locations(layout: ParametricLayout) -> Iterator[Location]:
    """Every location in walking order: aisle, bay from the front, side, level."""
    for aisle in range(layout.aisles):
        zone = layout.zone_of(aisle)
        for block in range(layout.blocks):
            for slot in range(layout.bays_per_block):
                bay = block * layout.bays_per_block + slot
                y_m = block * layout.block_length_m + layout.end_gap_m + slot * layout.bay_width_m
                for side in "LR"[: layout.sides]:
                    for level in range(layout.levels):
                        yield Location.model_construct(
                            id=location_id(aisle, side, bay, level),
                            zone=zone,
                            x_m=aisle * layout.aisle_pitch_m,
                            y_m=y_m,
                            z_m=level * layout.level_height_m,
                            aisle=aisle,
                            block=block,
                            bay=bay,
                            level=level,
                            side=side,
                            limits=layout.location_limits,
                        )


def locations(layout: ParametricLayout | GraphLayout) -> Iterator[Location]:
    """Every storage location of a layout."""
    if isinstance(layout, ParametricLayout):
        yield from parametric_locations(layout)
        return
    nodes = {node.id: node for node in layout.nodes}
    for place in layout.locations:
        node = nodes[place.node]
        yield Location(
            id=place.id, zone=place.zone, x_m=node.x_m, y_m=node.y_m, z_m=place.height_m, limits=place.limits
        )
