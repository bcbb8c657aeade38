"""An independent reading of a slotting plan: from the request's data and the plan alone, without the solver's code."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

from containers.optimizer.family import CheckReport
from containers.optimizer.reading import locks_of, plan_of, untrue
from containers.optimizer.slotting.measure import Aim, measure
from containers.optimizer.slotting.problem import Instance
from contracts.catalogue import Item
from contracts.errors import Fault
from contracts.layout import Location, LocationLimits, ParametricLayout
from contracts.optimize import Objective, Unassigned
from contracts.problems.slotting import SlotAssignment, SlottingFacts, SlottingLocks, SlottingSolution


def check(instance: Instance, solution: Mapping[str, Any], locks: Mapping[str, Any] | None) -> CheckReport:
    """What is wrong with a plan, and what it is worth."""
    facts = instance.source
    plan, pinned = plan_of(SlottingSolution, solution), locks_of(SlottingLocks, locks)
    lying = plan.assignments
    if not lying and plan.today:
        lying = todays_assignments(facts)
    faults = find_faults(facts, lying)
    faults += _lock_faults(facts, lying, pinned)
    wanted = {sku: pieces for sku, pieces in wanted_pieces(facts).items() if pieces > 0}
    given: Counter[str] = Counter()
    slots: dict[str, list[str]] = defaultdict(list)
    for one in lying:
        given[one.sku] += one.pieces
        slots[one.sku].append(one.location)
    missing = {sku: max(0.0, 1.0 - given[sku] / pieces) for sku, pieces in wanted.items()}
    here = {sku: [name for name in names if name in facts.place_of] for sku, names in slots.items()}
    parts = measure(facts, instance.floor, Aim(instance.objective, instance.depot_weight), here, missing)
    reasons = {one.id: one for one in instance.left_out}
    left_out = tuple(
        reasons.get(sku) or Unassigned(id=sku, reason="not-planned", detail=f"{share:.0%} of its pieces have no slot")
        for sku, share in sorted(missing.items())
        if share > 1e-12
    )
    value = sum(parts.values())
    walking, days = parts["walking"] + parts.get("apart", 0.0), facts.horizon_days
    found = {"distance_m": walking, "distance_m_per_day": walking / days}
    if plan.baseline_m is not None:
        found |= {"saved_m_per_day": (plan.baseline_m - value) / days}
        if plan.baseline_m > 1:  # of less, six digits say too little
            found |= {"saved_share": (plan.baseline_m - value) / plan.baseline_m}
    return CheckReport(
        Objective(value=value, unit="m", parts=parts),
        tuple(faults),
        left_out,
        tuple(untrue(plan, "", found, size=value)),
    )


def wanted_pieces(facts: SlottingFacts) -> dict[str, int]:
    """Pieces to store per SKU that lies somewhere usable, is asked for, or is named in `needs`."""
    usable = {slot.location for slot in facts.slots} or facts.place_of.keys()
    pieces: Counter[str] = Counter()
    for line in facts.stock:
        if line.location in usable or line.location in facts.blocked:
            pieces[line.sku] += line.quantity
    asked = {line.sku for order in facts.orders for line in order.lines}
    wanted = {sku: max(1, pieces[sku]) for sku in asked | set(pieces) | {need.sku for need in facts.needs}}
    wanted.update({need.sku: need.pieces for need in facts.needs if need.pieces is not None})
    return wanted


def todays_assignments(facts: SlottingFacts) -> tuple[SlotAssignment, ...]:
    """What lies in usable slots today, the fullest slot of each SKU first."""
    usable = {slot.location for slot in facts.slots} or facts.place_of.keys()
    pieces: Counter[tuple[str, str]] = Counter()
    for line in facts.stock:
        if line.location in usable and line.location not in facts.blocked:
            pieces[line.sku, line.location] += line.quantity
    order = sorted(pieces.items(), key=lambda entry: (entry[0][0], -entry[1]))
    return tuple(SlotAssignment(sku=sku, location=place, pieces=max(1, many)) for (sku, place), many in order)


def find_faults(
    facts: SlottingFacts, lying: tuple[SlotAssignment, ...], places: Mapping[str, Location] | None = None
) -> list[Fault]:
    """Every rule that what lies where breaks. places: the layout's, where the caller has them."""
    if places is None:
        places = facts.place_of
    limits = {slot.location: slot for slot in facts.slots}
    faults = []
    inside: dict[str, list[SlotAssignment]] = defaultdict(list)
    for i, one in enumerate(lying):
        where = f"/assignments/{i}"
        if one.location not in places:
            faults.append(Fault(where, f"no location {one.location!r} in the layout"))
        elif one.location in facts.blocked or (limits and one.location not in limits):
            faults.append(Fault(where, f"{one.location} is not a slot that articles may be put in"))
        else:
            inside[one.location].append(one)
            faults += _article_faults(facts, one, places[one.location], where)
    told = Counter((one.sku, one.location) for one in lying)
    faults += [
        Fault("/assignments", f"{sku} is put into {name} {times} times; give one row with all its pieces")
        for (sku, name), times in told.items()
        if times > 1
    ]
    for name, contents in inside.items():
        slot = limits.get(name)
        most = facts.rules.max_skus_per_slot if slot is None or slot.max_skus is None else slot.max_skus
        bounds = places[name].limits if slot is None or slot.limits is None else slot.limits
        faults += slot_faults(facts, name, contents, bounds, most)
    faults += _region_faults(facts, lying, places)
    return faults


