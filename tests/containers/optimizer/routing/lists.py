"""Small random routing problems whose lists share scattered stock, random plans for them, and every choice of places."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from containers.optimizer.execute import execute
from containers.optimizer.family import Run
from containers.optimizer.floor.aisles import AisleFloor
from containers.optimizer.routing.route import route_of
from contracts.layout import ParametricLayout, location_id
from contracts.optimize import OptimizeRequest, OptimizeResult
from contracts.problems.routing import RoutingSolution, Take

AISLES, BAYS = 4, 5


def solve(data: Mapping[str, Any], budget: Mapping[str, Any] | None = None, **more: Any) -> OptimizeResult:
    """Through the front door: `execute` refuses answers that the family's own check rejects."""
    budget = budget or {"seconds": 20}
    request = OptimizeRequest.model_validate({"problem": "routing", "data": data, "budget": budget, **more})
    return execute(request, Run(request.budget, request.warm_start, request.locks))


def problem(rng: random.Random, blocks: int = 1, lists: int = 2, places: int = 8) -> dict[str, Any]:
    """Lists of two articles and sometimes a place; the stock suffices for all of them."""
    depot = {"aisle": rng.randrange(AISLES), "cross_aisle": 0}
    layout = {"type": "parametric", "aisles": AISLES, "bays_per_block": BAYS, "blocks": blocks, "depot": depot}
    spots = rng.sample([(a, b) for a in range(AISLES) for b in range(BAYS * blocks)], places)
    stock = [
        {"sku": f"S{i % 2}", "location": location_id(a, "L", b, 0), "quantity": rng.randint(1, 3)}
        for i, (a, b) in enumerate(spots)
    ]
    held = {sku: sum(line["quantity"] for line in stock if line["sku"] == sku) for sku in ("S0", "S1")}
    made = []
    for i in range(lists):
        lines = [{"sku": sku, "quantity": rng.randint(1, max(1, pieces // lists))} for sku, pieces in held.items()]
        spot = location_id(rng.randrange(AISLES), "R", rng.randrange(BAYS * blocks), 0)
        made.append({"id": f"L{i}", "lines": lines, "locations": [spot] if rng.random() < 0.5 else []})
    return {"layout": layout, "stock": stock, "lists": made}


def floor_of(data: Mapping[str, Any]) -> AisleFloor:
    return AisleFloor(ParametricLayout.model_validate(data["layout"]))


def any_plan(data: Mapping[str, Any], rng: random.Random) -> dict[str, Any]:
    """A plan that takes the articles from any places, each list's on its shortest walk."""
    floor = floor_of(data)
    left = [dict(line) for line in data["stock"]]
    routes = []
    for one in data["lists"]:
        takes = []
        for line in one.get("lines", ()):
            pieces = line["quantity"]
            rng.shuffle(left)
            for row in left:
                taken = min(pieces, row["quantity"]) if row["sku"] == line["sku"] else 0
                if taken:
                    takes.append(Take(location=row["location"], sku=row["sku"], quantity=taken))
                    row["quantity"] -= taken
                    pieces -= taken
        routes.append(route_of(floor, one["id"], one.get("locations", ()), takes))
    metres = sum(route.distance_m for route in routes)
    return RoutingSolution(routes=tuple(routes), distance_m=metres).model_dump(mode="json")


def shortest(
    data: Mapping[str, Any], stock: Iterable[Mapping[str, Any]], need: Mapping[str, int], visited: Iterable[str]
) -> float:
    """Over every set of places that holds the need, past the visited places as well."""
    floor = floor_of(data)
    fixed = {floor.position(name) for name in visited}
    rows = [row for row in stock if row["quantity"] > 0]
    best = float("inf")
    for size in range(len(rows) + 1):
        for chosen in itertools.combinations(rows, size):
            held: Counter[str] = Counter()
            for row in chosen:
                held[row["sku"]] += row["quantity"]
            if all(held[sku] >= pieces for sku, pieces in need.items()):
                best = min(best, floor.tour_length(fixed | {floor.position(row["location"]) for row in chosen}))
    return best


def need_of(one: Mapping[str, Any]) -> Counter[str]:
    need: Counter[str] = Counter()
    for line in one["lines"]:
        need[line["sku"]] += line["quantity"]
    return need


def without(stock: Iterable[Mapping[str, Any]], takes: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The stock that is left when these takes are made."""
    taken: Counter[tuple[str, str]] = Counter()
    for take in takes:
        taken[take["location"], take["sku"]] += take["quantity"]
    return [{**row, "quantity": row["quantity"] - taken[row["location"], row["sku"]]} for row in stock]
