"""The steps of a chain. Each takes the state before it and gives the one after; a new step is a function and a line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from containers.optimizer.batching import FAMILY as BATCHING
from containers.optimizer.batching.answer import answer_of
from containers.optimizer.batching.baseline import first_come
from containers.optimizer.family import Run
from containers.optimizer.labour import FAMILY as LABOUR
from containers.optimizer.labour.problem import build
from containers.optimizer.scenario.moved import moved_stock
from containers.optimizer.scenario.problem import batching_on
from containers.optimizer.scenario.reslot import plan_moves
from containers.optimizer.scenario.stages import State, by_rule, deal
from containers.optimizer.scenario.tours import of_batch
from contracts.problems.batching import Batch, BatchingSolution
from contracts.problems.labour import LabourProblem, LabourSolution, LabourTask, Window, Worker
from contracts.problems.scenario import ScenarioProblem

StepFunction = Callable[[ScenarioProblem, State, Run], State]


def reslot(source: ScenarioProblem, _before: State, run: Run) -> State:
    """The moves that pay are made; people work as today."""
    plan = plan_moves(source, run)
    stock = moved_stock([line.model_dump() for line in source.stock], plan.moves)
    state = by_rule(source, batching_on(source, stock), "reslot")
    return replace(state, method=f"{len(plan.moves)} moves; {state.method}", moves=plan.moves)


def route(source: ScenarioProblem, before: State, _run: Run) -> State:
    """The same carts as today, each on its shortest walk."""
    instance = before.instance
    solution = BatchingSolution.model_validate(answer_of(instance, first_come(instance)).solution)
    return _of_batches(source, before, "route", "first come, first served; shortest walks", solution.batches)


def batch(source: ScenarioProblem, before: State, run: Run) -> State:
    """Orders grouped anew, together with their walks."""
    solution = BatchingSolution.model_validate(BATCHING.solve(before.instance, run).solution)
    return _of_batches(source, before, "batch", "order batching joint with routing", solution.batches)


def labour(source: ScenarioProblem, before: State, run: Run) -> State:
    """The tours dealt to the crew anew, so that the last one ends early."""
    crew = source.crew
    shift = (Window(start_s=0, end_s=_horizon(source, before)),)
    tasks = [
        LabourTask(id=f"T{n}", seconds=max(1, round(tour.seconds(source.pace)))) for n, tour in enumerate(before.tours)
    ]
    problem = LabourProblem(
        workers=tuple(Worker(id=f"P{n + 1}", shifts=shift) for n in range(crew.pickers)), tasks=tuple(tasks)
    )
    solution = LabourSolution.model_validate(LABOUR.solve(build(problem), run).solution)
    hands: list[list[int]] = [[] for _ in range(crew.pickers)]
    for row in sorted(solution.assignments, key=lambda row: row.start_s):
        hands[int(row.worker[1:]) - 1].append(int(row.task[1:]))
    method = "tours dealt so that the last ends early"
    state = replace(before, step="labour", method=method, hands=tuple(map(tuple, hands)))
    if _load(source, state) < _load(source, before):
        return state
    return replace(before, step="labour", method="as before: nothing ends earlier")


def _load(source: ScenarioProblem, state: State) -> float:
    return max(sum(state.tours[n].seconds(source.pace) for n in hand) for hand in state.hands)


def _horizon(source: ScenarioProblem, state: State) -> int:
    """Long enough for one person to do everything: a late end is a finding, not a reason to leave work out."""
    return 1 + sum(max(1, round(tour.seconds(source.pace))) for tour in state.tours)


def _of_batches(source: ScenarioProblem, before: State, step: str, method: str, batches: tuple[Batch, ...]) -> State:
    tours = tuple(of_batch(one) for one in batches)
    return State(step, method, before.instance, tours, deal(source, tours), batches, before.moves)


STEPS: Mapping[str, StepFunction] = {"reslot": reslot, "route": route, "batch": batch, "labour": labour}
# Parts of the time that the searching steps get; the others take what they need.
SHARES: Mapping[str, float] = {"reslot": 0.4, "batch": 0.45, "labour": 0.15}
NO_TIME = "as before: there was no time for this step"
# What steps take besides searching, as what reading the problem and today's tours took.
LEAST: Mapping[str, tuple[float, float]] = {
    "reslot": (1.3, 1.0), "route": (0.0, 3.0), "batch": (0.2, 3.0), "labour": (0.2, 0.2)
}  # fmt: skip
# Where there is no time for all: those that save most come first.
WORTH = ("batch", "labour", "reslot", "route")


def least_seconds(reading_s: float, tours_s: float) -> dict[str, float]:
    """What each step takes at least."""
    return {step: a * reading_s + b * tours_s for step, (a, b) in LEAST.items()}


def affordable(steps: Sequence[str], least: Mapping[str, float], seconds: float) -> frozenset[str]:
    """The steps for which there is time, by what they are worth."""
    chosen = set()
    for step in sorted(steps, key=WORTH.index):
        if least[step] <= seconds:
            chosen.add(step)
            seconds -= least[step]
    return frozenset(chosen)
