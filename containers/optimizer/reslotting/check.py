"""An independent reading of a re-slotting plan: every step is carried out on paper and looked at."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from containers.optimizer.family import CheckReport
from containers.optimizer.reading import TOLD, TOLD_METRES, locks_of, plan_of, untrue
from containers.optimizer.reslotting.problem import Instance
from containers.optimizer.slotting.check import find_faults, region_of, tags, todays_assignments
from containers.optimizer.slotting.measure import Aim, measure
from contracts.errors import Fault
from contracts.layout import Location
from contracts.optimize import Objective
from contracts.problems.reslotting import Move, ReslottingLocks, ReslottingProblem, ReslottingSolution
from contracts.problems.slotting import SlotAssignment

EPSILON = 1e-4
Lying = defaultdict[str | None, Counter[str]]  # pieces per location and SKU; None is the staging place


def check(instance: Instance, solution: Mapping[str, Any], locks: Mapping[str, Any] | None) -> CheckReport:
    """What is wrong with the steps, and what the building is worth after them."""
    facts = instance.source
    plan, pinned = plan_of(ReslottingSolution, solution), locks_of(ReslottingLocks, locks)
    faults: list[Fault] = []
    lying: Lying = defaultdict(Counter)
    for one in todays_assignments(facts):
        lying[one.location][one.sku] += one.pieces
    seconds = 0.0
    places = facts.place_of
    for i, move in enumerate(plan.moves):
        where = f"/moves/{i}"
        if move.sku in pinned.keep:
            faults.append(Fault(where, f"{move.sku} is locked and must not move"))
        seconds += _step(instance, lying, move, i, where, places, faults)
    if +lying[None]:
        faults.append(Fault("/moves", "something is left at the staging place"))
    faults += _budget_faults(facts, plan, seconds)
    faults += _end_faults(plan, lying)
    before, parts = _daily(instance, todays_assignments(facts)), _daily(instance, plan.assignments)
    saved = sum(before.values()) - sum(parts.values())
    found = {
        "distance_m_per_day_before": before["walking"] + before.get("apart", 0.0),
        "distance_m_per_day_after": parts["walking"] + parts.get("apart", 0.0),
        "saved_m_per_day": saved,
    }
    told = untrue(plan, "", found, size=sum(before.values()))
    paid = (plan.payback_days or 0.0) * saved
    if (
        plan.payback_days is not None
        and abs(paid - seconds * facts.walk_m_per_s) > 1e-3 * paid + TOLD * saved + TOLD_METRES
    ):
        told.append(Fault("/payback_days", f"the moves take {seconds} s, and {saved} m a day are saved"))
    parts["moving"] = seconds * facts.walk_m_per_s / facts.payback_days
    return CheckReport(
        Objective(value=sum(parts.values()), unit="m/day", parts=parts),
        tuple(faults),
        untrue=(*told, *_untrue_moves(plan)),
    )


def _daily(instance: Instance, lying: Iterable[SlotAssignment]) -> dict[str, float]:
    """Metres a day by part, with the articles where they lie. What lies at unknown places is a fault, and is left out."""
    facts = instance.source
    slots: dict[str, list[str]] = defaultdict(list)
    for one in lying:
        if one.location in facts.place_of:
            slots[one.sku].append(one.location)
    parts = measure(facts, instance.building.floor, Aim(facts.objective, facts.depot_weight), slots, {})
    return {name: metres / facts.horizon_days for name, metres in parts.items()}


def _untrue_moves(plan: ReslottingSolution) -> Iterator[Fault]:
    """Whether chains are whole and in their order, and the moves that are called temporary are."""
    chain = 1
    last_from = {(move.sku, move.from_location): i for i, move in enumerate(plan.moves)}
    for i, move in enumerate(plan.moves):
        if "chain" in move.model_fields_set and move.chain not in (chain, chain + (i > 0)):
            yield Fault(f"/moves/{i}/chain", f"chains are numbered from 1 in their order; this comes after {chain}")
        chain = max(chain, move.chain)
        onward = last_from.get((move.sku, move.to_location), -1) > i
        yield from untrue(move, f"/moves/{i}", {"temporary": onward})


def _step(
    instance: Instance,
    lying: Lying,
    move: Move,
    number: int,
    where: str,
    places: Mapping[str, Location],
    faults: list[Fault],
) -> float:
    """Carry out one move; returns the seconds that it takes."""
    facts, floor = instance.source, instance.building.floor
    if move.step != number + 1:
        faults.append(Fault(where, "steps are numbered from 1 in their order"))
    for name in (move.from_location, move.to_location):
        if name is not None and not floor.has(name):
            faults.append(Fault(where, f"no location {name!r} in the layout"))
            return 0.0
    there = lying[move.from_location][move.sku]
    if there < move.pieces:
        faults.append(Fault(where, f"{there} pieces of {move.sku} lie at {move.from_location}, not {move.pieces}"))
    lying[move.from_location][move.sku] -= move.pieces
    lying[move.to_location][move.sku] += move.pieces
    faults += [Fault(where, fault.detail) for fault in arrival_faults(facts, lying, move, places)]
    waiting = len(+lying[None])
    if waiting > facts.staging_places:
        faults.append(Fault(where, f"{waiting} articles wait at the depot; the limit is {facts.staging_places}"))
    metres = _metres(instance, move.from_location, move.to_location)
    seconds = facts.work.fixed_s + move.pieces * facts.work.piece_s + metres / facts.work.travel_m_per_s
    if abs(seconds - move.seconds) > EPSILON:
        faults.append(Fault(where, f"the move takes {seconds} s"))
    return seconds


def arrival_faults(facts: ReslottingProblem, lying: Lying, move: Move, places: Mapping[str, Location]) -> list[Fault]:
    """Rules that the article breaks where it has arrived. What lay wrong before is not this step's fault."""
    if move.to_location is None:
        return []
    place = places[move.to_location]
    inside = [
        SlotAssignment(sku=sku, location=move.to_location, pieces=pieces)
        for sku, pieces in lying[move.to_location].items()
        if pieces > 0
    ]
    others = tuple(one for one in inside if one.sku != move.sku)
    known = {fault.detail for fault in find_faults(facts, others, places)} if others else set()
    faults = [fault for fault in find_faults(facts, tuple(inside), places) if fault.detail not in known]
    own = tags(facts, move.sku)
    for rule in facts.rules.apart:
        here = region_of(place, rule.within)
        from_there = move.from_location is not None and region_of(places[move.from_location], rule.within) == here
        other = set(rule.tags) - own
        if len(other) == 2 or from_there:
            continue
        if not other:
            faults.append(
                Fault("", f"{move.sku} has both {rule.tags[0]!r} and {rule.tags[1]!r}: no {rule.within} takes it")
            )
        for location, contents in lying.items():
            if location is None or region_of(places[location], rule.within) != here:
                continue
            theirs = [sku for sku in +contents if sku != move.sku and other & tags(facts, sku)]
            if theirs:
                faults.append(Fault("", f"{move.sku} and {theirs[0]} must not lie in one {rule.within}"))
                break
    return [fault for fault in faults if not fault.pointer.startswith("/rules/")]