def slot_faults(
    facts: SlottingFacts, name: str, contents: list[SlotAssignment], limits: LocationLimits, most: int
) -> list[Fault]:
    """Whether a slot holds what lies in it: number of SKUs, weight, volume, edges."""
    faults = []
    skus = {one.sku for one in contents}
    if len(skus) > most:
        faults.append(Fault("/assignments", f"{name} holds {len(skus)} SKUs; the limit is {most}"))
    volume, weight = 0, 0
    edges = sorted(edge or 10**9 for edge in (limits.width_mm, limits.depth_mm, limits.height_mm))
    for one in contents:
        item = facts.item_of.get(one.sku) or Item(sku=one.sku)
        volume += one.pieces * (item.volume_mm3 or 0)
        weight += one.pieces * (item.weight_g or 0)
        own = sorted(edge or 0 for edge in (item.length_mm, item.width_mm, item.height_mm))
        if any(edge > room for edge, room in zip(own, edges, strict=True)):
            faults.append(Fault("/assignments", f"a piece of {one.sku} is larger than slot {name}"))
        sized = item.volume_mm3 is not None or (limits.max_volume_mm3 is None and edges[0] == 10**9)
        if not sized or (limits.max_weight_g is not None and item.weight_g is None):
            faults.append(Fault("/assignments", f"{name} is limited, but the size or weight of {one.sku} is not known"))
    room = limits.max_volume_mm3
    if room is None and edges[-1] < 10**9:
        room = edges[0] * edges[1] * edges[2]
    if room is not None and volume > room * facts.rules.fill_limit + 1e-6:
        faults.append(Fault("/assignments", f"{name} holds {volume} mm³ of {room * facts.rules.fill_limit:.0f}"))
    if limits.max_weight_g is not None and weight > limits.max_weight_g:
        faults.append(Fault("/assignments", f"{name} holds {weight} g; the limit is {limits.max_weight_g} g"))
    return faults


def tags(facts: SlottingFacts, sku: str) -> set[str]:
    """What rules may call the article."""
    item = facts.item_of.get(sku) or Item(sku=sku)
    return {*item.attributes, item.family} - {""}


def _names(facts: SlottingFacts, zone: str) -> set[str]:
    """The zone and its attributes."""
    layout = facts.layout
    zones = layout.zones if isinstance(layout, ParametricLayout) else ()
    return {zone}.union(*(one.attributes for one in zones if one.id == zone))


def _article_faults(facts: SlottingFacts, one: SlotAssignment, place: Location, where: str) -> list[Fault]:
    faults = []
    own, here = tags(facts, one.sku), _names(facts, place.zone)
    for rule in facts.rules.zones:
        if rule.tag in own and rule.only and not rule.only & here:
            faults.append(Fault(where, f"{one.sku} must lie in {sorted(rule.only)}, not in {place.zone}"))
        if rule.tag in own and rule.never & here:
            faults.append(Fault(where, f"{one.sku} must not lie in {sorted(rule.never & here)}"))
        # Another rule of the article that names the same places lets it in.
        let_in = any(r.tag in own and r.only & rule.only and r.only & here for r in facts.rules.zones)
        if rule.tag not in own and rule.exclusive and rule.only & here and not let_in:
            faults.append(Fault(where, f"{place.zone} is for articles with {rule.tag!r} alone"))
    heavy = facts.rules.heavy
    item = facts.item_of.get(one.sku) or Item(sku=one.sku)
    if heavy is not None and (item.weight_g or 0) >= heavy.from_g and place.level + 1 not in heavy.levels:
        faults.append(Fault(where, f"{one.sku} weighs {item.weight_g} g and must lie on levels {sorted(heavy.levels)}"))
    return faults


def region_of(place: Location, within: str) -> tuple[Any, ...]:
    """The slot, bay, aisle or zone that a place lies in."""
    bay = (place.aisle, place.block, place.bay) if place.aisle >= 0 else (place.x_m, place.y_m)
    return {"slot": (place.id,), "bay": bay, "aisle": (place.aisle,), "zone": (place.zone,)}[within]


def _region_faults(
    facts: SlottingFacts, lying: tuple[SlotAssignment, ...], places: Mapping[str, Location]
) -> list[Fault]:
    faults = []
    for i, rule in enumerate(facts.rules.apart):
        found: dict[tuple[Any, ...], set[str]] = defaultdict(set)
        for one in lying:
            if one.location in places:
                found[region_of(places[one.location], rule.within)] |= tags(facts, one.sku) & set(rule.tags)
        for region, both in found.items():
            if len(both) == 2:
                detail = f"{rule.tags[0]!r} and {rule.tags[1]!r} lie in one {rule.within}: {region}"
                faults.append(Fault(f"/rules/apart/{i}", detail))
    for i, group in enumerate(facts.rules.together):
        regions = {
            region_of(places[one.location], group.within)
            for one in lying
            if one.location in places and group.tag in tags(facts, one.sku)
        }
        if len(regions) > 1:
            detail = f"articles with {group.tag!r} lie in {len(regions)} {group.within}s: {sorted(regions)[:4]}"
            faults.append(Fault(f"/rules/together/{i}", detail))
    return faults


def _lock_faults(facts: SlottingFacts, lying: tuple[SlotAssignment, ...], pinned: SlottingLocks) -> list[Fault]:
    if not pinned.fixed and not pinned.keep:
        return []
    where: dict[str, set[str]] = defaultdict(set)
    for one in lying:
        where[one.sku].add(one.location)
    today: dict[str, set[str]] = defaultdict(set)
    for one in todays_assignments(facts):
        today[one.sku].add(one.location)
    wanted = {sku: set(names) for sku, names in pinned.fixed.items()} | {sku: today[sku] for sku in pinned.keep}
    return [
        Fault("/locks", f"{sku} must stay at {sorted(names)}, the plan has it at {sorted(where[sku])}")
        for sku, names in wanted.items()
        if where[sku] != names
    ]
