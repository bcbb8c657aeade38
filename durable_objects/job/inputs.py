"""What the optimizer gets for a job: the warehouse's facts and the job's parameters, in the family's own form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contracts.problems.parameters import facts_of


def problem_data(problem: str, facts: Mapping[str, Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The `data` of an OptimizeRequest. `facts`: what WarehouseState.problem_input answers."""
    known = {**facts, "stock": facts["positions"]}
    return {**parameters, **{name: known[name] for name in facts_of(problem)}}
