"""Slotting by pick distance on the public instances of storage location assignment with picker routing (SLAPRP).

No values are published per instance. On one aisle the best plan is proven here by CP-SAT; elsewhere the same problem slotted
by frequency, which is exact for single picks, shows what knowing the tours is worth.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from benchmarks.quality.archives import files
from benchmarks.quality.runs import Options, row, solve


def instances() -> list[tuple[str, dict[str, Any]]]:
    """(name, SlottingProblem data) of Silva et al.: aisles and bays, metres between aisles and between bays, articles,
    orders, sizes of the orders, the articles of each. Two sides per aisle, one article per slot, shortest tours from the
    front of the first aisle."""
    found = []
    for path, text in files("slaprp").items():
        if "silva_small" not in path:
            continue
        rows = [[int(word) for word in line.split()] for line in text.splitlines() if line.strip()]
        (aisles, bays), (pitch, width), (skus,), (count,) = rows[:4]
        orders = rows[5 : 5 + count]
        data = {
            "objective": "pick_distance",
            "layout": {
                "type": "parametric",
                "aisles": aisles,
                "bays_per_block": bays,
                "aisle_pitch_m": pitch,
                "bay_width_m": width,
                "end_gap_m": width,
            },
            "needs": [{"sku": f"S{sku}"} for sku in range(1, skus + 1)],
            "orders": [
                {"id": f"O{n}", "lines": [{"sku": f"S{sku}", "quantity": 1} for sku in order]}
                for n, order in enumerate(orders)
            ],
        }
        found.append((PurePosixPath(path).stem, data))
    return found


def slaprp(options: Options) -> None:
    chosen = options.chosen(instances())
    known = {name: _one_aisle(data) for name, data in chosen if data["layout"]["aisles"] == 1}
    proven = {name: best for name, best in known.items() if best is not None}
    by_frequency = {name: _by_frequency(data, options) for name, data in chosen}
    for seconds in options.seconds:
        ours = {name: solve("slotting", data, seconds, options).objective.value for name, data in chosen}
        if proven:
            closed = sum(ours[name] <= best + 1e-6 for name, best in proven.items())
            share = 100 * closed / len(proven)
            row(
                f"quality.slaprp.optimal_share_{seconds:g}s",
                share,
                "% of one-aisle instances that CP-SAT proves",
                len(proven),
                options,
            )
        saved = [100 * (1 - ours[name] / metres) for name, metres in by_frequency.items()]
        unit = "% less walking than slotted by frequency"
        row(f"quality.slaprp.saved_{seconds:g}s", sum(saved) / len(saved), unit, len(saved), options)


def _by_frequency(data: dict[str, Any], options: Options) -> float:
    """Metres of the shortest tours when each article lies where its visits alone would have it."""
    from containers.optimizer.slotting.measure import Aim, measure
    from containers.optimizer.slotting.problem import read

    plan = solve("slotting", {**data, "objective": "frequency"}, 1.0, options).solution
    slots: dict[str, list[str]] = {}
    for one in plan["assignments"]:
        slots.setdefault(one["sku"], []).append(one["location"])
    instance = read(data)
    return sum(measure(instance.source, instance.floor, Aim("pick_distance"), slots, {}).values())


def _one_aisle(data: dict[str, Any]) -> float | None:
    """The least metres, when CP-SAT proves them in 10 s: a tour goes to the farthest of its bays and back."""
    from ortools.sat.python import cp_model

    layout = data["layout"]
    bays, width = layout["bays_per_block"], layout["bay_width_m"]
    model = cp_model.CpModel()
    lies = {need["sku"]: [model.new_bool_var("") for _ in range(bays)] for need in data["needs"]}
    for choice in lies.values():
        model.add_exactly_one(choice)
    for bay in range(bays):
        model.add(sum(choice[bay] for choice in lies.values()) <= 2)
    depth = []
    for order in data["orders"]:
        farthest = model.new_int_var(1, bays, "")
        for line in order["lines"]:
            model.add(farthest >= sum((bay + 1) * taken for bay, taken in enumerate(lies[line["sku"]])))
        depth.append(farthest)
    model.minimize(sum(depth))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = 10
    solver.parameters.num_workers = 2
    if solver.solve(model) != cp_model.OPTIMAL:
        return None
    return 2.0 * width * float(solver.objective_value)
