"""The report on one finished job: a self-contained page (no script, no outside address) that prints well."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from containers.warehouse_manager import plots
from containers.warehouse_manager.reading import read, read_batching
from contracts.jobs import JobStatus
from contracts.manage import Report
from contracts.optimize import OptimizeResult
from contracts.problems.batching import Batch

MAX_ROWS = 500  # of each table; the whole is in the result as CSV


def render_report(request: Report) -> str:
    """HTML. Raises ProblemError "invalid" when job or result cannot be read. Any problem family gets its key figures;
    a batching result gets drawings and its batches as well."""
    job = read(JobStatus, request.job, "/job")
    result = read(OptimizeResult, request.result, "/result")
    context: dict[str, Any] = {
        "warehouse": request.warehouse or job.warehouse,
        "job": job,
        "result": result,
        "figures": key_figures(result),
        "gap": gap_in_words(result),
        "unassigned": result.unassigned[:MAX_ROWS],
        "unassigned_more": max(0, len(result.unassigned) - MAX_ROWS),
        "batches": (),
        "batches_more": 0,
        "drawings": [],
    }
    if result.problem == "batching":
        context |= _batching(request, result)
    html: str = _template().render(context)
    return html


def key_figures(result: OptimizeResult) -> list[tuple[str, str, str]]:
    """(name, value, explanation), the most telling first."""
    value, unit = result.objective.value, result.objective.unit
    figures = [("Plan", _amount(value, unit), "what this plan costs")]
    base = result.baseline.value
    if base:
        saved = (base - value) if result.objective.sense == "min" else (value - base)
        word = "less" if saved >= 0 else "more"
        if result.objective.sense == "max":
            word = "more" if saved >= 0 else "less"
        figures.append(("Against the baseline", f"{abs(saved) / abs(base):.1%} {word}", result.baseline.method))
        figures.append(("Baseline", _amount(base, unit), result.baseline.method))
    if result.problem == "batching":
        batches = read_batching(result).batches
        minutes = sum(batch.seconds for batch in batches) / 60
        figures.append(("Batches", f"{len(batches):,}", f"for {len(_orders(batches)):,} orders"))
        figures.append(("Pick minutes", f"{minutes:,.0f}", "walking and picking, all batches together"))
        figures.append(("Stops", f"{sum(len(batch.stops) for batch in batches):,}", "places where a picker stops"))
    if result.bound.gap is not None:
        figures.append(("Gap", f"{result.bound.gap:.1%}", "no plan can be better by more than this"))
    if result.unassigned:
        figures.append(("Left out", f"{len(result.unassigned):,}", "with reasons below"))
    return figures


def gap_in_words(result: OptimizeResult) -> str:
    """What is proven about the plan, in a sentence for somebody who knows the floor and not the method."""
    if result.status == "optimal":
        return "This plan is proven to be the best possible one."
    bound = result.bound
    if bound.value is not None and bound.gap is not None:
        amount = _amount(bound.value, result.objective.unit)
        return (
            f"Proven: no plan for the same work gets past {amount}, so this one is within {bound.gap:.1%} of the best."
        )
    return f"Nothing is proven about how far the best plan is away{': ' + bound.reason if bound.reason else ''}."


def _batching(request: Report, result: OptimizeResult) -> dict[str, Any]:
    solution = read_batching(result)
    batches = sorted(solution.batches, key=lambda batch: -batch.distance_m)
    if not batches:
        return {}
    in_metres = result.objective.unit == "m"
    drawings = [
        (
            "Metres walked",
            plots.metres_against_baseline(
                batches, solution.baseline_distance_m, result.bound.value if in_metres else None
            ),
        ),
        ("Metres per batch", plots.metres_per_batch(batches)),
        ("Orders per batch", plots.orders_per_batch(batches)),
    ]
    if request.layout is not None:
        shown = {"The longest walk": batches[0], "A typical walk": batches[len(batches) // 2]}
        for i, (title, batch) in enumerate(list(shown.items())[: len(batches)]):
            caption = f"{title}: batch {batch.id}, {batch.distance_m:,.0f} m, {len(batch.stops)} stops"
            drawings.append((caption, plots.floor_plan(request.layout, batch, f"floor{i}")))
    return {
        "drawings": drawings,
        "batches": solution.batches[:MAX_ROWS],
        "batches_more": max(0, len(solution.batches) - MAX_ROWS),
    }


def _orders(batches: tuple[Batch, ...]) -> set[str]:
    return {order for batch in batches for order in batch.orders}


def _amount(value: float, unit: str) -> str:
    digits = 0 if abs(value) >= 100 or value == int(value) else 1
    return f"{value:,.{digits}f} {unit}".strip()


@lru_cache(maxsize=1)
def _template() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    folder = Path(__file__).parent / "templates"
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.j2")
