"""What is wrong with a packing problem beyond its data types: every fault, each with its pointer and its cure."""

from __future__ import annotations

from collections.abc import Iterator

from contracts.errors import Fault
from contracts.problems.cartonization import CartonizationLocks, CartonizationProblem

MAX_FAULTS = 100


def find_faults(source: CartonizationProblem) -> list[Fault]:
    """Faults under /data, at most MAX_FAULTS of them."""
    found: list[Fault] = []
    for rule in (_sizes, _ids, _orientations, _references, _contents, _contradictions, _objective):
        for fault in rule(source):
            found.append(fault)
            if len(found) >= MAX_FAULTS:
                return found
    return found


def _sizes(source: CartonizationProblem) -> Iterator[Fault]:
    needed = {1: (), 2: ("width_mm",), 3: ("width_mm", "height_mm")}[source.dimensions]
    if not source.cartons:
        yield Fault("/data/cartons", "no carton type is given: add at least one")
    for group in ("items", "cartons"):
        for index, thing in enumerate(getattr(source, group)):
            for name in needed:
                if getattr(thing, name) is None:
                    yield Fault(
                        f"/data/{group}/{index}/{name}",
                        f"is needed in {source.dimensions} dimensions: give it in millimetres",
                    )
    for index, carton in enumerate(source.open_cartons):
        for at, content in enumerate(carton.contents):
            for name in needed:
                if getattr(content, name) is None:
                    yield Fault(
                        f"/data/open_cartons/{index}/contents/{at}/{name}",
                        f"is needed in {source.dimensions} dimensions",
                    )


def _ids(source: CartonizationProblem) -> Iterator[Fault]:
    for group in ("items", "cartons", "open_cartons"):
        seen: dict[str, int] = {}
        for index, thing in enumerate(getattr(source, group)):
            if thing.id in seen:
                yield Fault(
                    f"/data/{group}/{index}/id",
                    f"{thing.id!r} stands at /data/{group}/{seen[thing.id]} already: "
                    "give each its own id, or one of them a quantity",
                )
            seen.setdefault(thing.id, index)


def _orientations(source: CartonizationProblem) -> Iterator[Fault]:
    if source.dimensions != 2:
        return
    for index, item in enumerate(source.items):
        if item.orientations is not None and not item.orientations & {"LWH", "WLH"}:
            yield Fault(f"/data/items/{index}/orientations", "in 2 dimensions only LWH and WLH exist: add one of them")


def _references(source: CartonizationProblem) -> Iterator[Fault]:
    types = {carton.id for carton in source.cartons}
    for index, carton in enumerate(source.open_cartons):
        if carton.type not in types:
            yield Fault(
                f"/data/open_cartons/{index}/type", f"{carton.type!r} is no carton type: name one of /data/cartons"
            )


def _contents(source: CartonizationProblem) -> Iterator[Fault]:
    types = {carton.id: carton for carton in source.cartons}
    for index, carton in enumerate(source.open_cartons):
        kind = types.get(carton.type)
        if kind is None:
            continue
        limits = (kind.length_mm, kind.width_mm or 1, kind.height_mm or 1)
        boxes = [
            ((c.x, c.y, c.z), (c.x + c.length_mm, c.y + (c.width_mm or 1), c.z + (c.height_mm or 1)))
            for c in carton.contents
        ]
        if len(boxes) > 2000:
            yield Fault(
                f"/data/open_cartons/{index}/contents", "more than 2000 contents: merge what lies closely together"
            )
            continue
        for at, (_, high) in enumerate(boxes):
            axis = next((a for a in range(source.dimensions) if high[a] > limits[a]), None)
            if axis is not None:
                yield Fault(
                    f"/data/open_cartons/{index}/contents/{at}",
                    f"ends at {high[axis]} mm, beyond the carton's {limits[axis]} mm along {'xyz'[axis]}: "
                    "correct place or size",
                )
        clash = _first_overlap(boxes)
        if clash is not None:
            yield Fault(
                f"/data/open_cartons/{index}/contents/{clash[1]}",
                f"overlaps the content {clash[0]}: correct one of the two places",
            )
        total = sum(c.weight_g for c in carton.contents)
        if kind.max_weight_g is not None and total > kind.max_weight_g:
            yield Fault(
                f"/data/open_cartons/{index}/contents", f"weigh {total} g, more than the {kind.max_weight_g} g allowed"
            )


