"""What can be wrong with a layout, each fault at its own place, as (path, detail). Pure functions on validated fields."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NoReturn

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

if TYPE_CHECKING:
    from contracts.layout import GraphLayout, ParametricLayout

MAX_FAULTS = 1_000  # told at once
MAX_LOCATIONS = 200_000

Path = tuple[str | int, ...]
Fault = tuple[Path, str]


def refuse(title: str, faults: Sequence[Fault]) -> None:
    """Raises pydantic's ValidationError with one error per fault, when there is one. For a model's own validator."""
    if faults:
        _raise(title, faults[:MAX_FAULTS])


def _raise(title: str, faults: Iterable[Fault]) -> NoReturn:
    raise ValidationError.from_exception_data(
        title,
        [
            InitErrorDetails(
                type=PydanticCustomError("layout_fault", "{detail}", {"detail": text}), loc=path, input=None
            )
            for path, text in faults
        ],
    )


# --- parametric ------------------------------------------------------------------------------------------------------


def parametric_faults(layout: ParametricLayout) -> list[Fault]:
    """Too many locations, access points outside, zones that leave the floor, meet or share a name."""
    faults: list[Fault] = []
    count = layout.aisles * layout.blocks * layout.bays_per_block * layout.levels * layout.sides
    if count > MAX_LOCATIONS:
        faults.append(((), f"the layout has {count} locations; the limit is {MAX_LOCATIONS}"))
    for name, point in (("depot", layout.depot), ("end_depot", layout.end_depot)):
        if point is not None and point.aisle >= layout.aisles:
            faults.append(((name, "aisle"), f"must lie within aisles 0..{layout.aisles - 1}"))
        if point is not None and point.cross_aisle > layout.blocks:
            faults.append(((name, "cross_aisle"), f"must lie within cross aisles 0..{layout.blocks}"))
    return faults + list(_zone_faults(layout))


def _zone_faults(layout: ParametricLayout) -> Iterator[Fault]:
    owner: dict[int, int] = {}
    named: dict[str, int] = {}
    for index, zone in enumerate(layout.zones):
        first = named.setdefault(zone.id, index)
        if first != index:
            yield ("zones", index, "id"), f"zone {zone.id!r} is also at zones/{first}: keep one"
        if zone.last_aisle >= layout.aisles:
            yield ("zones", index, "last_aisle"), f"must lie within aisles 0..{layout.aisles - 1}"
        if zone.last_aisle < zone.first_aisle:
            yield ("zones", index, "last_aisle"), f"must not be below first_aisle, {zone.first_aisle}"
        for aisle in range(zone.first_aisle, min(zone.last_aisle, layout.aisles - 1) + 1):
            other = owner.setdefault(aisle, index)
            if other != index:
                yield ("zones", index), f"aisle {aisle} is in zone {layout.zones[other].id!r} too: keep it in one"
                break


# --- graph -----------------------------------------------------------------------------------------------------------


def graph_faults(layout: GraphLayout) -> list[Fault]:
    """Names that come twice, and references to nodes that are not there."""
    faults = [*_repeated("nodes", [node.id for node in layout.nodes])]
    nodes = {node.id for node in layout.nodes}
    for index, edge in enumerate(layout.edges):
        for name, node in (("from_node", edge.from_node), ("to_node", edge.to_node)):
            if node not in nodes:
                faults.append((("edges", index, name), f"there is no node {node!r}"))
        if edge.from_node == edge.to_node:
            faults.append((("edges", index, "to_node"), "the edge ends where it begins"))
    for index, place in enumerate(layout.locations):
        if place.node not in nodes:
            faults.append((("locations", index, "node"), f"there is no node {place.node!r}"))
    faults += _repeated("locations", [place.id for place in layout.locations])
    for name, node_id in (("depot", layout.depot), ("end_depot", layout.end_depot)):
        if node_id is not None and node_id not in nodes:
            faults.append(((name,), f"there is no node {node_id!r}"))
    return faults


def _repeated(what: str, names: Sequence[str]) -> Iterator[Fault]:
    first: dict[str, int] = {}
    for index, name in enumerate(names):
        earlier = first.setdefault(name, index)
        if earlier != index:
            yield (what, index, "id"), f"{name!r} is also at {what}/{earlier}: keep one"


def reach_faults(layout: GraphLayout) -> list[Fault]:
    """Locations that a picker cannot reach from the depot, or from which no way leads to where routes end; and the
    one-way edges that lead into such a dead end. Two searches of the graph: O(nodes + edges)."""
    end = layout.end_depot if layout.end_depot is not None else layout.depot
    there = _reached(layout, layout.depot, forward=True)
    back = _reached(layout, end, forward=False)
    both = there & back
    faults: list[Fault] = []
    if end not in there:
        faults.append((("end_depot",), f"node {end!r} cannot be reached from the depot {layout.depot!r}"))
        return faults
    for index, edge in enumerate(layout.edges):
        if edge.one_way and edge.from_node in both and edge.to_node not in back:
            detail = f"a one-way edge into a dead end: from node {edge.to_node!r} no way leads to {end!r}"
            faults.append((("edges", index), detail))
    for index, place in enumerate(layout.locations):
        path = ("locations", index, "node")
        if place.node not in there:
            faults.append((path, f"node {place.node!r} cannot be reached from the depot {layout.depot!r}"))
        elif place.node not in back:
            faults.append((path, f"from node {place.node!r} no way leads to {end!r}"))
    return faults


def _reached(layout: GraphLayout, start: str, *, forward: bool) -> set[str]:
    neighbours: dict[str, list[str]] = {}
    for edge in layout.edges:
        a, b = (edge.from_node, edge.to_node) if forward else (edge.to_node, edge.from_node)
        neighbours.setdefault(a, []).append(b)
        if not edge.one_way:
            neighbours.setdefault(b, []).append(a)
    found, waiting = {start}, [start]
    while waiting:
        for node in neighbours.get(waiting.pop(), ()):
            if node not in found:
                found.add(node)
                waiting.append(node)
    return found
