"""The core of slotting by affinity on QAPLIB instances of up to 100 facilities, beside SciPy's FAQ."""

from __future__ import annotations

import time

import numpy as np

from benchmarks.quality.archives import best_known, files
from benchmarks.quality.runs import Options, gap_row, row
from containers.optimizer.qap.instance import Quadratic
from containers.optimizer.qap.memetic import solve

LARGEST = 100


def instances() -> list[tuple[str, Quadratic]]:
    """(name, problem) of every instance up to the size limit that has a reference value."""
    known = best_known("qaplib")
    found = []
    for path, text in files("qaplib").items():
        name = path.rsplit("/", 1)[1].removesuffix(".txt")
        if name not in known or path.endswith("solution.txt"):
            continue
        numbers = np.array(text.split(), dtype=np.float64)
        size = int(numbers[0])
        if size <= LARGEST:
            matrices = numbers[1 : 1 + 2 * size * size].reshape(2, size, size)
            found.append((name, Quadratic(matrices[0], matrices[1])))
    return found


def gap(value: float, best: float) -> float:
    """Relative to the reference; one of 0 is met or missed by as much as the value is."""
    return value / best - 1 if best > 0 else value


def qap(options: Options) -> None:
    known = best_known("qaplib")
    chosen = options.chosen(instances())
    solve(
        chosen[0][1], lambda moves: moves >= 10, workers=options.workers
    )  # kernels are compiled before the clock runs
    for seconds in options.seconds:
        gaps, theirs = [], []
        for name, problem in chosen:
            started = time.monotonic()
            outcome = solve(
                problem, lambda _moves, until=started + seconds: time.monotonic() >= until, workers=options.workers
            )
            if sorted(outcome.place.tolist()) != list(range(problem.size)):
                raise AssertionError(f"{name}: not an assignment")
            gaps.append(gap(problem.cost(outcome.place), known[name]))
            if options.others:
                theirs.append(gap(_faq(problem, seconds), known[name]))
        gap_row("qap", seconds, gaps, options)
        if options.others:
            row(
                f"quality.qap.scipy_faq_{seconds:g}s",
                100 * float(np.mean(theirs)),
                "% over best known",
                len(gaps),
                options,
            )


def _faq(problem: Quadratic, seconds: float) -> float:
    """SciPy's fast approximate QAP from random starts until the time is up."""
    from scipy.optimize import quadratic_assignment

    started, best, rng = time.monotonic(), np.inf, np.random.default_rng(1)
    while True:
        settings = {"P0": "randomized", "rng": rng}
        found = quadratic_assignment(problem.flow, problem.distance, method="faq", options=settings)
        best = min(best, problem.cost(found.col_ind))
        if time.monotonic() - started >= seconds:
            return float(best)
