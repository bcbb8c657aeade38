"""A scenario, read: the chain's settings, and today's batching problem on the same floor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from containers.optimizer.batching.problem import Instance
from containers.optimizer.batching.problem import read as read_batching
from contracts.errors import from_validation
from contracts.problems.scenario import ScenarioProblem


@dataclass(frozen=True)
class Scenario:
    source: ScenarioProblem
    today: Instance  # the orders on today's slots


def read(data: Mapping[str, Any]) -> Scenario:
    """Validated scenario. Raises ProblemError invalid with a pointer per fault."""
    try:
        source = ScenarioProblem.model_validate(data)
    except ValidationError as error:
        raise from_validation(error, "/data") from None
    return Scenario(source, batching_on(source, [line.model_dump() for line in source.stock]))


def batching_on(source: ScenarioProblem, stock: list[dict[str, Any]]) -> Instance:
    """The batching problem of the scenario's orders when the stock lies like this."""
    return read_batching(
        {
            "layout": source.layout.model_dump(mode="json"),
            "items": [item.model_dump(mode="json") for item in source.items],
            "stock": stock,
            "orders": [order.model_dump(mode="json") for order in source.orders],
            "cart": source.cart.model_dump(),
            "pace": source.pace.model_dump(),
            "pickers": source.crew.pickers,
            "objective": "time",
        }
    )
