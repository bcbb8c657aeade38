"""Re-slotting: the moves that pay at once, then annealing with a price on every move, then a safe order of what pays."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from containers.optimizer.family import Answer, Run
from containers.optimizer.reading import plan_of
from containers.optimizer.reslotting.bound import limit, timely
from containers.optimizer.reslotting.choose import Chosen, choose
from containers.optimizer.reslotting.first_moves import make_first_moves
from containers.optimizer.reslotting.problem import Instance, pin
from containers.optimizer.slotting.answer import parts_of
from containers.optimizer.slotting.costs import Chain, Costs, costs_of
from containers.optimizer.slotting.search import anneal
from contracts.optimize import Objective
from contracts.problems.reslotting import Move, ReslottingSolution
from contracts.problems.slotting import SlotAssignment

Ints = npt.NDArray[np.int64]
# Temperatures as shares of what an article walks: so hot where there is time for so many tries per article, cooler in
# proportion to the root of it where there is less, because a hot start that is cut short ends worse than it began.
HOTTEST, HOTTEST_TRIES, COLDEST = 0.1, 1000.0, 0.002
# Of the time left, what the first moves get at most; where moves are limited, what the search gets after them, and a second
# search, because the order of the moves may need more of them than the search counted.
KEPT_BACK = 5.0  # times what choosing and answering took for the first moves: the check reads the answer too
FIRST_SHARE, SEARCH_SHARE, AGAIN_SHARE = 0.2, 0.7, 0.9


def solve(instance: Instance, run: Run) -> Answer:
    """The moves that pay within the budget; none when none does."""
    instance = pin(instance, run.locks)
    building, facts = instance.building, instance.source
    most = np.inf if facts.max_moves is None else float(facts.max_moves)
    chains = _chains(instance, run, most)
    _warm(instance, chains, run.warm_start)
    run.report(_daily(instance, chains[0].value))
    tried, proven = 0, None
    best = Chosen((), building.units.today.copy())
    if building.units.count and most > 0:
        best, heat = _first(instance, chains, run)
        proven = timely(instance, run)
    if building.units.count and most > 0 and not run.should_stop():
        share = 1.0 if most == np.inf else SEARCH_SHARE
        tried = anneal(chains, run, share, heat, COLDEST, 1.0 / instance.days)
        found = choose(instance, chains[0], min(chains, key=lambda chain: chain.value).best)
        best = _better(instance, chains[0], best, found)
        # Articles that wait for each other need more moves than the search counted: search again with what is left.
        beyond = len(found.steps) - int((found.place != building.units.today).sum())
        if beyond > 0 and most < np.inf and not run.should_stop(tried):
            tighter = _chains(instance, run, max(0.0, most - beyond))
            for chain in tighter:
                chain.force(best.place)
            tried += anneal(tighter, run, AGAIN_SHARE, max(COLDEST, heat / 4), COLDEST, 1.0 / instance.days)
            again = choose(instance, tighter[0], min(tighter, key=lambda chain: chain.value).best)
            best = _better(instance, chains[0], best, again)
    answer = _answer(instance, best)
    return replace(answer, iterations=tried, stopped_by=run.stop_reason or "complete", bound=proven or limit(instance))


def _first(instance: Instance, chains: list[Chain], run: Run) -> tuple[Chosen, float]:
    """What can be had at once, and every chain at it; how hot the search may begin. Choosing and answering take time: what
    they took here is kept back for the end."""
    started = run.elapsed_s
    until = started + FIRST_SHARE * max(0.0, run.remaining_s)
    by_moves = run.budget.iterations is not None
    lead = chains[0]
    start = lead.state[0].copy()
    nothing = lead.force(instance.home)
    lead.force(start)
    tries = make_first_moves(
        lead,
        run.should_stop if by_moves else lambda: run.elapsed_s >= until or run.should_stop(),
        lambda: run.report(_daily(instance, lead.value)),
    )
    rate = tries / max(1e-6, run.elapsed_s - started)
    begun = run.elapsed_s
    found = choose(instance, lead, lead.best.copy())
    worth = found.worth(instance, lead)
    if not run.should_stop():
        _answer(instance, found)
    run.keep_back(KEPT_BACK * (run.elapsed_s - begun))
    for chain in chains:
        chain.force(found.place)
    run.report(_daily(instance, nothing + worth))
    left = float(run.budget.iterations) if run.budget.iterations is not None else rate * max(0.0, run.remaining_s)
    heat = HOTTEST * min(1.0, np.sqrt(left / max(1, len(lead.movable)) / HOTTEST_TRIES))
    return found, max(COLDEST, float(heat))


def _better(instance: Instance, chain: Chain, one: Chosen, other: Chosen) -> Chosen:
    return min((one, other), key=lambda plan: plan.worth(instance, chain))


def _chains(instance: Instance, run: Run, most: float) -> list[Chain]:
    building, facts = instance.building, instance.source
    units = building.units
    travel = float(np.median(building.places.metres)) / 2.0 if building.places.count else 0.0
    seconds = facts.work.fixed_s + units.pieces * facts.work.piece_s + travel / facts.work.travel_m_per_s
    burden = np.vstack([np.ones(units.count), seconds / 60.0])
    limits = (most, np.inf if facts.max_minutes is None else facts.max_minutes)
    price = (seconds * instance.metres_per_second * instance.days).astype(np.float64)
    costs: Costs = costs_of(building, home=units.today, home_cost=price, burden=burden, limits=limits)
    chains = [Chain(building, costs, _regions(instance), i, run.seed) for i in range(run.workers)]
    for chain in chains:
        chain.force(units.today)
    return chains


def _regions(instance: Instance) -> Ints:
    """A group stays in the region where most of it lies today; those outside may come in."""
    units, places = instance.building.units, instance.building.places
    must = np.full(units.count, -1, dtype=np.int64)
    for g, row in enumerate(units.scope):
        members = np.flatnonzero(units.group == g)
        if len(members):
            must[members] = np.bincount(places.region[row, units.today[members]]).argmax()
    return must


def _warm(instance: Instance, chains: list[Chain], warm_start: Mapping[str, Any] | None) -> None:
    """Start from where an earlier plan would have everything, as far as the rules let it."""
    if warm_start is None:
        return
    plan = plan_of(ReslottingSolution, warm_start)
    number = instance.building.places.number
    slots: dict[str, list[int]] = defaultdict(list)
    for one in plan.assignments:
        if one.location in number:
            slots[one.sku].append(number[one.location])
    place = instance.building.units.today.copy()
    for sku, units in instance.building.units.of_sku.items():
        own = slots.get(sku, [])
        stay = [slot for slot in own if slot in set(place[units].tolist())]
        gone = [u for u in units if int(place[u]) not in stay]
        for unit, slot in zip(gone, [slot for slot in own if slot not in stay], strict=False):
            place[unit] = slot
    safe = choose(instance, chains[0], place)
    for chain in chains:
        chain.force(safe.place)


def _daily(instance: Instance, value: float) -> float:
    return value / instance.days


def _answer(instance: Instance, chosen: Chosen) -> Answer:
    building, facts = instance.building, instance.source
    units, ids = building.units, building.places.ids
    merged: dict[tuple[str, str], int] = defaultdict(int)
    before: dict[tuple[str, str], int] = defaultdict(int)
    for lot, home, slot in zip(units.lots, units.today.tolist(), chosen.place.tolist(), strict=True):
        merged[lot.sku, ids[slot]] += lot.pieces
        before[lot.sku, ids[home]] += lot.pieces
    moves: list[Move] = []
    for number, steps in enumerate(chosen.steps_by_chain, 1):
        for step in steps:
            moves.append(
                Move(
                    step=len(moves) + 1,
                    chain=number,
                    sku=units.lots[step.unit].sku,
                    pieces=units.lots[step.unit].pieces,
                    from_location=ids[step.here] if step.here >= 0 else None,
                    to_location=ids[step.there] if step.there >= 0 else None,
                    temporary=step.temporary,
                    seconds=instance.seconds(step.unit, step.here, step.there),
                )
            )
    seconds = sum(move.seconds for move in moves)
    was = {name: metres / instance.days for name, metres in parts_of(building, before).items()}
    parts = {name: metres / instance.days for name, metres in parts_of(building, merged).items()}
    saved = sum(was.values()) - sum(parts.values())
    walked = [sum(one.get(name, 0.0) for name in ("walking", "apart")) for one in (was, parts)]
    parts["moving"] = seconds * instance.metres_per_second
    solution = ReslottingSolution(
        moves=tuple(moves),
        assignments=tuple(SlotAssignment(sku=s, location=at, pieces=many) for (s, at), many in merged.items()),
        distance_m_per_day_before=round(walked[0], 6),
        distance_m_per_day_after=round(walked[1], 6),
        saved_m_per_day=round(saved, 6),
        minutes=seconds / 60,
        payback_days=round(seconds * facts.walk_m_per_s / saved, 6) if moves and saved > 0 else None,
    )
    return Answer(
        objective=Objective(value=sum(parts.values()), unit="m/day", parts=parts),
        solution=solution.model_dump(mode="json"),
        notes=building.notes,
    )
