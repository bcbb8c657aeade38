"""One request from problem to checked answer, inside the process that solves it."""

from __future__ import annotations

import gc
import hashlib
import json
import math
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from containers.optimizer.family import Answer, CheckReport, Family, Run
from containers.optimizer.registry import family
from contracts.errors import Fault, ProblemError
from contracts.optimize import Bound, Objective, OptimizeRequest, OptimizeResult, Reference

# Recomputed and claimed objectives may differ by rounding, not by more.
TOLERANCE = 1e-6
MAX_FAULTS = 20
# To write a plan, check it and put it into the answer takes about so many times as long as to read the problem, whatever
# the machine and its load. A family that knows more keeps back more.
FINISH_OF_READING = 1.5
# gc thresholds of a solve. Nearly all that reading and writing make stays to the end, and to look through it again and again
# took a third of their time.
SELDOM = (100_000, 20, 100)


def input_hash(data: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical JSON (sorted keys, no blanks) of the problem's data."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def execute(request: OptimizeRequest, run: Run) -> OptimizeResult:
    """Solve or score. Raises ProblemError; an answer that its own check rejects is an internal fault, never sent."""
    with _collecting_seldom():
        return _execute(family(request.problem), request, run)


@contextmanager
def _collecting_seldom() -> Iterator[None]:
    before = gc.get_threshold()
    gc.set_threshold(*SELDOM)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _execute(chosen: Family[Any], request: OptimizeRequest, run: Run) -> OptimizeResult:
    begun = run.elapsed_s
    problem = chosen.read(request.data)
    run.reading_s = run.elapsed_s
    if request.mode == "score":
        return _score(chosen, problem, request, run)
    run.finishing(FINISH_OF_READING * (run.elapsed_s - begun))
    baseline = _Baseline(chosen, problem)
    run.after_first = baseline.compute
    answer = chosen.solve(problem, run)
    run.flush()
    _verify(chosen, problem, answer, request.locks)
    bound = answer.bound or chosen.bound(problem, answer)
    return OptimizeResult(
        problem=chosen.name,
        status="optimal" if _closed(answer.objective, bound) else answer.status,
        objective=answer.objective,
        baseline=baseline.compute(),
        bound=_with_gap(answer.objective, bound),
        solution=answer.solution,
        unassigned=answer.unassigned,
        stopped_by=answer.stopped_by,
        seed=run.seed,
        iterations=answer.iterations,
        elapsed_s=round(run.elapsed_s, 4),
        input_hash=input_hash(request.data),
        versions=_versions(chosen),
        notes=answer.notes,
    )


class _Baseline:
    """Computed once: when the first plan is out, so that nobody waits for it, or at the end when none was told."""

    def __init__(self, chosen: Family[Any], problem: Any) -> None:
        self._chosen, self._problem = chosen, problem
        self._found: Reference | None = None

    def compute(self) -> Reference:
        if self._found is None:
            self._found = self._chosen.baseline(self._problem)
        return self._found


def _score(chosen: Family[Any], problem: Any, request: OptimizeRequest, run: Run) -> OptimizeResult:
    if request.warm_start is None:
        detail = "mode 'score' needs the plan to score in warm_start"
        raise ProblemError("invalid", detail, errors=(Fault("/warm_start", detail),))
    report = chosen.check(problem, request.warm_start, request.locks)
    feasible = not report.violations
    return OptimizeResult(
        problem=chosen.name,
        status="scored" if feasible else "infeasible",
        objective=report.objective,
        baseline=chosen.baseline(problem),
        bound=Bound(reason="the plan was scored, not optimized"),
        solution=request.warm_start,
        unassigned=report.unassigned,
        stopped_by="scored",
        seed=run.seed,
        iterations=0,
        elapsed_s=round(run.elapsed_s, 4),
        input_hash=input_hash(request.data),
        versions=_versions(chosen),
        notes=tuple(f"{fault.pointer}: {fault.detail}" for fault in (report.violations + report.untrue)[:MAX_FAULTS]),
    )


def _verify(chosen: Family[Any], problem: Any, answer: Answer, locks: Mapping[str, Any] | None) -> None:
    report: CheckReport = chosen.check(problem, answer.solution, locks)
    faults = report.violations + report.untrue
    if faults:
        detail = f"the {chosen.name} plan failed its check and was withheld"
        raise ProblemError("internal", detail, errors=faults[:MAX_FAULTS])
    claimed, found = answer.objective.value, report.objective.value
    if not math.isclose(claimed, found, rel_tol=TOLERANCE, abs_tol=1e-4):
        raise ProblemError("internal", f"the {chosen.name} plan claims {claimed} but its check finds {found}")
    told, missing = ({one.id for one in source.unassigned} for source in (answer, report))
    if told != missing:
        example = sorted(told ^ missing)[0]
        detail = f"the {chosen.name} plan says that it leaves out {len(told)}, but its check finds {len(missing)}, e.g. {example!r}"
        raise ProblemError("internal", detail)


def _closed(objective: Objective, bound: Bound) -> bool:
    return bound.value is not None and math.isclose(objective.value, bound.value, rel_tol=1e-7, abs_tol=1e-6)


def _with_gap(objective: Objective, bound: Bound) -> Bound:
    if bound.value is None or bound.gap is not None:
        return bound
    size = abs(objective.value)
    gap = abs(objective.value - bound.value) / size if size > 0 else abs(bound.value)
    return bound.model_copy(update={"gap": round(gap, 9)})


def _versions(chosen: Family[Any]) -> dict[str, str]:
    versions = {chosen.name: chosen.version, "python": ".".join(map(str, sys.version_info[:3]))}
    for library in ("numpy", "numba", "scipy", "ortools", "highspy"):
        module = sys.modules.get(library)
        if module is not None and isinstance(getattr(module, "__version__", None), str):
            versions[library] = module.__version__
    return versions
