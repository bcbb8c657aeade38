"""How far large problems of each family overrun a short budget, from the request's data to the checked answer."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.quality.made_orders import orders_of
from benchmarks.quality.runs import Options, row
from containers.optimizer.execute import execute
from containers.optimizer.family import Run
from containers.optimizer.registry import family
from contracts.errors import ProblemError
from contracts.layout import location_id
from contracts.optimize import Budget, OptimizeRequest

SECONDS = (2.0, 5.0)
LARGEST_SECONDS = (10.0,)  # what the largest inputs that are accepted need
START = datetime(2026, 3, 2, 6, tzinfo=UTC)
SKUS, AISLES, BAYS, LEVELS = 4000, 20, 50, 4


def _building() -> tuple[dict[str, Any], list[str]]:
    """(layout, its locations in a random order)."""
    layout = {"type": "parametric", "aisles": AISLES, "bays_per_block": BAYS, "levels": LEVELS}
    places = [
        location_id(a, side, b, level)
        for a in range(AISLES)
        for side in "LR"
        for b in range(BAYS)
        for level in range(LEVELS)
    ]
    random.Random(1).shuffle(places)
    return layout, places


def _orders(rng: random.Random, skus: list[str], count: int, lines: int) -> list[dict[str, Any]]:
    """Articles by Zipf's law."""
    weights = [1 / (i + 1) ** 0.8 for i in range(len(skus))]
    return [
        {"id": f"O{i}", "lines": [{"sku": sku, "quantity": 1} for sku in sorted(set(rng.choices(skus, weights, k=lines)))]}
        for i in range(count)
    ]  # fmt: skip


def _storage(objective: str, count: int = SKUS, **more: Any) -> dict[str, Any]:
    """count: articles, at most as many as the building has places."""
    rng = random.Random(2)
    layout, places = _building()
    skus = [f"S{i}" for i in range(count)]
    return {
        "layout": layout,
        "items": [{"sku": sku, "weight_g": rng.randint(10, 5000)} for sku in skus],
        "stock": [{"sku": sku, "location": places[i], "quantity": 10} for i, sku in enumerate(skus)],
        "orders": _orders(rng, skus, count, 5),
        "objective": objective,
        **more,
    }


def _replenishment() -> dict[str, Any]:
    rng = random.Random(3)
    layout, places = _building()
    skus = [f"S{i}" for i in range(2000)]
    orders = _orders(rng, skus, 4000, 5)
    lying = [(sku, place, rng.randint(0, 20)) for sku, place in zip(skus, places, strict=False)]
    lying += [(sku, place, rng.randint(50, 300)) for sku, place in zip(skus, places[len(skus) :], strict=False)]
    return {
        "layout": layout,
        "stock": [{"sku": sku, "location": place, "quantity": pieces} for sku, place, pieces in lying],
        "faces": [
            {"sku": sku, "location": place, "min_pieces": 5, "max_pieces": rng.randint(10, 40)}
            for sku, place in zip(skus, places, strict=False)
        ],
        "packs": [{"sku": sku, "case_pieces": rng.randint(1, 10)} for sku in skus],
        "orders": orders,
        "waves": [
            {
                "id": f"W{w}",
                "start_at": (START + timedelta(hours=1 + w)).isoformat(),
                "minutes": 50,
                "orders": [one["id"] for one in orders[w::8]],
            }
            for w in range(8)
        ],
        "start_at": START.isoformat(),
        "workers": 20,
    }


def _routing(lists: int) -> dict[str, Any]:
    rng = random.Random(4)
    layout, places = _building()
    return {
        "layout": layout,
        "lists": [{"id": f"L{i}", "locations": rng.sample(places, 30)} for i in range(lists)],
    }


