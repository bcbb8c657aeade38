"""What a packing problem and its plan look like when they cross a border.

One model serves three dimensions: 3 (boxes in cartons or containers), 2 (rectangles on a layer or sheet) and 1 (lengths
or weights in bars or totes). Lengths are integer millimetres, weights integer grams, money integer minor units. The
origin of a carton is its inner left-front-bottom corner; x runs along its length, y along its width, z upwards. A
container's door is at the far end of x.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from contracts.base import Identifier, Model

Millimetres = Annotated[int, Field(gt=0, le=1_000_000)]
Position = Annotated[int, Field(ge=0, le=1_000_000)]
Grams = Annotated[int, Field(ge=0, le=1_000_000_000)]
Tag = Annotated[str, Field(min_length=1, max_length=64)]

# Which edge of the item lies along the carton's length, width and height.
Orientation = Literal["LWH", "WLH", "LHW", "HLW", "WHL", "HWL"]


class PackItem(Model):
    """`quantity` equal pieces. `width_mm` may be left out in one dimension, `height_mm` in one and two."""

    id: Identifier
    quantity: Annotated[int, Field(ge=1, le=100_000)] = 1
    length_mm: Millimetres
    width_mm: Millimetres | None = None
    height_mm: Millimetres | None = None
    weight_g: Grams = 0
    # any: every side may be down; upright: the height stays vertical; fixed: as given. `orientations` says it exactly.
    rotations: Literal["any", "upright", "fixed"] = "any"
    orientations: Annotated[frozenset[Orientation], Field(min_length=1)] | None = None
    max_load_g: Grams | None = None  # the most weight that may rest on one piece, passed on from above; None: no limit
    fragile: bool = False  # nothing may rest on it
    together: Tag | None = None  # all pieces with one tag go into one carton
    category: Tag | None = None  # what `apart` speaks of
    # The order in which pieces are put in (that of the pick list, or the stops of a tour reversed). A later piece never
    # lies below an earlier one, nor, in a container with a door, behind it.
    sequence: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    value: Annotated[float, Field(ge=0, le=1e12)] | None = None  # for objective "value"; the volume when left out


class CartonType(Model):
    """Inner dimensions, what it may carry, what one costs, how many there are (None: as many as needed)."""

    id: Identifier
    length_mm: Millimetres
    width_mm: Millimetres | None = None
    height_mm: Millimetres | None = None
    max_weight_g: Annotated[int, Field(gt=0, le=2_000_000_000)] | None = None
    cost: Annotated[int, Field(ge=0, le=1_000_000_000_000)] | None = None  # minor units; 1 each when no type has one
    available: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    access: Literal["top", "door"] = "top"


class Content(Model):
    """A piece that already lies in an open carton and stays where it is."""

    id: Identifier
    x: Position
    y: Position = 0
    z: Position = 0
    length_mm: Millimetres
    width_mm: Millimetres | None = None
    height_mm: Millimetres | None = None
    weight_g: Grams = 0
    max_load_g: Grams | None = None
    category: Tag | None = None
    sequence: Annotated[int, Field(ge=0, le=1_000_000)] | None = None


class OpenCarton(Model):
    """A partly filled carton or container. It is paid for already: using it costs nothing."""

    id: Identifier
    type: Identifier
    contents: Annotated[tuple[Content, ...], Field(max_length=10_000)] = ()


class CartonizationProblem(Model):
    """Which cartons, and where each piece lies.

    Objective `cost`: pack everything at the least cost of cartons. `count`: in the fewest cartons. `value`: load the
    most value into the cartons that are available (container loading).
    """

    dimensions: Literal[1, 2, 3] = 3
    objective: Literal["cost", "count", "value"] = "cost"
    items: Annotated[tuple[PackItem, ...], Field(max_length=20_000)]
    cartons: Annotated[tuple[CartonType, ...], Field(max_length=1_000)]
    open_cartons: Annotated[tuple[OpenCarton, ...], Field(max_length=1_000)] = ()
    # Pairs of categories that never share a carton. A category paired with itself: one piece of it per carton.
    apart: Annotated[tuple[tuple[Tag, Tag], ...], Field(max_length=2_000)] = ()
    # The share of each piece's base that must rest on the floor or on other pieces (3 dimensions). Above one half the
    # centre of the base always lies over the support.
    min_support: Annotated[float, Field(ge=0, le=1)] = 0.75
    fill_limit: Annotated[float, Field(gt=0, le=1)] = 1.0  # keep some room for padding: the largest share of volume


class Placement(Model):
    """One piece: which, where its left-front-bottom corner is, and its edges along x, y and z as it lies."""

    item: Identifier
    piece: Annotated[int, Field(ge=0)]
    x: Position
    y: Position = 0
    z: Position = 0
    length_mm: Millimetres
    width_mm: Millimetres = 1
    height_mm: Millimetres = 1


class PackedCarton(Model):
    """`placements` are in packing order. `open_carton` names the partly filled carton that is continued here."""

    id: Identifier
    type: Identifier
    open_carton: Identifier | None = None
    placements: tuple[Placement, ...] = ()
    weight_g: int | None = None  # of all that lies in it; filled in by the solver
    fill: float | None = None  # share of its volume; filled in by the solver


class CartonizationSolution(Model):
    cartons: tuple[PackedCarton, ...] = ()


class CartonizationLocks(Model):
    """Cartons whose placements stay. Others may be added to them, unless they are `closed`."""

    cartons: tuple[PackedCarton, ...] = ()
    closed: frozenset[Identifier] = frozenset()
