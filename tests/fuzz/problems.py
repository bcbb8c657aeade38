"""Mutated optimization problems through the optimizer's front door: contradictory, empty, enormous, not a number.

    python -m tests.fuzz.problems --cases 2000 --seed 1 [--family batching]        (part of make fuzz)

A case is a whole request of one family, changed in one to four places. It gets a checked plan, which is then scored as it
is and sent again as a warm start, or a problem document that says where the request is wrong. The plan, changed in its turn, is
scored and started from too. Anything else is a finding.
"""

from __future__ import annotations

import argparse
import copy
import math
import random
import sys
import time
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from containers.optimizer.execute import execute
from containers.optimizer.family import Run
from containers.optimizer.registry import FAMILIES, family
from contracts.errors import ProblemError, from_validation
from contracts.layout import location_id
from contracts.optimize import OptimizeRequest

SECONDS = 0.2
# What a solve may take beyond its budget here, where other work shares the cores: reading, baseline, check.
PATIENCE_S = 5.0
NASTY: tuple[Any, ...] = (
    None, True, "", " ", "x" * 300, "\u0000", "NaN", -1, 0, 1, 2, 7, 2**31, 2**53 + 1, 10**9, 10**30,
    -0.5, 1e-300, 1e308, math.nan, math.inf, [], {}, [None], {"a": 1}, "1970-01-01T00:00:00Z", "A01-L-001-1",
)  # fmt: skip
MANY = 60
START = "2026-03-02T06:00:00Z"


def _stock(levels: int = 1) -> list[dict[str, Any]]:
    places = [location_id(a, s, b, v) for a in range(3) for s in "LR" for b in range(4) for v in range(levels)]
    return [{"sku": f"S{i}", "location": place, "quantity": 5 + i} for i, place in enumerate(places[:16])]


def _items() -> list[dict[str, Any]]:
    return [
        {
            "sku": f"S{i}", "length_mm": 100 + 10 * i, "width_mm": 80, "height_mm": 50, "weight_g": 200 * i,
            "family": "paint" if i % 5 == 0 else "", "attributes": ["food"] if i % 3 == 0 else [],
        }
        for i in range(16)
    ]  # fmt: skip


def _orders() -> list[dict[str, Any]]:
    rng = random.Random(5)
    return [
        {
            "id": f"O{i}", "due_at": f"2026-03-02T{7 + i % 4:02d}:00:00Z", "priority": i % 10,
            "lines": [{"sku": f"S{s}", "quantity": rng.randint(1, 4)} for s in rng.sample(range(16), rng.randint(1, 4))],
        }
        for i in range(9)
    ]  # fmt: skip


def _layout(**more: Any) -> dict[str, Any]:
    return {
        "type": "parametric", "aisles": 3, "bays_per_block": 4, "levels": 2, "aisle_pitch_m": 4.0, "bay_width_m": 1.2,
        "end_gap_m": 1.0, "depot": {"aisle": 1, "cross_aisle": 0},
        "zones": [{"id": "cold", "first_aisle": 0, "last_aisle": 0, "attributes": ["chilled"]}], **more,
    }  # fmt: skip


