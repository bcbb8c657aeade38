"""Plans and locks from outside, validated where they stand in the request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from contracts.errors import from_validation

M = TypeVar("M", bound=BaseModel)


def plan_of(model: type[M], solution: Mapping[str, Any]) -> M:
    """A plan that is scored or started from. Raises ProblemError with pointers under /warm_start."""
    return _validated(model, solution, "/warm_start")


def locks_of(model: type[M], locks: Mapping[str, Any] | None) -> M:
    """Decisions that must stay, none when nothing was sent. Raises ProblemError with pointers under /locks."""
    return _validated(model, locks or {}, "/locks")


def _validated(model: type[M], data: Mapping[str, Any], where: str) -> M:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise from_validation(error, where) from error
