"""The family's solver: bound first, then the search that suits the problem, then a plan that people can pack."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from containers.optimizer.cartonization.blocks.load import load
from containers.optimizer.cartonization.bound import lower_bound
from containers.optimizer.cartonization.boxes.data import Bin, build_model
from containers.optimizer.cartonization.boxes.solver import search
from containers.optimizer.cartonization.check import check, faults_in_cartons, left_out
from containers.optimizer.cartonization.lines.colgen import Cutting, suits
from containers.optimizer.cartonization.plan import from_solution, objective_of, to_solution
from containers.optimizer.cartonization.problem import Ints, PackingProblem, parse, parse_solution
from containers.optimizer.family import Answer, Run
from contracts.errors import Fault, ProblemError
from contracts.optimize import Bound
from contracts.problems.cartonization import CartonizationSolution

LINEAR_PROGRAM = "linear program over cutting patterns (Gilmore & Gomory), rounded up"
ABOVE_LINEAR_PROGRAM = f"{LINEAR_PROGRAM}, and one more: no choice of patterns reaches it"
# So many cartons of the first plan are written and checked to see how long that takes for all; naming what is left out and the
# rules on the whole plan take a little more.
SAMPLED, FINISH_OF_SAMPLE = 50, 1.6
PIECE_S = 1e-4  # for writing and checking a piece, until that is known
BOUND_SHARE = 0.15  # of the time, at most, before there is a plan

Flags = npt.NDArray[np.bool_]


def solve(problem: PackingProblem, run: Run) -> Answer:
    """The best plan found within the budget. What fits nowhere is left out, with the reason."""
    if run.locks is not None:
        problem = _pin(problem, run.locks)
    if problem.source.objective == "value":
        run.sense = "max"
    run.keep_back(PIECE_S * problem.pieces)
    notes: list[str] = []
    start = _warm_bins(problem, run.warm_start, notes)
    counts = _placeable(problem)
    cut = _cut(problem, counts, run)
    if cut is not None:
        bins, iterations, reason, bound = cut
    else:
        until = run.remaining_s * (1.0 - BOUND_SHARE)
        bound = lower_bound(problem, lambda: math.inf if run.budget.iterations is not None else run.remaining_s - until)
        if bound.reason:
            notes.append(bound.reason)
        bins, iterations, reason = _search(problem, counts, run, bound, start)
    if start is not None:
        bins = _better(problem, bins, start)
    solution = to_solution(problem, bins)
    return Answer(
        objective=objective_of(problem, bins),
        solution=solution.model_dump(mode="json", exclude_none=True),
        unassigned=left_out(problem.source, solution),
        iterations=iterations,
        stopped_by=reason,
        bound=bound,
        notes=tuple(notes),
    )


def _pin(problem: PackingProblem, locks: Mapping[str, Any]) -> PackingProblem:
    pinned = parse(problem.source, locks)
    assert pinned.locks is not None
    plan = CartonizationSolution(cartons=pinned.locks.cartons)
    report = check(problem, plan.model_dump(mode="json"), None)
    faults = tuple(Fault("/locks" + fault.pointer, fault.detail) for fault in report.violations)
    # A group may be completed by the search, so a pinned part of one is no fault yet.
    faults = tuple(fault for fault in faults if "is to stay together, and only" not in fault.detail)
    if faults:
        raise ProblemError("invalid", f"{faults[0].pointer}: {faults[0].detail}", errors=faults)
    return pinned


def _warm_bins(problem: PackingProblem, warm_start: Mapping[str, Any] | None, notes: list[str]) -> list[Bin] | None:
    """The given plan's cartons that are feasible; the others are dropped, and a note says so."""
    if warm_start is None:
        return None
    plan = parse_solution(warm_start)
    kept = list(plan.cartons)
    while kept:
        report = check(problem, CartonizationSolution(cartons=tuple(kept)).model_dump(mode="json"), problem.locks)
        bad = {int(fault.pointer.split("/")[2]) for fault in report.violations if fault.pointer.count("/") >= 2}
        whole = [fault for fault in report.violations if fault.pointer.count("/") < 2]
        if whole:
            notes.append(f"the warm start was not used: {whole[0].detail}")
            return None
        if not bad:
            break
        notes.append(
            f"{len(bad)} cartons of the warm start break a rule and were dropped, e.g. {report.violations[0].detail}"
        )
        kept = [carton for n, carton in enumerate(kept) if n not in bad]
    return from_solution(problem, CartonizationSolution(cartons=tuple(kept)))


