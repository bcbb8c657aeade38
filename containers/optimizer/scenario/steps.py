"""The steps of a chain. Each takes the state before it and gives the one after; a new step is a function and a line."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from containers.optimizer.batching import FAMILY as BATCHING
from containers.optimizer.batching.answer import answer_of
from containers.optimizer.batching.baseline import first_come
from containers.optimizer.batching.problem import Instance
from containers.optimizer.family import Run
from containers.optimizer.labour import FAMILY as LABOUR
from containers.optimizer.labour.problem import build
from containers.optimizer.scenario.stages import State, deal
from containers.optimizer.scenario.tours import of_batch
from contracts.problems.batching import Batch, BatchingSolution
from contracts.problems.labour import LabourProblem, LabourSolution, LabourTask, Window, Worker
from contracts.problems.scenario import ScenarioProblem

StepFunction = Callable[[ScenarioProblem, Instance, State, Run], State]


def route(source: ScenarioProblem, instance: Instance, _before: State, _run: Run) -> State:
    """The same carts as today, each on its shortest walk."""
    solution = BatchingSolution.model_validate(answer_of(instance, first_come(instance)).solution)
    return _of_batches(source, "route", "first come, first served; shortest walks", solution.batches)


def batch(source: ScenarioProblem, instance: Instance, _before: State, run: Run) -> State:
    """Orders grouped anew, together with their walks."""
    answer = BATCHING.solve(instance, run)
    solution = BatchingSolution.model_validate(answer.solution)
    return _of_batches(source, "batch", "order batching joint with routing", solution.batches)


def labour(source: ScenarioProblem, _instance: Instance, before: State, run: Run) -> State:
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
    state = State(
        "labour", "tours dealt so that the last ends early", before.tours, tuple(map(tuple, hands)), before.batches
    )
    return state if _load(source, state) < _load(source, before) else _renamed(before)


def _renamed(before: State) -> State:
    return State("labour", "as before: nothing ends earlier", before.tours, before.hands, before.batches)


def _load(source: ScenarioProblem, state: State) -> float:
    return max(sum(state.tours[n].seconds(source.pace) for n in hand) for hand in state.hands)


def _horizon(source: ScenarioProblem, state: State) -> int:
    """Long enough for one person to do everything: a late end is a finding, not a reason to leave work out."""
    return 1 + sum(max(1, round(tour.seconds(source.pace))) for tour in state.tours)


def _of_batches(source: ScenarioProblem, step: str, method: str, batches: tuple[Batch, ...]) -> State:
    tours = tuple(of_batch(one) for one in batches)
    return State(step, method, tours, deal(source, tours), batches)


STEPS: Mapping[str, StepFunction] = {"route": route, "batch": batch, "labour": labour}
# Shares of the time that the searching steps get; the others take what they need.
SHARES: Mapping[str, float] = {"batch": 0.7, "labour": 0.2}
