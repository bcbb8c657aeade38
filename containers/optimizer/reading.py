"""Plans and locks from outside, validated where they stand in the request; and what plans tell of themselves."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from contracts.errors import Fault, from_validation

# Plans are written with six digits.
TOLD, TOLD_METRES = 1e-6, 1e-4

M = TypeVar("M", bound=BaseModel)


def plan_of(model: type[M], solution: Mapping[str, Any]) -> M:
    """A plan that is scored or started from. Raises ProblemError with pointers under /warm_start."""
    return _validated(model, solution, "/warm_start")


def locks_of(model: type[M], locks: Mapping[str, Any] | None) -> M:
    """Decisions that must stay, none when nothing was sent. Raises ProblemError with pointers under /locks."""
    return _validated(model, locks or {}, "/locks")


def untrue(told: BaseModel, where: str, found: Mapping[str, Any], size: float = 0.0) -> list[Fault]:
    """Where `told` (an object of a plan, at this pointer) says something of itself and it is not what was `found`.

    Fields that were left out say nothing. Numbers may differ by rounding; size: of what they are the difference of.
    """
    faults = []
    for name, value in found.items():
        said = getattr(told, name)
        numbers = all(isinstance(one, (int, float)) for one in (said, value))
        same = (
            math.isclose(said, value, rel_tol=TOLD, abs_tol=max(TOLD_METRES, TOLD * size)) if numbers else said == value
        )
        if name in told.model_fields_set and not same:
            faults.append(Fault(f"{where}/{name}", f"it is {value}, not {said}"))
    return faults


def _validated(model: type[M], data: Mapping[str, Any], where: str) -> M:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise from_validation(error, where) from error
