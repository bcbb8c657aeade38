"""The warehouse before and after each step, measured on the same orders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from containers.optimizer.batching.baseline import METHOD, first_come
from containers.optimizer.batching.problem import Instance
from containers.optimizer.scenario.tours import Tour, of_rule
from contracts.problems.batching import Batch
from contracts.problems.reslotting import Move
from contracts.problems.scenario import ScenarioProblem, Stage

TODAY = "today"


@dataclass(frozen=True)
class State:
    """Tours, and which picker walks which in what order."""

    step: str
    method: str
    instance: Instance  # the orders on the slots of this state
    tours: tuple[Tour, ...]
    hands: tuple[tuple[int, ...], ...]  # per picker: numbers of tours in order
    batches: tuple[Batch, ...] = ()  # where a plan says more than a tour
    moves: tuple[Move, ...] = ()  # that led to the slots


def by_rule(source: ScenarioProblem, instance: Instance, step: str = TODAY) -> State:
    """Orders onto carts as they come, walked S-shape, each to whoever is free first."""
    tours = tuple(of_rule(instance, batch) for batch in first_come(instance))
    return State(step, METHOD, instance, tours, deal(source, tours))


def deal(source: ScenarioProblem, tours: Sequence[Tour]) -> tuple[tuple[int, ...], ...]:
    """Tours in their order, each to the picker who is free first."""
    free = [0.0] * source.crew.pickers
    hands: list[list[int]] = [[] for _ in free]
    for number, tour in enumerate(tours):
        picker = min(range(len(free)), key=free.__getitem__)
        hands[picker].append(number)
        free[picker] += tour.seconds(source.pace)
    return tuple(tuple(hand) for hand in hands)


def finish_s(source: ScenarioProblem, state: State) -> float:
    """When the last tour is done, breaks not worked through."""
    last = 0.0
    for hand in state.hands:
        now = 0.0
        for number in hand:
            start, end = now, now + state.tours[number].seconds(source.pace)
            for pause in sorted(source.crew.breaks, key=lambda p: p.start_s):
                if start < pause.end_s and end > pause.start_s:
                    end += pause.end_s - max(pause.start_s, start)
            now = end
        last = max(last, now)
    return last


def stage(source: ScenarioProblem, state: State, before: Stage | None) -> Stage:
    """The figures of a state, beside those of the stage before."""
    metres = round(sum(tour.metres for tour in state.tours), 6)
    seconds = round(sum(tour.seconds(source.pace) for tour in state.tours), 6)
    cost = round(seconds * source.wage_per_hour / 3600) if source.wage_per_hour else None
    return Stage(
        step=state.step,
        method=state.method,
        batches=len(state.tours),
        metres=metres,
        seconds=seconds,
        finish_s=round(finish_s(source, state), 6),
        cost=cost,
        saved_metres=round(before.metres - metres, 6) if before else 0.0,
        saved_seconds=round(before.seconds - seconds, 6) if before else 0.0,
        saved_cost=before.cost - cost if before and before.cost is not None and cost is not None else None,
    )
