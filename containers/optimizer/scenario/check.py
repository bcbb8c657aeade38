"""An independent reading of a scenario's answer: its plan by the batching family's check, its sums from the plan alone."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from containers.optimizer.batching import FAMILY as BATCHING
from containers.optimizer.batching.problem import Instance
from containers.optimizer.family import CheckReport
from containers.optimizer.reading import locks_of, plan_of, untrue
from containers.optimizer.reslotting import FAMILY as RESLOTTING
from containers.optimizer.scenario.problem import Scenario, batching_on
from containers.optimizer.scenario.reslot import facts
from contracts.errors import Fault, ProblemError, from_validation
from contracts.optimize import Objective
from contracts.problems.batching import Batch
from contracts.problems.scenario import ScenarioLocks, ScenarioProblem, ScenarioSolution

CENTIMETRE = 0.01


def check(scenario: Scenario, solution: Mapping[str, Any], locks: Mapping[str, Any] | None) -> CheckReport:
    """What is wrong with the figures or the plan behind them."""
    model, pinned = plan_of(ScenarioSolution, solution), locks_of(ScenarioLocks, locks)
    if not model.stages:
        detail = "a plan has a stage for today and one for each step; send a whole answer"
        raise ProblemError("invalid", f"/warm_start/stages: {detail}", errors=(Fault("/warm_start/stages", detail),))
    last = model.stages[-1]
    walking = last.metres / scenario.source.pace.walk_m_per_s
    value = Objective(value=last.seconds, unit="s", parts={"walking": walking, "handling": last.seconds - walking})
    faults = _sums(model)
    faults += [
        Fault(f"/moves/{n}", f"{move.sku!r} is locked to stay")
        for n, move in enumerate(model.moves)
        if move.sku in pinned.keep
    ]
    stock = _after_moves(scenario, model, faults)
    instance = batching_on(scenario.source, stock) if model.moves else scenario.today
    if model.batches and not faults:
        held = {"together": pinned.together, "sealed": pinned.sealed} if "batch" in scenario.source.steps else None
        faults += _plan(scenario, instance, model, held)
    return CheckReport(
        value, tuple(faults), instance.left_out, () if faults else tuple(_untrue(scenario.source, model))
    )


def _after_moves(scenario: Scenario, model: ScenarioSolution, faults: list[Fault]) -> list[dict[str, Any]]:
    """Carry the moves out, one by one; what they break by the re-slotting family's own check is a fault here."""
    stock = Counter[tuple[str, str]]()
    for line in scenario.source.stock:
        stock[line.sku, line.location] += line.quantity
    waiting = Counter[str]()
    for move in model.moves:
        if move.from_location is None:
            waiting[move.sku] -= move.pieces
        else:
            stock[move.sku, move.from_location] -= move.pieces
        if move.to_location is None:
            waiting[move.sku] += move.pieces
        else:
            stock[move.sku, move.to_location] += move.pieces
    rows = [{"sku": sku, "location": place, "quantity": n} for (sku, place), n in stock.items() if n > 0]
    if not model.moves:
        return rows
    if min(*stock.values(), *waiting.values(), 0) < 0 or any(waiting.values()):
        faults.append(Fault("/moves", "the moves take more than there is, or leave something beside the shelves"))
        return rows
    minutes = sum(move.seconds for move in model.moves) / 60
    plan = {
        "moves": [move.model_dump(mode="json") for move in model.moves],
        "assignments": [{"sku": r["sku"], "location": r["location"], "pieces": r["quantity"]} for r in rows],
        "minutes": minutes,
    }
    report = RESLOTTING.check(RESLOTTING.read(facts(scenario.source)), plan, None)
    # What the moves save is told by the stages, so the plan's own claims are left out.
    faults += [fault for fault in report.violations + report.untrue if fault.pointer.startswith("/moves")]
    return rows


def _untrue(source: ScenarioProblem, model: ScenarioSolution) -> Iterator[Fault]:
    """Money, minutes and shares that are told, from the stages' metres and seconds; when the crew is done, from the plan."""
    first, last = model.stages[0], model.stages[-1]
    steps = [stage.step for stage in model.stages]
    if steps[0] != "today" or [step for step in source.steps if step in steps] != steps[1:]:
        yield Fault(
            "/stages", f"they are 'today' and then of {list(source.steps)} those that were made, in their order"
        )
    costs = [round(one.seconds * source.wage_per_hour / 3600) if source.wage_per_hour else None for one in model.stages]
    for n, (stage, cost) in enumerate(zip(model.stages, costs, strict=True)):
        found: dict[str, Any] = {"cost": cost}
        if n:
            was = costs[n - 1]
            found["saved_cost"] = None if was is None or cost is None else was - cost
        yield from untrue(stage, f"/stages/{n}", found)
    found = {
        "saved_share": 1 - last.metres / first.metres if first.metres else 0.0,
        "saved_seconds": first.seconds - last.seconds,
        "moves_minutes": sum(move.seconds for move in model.moves) / 60,
    }
    if costs[0] is not None and costs[-1] is not None:
        found["saved_cost_per_year"] = round((costs[0] - costs[-1]) / source.days * source.days_per_year)
    yield from untrue(model, "", found, size=first.seconds)
    if model.forecast is not None:
        predicted, mean = last.finish_s, model.forecast.mean_finish_s
        found = {"predicted_finish_s": predicted}
        if predicted > 10:  # of less, a mean to the millisecond says too little
            found["error_share"] = (mean - predicted) / predicted
        yield from untrue(model.forecast, "/forecast", found)
    if model.batches:
        yield from untrue(
            last,
            f"/stages/{len(model.stages) - 1}",
            {"batches": len(model.batches), "finish_s": _done_s(source, model)},
        )


