"""Quality of order batching on public instances, beside first come first served and savings in the same run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.quality.archives import best_known, unproven
from benchmarks.quality.graph_sets import briant as briant_instances
from benchmarks.quality.graph_sets import foodmart as foodmart_instances
from benchmarks.quality.new_bests import listed, note
from benchmarks.quality.picking_sets import Instance
from benchmarks.quality.picking_sets import henn as henn_instances
from benchmarks.quality.picking_sets import muter as muter_instances
from benchmarks.quality.runs import Options, gap_row, row, solve
from containers.optimizer.batching.answer import answer_of
from containers.optimizer.batching.problem import read
from containers.optimizer.batching.search import construct
from containers.optimizer.batching.units import units_of

# Sets whose published values are not all proven: plans that beat them are kept. set → (its folder, its instances)
OPEN: dict[str, tuple[str, Callable[[], list[Instance]]]] = {
    "henn": ("obp_henn_waescher", henn_instances),
    "muter": ("obp_muter_oncan", muter_instances),
}


def _measure(name: str, folder: str, instances: list[Instance], options: Options) -> None:
    best = best_known(folder)
    known = [(key, data) for key, data in options.chosen(instances) if key in best]
    for seconds in options.seconds:
        results = [(key, solve("batching", data, seconds, options)) for key, data in known]
        if name in OPEN:
            for key, result in results:
                note(name, key, best[key], result)
        gap_row(name, seconds, [result.objective.value / best[key] - 1 for key, result in results], options)
        planned = sum(not result.unassigned for _, result in results)
        row(f"quality.{name}.feasible_{seconds:g}s", 100 * planned / max(1, len(results)), "%", len(results), options)
    if options.others:
        before = [(result.baseline.value or 0.0) / best[key] - 1 for key, result in results]
        row(f"quality.{name}.first_come", 100 * sum(before) / len(before), "% over best known", len(before), options)
        savings = [_savings(data) / best[key] - 1 for key, data in known]
        row(f"quality.{name}.savings", 100 * sum(savings) / len(savings), "% over best known", len(savings), options)


def _savings(data: dict[str, Any]) -> float:
    """Savings C&W(ii) on exact routes, without any search."""
    instance = read(data)
    units = units_of(instance, [[part] for part in range(len(instance.parts))])
    plan, _near = construct(instance.floor, units)
    return answer_of(instance, units.batches(plan)).objective.value


def henn(options: Options) -> None:
    _measure("henn", "obp_henn_waescher", henn_instances(), options)


def muter(options: Options) -> None:
    _measure("muter", "obp_muter_oncan", muter_instances(), options)


def foodmart(options: Options) -> None:
    _measure("foodmart", "jobprp_foodmart", foodmart_instances(), options)


def briant(options: Options) -> None:
    _measure("briant", "obsr_briant_due_dates", briant_instances(), options)


def new_bests(options: Options) -> None:
    """Looks for plans better than the published values, only where these are not proven."""
    for name, (folder, instances) in OPEN.items():
        best, still_open = best_known(folder), unproven(folder)
        for key, data in options.chosen([one for one in instances() if one[0] in still_open]):
            result = solve("batching", data, max(options.seconds), options)
            if note(name, key, best[key], result):
                print(f"  {name} {key}: {result.objective.value:g} where {best[key]:g} is published", flush=True)
        row(
            f"quality.{name}.new_bests",
            len(listed(name)),
            "published values beaten",
            len(still_open),
            options,
            "new_bests",
        )
