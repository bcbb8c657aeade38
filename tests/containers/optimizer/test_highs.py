"""An agent's stdout holds JSON lines only: HiGHS, which greets from its constructor, stays silent."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
# Each ends in HiGHS: column generation of bars, the choice among the batches of a plan.
BARS = """
from containers.optimizer.execute import execute
from containers.optimizer.family import Run
from contracts.optimize import Budget, OptimizeRequest
items = [{"id": f"i{n}", "quantity": 3, "length_mm": 30 + 7 * n, "width_mm": 1, "height_mm": 1} for n in range(7)]
data = {"dimensions": 1, "items": items, "cartons": [{"id": "b", "length_mm": 200, "width_mm": 1, "height_mm": 1}]}
"""
BATCHES = """
from containers.optimizer.execute import execute
from containers.optimizer.family import Run
from contracts.optimize import Budget, OptimizeRequest
from tests.containers.optimizer.warehouses import batching_data
data = batching_data(1, orders=30)
"""
SOLVE = """
budget = Budget(seconds=20, iterations=40_000)
result = execute(OptimizeRequest(problem={family!r}, data=data, budget=budget), Run(budget))
assert result.solution
import os, sys
assert "highspy" in sys.modules
from containers.optimizer import highs
assert highs._greeted, "no solver was made"
print("said")
sys.stdout.flush()
os.write(1, b"the end")
"""
SOLVER_ALONE = """
from containers.optimizer import highs
print("before")
for _ in range(2):
    made = highs.solver(options={"mip_rel_gap": 0.0})
    made.addVar(0.0, 1.0)
    made.changeColCost(0, -1.0)
    made.run()
    print(made.getInfo().objective_function_value)
"""


def _stdout(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, timeout=240)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(("family", "problem"), [("cartonization", BARS), ("batching", BATCHES)])
def test_a_process_that_solves_with_highs_prints_nothing_of_its_own(family: str, problem: str) -> None:
    assert _stdout(problem + SOLVE.format(family=family)) == "said\nthe end"


def test_what_was_printed_before_and_after_the_first_solver_is_kept_in_order() -> None:
    assert _stdout(SOLVER_ALONE) == "before\n-1.0\n-1.0\n"


def test_solvers_are_made_in_one_place_only() -> None:
    made = [path for path in sorted((ROOT / "containers").rglob("*.py")) if "highspy.Highs()" in path.read_text()]
    assert [path.name for path in made] == ["highs.py"]
