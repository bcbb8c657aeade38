"""The search: a plan by rule, an exact assignment, then annealing on what the tours or the affinities really cost."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from containers.optimizer.family import Answer, Run
from containers.optimizer.slotting.construct import by_cube_per_order, choices, greedy, regions
from containers.optimizer.slotting.costs import Chain, Costs
from containers.optimizer.slotting.exact import Assignment, apart_rows, assign
from containers.optimizer.slotting.problem import Instance

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

# Temperatures as shares of what a typical move changes, tuned on generated buildings of 100 and 900 articles whose orders
# follow families and Zipf's law.
HOT, COLD = 0.1, 0.004
CHUNK_S = 0.03
# By affinity, what annealing gets of the time; windows get the rest.
ANNEALED = 0.75
FIRST_CHUNK = 200


Show = Callable[[Ints], Answer]  # slots per unit as people read them


@dataclass(frozen=True, eq=False)
class Found:
    """place: slot per unit. bound: of the relaxation that was solved on the way, if one was. proven: it is optimal."""

    place: Ints
    moves: int
    bound: float | None = None
    proven: bool = False


def search(
    instance: Instance,
    costs: Costs,
    run: Run,
    warm: Ints | None,
    after_first: Callable[[Ints], None] = lambda _place: None,
    show: Show | None = None,
) -> Found:
    """The best plan found within the run's budget. after_first is called once with the plan by rule; `show` makes the
    plans that incumbents carry."""
    must = regions(instance)
    chain = Chain(instance, costs, must, 0, run.seed)
    order = by_cube_per_order(instance)
    greedy(chain, order)
    run.report(chain.value)
    if instance.objective == "cube_per_order" and warm is None:
        return Found(chain.best.copy(), 0)
    if warm is not None:  # also where there is time for nothing else
        _restart(chain, warm, order)
    after_first(chain.best)
    if run.should_stop():
        return Found(chain.best.copy(), 0)
    relaxed = _relaxed(instance, costs) if instance.objective == "frequency" else None
    bound = relaxed.bound if relaxed is not None else None
    if relaxed is not None and _is_plan(chain, relaxed):
        run.report(chain.value, bound)
        return Found(chain.best.copy(), 0, bound, True)
    exact = _exact(instance, costs, must, chain)
    if exact is not None:
        _restart(chain, exact.place, order)
    if warm is not None:
        _restart(chain, warm, order)
    run.report(chain.value, bound, plan=_plan(chain, show))
    chains = [chain, *(Chain(instance, costs, must, i, run.seed) for i in range(1, run.workers))]
    for other in chains:
        other.restart(chain.best)
    by_windows = instance.objective == "affinity" and len(costs.table) > 0
    moves = anneal(chains, run, ANNEALED if by_windows else 1.0, show=show)
    best = min(chains, key=lambda one: one.value)
    if by_windows:
        moves += _by_windows(best, run, moves, show)
    return Found(best.best.copy(), moves, bound)


def _by_windows(chain: Chain, run: Run, moves: int, show: Show | None) -> int:
    """Improve a plan window by window until the budget ends. Returns the moves tried."""
    from containers.optimizer.slotting.windows import Windows

    chain.restart(chain.best.copy())
    windows, tried = Windows(chain, run.seed), 0
    while not run.should_stop(moves + tried):
        before = windows.tried
        if windows.improve():
            run.report(chain.value, iterations=moves + tried, plan=_plan(chain, show))
        if windows.tried == before:
            break
        tried += windows.tried - before
    return tried


def _linear(instance: Instance, costs: Costs) -> Floats:
    """Metres of a slot count this often where only single units are looked at."""
    return costs.linear if costs.linear.any() else instance.visits


def _relaxed(instance: Instance, costs: Costs) -> Assignment | None:
    """The assignment without the rules that join articles, slots shared freely: nothing costs less."""
    nobody = np.full(instance.units.count, -1, dtype=np.int64)
    return assign(instance, costs.linear, costs.leave, nobody, share=True)


def _is_plan(chain: Chain, relaxed: Assignment) -> bool:
    """Whether the relaxation's own assignment keeps every rule; it is then the chain's best."""
    if (chain.instance.places.max_skus > 1).any():
        return False
    value = chain.restart(relaxed.place)
    return bool(value <= relaxed.bound + 2.0 * relaxed.slack + 1e-9 * abs(value))


def _exact(instance: Instance, costs: Costs, must: Ints, chain: Chain) -> Assignment | None:
    """The exact assignment once regions are given to groups and to the sides of `apart`; a start for the search."""
    if (instance.places.max_skus > 1).any():
        return None
    owner = _owners(instance, chain.best) if instance.source.rules.apart else None
    return assign(instance, _linear(instance, costs), costs.leave, must, owner)


def _owners(instance: Instance, place: Ints) -> Ints:
    """(rules, regions): which side has each region in a plan; free regions go to the side with more visits."""
    units, places = instance.units, instance.places
    rows = apart_rows(instance)
    owner = np.zeros((len(rows), int(places.region.max()) + 1), dtype=np.int64)
    placed = place >= 0
    for r, row in enumerate(rows):
        visits = [instance.visits[units.side[:, r] == side].sum() for side in (1, 2)]
        owner[r] = 1 if visits[0] >= visits[1] else 2
        for side in (1, 2):
            owner[r][places.region[row, place[placed & (units.side[:, r] == side)]]] = side
    return owner


def _restart(chain: Chain, place: Ints, order: Ints) -> None:
    """Go on from a plan, what it leaves out put where there is room."""
    chain.restart(place)
    if (chain.state[0] < 0).any():
        chain.fill(order, np.full(len(order), -1, dtype=np.int64), choices(chain.instance))
        chain.settle()


def _plan(chain: Chain, show: Show | None) -> Callable[[], Answer] | None:
    """What makes the plan when somebody asks for it; the chain goes on meanwhile, so it keeps a copy."""
    return None if show is None else partial(show, chain.best.copy())


def anneal(
    chains: list[Chain],
    run: Run,
    share: float = 1.0,
    hottest: float = HOT,
    coldest: float = COLD,
    scale: float = 1.0,
    show: Show | None = None,
) -> int:
    """Cool every chain over a share of what is left of the budget. Returns the moves tried per chain.

    hottest, coldest: shares of what a typical move changes. scale: incumbents are reported times this. show: makes the
    plans that they carry.
    """
    if chains[0].fixed:
        return 0
    typical = _typical_change(chains[0])
    limit = None if run.budget.iterations is None else int(share * run.budget.iterations)
    begun, seconds = run.elapsed_s, max(0.0, run.remaining_s * share)
    moves, chunk = 0, FIRST_CHUNK
    reported = min(chain.value for chain in chains)
    with ThreadPoolExecutor(len(chains)) as threads:
        while not run.should_stop(moves) and (limit is None or moves < limit):
            progress = (run.elapsed_s - begun) / seconds if seconds > 0 else 1.0
            if limit is not None:
                progress = max(moves / limit, progress if progress >= 1 else 0.0)
            if progress >= 1:
                break
            hot = typical * hottest * (coldest / hottest) ** progress
            count = chunk if limit is None else min(chunk, limit - moves)
            started = time.monotonic()
            list(threads.map(lambda chain: chain.run(count, hot), chains))  # noqa: B023 - run at once
            moves += count
            if limit is None:
                chunk = int(min(2 * chunk, max(20.0, chunk * CHUNK_S / max(1e-4, time.monotonic() - started))))
            best = min(chains, key=lambda chain: chain.value)
            if best.value < reported - 1e-9:
                reported = best.value
                run.report(scale * best.value, iterations=moves, plan=_plan(best, show))
    return moves


def _typical_change(chain: Chain) -> float:
    """What moving one unit changes, on average over the plan."""
    return chain.value / max(1, chain.instance.units.count)
