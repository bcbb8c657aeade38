"""What comes beside a problem, for every family: it is honoured, or refused where it stands in the request."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from containers.optimizer.execute import execute
from containers.optimizer.family import Run
from containers.optimizer.registry import FAMILIES, family
from contracts.errors import ProblemError
from contracts.optimize import OptimizeRequest, OptimizeResult
from tests.fuzz.problems import requests

NAMES = sorted(FAMILIES)
SECONDS = 0.3


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> None:
    """Searches here have a time limit; loading or compiling kernels is not part of it."""
    for name in NAMES:
        family(name).warm()


def _solve(name: str, request: dict[str, Any], **more: Any) -> OptimizeResult:
    whole = {"problem": name, "budget": {"seconds": SECONDS}, **request, **more}
    asked = OptimizeRequest.model_validate(whole)
    return execute(asked, Run(asked.budget, asked.warm_start, asked.locks))


def _refused(name: str, request: dict[str, Any], **more: Any) -> list[str]:
    with pytest.raises(ProblemError) as caught:
        _solve(name, request, **more)
    assert caught.value.code in ("invalid", "infeasible")
    assert all(fault.detail.strip() for fault in caught.value.errors)
    return [fault.pointer for fault in caught.value.errors]


@pytest.mark.parametrize("name", NAMES)
def test_locks_that_a_family_does_not_know_are_refused_in_either_mode(name: str) -> None:
    request = requests()[name][0]
    locks = {"no_such_lock": []}
    assert _refused(name, request, locks=locks) == ["/locks/no_such_lock"]
    plan = _solve(name, request).solution
    assert _refused(name, request, locks=locks, mode="score", warm_start=plan) == ["/locks/no_such_lock"]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_no_plan_is_refused_in_either_mode(name: str) -> None:
    request = requests()[name][0]
    for mode in ("solve", "score"):
        pointers = _refused(name, request, warm_start={"no_such_part": 1}, mode=mode)
        assert "/warm_start/no_such_part" in pointers, mode
        assert all(pointer.startswith("/warm_start/") for pointer in pointers), mode


@pytest.mark.parametrize("budget", [{"seconds": 0.001}, {"seconds": 30, "iterations": 1}], ids=["no time", "one try"])
@pytest.mark.parametrize("name", NAMES)
def test_an_earlier_plan_is_never_made_worse(name: str, budget: dict[str, Any]) -> None:
    for number, request in enumerate(requests()[name]):
        plan = _solve(name, request)
        again = _solve(name, request, budget=budget, warm_start=plan.solution)
        sense = 1 if plan.objective.sense == "min" else -1
        slack = 1e-6 * max(1.0, abs(plan.objective.value))
        assert sense * (again.objective.value - plan.objective.value) <= slack, number


def _with_locks(name: str) -> dict[str, Any]:
    return copy.deepcopy(next(request for request in requests()[name] if "locks" in request))


@pytest.mark.parametrize(
    ("name", "locks", "pointer"),
    [
        ("batching", {"together": [[]]}, "/locks/together/0"),  # nobody
        ("batching", {"sealed": [["NOBODY"]]}, "/locks/sealed/0"),
        ("batching", {"sealed": [["O1", "O2"]], "together": [["O2", "O3"]]}, "/locks/sealed/0"),  # one order twice
        ("cartonization", {"closed": ["no carton"]}, "/locks/closed"),
        ("labour", {"assignments": [{"task": "T0", "worker": "nobody"}]}, "/locks/assignments/0/worker"),
        ("labour", {"assignments": [{"task": "none", "worker": "ann"}]}, "/locks/assignments/0/task"),
        (
            "labour",
            {"assignments": [{"task": "T0", "worker": "ann", "start_s": 7200}]},
            "/locks/assignments/0",
        ),  # a break
        ("replenishment", {"skip": ["S99"]}, "/locks/skip"),  # no pick face
        ("reslotting", {"keep": ["S99"]}, "/locks/keep"),
        ("routing", {"routes": [{"id": "L9", "locations": [], "path": []}]}, "/locks/routes/0/id"),
        ("scenario", {"keep": ["S99"]}, "/locks/keep"),
        ("scenario", {"together": [["O1", "NOBODY"]]}, "/locks/together/0"),
        ("slotting", {"fixed": {"S99": ["A01-L-001-1"]}}, "/locks/fixed/S99"),
        ("slotting", {"fixed": {"S1": ["nowhere"]}}, "/locks/fixed/S1"),
        ("slotting", {"keep": ["S99"]}, "/locks/keep"),
    ],
)
def test_locks_of_what_is_not_there_are_refused(name: str, locks: dict[str, Any], pointer: str) -> None:
    request = requests()[name][-1 if name in ("slotting", "batching") else 0]
    pointers = _refused(name, request, locks=locks)
    assert any(one.startswith(pointer) for one in pointers), pointers


def test_a_chain_that_does_not_batch_refuses_locks_of_batches() -> None:
    request = _with_locks("scenario")
    request["data"]["steps"] = ["reslot"]
    assert _refused("scenario", request) == ["/locks/together", "/locks/sealed"]
    request["locks"] = {"keep": ["S3"]}
    assert _solve("scenario", request).solution["stages"]


def test_a_locked_batch_that_cannot_be_in_time_is_refused_by_name() -> None:
    """An hour of setting up each cart, and one picker: two orders due within that hour can be in no plan."""
    request = copy.deepcopy(requests()["batching"][0])
    data = request["data"]
    data |= {"due": "hard", "start_at": "2026-03-02T06:30:00Z", "pace": {"setup_s": 3600}, "cart": {}}
    early = [order["id"] for order in data["orders"] if order["due_at"].startswith("2026-03-02T07")][:2]
    data["orders"] = data["orders"][:6]
    data["incompatible"] = []
    left_out = {one.id for one in _solve("batching", request).unassigned}
    assert set(early) <= left_out
    assert _refused("batching", request, locks={"together": [early]}) == ["/locks/together/0"] * 2
    assert _refused("batching", request, locks={"sealed": [early[:1]]}) == ["/locks/sealed/0"]


@pytest.mark.parametrize("number", [2, 3])
def test_packing_starts_from_a_plan_even_where_another_method_makes_its_own(number: int) -> None:
    """Lengths are cut by column generation, one container is loaded with blocks: both may end worse than what was sent."""
    request = requests()["cartonization"][number]
    plan = _solve("cartonization", request)
    worst = {"cartons": plan.solution["cartons"][:1]}
    assert _solve("cartonization", request, warm_start=worst).objective.value == pytest.approx(plan.objective.value)