def _graph() -> dict[str, Any]:
    nodes = [{"id": f"N{i}", "x_m": float(i % 3), "y_m": float(i // 3)} for i in range(9)]
    edges = [
        {"from_node": f"N{i}", "to_node": f"N{i + 1}", "length_m": 1.0, "one_way": i == 4} for i in (0, 1, 3, 4, 6, 7)
    ]
    edges += [{"from_node": f"N{i}", "to_node": f"N{i + 3}", "length_m": 1.5} for i in range(6)]
    return {
        "type": "graph", "nodes": nodes, "edges": edges, "depot": "N0", "end_depot": "N2",
        "locations": [{"id": stock["location"], "node": f"N{i % 9}"} for i, stock in enumerate(_stock())],
    }  # fmt: skip


def _floor() -> dict[str, Any]:
    return {"layout": _layout(), "items": _items(), "stock": _stock(2), "orders": _orders()}


def requests() -> dict[str, list[dict[str, Any]]]:
    """Whole requests per family, which together use nearly every field."""
    rules = {
        "max_skus_per_slot": 2, "fill_limit": 0.9, "heavy": {"from_g": 2500, "levels": [1]},
        "golden": {"levels": [1], "penalty_m": 2.0}, "together": [{"tag": "food", "within": "zone"}],
        "zones": [{"tag": "chilled", "only": ["cold"], "exclusive": True}],
        "apart": [{"tags": ["food", "paint"], "within": "slot"}],
    }  # fmt: skip
    batching = [
        {**_floor(), "cart": {"items": 14, "weight_g": 30000, "totes": 4}, "incompatible": [["food", "paint"]]},
        {
            **_floor(), "layout": _graph(), "stock": _stock(), "objective": "time", "due": "soft", "start_at": START,
            "pickers": 2, "cart": {"orders": 3}, "pace": {"walk_m_per_s": 1.2, "setup_s": 60, "stop_s": 5, "piece_s": 2},
        },
        {**_floor(), "layout": _layout(blocks=2), "due": "hard", "start_at": START, "zone_picking": True, "cart": {"items": 8}},
    ]  # fmt: skip
    lists = [
        {"id": "L1", "locations": ["A01-L-001-1", "A03-R-004-1"]},
        {
            "id": "L2",
            "lines": [{"sku": "S3", "quantity": 2}, {"sku": "S9", "quantity": 9}],
            "locations": ["A02-L-002-1"],
        },
    ]
    scattered = [*_stock(2), {"sku": "S3", "location": "A03-R-004-2", "quantity": 4}]
    walked = {
        "id": "L1", "locations": ["A01-L-001-1", "A03-R-004-1"], "distance_m": 27.2, "s_shape_m": None,
        "path": [[4.0, 0.0], [0.0, 0.0], [0.0, 1.0], [0.0, 0.0], [8.0, 0.0], [8.0, 4.6], [8.0, 0.0], [4.0, 0.0]],
    }  # fmt: skip
    pinned = {"pick_list": "L2", "location": "A01-L-002-2", "sku": "S3", "quantity": 1}
    facts = {**_floor(), "needs": [{"sku": "S1", "pieces": 20, "picks": 3.5}], "horizon_days": 5, "orders_per_tour": 2}
    slots = [{"location": "A01-L-001-1", "limits": {"max_weight_g": 9000}, "max_skus": 2}]
    boxes = [
        {
            "id": f"B{i}", "quantity": 1 + i % 3, "length_mm": 90 + 20 * i, "width_mm": 60 + 5 * i, "height_mm": 40,
            "weight_g": 300 * i, "fragile": i == 4, "together": "T" if i < 2 else None, "sequence": i,
            "category": "food" if i > 2 else "paint", "rotations": "upright" if i == 3 else "any", "max_load_g": 2000,
        }
        for i in range(6)
    ]  # fmt: skip
    cartons = [
        {"id": "small", "length_mm": 250, "width_mm": 200, "height_mm": 150, "cost": 40, "max_weight_g": 5000},
        {
            "id": "large",
            "length_mm": 400,
            "width_mm": 300,
            "height_mm": 250,
            "cost": 90,
            "available": 3,
            "access": "door",
        },
    ]
    open_carton = {
        "id": "open", "type": "small",
        "contents": [{"id": "c", "x": 0, "length_mm": 50, "width_mm": 50, "height_mm": 50, "weight_g": 100}],
    }  # fmt: skip
    plates = [{"id": f"P{i}", "length_mm": 300 + 70 * i, "width_mm": 200 + 30 * i, "quantity": 2} for i in range(5)]
    bars = [{"id": f"R{i}", "length_mm": 1700 + 310 * i, "quantity": 3} for i in range(5)]
    return {
        "batching": [{"data": data} for data in batching]
        + [{"data": batching[1], "locks": {"together": [["O0", "O1"]], "sealed": [["O2"]]}}],
        "routing": [
            {"data": {"layout": _layout(), "lists": lists, "stock": scattered}},
            {
                "data": {"layout": _layout(), "lists": lists, "stock": scattered},
                "locks": {"routes": [walked], "takes": [pinned]},
            },
            {
                "data": {"layout": _layout(), "lists": lists, "stock": scattered},
                "warm_start": {"routes": [walked], "distance_m": 27.2},
            },
            {"data": {"layout": _graph(), "lists": [{"id": "L", "locations": ["A01-L-001-1", "A02-R-001-1"]}]}},
        ],
        "cartonization": [
            {"data": {"items": boxes, "cartons": cartons, "open_cartons": [open_carton], "apart": [["food", "paint"]]}},
            {"data": {"dimensions": 2, "items": plates, "cartons": [{"id": "sheet", "length_mm": 1200, "width_mm": 800}]}},
            {"data": {"dimensions": 1, "items": bars, "cartons": [{"id": "bar", "length_mm": 6000, "cost": 3}]}},
            {"data": {"objective": "value", "items": boxes[:4], "cartons": [{**cartons[1], "available": 1}], "min_support": 1}},
        ],
        "labour": [
            {
                "data": {
                    "workers": [
                        {"id": "ann", "skills": ["pick", "fork"], "shifts": [{"start_s": 0, "end_s": 28800}],
                         "breaks": [{"start_s": 7200, "end_s": 8100}], "speed": 1.1},
                        {"id": "bob", "skills": ["pick"], "shifts": [{"start_s": 3600, "end_s": 20000}]},
                    ],
                    "tasks": [
                        {"id": f"T{i}", "seconds": 600 + 90 * i, "skill": "fork" if i == 3 else "pick", "wave": "w1",
                         "equipment": "truck" if i % 3 == 0 else None, "aisle": "a1", "release_s": 100 * i,
                         "due_s": 9000, "after": ["T0"] if i > 5 else []}
                        for i in range(8)
                    ],
                    "waves": [{"id": "w1", "due_s": 7000, "weight": 2}],
                    "equipment": [{"kind": "truck", "count": 1}], "aisles": [{"id": "a1", "max_people": 2}],
                },
                "locks": {"assignments": [{"task": "T0", "worker": "ann", "start_s": 0}]},
            }
        ],
        "slotting": [
            {"data": {**facts, "rules": rules, "slots": [], "objective": "pick_distance"}},
            {"data": {**facts, "slots": [*slots, *({"location": s["location"]} for s in _stock(2)[1:])], "objective": "affinity"}},
            {"data": {**facts, "objective": "frequency", "blocked": ["A03-R-004-1"]}, "locks": {"keep": ["S2"]}},
            {"data": {**facts, "objective": "cube_per_order"}},
        ],
        "reslotting": [
            {"data": {**facts, "max_moves": 4, "work": {"fixed_s": 30, "piece_s": 1, "travel_m_per_s": 1.0}}},
            {"data": {**facts, "objective": "affinity", "max_minutes": 60, "staging_places": 2}, "locks": {"keep": ["S2"]}},
        ],
        "replenishment": [
            {
                "data": {
                    **_floor(), "start_at": START, "multiple": "case", "workers": 2, "holding_s": 0.1,
                    "faces": [
                        {"sku": f"S{i}", "location": _stock(2)[i]["location"], "min_pieces": 2, "max_pieces": 9}
                        for i in range(6)
                    ],
                    "lots": [
                        {"sku": f"S{i}", "location": location_id(2, "R", i % 4, 1), "quantity": 40,
                         "received_at": "2026-02-01T00:00:00Z", "expires_at": "2026-09-01T00:00:00Z"}
                        for i in range(6)
                    ],
                    "packs": [{"sku": "S1", "case_pieces": 4, "pallet_pieces": 24}],
                    "waves": [
                        {"id": "w1", "start_at": "2026-03-02T07:00:00Z", "minutes": 30, "orders": ["O0", "O1"],
                         "order_minutes": [5, 20]},
                        {"id": "w2", "start_at": "2026-03-02T09:00:00Z", "minutes": 0, "orders": ["O2"]},
                    ],
                    "forecast": {"days": 2, "samples": 20, "history": [{"sku": "S2", "daily_pieces": [3, 0, 4, 1]}]},
                    "forward_area": {"volume_mm3": 10**9, "saved_s_per_pick": 5, "restock_s": 90, "days": 1},
                },
                "locks": {"skip": ["S5"]},
            }
        ],
        "scenario": [
            {
                "data": {
                    **_floor(), "cart": {"items": 12}, "days": 2, "wage_per_hour": 2500, "simulation": {"runs": 5},
                    "crew": {"pickers": 2, "shift_s": 28800, "breaks": [{"start_s": 7200, "end_s": 8000}]},
                    "reslotting": {"max_moves": 5, "rules": {"max_skus_per_slot": 2}},
                },
                "locks": {"keep": ["S3"], "together": [["O0", "O1"]], "sealed": [["O2"]]},
            }
        ],
    }  # fmt: skip


def _places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in children:
        yield from _places(child, (*path, key))


def _get(root: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        root = root[key]
    return root


def mutate(rng: random.Random, request: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """A changed copy of `data`, `locks` and `warm_start`, and what was changed."""
    changed = copy.deepcopy(request)
    done: list[str] = []
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 4))):
        paths = [path for path in _places(changed) if len(path) > 1]
        if not paths:  # everything has been dropped
            break
        # Every name once, so that long lists of orders do not hide the fields beside them.
        names = sorted({tuple("*" if isinstance(key, int) else key for key in path) for path in paths})
        name = rng.choice(names)
        path = rng.choice([p for p in paths if tuple("*" if isinstance(k, int) else k for k in p) == name])
        parent, key = _get(changed, path[:-1]), path[-1]
        value = parent[key]
        # Mostly changes that leave each field valid by itself: what contradicts only another field goes deepest.
        choices = ["nasty", "drop"]
        if isinstance(value, list) and value:
            choices += ["empty", "twice", "shuffle", "many", "shuffle", "many"]
        if isinstance(value, int | float) and not isinstance(value, bool):
            choices += ["scale"] * 8
        if isinstance(value, str):
            choices += ["other name"] * 5
        how = rng.choice(choices)
        if how == "nasty":
            parent[key] = copy.deepcopy(rng.choice(NASTY))
        elif how == "drop":
            del parent[key]
        elif how == "empty":
            parent[key] = []
        elif how == "twice":
            value.append(copy.deepcopy(rng.choice(value)))
        elif how == "shuffle":
            rng.shuffle(value)
        elif how == "many":
            value.extend(_renamed(rng.choice(value), n) for n in range(MANY))
        elif how == "scale":
            parent[key] = type(value)(value * rng.choice((-1, 0, 0.1, 0.5, 2, 3, 10, 100, 1000, 10**6)))
        else:
            strings = sorted({_get(changed, p) for p in paths if isinstance(_get(changed, p), str) and p in paths})
            parent[key] = rng.choice(strings)
        done.append(f"{how} at /{'/'.join(map(str, path))}")
    return changed, done


def _renamed(value: Any, number: int) -> Any:
    if isinstance(value, dict):
        return {
            k: f"{v}-{number}" if k in ("id", "sku") and isinstance(v, str) else copy.deepcopy(v)
            for k, v in value.items()
        }
    return copy.deepcopy(value)


def finding(name: str, request: dict[str, Any], seconds: float = SECONDS) -> str | None:
    """What is wrong with how this request is answered; None when all is well."""
    whole = {"problem": name, "budget": {"seconds": seconds, "seed": 1}, **request}
    try:
        answer = _answer(whole)
        if answer is None:
            return None
        scored = _answer({**whole, "mode": "score", "warm_start": answer.solution})
        if scored is None or scored.status == "infeasible":
            return f"its own plan is scored as {'bad input' if scored is None else scored.notes}"
        if not math.isclose(scored.objective.value, answer.objective.value, rel_tol=1e-6, abs_tol=1e-3):
            return f"its own plan is scored {scored.objective.value}, not {answer.objective.value}"
        if _answer({**whole, "warm_start": answer.solution}) is None:
            return "its own plan is refused as a warm start"
        spoiled, changes = mutate(random.Random(answer.input_hash), {"warm_start": answer.solution})
        try:
            _answer({**whole, **spoiled, "mode": "score"})
            _answer({**whole, **spoiled})
        except Exception as error:
            error.add_note(f"with its plan changed: {'; '.join(changes)}")
            raise
        bound, sense = answer.bound.value, 1 if answer.objective.sense == "min" else -1
        if bound is not None and sense * (bound - answer.objective.value) > 1e-6 * max(1.0, abs(bound)):
            return f"the bound {bound} is beyond the value {answer.objective.value}"
    except ProblemError as error:
        return f"{error.code}: {error.detail} {[f'{f.pointer}: {f.detail}' for f in error.errors[:3]]} {_notes(error)}"
    except Exception as error:  # noqa: BLE001 - whatever else escapes is what this looks for
        return f"{type(error).__name__}: {error} {_notes(error)}"
    return None


def _notes(error: Exception) -> str:
    return "; ".join(getattr(error, "__notes__", ()))


def _answer(whole: dict[str, Any]) -> Any:
    """The result, or None for input that is refused with a place and a cure. Raises what must not happen."""
    try:
        request = OptimizeRequest.model_validate(whole)
    except ValidationError as error:
        refused = from_validation(error)
        return _named(refused)
    try:
        run = Run(request.budget, request.warm_start, request.locks)
        result = execute(request, run)
    except ProblemError as error:
        if error.code not in ("invalid", "infeasible"):
            raise
        return _named(error)
    numbers = (result.objective.value, *result.objective.parts.values())
    if not all(math.isfinite(number) for number in numbers):
        raise AssertionError(f"the objective is {numbers}")
    return result


def _named(error: ProblemError) -> None:
    """An error of the request names at least one place in it, and says something there."""
    if not error.errors or not all(fault.pointer.startswith("/") and fault.detail.strip() for fault in error.errors):
        raise AssertionError(f"it does not say where the request is wrong: {error.detail}")


def cases(name: str, seed: int, count: int) -> Iterator[tuple[int, dict[str, Any], list[str]]]:
    """Numbered requests of a family; a number and a seed give the same request each time."""
    originals = requests()[name]
    for number in range(count):
        rng = random.Random(f"{name} {seed} {number}")
        yield (number, *mutate(rng, rng.choice(originals)))


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.problems", description=__doc__)
    parser.add_argument("--cases", type=int, default=2000, help="requests, over all families")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--family", choices=sorted(FAMILIES), help="this one alone")
    parser.add_argument("--case", type=int, help="this number alone, to see it again")
    options = parser.parse_args(arguments)
    names = [options.family] if options.family else sorted(FAMILIES)
    wrong = 0
    for name in names:
        family(name).warm()
        count = options.cases // len(names)
        longest = 0.0
        for number, request, changes in cases(name, options.seed, count if options.case is None else options.case + 1):
            if options.case not in (None, number):
                continue
            started = time.monotonic()
            found = finding(name, request)
            took = time.monotonic() - started
            longest = max(longest, took)
            if found is None and took > 3 * SECONDS + PATIENCE_S:
                found = f"it took {took:.1f} s"
            if found is not None:
                wrong += 1
                print(
                    f"{name} --case {number} --seed {options.seed}: {'; '.join(changes)}\n    {found[:600]}", flush=True
                )
        print(f"{name}: {count} cases, the longest took {longest:.1f} s", flush=True)
    print("no finding" if not wrong else f"{wrong} findings", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
