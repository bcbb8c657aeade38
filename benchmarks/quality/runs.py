"""How every set is measured: which instances, with which budget, through the optimizer's own front door."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from benchmarks.results import record
from containers.optimizer.execute import execute
from containers.optimizer.family import Run
from containers.optimizer.registry import family
from contracts.optimize import Budget, OptimizeRequest, OptimizeResult

T = TypeVar("T")


@dataclass(frozen=True)
class Options:
    """seconds: the time limits to measure at, per instance. sample: every N-th instance. limit: at most so many, spread
    over the set. workers: cores per solve. others: whether other programs run beside. short: rows are named
    quality_short.*, so that a sample never replaces the figures of a full run."""

    seconds: tuple[float, ...] = (1.0, 10.0)
    sample: int = 1
    limit: int | None = None
    workers: int = 2
    others: bool = True
    short: bool = False

    def chosen(self, instances: Sequence[T]) -> list[T]:
        """The instances that this run measures."""
        picked = list(instances)[:: self.sample]
        if self.limit is None or self.limit >= len(picked):
            return picked
        return [picked[i * len(picked) // self.limit] for i in range(self.limit)]

    @property
    def words(self) -> str:
        """These options as command-line words, for a row's command."""
        words = f" --sample {self.sample}" if self.sample > 1 else ""
        words += f" --limit {self.limit}" if self.limit is not None else ""
        usual = Options()
        if self.seconds != usual.seconds:
            words += f" --seconds {' '.join(f'{seconds:g}' for seconds in self.seconds)}"
        words += f" --workers {self.workers}" if self.workers != usual.workers else ""
        return words + ("" if self.others else " --alone") + (" --short" if self.short else "")


def solve(
    problem: str, data: dict[str, Any], seconds: float, options: Options, seed: int = 1, iterations: int | None = None
) -> OptimizeResult:
    """One instance as POST /optimize solves it: the answer has passed the family's own check."""
    _warm(problem)
    budget = Budget(seconds=seconds, seed=seed, workers=options.workers, iterations=iterations)
    request = OptimizeRequest(problem=problem, data=data, budget=budget)
    return execute(request, Run(budget=budget, workers=options.workers))


@cache
def _warm(problem: str) -> None:
    """Load compiled kernels, so that the first instance does not wait for them."""
    family(problem).warm()


def row(name: str, value: float, unit: str, count: int, options: Options, measured_by: str = "") -> None:
    """Write one figure: `count` is the number of instances that it is a mean of; measured_by: the set, where the name does not
    begin with it."""
    family_name, _, rest = name.partition(".")
    command = f'make bench-quality ARGS="{measured_by or rest.partition(".")[0]}{options.words}"'
    shown = f"{family_name}_short.{rest}" if options.short else name
    record(shown, value, unit, f"{count} instances", None, command)


def gap_row(set_name: str, seconds: float, gaps: Sequence[float], options: Options) -> None:
    """The mean of relative gaps to the reference values, in per cent."""
    mean = 100 * sum(gaps) / max(1, len(gaps))
    row(f"quality.{set_name}.gap_{seconds:g}s", mean, "% over best known", len(gaps), options)