def _scattered(lists: int) -> dict[str, Any]:
    """Every article at four places."""
    rng = random.Random(5)
    layout, places = _building()
    skus = [f"S{i}" for i in range(len(places) // 4)]
    return {
        "layout": layout,
        "stock": [{"sku": skus[i % len(skus)], "location": place, "quantity": lists} for i, place in enumerate(places)],
        "lists": [
            {"id": f"L{i}", "lines": [{"sku": sku, "quantity": rng.randint(1, 3)} for sku in rng.sample(skus, 12)]}
            for i in range(lists)
        ],
    }


def _due(orders: int, pickers: int, due: str) -> dict[str, Any]:
    """Orders that are due between half an hour and eight hours after the start."""
    rng = random.Random(8)
    data = orders_of(7, orders)
    for order in data["orders"]:
        order["due_at"] = (START + timedelta(minutes=rng.randint(30, 480))).isoformat()
    return data | {"start_at": START.isoformat(), "pickers": pickers, "due": due}


def _late_orders(orders: int, late: int) -> dict[str, Any]:
    """The last orders come late; the others are on carts of six."""
    data = orders_of(7, orders)
    known = [order["id"] for order in data["orders"][: orders - late]]
    return data | {"extend": {"batches": [{"orders": known[i : i + 6]} for i in range(0, len(known), 6)]}}


def _carton_types(kinds: int, types: int) -> dict[str, Any]:
    rng = random.Random(9)
    data = _cartonization(kinds)
    edges = {"length_mm": (200, 600), "width_mm": (200, 600), "height_mm": (150, 600)}
    data["cartons"] = [
        {"id": f"C{i}", "cost": 1 + i % 37} | {edge: rng.randint(*span) for edge, span in edges.items()}
        for i in range(types)
    ]
    return data


def _cartonization(kinds: int, dimensions: int = 3) -> dict[str, Any]:
    rng = random.Random(5)
    size = ("length_mm", "width_mm", "height_mm")[:dimensions]
    items = [
        {"id": f"I{i}", "quantity": rng.randint(1, 4), "weight_g": 100} | {edge: rng.randint(40, 300) for edge in size}
        for i in range(kinds)
    ]
    cartons = [
        {"id": name, "cost": cost} | dict.fromkeys(size, edge) for name, cost, edge in (("S", 3, 400), ("L", 5, 600))
    ]
    return {"dimensions": dimensions, "items": items, "cartons": cartons}


def _labour(many: int) -> dict[str, Any]:
    rng = random.Random(6)
    people = [{"id": f"P{i}", "shifts": [{"start_s": 0, "end_s": 28_800}]} for i in range(many // 30)]
    tasks = [{"id": f"T{i}", "seconds": rng.randint(60, 900), "due_s": rng.randint(3_600, 28_800)} for i in range(many)]
    return {"workers": people, "tasks": tasks}


def _waves_of_work(many: int, waves: int) -> dict[str, Any]:
    """A third of the tasks wait for another; of nine kinds of people some lack skills, and there is work for twice the shifts."""
    rng = random.Random(10)
    data = _labour(many)
    for number, worker in enumerate(data["workers"]):
        worker["shifts"] = [{"start_s": 0, "end_s": 7_200}, {"start_s": 9_000, "end_s": 14_400}]
        worker["skills"] = [f"K{k}" for k in range(number % 9)]
    for number, task in enumerate(data["tasks"]):
        task |= {"skill": f"K{number % 7}", "wave": f"W{number % waves}"}
        task["after"] = [f"T{number - 1}"] if number % 3 == 2 else []
    return data | {"waves": [{"id": f"W{v}", "due_s": rng.randint(3_600, 14_400)} for v in range(waves)]}


def _stations(jobs: int, stations: int) -> dict[str, Any]:
    """A job shop: every job passes every station, in an order of its own."""
    rng = random.Random(11)
    tasks = [
        {"id": f"J{j}.{k}", "seconds": rng.randint(10, 300), "skill": f"M{station}", "after": [f"J{j}.{k - 1}"] if k else []}
        for j in range(jobs)
        for k, station in enumerate(rng.sample(range(stations), stations))
    ]  # fmt: skip
    day = [{"start_s": 0, "end_s": 31_000_000}]
    return {
        "workers": [{"id": f"S{m}", "skills": [f"M{m}"], "shifts": day} for m in range(stations)],
        "tasks": tasks,
    }


def _scenario(orders: int) -> dict[str, Any]:
    data = orders_of(7, orders)
    crew = {"pickers": max(8, orders // 50)}
    return {name: data[name] for name in ("layout", "stock", "orders", "cart")} | {"crew": crew}


# row → (family, its problem)
LARGE: dict[str, tuple[str, Callable[[], dict[str, Any]]]] = {
    "slotting": ("slotting", lambda: _storage("affinity")),
    "slotting_frequency": ("slotting", lambda: _storage("frequency")),
    "slotting_pick_distance": ("slotting", lambda: _storage("pick_distance")),
    "reslotting": ("reslotting", lambda: _storage("affinity", max_moves=200)),
    "reslotting_pick_distance": ("reslotting", lambda: _storage("pick_distance", max_moves=200)),
    "replenishment": ("replenishment", _replenishment),
    "routing": ("routing", lambda: _routing(300)),
    "cartonization": ("cartonization", lambda: _cartonization(120)),
    "labour": ("labour", lambda: _labour(1200)),
    "labour_5000": ("labour", lambda: _labour(5000)),
    "labour_5000_overloaded": ("labour", lambda: _waves_of_work(5000, 20)),
    "labour_4900_stations": ("labour", lambda: _stations(70, 70)),
    "batching_5000_due": ("batching", lambda: _due(5000, 80, "soft")),
    "batching_5000_hard": ("batching", lambda: _due(5000, 10, "hard")),
    "batching_5000_late_orders": ("batching", lambda: _late_orders(5000, 100)),
    "cartonization_200_types": ("cartonization", lambda: _carton_types(1000, 200)),
    "cartonization_1000_types": ("cartonization", lambda: _carton_types(120, 1000)),
    "scenario": ("scenario", lambda: _scenario(200)),
}
# The same, at sizes near the largest that are accepted: see LARGEST_SECONDS.
LARGEST: dict[str, tuple[str, Callable[[], dict[str, Any]]]] = {
    "batching_20000": ("batching", lambda: orders_of(7, 20_000)),
    "slotting_8000": ("slotting", lambda: _storage("affinity", 8000)),
    "reslotting_8000": ("reslotting", lambda: _storage("pick_distance", 8000, max_moves=200)),
    "routing_3000": ("routing", lambda: _routing(3000)),
    "routing_scattered_3000": ("routing", lambda: _scattered(3000)),
    "cartonization_20000": ("cartonization", lambda: _cartonization(7900)),
    "cartonization_2d_20000": ("cartonization", lambda: _cartonization(7900, 2)),
    "scenario_5000": ("scenario", lambda: _scenario(5000)),
}


def overrun(problem: str, data: dict[str, Any], seconds: float, workers: int) -> float:
    """The share of the budget by which the answer comes late; 0 when it does not, 1 when the problem is refused for want of
    time."""
    budget = Budget(seconds=seconds, workers=workers)
    request = OptimizeRequest(problem=problem, data=data, budget=budget)
    started = time.monotonic()
    try:
        execute(request, Run(budget, workers=workers, started=started))
    except ProblemError as error:
        if error.code != "too-large-to-solve":
            raise
        return 1.0
    return max(0.0, (time.monotonic() - started) / seconds - 1)


def deadlines(options: Options) -> None:
    """The worst of the budgets in SECONDS, per family, and at the largest sizes of those in LARGEST_SECONDS."""
    for problems, budgets in ((LARGE, SECONDS), (LARGEST, LARGEST_SECONDS)):
        for name, (problem, make) in problems.items():
            family(problem).warm()
            data = make()
            worst = max(overrun(problem, data, seconds, options.workers) for seconds in budgets)
            row(f"quality.{name}.deadline_overrun", 100 * worst, "% of the budget", len(budgets), options, "deadlines")
