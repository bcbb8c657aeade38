"""Re-slotting as a step of a chain: the moves that pay, and where the stock lies after them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from containers.optimizer.family import Run
from containers.optimizer.reslotting import FAMILY
from contracts.problems.reslotting import Move, ReslottingSolution
from contracts.problems.scenario import ScenarioProblem


def facts(source: ScenarioProblem) -> dict[str, Any]:
    """The re-slotting problem of a scenario: its own orders are the history, a cart of them a tour."""
    settings = source.reslotting
    return {
        "layout": source.layout.model_dump(mode="json"),
        "items": [item.model_dump(mode="json") for item in source.items],
        "stock": [line.model_dump() for line in source.stock],
        "orders": [{"id": order.id, "lines": [line.model_dump() for line in order.lines]} for order in source.orders],
        "horizon_days": source.days,
        "orders_per_tour": source.cart.orders or 1,
        "rules": settings.rules.model_dump(mode="json"),
        "max_moves": settings.max_moves,
        "max_minutes": settings.max_minutes,
        "payback_days": settings.payback_days,
        "walk_m_per_s": source.pace.walk_m_per_s,
        "work": settings.work.model_dump(),
    }


def plan_moves(source: ScenarioProblem, run: Run) -> ReslottingSolution:
    """The moves that pay, in a safe order."""
    answer = FAMILY.solve(FAMILY.read(facts(source)), run)
    return ReslottingSolution.model_validate(answer.solution)


def moved_stock(stock: Sequence[dict[str, Any]], moves: Sequence[Move]) -> list[dict[str, Any]]:
    """Where everything lies when the moves are made, lines in the order of today's with new places behind."""
    lying: dict[tuple[str, str | None], int] = {}
    for line in stock:
        place = (line["sku"], line["location"])
        lying[place] = lying.get(place, 0) + line["quantity"]
    for move in moves:
        lying[move.sku, move.from_location] -= move.pieces
        lying[move.sku, move.to_location] = lying.get((move.sku, move.to_location), 0) + move.pieces
    return [
        {"sku": sku, "location": location, "quantity": pieces}
        for (sku, location), pieces in lying.items()
        if pieces > 0 and location is not None
    ]
