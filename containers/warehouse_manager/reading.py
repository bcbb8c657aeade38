"""Read what other agents wrote. During a rollout they may be newer than this image: fields it does not know are left."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from contracts.base import Model
from contracts.errors import ProblemError, from_validation
from contracts.optimize import OptimizeResult
from contracts.problems.batching import BatchingSolution

M = TypeVar("M", bound=Model)


def read(model: type[M], data: Mapping[str, Any], pointer: str) -> M:
    """The model, or ProblemError "invalid" whose pointers begin with `pointer`."""
    try:
        return model.model_validate(data, extra="ignore")
    except ValidationError as error:
        raise from_validation(error, pointer) from None


def read_batching(result: OptimizeResult) -> BatchingSolution:
    """The batches of a batching result. Raises ProblemError "invalid" for another problem's result."""
    if result.problem != "batching":
        detail = f"needs the result of a batching problem, got {result.problem!r}"
        raise ProblemError("invalid", f"/result/problem: {detail}")
    return read(BatchingSolution, result.solution, "/result/solution")
