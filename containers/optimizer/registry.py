"""The problem families. A new family is one package and one line here.

Each line names the module attribute that holds the family's `Family` value; it is imported when first asked for, so
that an agent starts without the libraries of families that nobody uses.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from containers.optimizer.family import Family
from contracts.errors import Fault, ProblemError

FAMILIES: dict[str, str] = {
    "batching": "containers.optimizer.batching:FAMILY",
    "routing": "containers.optimizer.routing:FAMILY",
    "cartonization": "containers.optimizer.cartonization:FAMILY",
    "labour": "containers.optimizer.labour:FAMILY",
    "scenario": "containers.optimizer.scenario:FAMILY",
    "replenishment": "containers.optimizer.replenishment:FAMILY",
    "reslotting": "containers.optimizer.reslotting:FAMILY",
    "slotting": "containers.optimizer.slotting:FAMILY",
}


def family(name: str) -> Family[Any]:
    """The family of that name; raises ProblemError "invalid" for an unknown one."""
    target = FAMILIES.get(name)
    if target is None:
        known = ", ".join(sorted(FAMILIES))
        detail = f"no problem family {name!r}; this agent solves {known}"
        raise ProblemError("invalid", detail, errors=(Fault("/problem", detail),))
    module, _, attribute = target.partition(":")
    found = getattr(import_module(module), attribute)
    if not isinstance(found, Family):
        raise TypeError(f"{target} is not a Family")
    return found


def family_names() -> list[str]:
    """What requests may say in `problem`."""
    return sorted(FAMILIES)