def _done_s(source: ScenarioProblem, model: ScenarioSolution) -> float:
    """When the last tour of the plan is done: every picker's one after another, none goes on through a break."""
    hands: dict[Any, list[tuple[float, float]]] = defaultdict(list)
    for row in model.batches:
        hands[row.get("picker")].append((row.get("start_s") or 0.0, float(row.get("seconds") or 0.0)))
    latest = 0.0
    for tours in hands.values():
        now = 0.0
        for _, seconds in sorted(tours):
            until = now + seconds
            for pause in sorted(source.crew.breaks, key=lambda one: one.start_s):
                if now < pause.end_s and pause.start_s < until:
                    until += pause.end_s - max(now, pause.start_s)
            now = until
        latest = max(latest, now)
    return latest


def _sums(model: ScenarioSolution) -> list[Fault]:
    faults = []
    for n, (before, after) in enumerate(itertools.pairwise(model.stages), start=1):
        if abs(before.metres - after.metres - after.saved_metres) > CENTIMETRE:
            faults.append(Fault(f"/stages/{n}/saved_metres", "it is not the difference to the stage before"))
        if abs(before.seconds - after.seconds - after.saved_seconds) > CENTIMETRE:
            faults.append(Fault(f"/stages/{n}/saved_seconds", "it is not the difference to the stage before"))
    total = model.stages[0].metres - model.stages[-1].metres
    if abs(total - model.saved_metres) > CENTIMETRE:
        faults.append(Fault("/saved_metres", f"the stages save {total:.2f} m, not {model.saved_metres:.2f}"))
    return faults


def _plan(
    scenario: Scenario, instance: Instance, model: ScenarioSolution, locks: Mapping[str, Any] | None
) -> list[Fault]:
    """The last stage's plan: feasible by the batching family's own check, as long and as slow as the stage says, and
    nobody walks two tours at once."""
    try:
        rows = [Batch.model_validate(row) for row in model.batches]
    except ValidationError as error:
        return list(from_validation(error, "/batches").errors)
    last, pace = model.stages[-1], scenario.source.pace
    plain = {
        "batches": [
            row.model_copy(update={"picker": None, "start_s": None, "finish_s": None}).model_dump(mode="json")
            for row in rows
        ],
        "distance_m": sum(row.distance_m for row in rows),
        "seconds": sum(row.seconds for row in rows),
        "baseline_distance_m": 0.0,
        "saved_m": 0.0,
        "saved_share": 0.0,
    }
    report = BATCHING.check(instance, plain, locks)
    # The plan stands for itself here: what it saves is told by the stages.
    faults = list(report.violations)
    faults += [fault for fault in report.untrue if fault.pointer.startswith("/batches/")]
    if abs(sum(row.distance_m for row in rows) - last.metres) > CENTIMETRE * max(1, len(rows)):
        faults.append(Fault("/stages", f"the last stage walks {last.metres:.2f} m; its batches do not"))
    halts = sum(len({(stop.x_m, stop.y_m) for stop in row.stops}) for row in rows)
    pieces = sum(stop.quantity for row in rows for stop in row.stops)
    seconds = last.metres / pace.walk_m_per_s + len(rows) * pace.setup_s + halts * pace.stop_s + pieces * pace.piece_s
    if abs(seconds - last.seconds) > max(1.0, 1e-4 * seconds):
        faults.append(Fault("/stages", f"the last stage's work is {seconds:.1f} s, not {last.seconds:.1f}"))
    spans: dict[int, list[tuple[float, float]]] = {}
    for n, row in enumerate(rows):
        if row.picker is None or row.start_s is None or row.finish_s is None:
            faults.append(Fault(f"/batches/{n}/picker", "nobody walks this tour"))
        else:
            spans.setdefault(row.picker, []).append((row.start_s, row.finish_s))
    for picker, times in spans.items():
        times.sort()
        if any(end > start + 1e-3 for (_, end), (start, _) in itertools.pairwise(times)):
            faults.append(Fault("/batches", f"picker {picker} walks two tours at once"))
    return faults
