"""The slots that articles may be put in, as arrays: where they are, what they hold, which regions they lie in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from containers.optimizer.floor.places import Floor
from contracts.errors import Fault
from contracts.layout import Location, LocationLimits, ParametricLayout
from contracts.problems.slotting import SlottingFacts

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

NO_LIMIT = 2**62
REGIONS = ("slot", "bay", "aisle", "zone")


@dataclass(frozen=True, slots=True)
class Kind:
    """Slots that no rule tells apart. NO_LIMIT where nothing is limited; `edges` ascending."""

    zone: str
    attributes: frozenset[str]
    level: int  # from 1; 0 on a layout that knows no levels
    max_weight_g: int
    max_volume_mm3: int  # the fill limit is taken off
    edges: tuple[int, ...]
    max_skus: int


@dataclass(frozen=True, eq=False)
class Places:
    """All arrays have one entry per slot.

    metres: the shortest tour that visits this slot alone. extra: metres that a pick here costs besides (golden zone).
    region: (4, S), the slot's own number and those of its bay, aisle and zone.
    """

    ids: tuple[str, ...]
    kinds: tuple[Kind, ...]
    kind: Ints
    position: Ints
    metres: Floats
    extra: Floats
    max_weight: Ints
    max_volume: Ints
    max_skus: Ints
    region: Ints
    number: Mapping[str, int]

    @property
    def count(self) -> int:
        return len(self.ids)

    @property
    def cost(self) -> Floats:
        """Metres that a single pick costs."""
        return self.metres + self.extra


def find_faults(facts: SlottingFacts, floor: Floor) -> list[Fault]:
    """Locations that the layout does not have, and rules that it has no words for."""
    faults = [
        Fault(f"/data/slots/{i}/location", f"no location {slot.location!r} in the layout; use one of its location ids")
        for i, slot in enumerate(facts.slots)
        if not floor.has(slot.location)
    ]
    faults += [
        Fault(f"/data/stock/{i}/location", f"no location {line.location!r} in the layout; use one of its location ids")
        for i, line in enumerate(facts.stock)
        if not floor.has(line.location)
    ]
    faults += [
        Fault("/data/blocked", f"no location {name!r} in the layout; use one of its location ids")
        for name in sorted(facts.blocked)
        if not floor.has(name)
    ]
    rules = facts.rules
    if not isinstance(facts.layout, ParametricLayout):
        for name in ("heavy", "golden"):
            if getattr(rules, name) is not None:
                faults.append(
                    Fault(f"/data/rules/{name}", "levels are known on a parametric layout only; leave it out")
                )
        for name in ("apart", "together"):
            for i, rule in enumerate(getattr(rules, name)):
                if rule.within == "aisle":
                    pointer = f"/data/rules/{name}/{i}/within"
                    faults.append(Fault(pointer, "aisles are known on a parametric layout only; say 'zone'"))
        return faults
    known = {zone.id for zone in facts.layout.zones} | {facts.layout.zone_of(a) for a in range(facts.layout.aisles)}
    known |= {attribute for zone in facts.layout.zones for attribute in zone.attributes}
    for i, rule in enumerate(rules.zones):
        for name in sorted(rule.only - known):
            detail = f"no zone and no zone attribute {name!r} in the layout; there are {', '.join(sorted(known))}"
            faults.append(Fault(f"/data/rules/zones/{i}/only", detail))
    for name, levels in (("heavy", rules.heavy), ("golden", rules.golden)):
        if levels is not None and min(levels.levels) > facts.layout.levels:
            detail = f"the layout has levels 1 to {facts.layout.levels}; name one of them"
            faults.append(Fault(f"/data/rules/{name}/levels", detail))
    return faults


def places_of(facts: SlottingFacts, floor: Floor) -> Places:
    """The usable slots in the layout's order. Slots that no walk reaches are left out."""
    layout = facts.layout
    attributes: dict[str, frozenset[str]] = {}
    if isinstance(layout, ParametricLayout):
        attributes = {zone.id: zone.attributes for zone in layout.zones}
    wanted = {slot.location: slot for slot in facts.slots}
    golden = facts.rules.golden
    kinds: dict[Kind, int] = {}
    lone: dict[int, float] = {}
    zones: dict[str, int] = {}
    ids: list[str] = []
    kind, position, metres, extra, region = [], [], [], [], []
    for place in facts.place_of.values():
        if place.id in facts.blocked or (wanted and place.id not in wanted):
            continue
        at = floor.position(place.id)
        if at not in lone:
            lone[at] = floor.tour_length([at])
        if not np.isfinite(lone[at]):
            continue
        slot = wanted.get(place.id)
        limits = place.limits if slot is None or slot.limits is None else slot.limits
        skus = facts.rules.max_skus_per_slot if slot is None or slot.max_skus is None else slot.max_skus
        one = _kind(place, limits, attributes.get(place.zone, frozenset()), facts.rules.fill_limit, skus)
        region.append((len(ids), at, place.aisle, zones.setdefault(place.zone, len(zones))))
        ids.append(place.id)
        kind.append(kinds.setdefault(one, len(kinds)))
        position.append(at)
        metres.append(lone[at])
        extra.append(0.0 if golden is None or one.level in golden.levels else golden.penalty_m)
    table = tuple(kinds)
    index = np.array(kind, dtype=np.int64)
    bounds = np.array([(k.max_weight_g, k.max_volume_mm3, k.max_skus) for k in table], dtype=np.int64).reshape(-1, 3)
    return Places(
        ids=tuple(ids),
        kinds=table,
        kind=index,
        position=np.array(position, dtype=np.int64),
        metres=np.array(metres, dtype=np.float64),
        extra=np.array(extra, dtype=np.float64),
        max_weight=bounds[index, 0],
        max_volume=bounds[index, 1],
        max_skus=bounds[index, 2],
        region=np.ascontiguousarray(_dense(np.array(region, dtype=np.int64).reshape(-1, 4)).T),
        number={name: i for i, name in enumerate(ids)},
    )


def _kind(place: Location, limits: LocationLimits, attributes: frozenset[str], fill: float, skus: int) -> Kind:
    edges = sorted(edge or NO_LIMIT for edge in (limits.width_mm, limits.depth_mm, limits.height_mm))
    volume = limits.max_volume_mm3
    if volume is None and edges[-1] < NO_LIMIT:
        volume = edges[0] * edges[1] * edges[2]
    return Kind(
        zone=place.zone,
        attributes=attributes,
        level=place.level + 1 if place.aisle >= 0 else 0,
        max_weight_g=NO_LIMIT if limits.max_weight_g is None else limits.max_weight_g,
        max_volume_mm3=NO_LIMIT if volume is None else int(volume * fill + 1e-6),
        edges=tuple(edges),
        max_skus=skus,
    )


def _dense(region: Ints) -> Ints:
    """Every column numbered from 0 without holes."""
    for column in range(region.shape[1]):
        region[:, column] = np.unique(region[:, column], return_inverse=True)[1]
    return region
