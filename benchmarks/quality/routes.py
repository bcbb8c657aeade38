"""Quality and speed of picker routing on public instances, beside the field's rules and general routing programs in the same run."""

from __future__ import annotations

import gc
import statistics
import time

import numpy as np

from benchmarks.quality.archives import best_known
from benchmarks.quality.picking_sets import Instance, routes, scattered
from benchmarks.quality.rivals import installed
from benchmarks.quality.route_rivals import PROGRAMS
from benchmarks.quality.runs import Options, row, solve
from containers.optimizer.floor import tours
from containers.optimizer.floor.aisles import AisleFloor
from contracts.layout import ParametricLayout

REPEATS = 20
# Another program gets a second per instance and this many of the instances.
RIVAL_SECONDS, RIVAL_INSTANCES = 1.0, 20


def sprp(options: Options) -> None:
    """One block: every tour must be the shortest, in microseconds."""
    _exact("sprp", routes(1), best_known("sprp"), options)


def sprp_two_block(options: Options) -> None:
    """The same lists with a middle cross aisle."""
    _exact("sprp_two_block", routes(2), best_known("sprp", "best_known_two_block.csv"), options)


def _exact(name: str, instances: list[Instance], best: dict[str, float], options: Options) -> None:
    chosen = [(key, data) for key, data in options.chosen(instances) if key in best]
    gc.collect()
    gc.freeze()  # the other instances of the set are no part of what a request's process holds
    results = [(key, solve("routing", data, 10.0, options)) for key, data in chosen]
    gc.unfreeze()
    optimal = sum(abs(result.objective.value - best[key]) < 1e-6 for key, result in results)
    count = len(chosen)
    row(f"quality.{name}.optimal_share", 100 * optimal / count, "% of instances", count, options)
    seconds = sum(_compiled_seconds(data) for _, data in chosen)
    row(f"quality.{name}.us_per_route", 1e6 * seconds / count, "microseconds, compiled", count, options)
    times = [1000 * result.elapsed_s for _, result in results]
    row(f"quality.{name}.longest_ms", max(times), "ms through the front door, checked", count, options)
    row(f"quality.{name}.median_ms", statistics.median(times), "ms through the front door, checked", count, options)
    for rule in results[0][1].solution["routes"][0]["rules_m"]:
        over = [result.solution["routes"][0]["rules_m"][rule] / best[key] - 1 for key, result in results]
        row(f"quality.{name}.{rule}", 100 * statistics.mean(over), "% over best known", count, options)
    _rival(name, chosen, best, options)


def _rival(name: str, chosen: list[Instance], best: dict[str, float], options: Options) -> None:
    """Other programs on some of the instances, spread over them; those that a program cannot state are left out."""
    if not options.others:
        return
    some = [chosen[i * len(chosen) // RIVAL_INSTANCES] for i in range(RIVAL_INSTANCES)]
    some = some if len(chosen) > len(some) else chosen
    for label, (module, program) in PROGRAMS.items():
        if not installed(module):
            continue
        over, times = [], []
        for key, data in some:
            started = time.perf_counter()
            metres = program(data, RIVAL_SECONDS)
            if metres is not None:
                over.append(metres / best[key] - 1)
                times.append(time.perf_counter() - started)
        if over:
            row(f"quality.{name}.{label}", 100 * statistics.mean(over), "% over best known", len(over), options)
            row(f"quality.{name}.{label}_ms", 1000 * statistics.mean(times), "ms, mean", len(over), options)


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
    """Scattered storage, one block and two.

    Many two-block references of the files with varying demand are shorter than any tour that holds the demand: our proven
    bound, which the mixed-integer program confirms, lies above them. They are counted in a row of their own.
    """
    for blocks, file, suffix in ((1, "best_known.csv", ""), (2, "best_known_two_block.csv", "_two_block")):
        best = best_known("sprp_ss", file)
        chosen = options.chosen([one for one in scattered(blocks) if one[0] in best])
        for seconds in options.seconds:
            results = [(key, solve("routing", data, seconds, options)) for key, data in chosen]
            held = [(key, result) for key, result in results if (result.bound.value or 0.0) <= best[key] + 1e-6]
            name, count = f"quality.sprp_ss{suffix}", len(held)
            refuted = len(results) - count
            row(
                f"{name}.refuted_references_{seconds:g}s",
                refuted,
                "references below a proven bound",
                len(results),
                options,
            )
            gaps = [result.objective.value / best[key] - 1 for key, result in held]
            row(f"{name}.gap_{seconds:g}s", 100 * statistics.mean(gaps), "% over best known", count, options)
            optimal = 100 * sum(gap < 1e-9 for gap in gaps) / count
            row(f"{name}.optimal_share_{seconds:g}s", optimal, "% of instances", count, options)
            proven = 100 * sum(result.status == "optimal" for _, result in results) / len(results)
            row(f"{name}.proven_share_{seconds:g}s", proven, "% of instances", len(results), options)
            times = [1000 * result.elapsed_s for _, result in results]
            row(f"{name}.median_ms_{seconds:g}s", statistics.median(times), "ms, checked", len(results), options)
        _rival(f"sprp_ss{suffix}", [one for one in chosen if one[0] in dict(held)], best, options)
