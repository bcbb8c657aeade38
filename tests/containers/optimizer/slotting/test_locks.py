"""Plans with locked articles: the best beside them, and a bound of what the locks leave free."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from containers.optimizer.execute import execute
from containers.optimizer.family import Run
from containers.optimizer.slotting import FAMILY
from containers.optimizer.slotting.exact import assign
from containers.optimizer.slotting.measure import Aim, measure
from containers.optimizer.slotting.pair_bound import gilmore_lawler
from containers.optimizer.slotting.pins import pin
from containers.optimizer.slotting.shared_bound import lagrangean
from contracts.errors import ProblemError
from contracts.optimize import OptimizeRequest, OptimizeResult
from tests.containers.optimizer.slotting.helpers import slotting_data, solved, where

OBJECTIVES = ("frequency", "affinity", "pick_distance", "cube_per_order")


def _tiny(seed: int, objective: str, **more: Any) -> dict[str, Any]:
    """Four articles, six slots: 360 ways, 60 with one article locked, 12 with two."""
    data = slotting_data(seed, skus=4, aisles=2, bays=2, orders=6, objective=objective, **more)
    data["layout"] |= {"sides": 1, "bays_per_block": 3}
    data |= {"stock": [], "needs": [{"sku": f"S0{i}"} for i in range(4)]}
    return data


def _best(data: dict[str, Any], fixed: dict[str, str], shared: bool = False) -> float:
    """The least objective over every way to give each SKU a slot, alone or shared, the fixed ones theirs."""
    instance = FAMILY.read(data)
    facts, ids = instance.source, instance.places.ids
    aim = Aim(instance.objective, instance.depot_weight)
    skus = list(instance.wanted)
    ways = itertools.product(ids, repeat=len(skus)) if shared else itertools.permutations(ids, len(skus))
    return min(
        sum(measure(facts, instance.floor, aim, {s: [at] for s, at in zip(skus, slots, strict=True)}, {}).values())
        for slots in ways
        if all(at == fixed.get(sku, at) for sku, at in zip(skus, slots, strict=True))
        and (not shared or max(slots.count(at) for at in slots) <= 2)
    )


def _executed(data: dict[str, Any], locks: dict[str, Any]) -> OptimizeResult:
    budget = {"seconds": 60, "iterations": 3000}
    request = OptimizeRequest.model_validate({"problem": "slotting", "data": data, "locks": locks, "budget": budget})
    return execute(request, Run(request.budget, request.warm_start, request.locks))


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("seed", range(4))
def test_the_bound_of_a_locked_problem_is_below_its_best_and_no_optimum_is_claimed_beyond_it(
    objective: str, seed: int
) -> None:
    data = _tiny(seed, objective)
    free = _executed(data, {})
    farthest = max(FAMILY.read(data).places.ids)
    fixed = {f"S0{seed % 4}": farthest}
    result = _executed(data, {"fixed": {sku: [at] for sku, at in fixed.items()}})
    best = _best(data, fixed)
    assert result.bound.value is not None
    assert result.bound.value <= best + 1e-6, seed
    assert free.bound.value is not None
    assert result.bound.value >= free.bound.value - 1e-6, seed
    if objective != "cube_per_order":  # a rule, not a search
        assert result.objective.value == pytest.approx(best), seed
    closed = result.bound.value == pytest.approx(result.objective.value)
    assert (result.status == "optimal") == closed, seed
    if objective == "frequency":
        assert result.status == "optimal"


@pytest.mark.parametrize("seed", range(4))
def test_two_locks_that_swap_the_best_slots_cost_what_their_bound_says(seed: int) -> None:
    """Without the locks each would lie in the other's slot: the bound knows that they may not."""
    data = _tiny(seed, "frequency")
    free = where(solved(data)[1])
    asked = FAMILY.read(data).demand.picks
    first, second = sorted(asked, key=lambda sku: -asked[sku])[:2]
    locks = {"fixed": {first: free[second], second: free[first]}}
    result = _executed(data, locks)
    best = _best(data, {sku: at[0] for sku, at in locks["fixed"].items()})
    assert (result.objective.value, result.bound.value) == (pytest.approx(best), pytest.approx(best)), seed
    assert (result.status, result.bound.gap) == ("optimal", 0.0)


@pytest.mark.parametrize("seed", range(4))
def test_slots_that_are_shared_have_bounds_that_keep_the_locks(seed: int) -> None:
    data = _tiny(seed, "frequency", rules={"max_skus_per_slot": 2})
    instance = FAMILY.read(data)
    fixed = {"S01": max(instance.places.ids)}
    pinned = pin(instance, {"fixed": {sku: [at] for sku, at in fixed.items()}})
    best = _best(data, fixed, shared=True)
    dual = lagrangean(pinned, pinned.visits)
    assert dual is not None
    assert dual <= best + 1e-6, seed
    flow = assign(pinned, pinned.visits, np.full(4, 1e-3), np.full(4, -1), share=True)
    assert flow is not None
    assert flow.place[pinned.units.of_sku["S01"][0]] == pinned.places.number[fixed["S01"]]
    result = _executed(data, {"fixed": {sku: [at] for sku, at in fixed.items()}})
    assert result.bound.value is not None
    assert result.bound.value <= best + 1e-6, seed
    assert result.objective.value == pytest.approx(best), seed


@pytest.mark.parametrize("seed", range(4))
def test_the_bound_on_pairs_keeps_the_locks(seed: int) -> None:
    data = _tiny(seed, "affinity")
    instance = FAMILY.read(data)
    fixed = {"S02": max(instance.places.ids)}
    pinned = gilmore_lawler(pin(instance, {"fixed": {sku: [at] for sku, at in fixed.items()}}))
    free = gilmore_lawler(instance)
    assert pinned is not None
    assert free is not None
    assert free - 1e-6 <= pinned <= _best(data, fixed) + 1e-6, seed


def test_a_locked_article_that_nobody_knows_is_refused() -> None:
    data = _tiny(0, "frequency")
    with pytest.raises(ProblemError) as caught:
        _executed(data, {"fixed": {"S77": [FAMILY.read(data).places.ids[0]]}})
    assert [fault.pointer for fault in caught.value.errors] == ["/locks/fixed/S77"]


def test_everything_locked_is_optimal_whatever_it_walks() -> None:
    data = _tiny(3, "frequency")
    ids = sorted(FAMILY.read(data).places.ids, reverse=True)
    locks = {"fixed": {f"S0{i}": [ids[i]] for i in range(4)}}
    result = _executed(data, locks)
    assert (result.status, result.bound.gap) == ("optimal", 0.0)
    assert result.objective.value > _executed(data, {}).objective.value


def test_a_warm_start_is_used_where_there_is_time_for_nothing_else() -> None:
    data = slotting_data(10, skus=20, orders=40)
    _, good = solved(data, iterations=20_000)
    instance = FAMILY.read(data)
    run = Run(OptimizeRequest.model_validate({"problem": "slotting", "data": {}}).budget, warm_start=good.solution)
    run.stop("cancelled")
    assert FAMILY.solve(instance, run).objective.value <= good.objective.value + 1e-6