def _better(problem: PackingProblem, found: list[Bin], start: list[Bin]) -> list[Bin]:
    """Of two plans the better; of two equally good ones what was found."""
    values = [objective_of(problem, bins).value for bins in (found, start)]
    ahead = values[1] > values[0] if problem.source.objective == "value" else values[1] < values[0]
    return start if ahead else found


def _placeable(problem: PackingProblem) -> Ints:
    """Pieces per kind that fit some carton that may be used, alone, with all of their group."""
    usable: Flags = np.array(problem.type_available > 0, dtype=np.bool_)
    for carton in problem.begun:
        usable[carton.type] |= not carton.closed
    fits: Flags = np.asarray((problem.fits & usable[None, :]).any(axis=1))
    barred = {kind.group for k, kind in enumerate(problem.kinds) if not fits[k] and kind.group >= 0}
    held = np.array([kind.group in barred for kind in problem.kinds], dtype=np.bool_)
    return np.where(fits & ~held, problem.counts, 0).astype(np.int64)


def _cut(problem: PackingProblem, counts: Ints, run: Run) -> tuple[list[Bin], int, Any, Bound] | None:
    """Plain lengths: column generation, with its own bound. None when the problem is of another sort or too large."""
    if not suits(problem) or not counts.any():
        return None
    cutting = Cutting(problem, counts, run.seed)
    left = int(problem.counts.sum() - counts.sum()) * problem.leave_price
    sampled = False

    def report(cost: float, bound: float) -> None:
        nonlocal sampled
        run.report(cost + left, bound + left or None, cutting.rounds)
        if not sampled:
            sampled = True
            _sample(problem, cutting.bins(), run)

    cutting.run(
        run.should_stop,
        report,
        lambda: run.remaining_s if run.budget.iterations is None else np.inf,
    )
    method = ABOVE_LINEAR_PROGRAM if cutting.lifted else LINEAR_PROGRAM
    bound = (
        Bound(value=cutting.bound + left, method=method) if cutting.bound else Bound(reason="stopped before the bound")
    )
    return cutting.bins(), cutting.rounds, run.stop_reason or "optimal", bound


def _search(
    problem: PackingProblem, counts: Ints, run: Run, bound: Bound, start: list[Bin] | None
) -> tuple[list[Bin], int, Any]:
    model = build_model(problem, counts)
    left = int(problem.counts.sum() - counts.sum())
    fixed = 0.0 if problem.source.objective == "value" else float(
        sum(int(problem.type_cost[carton.type]) for carton in problem.begun if not carton.paid)
    )  # fmt: skip
    shift = fixed + left * model.penalty
    is_value = problem.source.objective == "value"
    everything = float(sum(kind.value * len(kind.members) for kind in problem.kinds))
    # The search minimises: for objective "value" what stays out.
    placeable = float(sum(problem.kinds[k].value * int(counts[k]) for k in range(len(counts))))
    outside = everything - placeable - _pinned_value(problem)

    def shown(value: float) -> float:
        return everything - outside - value if is_value else value + shift

    target = -np.inf
    if bound.value is not None:
        target = everything - outside - bound.value if is_value else bound.value - shift
    loaded = load(problem, counts, run, bound.value)
    if loaded is not None and loaded.final:
        return loaded.bins, loaded.iterations, run.stop_reason or ("optimal" if loaded.closed else "complete")
    if loaded is not None and start is None:
        start = loaded.bins
    elif loaded is not None and start is not None and is_value:
        start = _better(problem, loaded.bins, start)

    chain = search(
        model,
        run.seed,
        stop=run.should_stop,
        remaining=lambda: run.remaining_s,
        report=lambda value, iterations: run.report(shown(value), bound.value, iterations),
        target=target,
        iterations=run.budget.iterations,
        start=start,
        first=lambda bins: _sample(problem, bins, run),
    )
    reason = run.stop_reason or ("optimal" if chain.value <= target + 1e-6 * model.scale else "complete")
    return chain.bins(), chain.iterations, reason


def _sample(problem: PackingProblem, bins: list[Bin], run: Run) -> None:
    """Write and check a part of the first plan, to see how long that will take for the last."""
    step = max(1, -(-len(bins) // SAMPLED))
    begun = run.elapsed_s
    to_solution(problem, [])  # names are given to all pieces, however many are packed
    named = run.elapsed_s - begun
    some = to_solution(problem, bins[::step])
    faults_in_cartons(problem.source, some.model_dump(mode="json"))
    each = max(0.0, run.elapsed_s - begun - 2.0 * named)
    run.finishing(FINISH_OF_SAMPLE * (named + step * each))


def _pinned_value(problem: PackingProblem) -> float:
    return sum(problem.kinds[piece.kind].value for carton in problem.begun for piece in carton.fixed if piece.kind >= 0)
