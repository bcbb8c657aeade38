"""Re-slotting as a step of a chain: the moves that pay, and where the stock lies after them."""

from __future__ import annotations

from typing import Any

from containers.optimizer.family import Run
from containers.optimizer.reslotting import FAMILY
from contracts.problems.reslotting import ReslottingSolution
from contracts.problems.scenario import ScenarioProblem


def facts(source: ScenarioProblem) -> dict[str, Any]:
    """The re-slotting problem of a scenario: its own orders are the history, a cart of them a tour."""
    settings = source.reslotting
    return {
        "layout": source.layout.model_dump(mode="json"),
        "items": [item.model_dump(mode="json") for item in source.items],
        "stock": [line.model_dump() for line in source.stock if line.quantity],  # an empty place is not carried about
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