Corner = tuple[int, int, int]


def _first_overlap(boxes: list[tuple[Corner, Corner]]) -> tuple[int, int] | None:
    order = sorted(range(len(boxes)), key=lambda i: boxes[i][0][0])
    for n, i in enumerate(order):
        for j in order[n + 1 :]:
            if boxes[j][0][0] >= boxes[i][1][0]:
                break
            if all(boxes[i][0][a] < boxes[j][1][a] and boxes[j][0][a] < boxes[i][1][a] for a in (1, 2)):
                return (min(i, j), max(i, j))
    return None


def _contradictions(source: CartonizationProblem) -> Iterator[Fault]:
    apart = {pair for a, b in source.apart for pair in ((a, b), (b, a))}
    groups: dict[str, list[int]] = {}
    for index, item in enumerate(source.items):
        if item.together is not None:
            groups.setdefault(item.together, []).append(index)
    for tag, indices in groups.items():
        categories: dict[str, int] = {}
        for index in indices:
            item = source.items[index]
            if item.category is None:
                continue
            alone = (item.category, item.category) in apart
            if alone and (item.quantity > 1 or item.category in categories):
                yield Fault(
                    f"/data/items/{index}/together",
                    f"{tag!r} keeps several pieces of {item.category!r} together, but `apart` allows one of it per "
                    "carton: drop one rule",
                )
            for other, at in categories.items():
                if (item.category, other) in apart and other != item.category:
                    yield Fault(
                        f"/data/items/{index}/together",
                        f"{tag!r} keeps it together with item {at}, but `apart` parts {item.category!r} from "
                        f"{other!r}: drop one rule",
                    )
            categories.setdefault(item.category, index)


def _objective(source: CartonizationProblem) -> Iterator[Fault]:
    if source.objective != "value":
        return
    for index, carton in enumerate(source.cartons):
        if carton.available is None:
            yield Fault(
                f"/data/cartons/{index}/available",
                'objective "value" needs to know how many cartons there are: give it',
            )


def find_lock_faults(source: CartonizationProblem, locks: CartonizationLocks) -> list[Fault]:
    """Faults under /locks: unknown names, pieces pinned twice, types used more often than they are available."""
    quantities = {item.id: item.quantity for item in source.items}
    types = {carton.id: carton for carton in source.cartons}
    opened = {carton.id: carton.type for carton in source.open_cartons}
    found: list[Fault] = []
    seen: set[tuple[str, int]] = set()
    used: dict[str, int] = {}
    names: set[str] = set()
    for index, carton in enumerate(locks.cartons):
        at = f"/locks/cartons/{index}"
        if carton.id in names:
            found.append(Fault(f"{at}/id", f"{carton.id!r} is pinned twice: merge the two"))
        names.add(carton.id)
        if carton.type not in types:
            found.append(Fault(f"{at}/type", f"{carton.type!r} is no carton type"))
        if carton.open_carton is not None and opened.get(carton.open_carton) != carton.type:
            found.append(Fault(f"{at}/open_carton", f"no open carton {carton.open_carton!r} of type {carton.type!r}"))
        if carton.open_carton is None:
            used[carton.type] = used.get(carton.type, 0) + 1
            limit = types[carton.type].available if carton.type in types else None
            if limit is not None and used[carton.type] > limit:
                found.append(
                    Fault(f"{at}/type", f"only {limit} of {carton.type!r} are available: pin fewer or raise it")
                )
        for n, place in enumerate(carton.placements):
            if place.item not in quantities:
                found.append(Fault(f"{at}/placements/{n}/item", f"{place.item!r} is no item of the problem"))
            elif place.piece >= quantities[place.item]:
                found.append(
                    Fault(
                        f"{at}/placements/{n}/piece",
                        f"{place.item!r} has {quantities[place.item]} pieces, counted from 0",
                    )
                )
            elif (place.item, place.piece) in seen:
                found.append(Fault(f"{at}/placements/{n}", "is pinned twice: remove one"))
            seen.add((place.item, place.piece))
    found.extend(
        Fault("/locks/closed", f"{name!r} is not among /locks/cartons") for name in sorted(locks.closed - names)
    )
    return found[:MAX_FAULTS]
