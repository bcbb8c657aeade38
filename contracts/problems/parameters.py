"""A job's parameters, checked at the edge against the family's own model before anything is handed over.

The family's problem model minus the members that StoreMax fills in from the warehouse: what is left is what a client may
say in `parameters`, and an unknown name or a wrong type there gets its pointer at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any

from pydantic import BaseModel, ValidationError, create_model

from contracts.base import Model
from contracts.errors import Fault, ProblemError, from_validation

# family → (module, problem model, which facts of the warehouse StoreMax adds)
FAMILIES: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "batching": ("contracts.problems.batching", "BatchingProblem", ("layout", "items", "stock", "orders")),
    "cartonization": ("contracts.problems.cartonization", "CartonizationProblem", ()),
    "labour": ("contracts.problems.labour", "LabourProblem", ()),
    "replenishment": (
        "contracts.problems.replenishment",
        "ReplenishmentProblem",
        ("layout", "items", "stock", "orders"),
    ),
    "reslotting": ("contracts.problems.reslotting", "ReslottingProblem", ("layout", "items", "stock", "orders")),
    "routing": ("contracts.problems.routing", "RoutingProblem", ("layout",)),
    "scenario": ("contracts.problems.scenario", "ScenarioProblem", ("layout", "items", "stock", "orders")),
    "slotting": ("contracts.problems.slotting", "SlottingProblem", ("layout", "items", "stock", "orders")),
}


@cache
def parameter_model(family: str) -> type[BaseModel]:
    """The model of a family's parameters. Loaded when first needed: start-up stays light."""
    module, name, facts = FAMILIES[family]
    problem: type[BaseModel] = getattr(import_module(module), name)
    fields: dict[str, Any] = {
        key: (field.annotation, field) for key, field in problem.model_fields.items() if key not in facts
    }
    return create_model(f"{name}Parameters", __base__=Model, **fields)


def check_parameters(family: str, parameters: Mapping[str, Any]) -> None:
    """Raises ProblemError `invalid` that names every fault below /parameters, or the unknown family."""
    if family not in FAMILIES:
        detail = f"no problem {family!r}; jobs solve {', '.join(sorted(FAMILIES))}"
        raise ProblemError("invalid", detail, errors=(Fault("/problem", detail),))
    try:
        parameter_model(family).model_validate(dict(parameters))
    except ValidationError as error:
        raise from_validation(error, "/parameters") from None


def facts_of(family: str) -> tuple[str, ...]:
    """The members of the problem that come from the warehouse."""
    return FAMILIES[family][2]
