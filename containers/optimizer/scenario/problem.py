"""A scenario, read: the chain's settings, and today's batching problem on the same floor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import ValidationError

from containers.optimizer.batching.problem import Instance
from containers.optimizer.batching.problem import read as read_batching
from containers.optimizer.reading import locks_of
from containers.optimizer.scenario.moved import moved_stock
from containers.optimizer.scenario.stages import State, by_rule
from contracts.errors import Fault, ProblemError, from_validation
from contracts.problems.batching import Batch
from contracts.problems.scenario import ScenarioLocks, ScenarioProblem, ScenarioSolution


@dataclass(frozen=True)
class Given:
    """What a caller gives beside the problem, per step: the locks and the warm start of the step's own family."""

    locks: Mapping[str, dict[str, Any]]
    warm: Mapping[str, dict[str, Any]]

    @property
    def due(self) -> frozenset[str]:
        """Steps that are carried out however little time there is: without them the plan would lose what was given."""
        locked = {"batch"} if any(self.locks["batch"].values()) else set()
        return frozenset(locked | self.warm.keys())


@dataclass(frozen=True)
class Scenario:
    source: ScenarioProblem
    today: Instance  # the orders on today's slots

    @cached_property
    def as_today(self) -> State:
        """Today's work: orders as they come, S-shape walks, each tour to whoever is free first."""
        return by_rule(self.source, self.today)


def read(data: Mapping[str, Any]) -> Scenario:
    """Validated scenario. Raises ProblemError invalid with a pointer per fault."""
    try:
        source = ScenarioProblem.model_validate(data)
    except ValidationError as error:
        raise from_validation(error, "/data") from None
    return Scenario(source, batching_on(source, [line.model_dump() for line in source.stock]))


def given(scenario: Scenario, locks: Mapping[str, Any] | None, warm_start: Mapping[str, Any] | None) -> Given:
    """Locks and warm start by step. Raises ProblemError "invalid" with pointers under /locks and /warm_start."""
    pinned = locks_of(ScenarioLocks, locks)
    if "batch" not in scenario.source.steps:
        faults = tuple(
            Fault(f"/locks/{name}", 'the chain does not batch; add "batch" to steps, or leave this lock out')
            for name in ("together", "sealed")
            if getattr(pinned, name)
        )
        if faults:
            raise ProblemError("invalid", f"{faults[0].pointer}: {faults[0].detail}", errors=faults)
    held: dict[str, dict[str, Any]] = {
        "reslot": {"keep": sorted(pinned.keep)},
        "batch": {"together": pinned.together, "sealed": pinned.sealed},
    }
    if warm_start is None:
        return Given(held, {})
    try:
        plan = ScenarioSolution.model_validate(warm_start)
        batches = tuple(Batch.model_validate(row) for row in plan.batches)
    except ValidationError as error:
        raise from_validation(error, "/warm_start") from None
    warm: dict[str, dict[str, Any]] = {}
    if plan.moves:
        lying = moved_stock([line.model_dump() for line in scenario.source.stock], plan.moves)
        rows = [{"sku": row["sku"], "location": row["location"], "pieces": row["quantity"]} for row in lying]
        warm["reslot"] = {"assignments": rows}
    if batches:
        whole = dict.fromkeys(("distance_m", "seconds", "baseline_distance_m", "saved_m", "saved_share"), 0.0)
        warm["batch"] = {**whole, "batches": [batch.model_dump(mode="json") for batch in batches]}
    return Given(held, warm)


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
