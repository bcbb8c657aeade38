"""When every batch can be listed, the answer says how good it is, and it is as good as brute force."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from containers.optimizer.batching import FAMILY
from containers.optimizer.execute import execute
from containers.optimizer.family import Run
from contracts.optimize import Budget, OptimizeRequest
from tests.containers.optimizer.warehouses import batching_data


def _partitions(parts: list[int]) -> Iterator[list[list[int]]]:
    if not parts:
        yield []
        return
    for rest in _partitions(parts[1:]):
        yield [[parts[0]], *rest]
        for i, batch in enumerate(rest):
            yield [*rest[:i], [parts[0], *batch], *rest[i + 1 :]]


@pytest.mark.parametrize("seed", range(3))
def test_a_small_plan_is_proven_and_as_short_as_the_best_of_all_plans(seed: int) -> None:
    data = batching_data(seed, orders=6, blocks=1 + seed % 2)
    instance = FAMILY.read(data)
    length: dict[tuple[int, ...], float] = {}

    def walked(batch: list[int]) -> float:
        key = tuple(sorted(batch))
        if sum(instance.parts[p].demand[0] for p in key) > 6:
            return float("inf")
        if key not in length:
            length[key] = instance.floor.tour_length({pick.position for p in key for pick in instance.parts[p].picks})
        return length[key]

    best = min(sum(map(walked, plan)) for plan in _partitions(list(range(6))))
    request = OptimizeRequest(problem="batching", data=data, budget=Budget(seconds=20, iterations=500))
    result = execute(request, Run(request.budget))
    assert result.objective.value == pytest.approx(best), seed
    assert result.status == "optimal"
    assert result.bound.value == pytest.approx(best)
