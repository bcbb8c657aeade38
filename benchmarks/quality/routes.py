"""Quality and speed of picker routing on public instances, beside the S-shape rule in the same run."""

from __future__ import annotations

import time

import numpy as np

from benchmarks.quality.archives import best_known
from benchmarks.quality.picking_sets import Instance, routes, scattered
from benchmarks.quality.runs import Options, row, solve
from containers.optimizer.floor import tours
from containers.optimizer.floor.aisles import AisleFloor
from contracts.layout import ParametricLayout

REPEATS = 20


def sprp(options: Options) -> None:
    """One block: every tour must be the shortest, in microseconds."""
    _exact("sprp", routes(1), best_known("sprp"), options)


def sprp_two_block(options: Options) -> None:
    """The same lists with a middle cross aisle."""
    _exact("sprp_two_block", routes(2), best_known("sprp", "best_known_two_block.csv"), options)


def _exact(name: str, instances: list[Instance], best: dict[str, float], options: Options) -> None:
    chosen = [(key, data) for key, data in options.chosen(instances) if key in best]
    results = [(key, solve("routing", data, 10.0, options)) for key, data in chosen]
    optimal = sum(abs(result.objective.value - best[key]) < 1e-6 for key, result in results)
    count = len(chosen)
    row(f"quality.{name}.optimal_share", 100 * optimal / count, "% of instances", count, options)
    seconds = sum(_compiled_seconds(data) for _, data in chosen)
    row(f"quality.{name}.us_per_route", 1e6 * seconds / count, "microseconds, compiled", count, options)
    longest = 1000 * max(result.elapsed_s for _, result in results)
    row(f"quality.{name}.longest_ms", longest, "ms through the front door, checked", count, options)
    s_shape = sum((result.baseline.value or 0.0) / best[key] - 1 for key, result in results)
    row(f"quality.{name}.s_shape", 100 * s_shape / count, "% over best known", count, options)


def _compiled_seconds(data: dict[str, object]) -> float:
    floor = AisleFloor(ParametricLayout.model_validate(data["layout"]))
    names = data["lists"][0]["locations"]  # type: ignore[index]
    positions = np.array([floor.position(name) for name in names])
    frame, scratch = floor.frame, floor.scratch()
    tours.tour_length(frame, scratch, positions)
    started = time.perf_counter()
    for _ in range(REPEATS):
        tours.tour_length(frame, scratch, positions)
    return (time.perf_counter() - started) / REPEATS


def sprp_ss(options: Options) -> None:
    """Scattered storage, one block and two."""
    for blocks, file, suffix in ((1, "best_known.csv", ""), (2, "best_known_two_block.csv", "_two_block")):
        best = best_known("sprp_ss", file)
        chosen = options.chosen([one for one in scattered(blocks) if one[0] in best])
        for seconds in options.seconds:
            results = [(key, solve("routing", data, seconds, options)) for key, data in chosen]
            gaps = [result.objective.value / best[key] - 1 for key, result in results]
            name, count = f"quality.sprp_ss{suffix}", len(gaps)
            row(f"{name}.gap_{seconds:g}s", 100 * sum(gaps) / count, "% over best known", count, options)
            optimal = sum(gap < 1e-9 for gap in gaps)
            row(f"{name}.optimal_share_{seconds:g}s", 100 * optimal / count, "% of instances", count, options)
