"""Run the chain: today, then step by step, then the simulation of where it ends."""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from containers.optimizer.family import Answer, Run
from containers.optimizer.scenario.problem import Scenario, given
from containers.optimizer.scenario.simulate import simulate
from containers.optimizer.scenario.stages import State, finish_s, stage
from containers.optimizer.scenario.steps import NO_TIME, SHARES, STEPS, affordable, least_seconds
from contracts.optimize import Budget, Objective
from contracts.problems.scenario import Forecast, ScenarioProblem, ScenarioSolution, Stage

# Of the time, what simulating the end may take; fewer runs are made then.
SIMULATED_SHARE = 0.1
# Writing the answer and its check, as what reading and today's tours took; checked moves mean reading it all again.
FINISH_OF_READING, FINISH_OF_TOURS = 4.0, 1.0


def solve(scenario: Scenario, run: Run) -> Answer:
    """The chain's figures. Seconds of work after each step are reported as incumbents. Each step keeps its locks, and starts
    from its part of an earlier chain's plan. Steps for which there is no time change nothing and say so, unless
    they hold a part of that plan or locked batches.
    """
    source = scenario.source
    beside = given(scenario, run.locks, run.warm_start)
    begun = run.elapsed_s
    state = scenario.as_today
    tours_s = run.elapsed_s - begun
    stages: list[Stage] = [stage(source, state, None)]
    run.report(stages[0].seconds)
    begun = run.elapsed_s
    forecast(source, state, run.seed, 1)
    run_s = run.elapsed_s - begun
    runs = source.simulation.runs
    if run.budget.iterations is None and run_s > 0:
        runs = min(runs, max(1, int(SIMULATED_SHARE * run.budget.seconds / run_s)))
    run.finishing(runs * run_s + FINISH_OF_READING * run.reading_s + FINISH_OF_TOURS * tours_s)
    least = least_seconds(run.reading_s, tours_s)
    chosen = affordable(source.steps, least, run.remaining_s if run.budget.iterations is None else math.inf)
    chosen |= beside.due & set(source.steps)
    iterations = 0
    for number, step in enumerate(source.steps):
        if step in chosen:
            to_come = [one for one in source.steps[number:] if one in chosen]
            inner = _part(run, step, to_come, least)
            inner.locks, inner.warm_start = beside.locks.get(step), beside.warm.get(step)
            state = STEPS[step](source, state, inner)
        else:
            state = replace(state, step=step, method=NO_TIME)
        stages.append(stage(source, state, stages[-1]))
        iterations += 1
        run.report(stages[-1].seconds, None, iterations)
    solution = ScenarioSolution(
        stages=tuple(stages),
        saved_metres=round(stages[0].metres - stages[-1].metres, 6),
        saved_share=round(1 - stages[-1].metres / stages[0].metres, 6) if stages[0].metres else 0.0,
        saved_seconds=round(stages[0].seconds - stages[-1].seconds, 6),
        saved_cost_per_year=_per_year(source, stages),
        moves=state.moves,
        moves_minutes=round(sum(move.seconds for move in state.moves) / 60, 6),
        batches=tuple(_batches(source, state)),
        forecast=forecast(source, state, run.seed, runs),
    )
    return Answer(
        objective=objective(source, stages[-1]),
        solution=solution.model_dump(mode="json"),
        unassigned=state.instance.left_out,
        iterations=iterations,
        stopped_by=run.stop_reason or "complete",
    )


def objective(source: ScenarioProblem, last: Stage) -> Objective:
    """Seconds of work after the last step: walking and the rest."""
    walking = last.metres / source.pace.walk_m_per_s
    return Objective(value=last.seconds, unit="s", parts={"walking": walking, "handling": last.seconds - walking})


def _part(run: Run, step: str, to_come: Sequence[str], least: Mapping[str, float]) -> Run:
    """A run of its own for one step: what it takes at least, and its share of what all steps to come leave for searching.
    Whoever stops the whole stops it.
    """
    free = max(0.0, run.remaining_s - sum(least[one] for one in to_come))
    total = sum(SHARES.get(one, 0.0) for one in to_come) or 1.0
    seconds = max(0.05, least[step] + free * SHARES.get(step, 0.0) / total)
    budget = Budget(seconds=seconds, iterations=run.budget.iterations, seed=run.budget.seed, workers=run.budget.workers)
    return _Linked(budget=budget, workers=run.workers, whole=run)


class _Linked(Run):
    """Stops when its own budget is used up or the whole run is told to stop."""

    def __init__(self, *, budget: Budget, workers: int, whole: Run) -> None:
        super().__init__(budget=budget, workers=workers, may_refuse=False)
        self._whole = whole

    def should_stop(self, iterations: int = 0) -> bool:
        if self._whole.stop_reason is not None and self.stop_reason is None:
            self.stop(self._whole.stop_reason)
        return super().should_stop(iterations)


def _per_year(source: ScenarioProblem, stages: list[Stage]) -> int | None:
    first, last = stages[0].cost, stages[-1].cost
    if first is None or last is None:
        return None
    return round((first - last) / source.days * source.days_per_year)


def _batches(source: ScenarioProblem, state: State) -> list[dict[str, Any]]:
    """The plan that people carry out, with who walks which tour from when."""
    rows = [batch.model_dump(mode="json") for batch in state.batches]
    for picker, hand in enumerate(state.hands):
        now = 0.0
        for number in hand if rows else ():
            end = now + state.tours[number].seconds(source.pace)
            rows[number] |= {"picker": picker, "start_s": round(now, 6), "finish_s": round(end, 6)}
            now = end
    return rows


def forecast(source: ScenarioProblem, state: State, seed: int, runs: int) -> Forecast | None:
    """The simulation of a state in so many runs, and whether the prediction holds. None when no run is wanted or nothing is
    to do."""
    settings = source.simulation
    if not settings.runs or not state.tours:
        return None
    plan = [[state.tours[number] for number in hand] for hand in state.hands]
    generator = random.Random(seed)
    outcomes = [
        simulate(plan, source.pace, source.crew, settings, random.Random(generator.getrandbits(64)))
        for _ in range(runs)
    ]
    ends = sorted(outcome.finish_s for outcome in outcomes)
    predicted, mean = finish_s(source, state), statistics.fmean(ends)
    low, high = ends[int(0.05 * (len(ends) - 1))], ends[-1 - int(0.05 * (len(ends) - 1))]
    error = (mean - predicted) / predicted if predicted else 0.0
    return Forecast(
        runs=runs,
        seed=seed,
        predicted_finish_s=round(predicted, 3),
        mean_finish_s=round(mean, 3),
        p5_finish_s=round(low, 3),
        p95_finish_s=round(high, 3),
        mean_wait_s=round(statistics.fmean(outcome.wait_s for outcome in outcomes), 3),
        error_share=round(error, 6),
        holds=low <= predicted <= high or abs(error) <= 0.05,
    )
