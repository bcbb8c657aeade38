"""What goes out was checked: a plan that is not what it claims to be is an internal fault, and is withheld."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from containers.optimizer import execute as execution
from containers.optimizer.family import Answer, CheckReport, Family, Run
from contracts.errors import Fault, ProblemError
from contracts.optimize import Bound, Budget, Objective, OptimizeRequest, Reference, Unassigned

FIVE = Objective(value=5.0, unit="m")
TRUE = CheckReport(FIVE, unassigned=(Unassigned(id="a", reason="by the check", detail="left out"),))
LEFT = (Unassigned(id="a", reason="by the solver", detail="left out"),)
FAULT = Fault("/routes/0", "walks through a rack")


def run(report: CheckReport, **request: Any) -> Any:
    family = Family(
        "stub", "1", dict, lambda *_: Answer(FIVE, {}, unassigned=LEFT, bound=Bound(value=1.0)),
        lambda *_: report, lambda _: Reference(value=9.0, method="by hand"),
    )  # fmt: skip
    budget = Budget(seconds=60)
    asked = OptimizeRequest(problem="stub", data={}, budget=budget, **request)
    return execution._execute(family, asked, Run(budget))


@pytest.mark.parametrize(
    ("report", "told"),
    [
        (replace(TRUE, violations=(FAULT,)), "failed its check"),
        (replace(TRUE, untrue=(FAULT,)), "failed its check"),
        (replace(TRUE, objective=FIVE.model_copy(update={"value": 5.01})), "claims 5.0 but its check finds 5.01"),
        (replace(TRUE, unassigned=()), "leaves out 1, but its check finds 0, e.g. 'a'"),
        (replace(TRUE, unassigned=(*LEFT, Unassigned(id="b", reason="r", detail="d"))), "finds 2, e.g. 'b'"),
    ],
)
def test_a_plan_that_is_not_what_it_claims_is_withheld(report: CheckReport, told: str) -> None:
    with pytest.raises(ProblemError, match=r"withheld|check finds") as caught:
        run(report)
    assert caught.value.code == "internal"
    assert told in str(caught.value)


def test_a_plan_that_is_what_it_claims_goes_out_with_the_solvers_reasons() -> None:
    result = run(TRUE)
    assert (result.status, result.objective.value, result.unassigned) == ("feasible", 5.0, LEFT)


def test_a_scored_plan_may_tell_wrong_sums_and_is_told_so() -> None:
    """It can be carried out all the same; one that breaks a rule cannot."""
    scored = run(replace(TRUE, untrue=(FAULT,)), mode="score", warm_start={})
    assert (scored.status, scored.notes) == ("scored", ("/routes/0: walks through a rack",))
    assert run(replace(TRUE, violations=(FAULT,)), mode="score", warm_start={}).status == "infeasible"