def _metres(instance: Instance, here: str | None, there: str | None) -> float:
    floor = instance.building.floor
    if here is not None and there is not None:
        return floor.distance(floor.position(here), floor.position(there))
    return sum(floor.from_start(floor.position(name)) for name in (here, there) if name is not None)


def _budget_faults(facts: ReslottingProblem, plan: ReslottingSolution, seconds: float) -> list[Fault]:
    faults = []
    if facts.max_moves is not None and len(plan.moves) > facts.max_moves:
        faults.append(Fault("/moves", f"{len(plan.moves)} moves; the limit is {facts.max_moves}"))
    if facts.max_minutes is not None and seconds > 60 * facts.max_minutes + EPSILON:
        faults.append(Fault("/moves", f"{seconds / 60:.1f} minutes; the limit is {facts.max_minutes}"))
    if abs(plan.minutes - seconds / 60) > EPSILON:
        faults.append(Fault("/minutes", f"the moves take {seconds / 60} minutes"))
    return faults


def _end_faults(plan: ReslottingSolution, lying: Lying) -> list[Fault]:
    after = {
        (sku, location): pieces
        for location, contents in lying.items()
        if location is not None
        for sku, pieces in contents.items()
        if pieces > 0
    }
    told: Counter[tuple[str, str]] = Counter()
    for one in plan.assignments:
        told[one.sku, one.location] += one.pieces
    if dict(told) != after:
        return [Fault("/assignments", "they are not what lies where after the last step")]
    return []
