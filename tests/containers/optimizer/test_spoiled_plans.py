"""A plan in which any one value is another than it was fails its check, or is told to be worth something else.

Each value of a plan is changed in turn, and each list loses or doubles its first row. Where that is no fault, SOUND says why.
Plans that people send to be scored may hold anything: whatever is changed, the check answers.
"""

from __future__ import annotations

import copy
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest

from containers.optimizer.family import CheckReport, Run
from containers.optimizer.registry import FAMILIES, family
from contracts.errors import ProblemError
from contracts.optimize import Budget
from tests.fuzz.problems import requests

Path = tuple[str | int, ...]
LOOKED_AT = 2  # values of one name in one plan

RULES = "rules of the trade are walked by code of their own, which has tests of its own"
# family → (what is changed, as "path what", as a regular expression; why that is no fault)
SOUND: dict[str, list[tuple[str, str]]] = {
    "batching": [
        (r"batches/\*/id new", "any name will do"),
        (r"batches/\*/finish_s \+1", "whoever is done sooner than planned waits"),
        (r"batches/\*/path doubled", "to stand still is no walk"),
        (r"rules_m/.*", RULES),
    ],
    "cartonization": [
        (r"cartons/\*/id new", "any name will do"),
        (r"cartons/\*/placements/\*/[xy] .1", "there may be room to shift a piece"),
    ],
    "labour": [
        (r"assignments/\*/worker swapped", "somebody else may be free and able"),
        (r"(waves|workers) cut", "a plan may say nothing of them"),
    ],
    "replenishment": [
        (r"baseline_s .*", "what is compared with is told beside the plan too"),
        (r"shares.*", "shares of the forward area are advice, which no task depends on"),
    ],
    "reslotting": [],
    "routing": [
        (r"routes/\*/path doubled", "to stand still is no walk"),
        (r"routes/\*/(rules_m/.*|s_shape_m .*)", RULES),
    ],
    "scenario": [
        (r"batches/\*/id new", "any name will do"),
        (r"batches/\*/(start_s|finish_s) .1", "between tours there may be time"),
        (r"batches/\*/path doubled", "to stand still is no walk"),
        (r"batches/\*/picker .1", "pickers are alike"),
        (r"moves/\*/chain .1", "which moves belong together is the planner's word"),
        (r"moves/\*/pieces -1", "some pieces may stay where no order needs them"),
        (r"forecast/.*", "a simulation is not repeated for the check"),
        (r"stages/\*/(method|metres|seconds|saved_metres|saved_seconds|finish_s|batches) .*", "no plan is kept of stages before the last"),
    ],
    "slotting": [
        (r"assignments/\*/pieces \+1", "there may be room for more"),
        (r"baseline_m .*", "what is compared with is told beside the plan too"),
    ],
}  # fmt: skip


def values(plan: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every list and every value in the plan, and where it stands."""
    if isinstance(plan, dict):
        for name, value in plan.items():
            yield from values(value, (*path, name))
        return
    yield path, plan
    if isinstance(plan, list):
        for number, value in enumerate(plan):
            yield from values(value, (*path, number))


def pattern(path: Path) -> str:
    return "/".join("*" if isinstance(step, int) else step for step in path)


def changes(value: Any, others: list[str]) -> list[tuple[str, Any]]:
    """What is put in its place. others: texts of the same name in the plan."""
    if isinstance(value, list):
        return [("cut", value[1:]), ("doubled", [value[0], *value])] if value else []
    if isinstance(value, bool):
        return [("turned", not value)]
    if isinstance(value, (int, float)):
        return [("+1", value + 1), ("-1", value - 1)]
    if isinstance(value, str):
        return [("new", "zz"), *(("swapped", other) for other in others if other != value)][:2]
    return []


def spoiled(plan: Any) -> Iterator[tuple[str, Any]]:
    """(where and how, the plan with that one change)."""
    texts: dict[str, list[str]] = defaultdict(list)
    seen: dict[str, int] = defaultdict(int)
    found = list(values(plan))
    for path, value in found:
        if isinstance(value, str) and value not in texts[pattern(path)]:
            texts[pattern(path)].append(value)
    for path, value in found:
        name = pattern(path)
        seen[name] += 1
        if not path or seen[name] > LOOKED_AT:
            continue
        for how, other in changes(value, texts[name]):
            copied = copy.deepcopy(plan)
            at = copied
            for step in path[:-1]:
                at = at[step]
            at[path[-1]] = other
            yield f"{name} {how}", copied


def passes(report: CheckReport, before: CheckReport) -> bool:
    """Whether nothing was noticed."""
    told = [{one.id for one in which.unassigned} for which in (report, before)]
    same = abs(report.objective.value - before.objective.value) < 1e-6 and told[0] == told[1]
    return same and not report.violations and not report.untrue


@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_every_change_of_a_plan_is_noticed(name: str) -> None:
    chosen = family(name)
    chosen.warm()
    missed, tried = [], 0
    for request in requests()[name]:
        problem, locks = chosen.read(request["data"]), request.get("locks")
        answer = chosen.solve(problem, Run(Budget(seconds=60, iterations=300), locks=locks))
        plan = json.loads(json.dumps(answer.solution))
        before = chosen.check(problem, plan, locks)
        assert before.violations == ()
        assert before.untrue == ()
        for what, other in spoiled(plan):
            tried += 1
            try:
                report = chosen.check(problem, other, locks)
            except ProblemError:
                continue  # refused as no plan at all
            if passes(report, before) and not any(re.fullmatch(sound, what) for sound, _ in SOUND[name]):
                missed.append(what)
    assert tried > 20
    assert missed == []
