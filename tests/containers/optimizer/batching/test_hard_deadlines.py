"""What hard deadlines leave out: nothing of the rest is late, and what can come back without making anything late does."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from containers.optimizer.batching import FAMILY
from containers.optimizer.batching.answer import answer_of
from containers.optimizer.batching.problem import Instance, fits, read
from containers.optimizer.batching.schedule import kept
from tests.containers.optimizer.warehouses import batching_data

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
SEEDS = range(12)


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> None:
    FAMILY.warm()


def crowded(seed: int, orders: int = 70) -> tuple[Instance, list[list[int]]]:
    """More than two pickers can do in time, and orders on carts at random."""
    rng = random.Random(seed)
    data = batching_data(seed, orders=orders, due="hard", objective="time", start_at=START.isoformat(), pickers=2)
    for order in data["orders"]:
        order["due_at"] = (START + timedelta(minutes=rng.randint(1, 12))).isoformat()
        order["priority"] = rng.randint(0, 2)
    instance = read(data)
    batches: list[list[int]] = []
    for part in rng.sample(range(len(instance.parts)), len(instance.parts)):
        if not batches or rng.random() < 0.3 or not fits(instance, [instance.parts[p] for p in (*batches[-1], part)]):
            batches.append([])
        batches[-1].append(part)
    return instance, batches


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_kept_is_in_time_and_what_can_come_back_does(seed: int) -> None:
    instance, batches = crowded(seed)
    strict, without = kept(instance, batches)
    plan, told = kept(instance, batches, shut=frozenset())
    left, fewer = {one.id for one in without}, {one.id for one in told}
    assert left, "nothing is late here: the test needs more orders"
    assert fewer <= left
    for result, out in ((strict, left), (plan, fewer)):
        assert sorted(p for batch in result for p in batch) == [
            p for p, part in enumerate(instance.parts) if part.order.id not in out
        ]
        assert all(fits(instance, [instance.parts[p] for p in batch]) for batch in result)
        assert FAMILY.check(instance, answer_of(instance, result).solution, None).violations == ()


def test_some_do_come_back() -> None:
    found = [[len(kept(*crowded(seed), shut=shut)[1]) for shut in (None, frozenset[int]())] for seed in SEEDS]
    assert sum(one < before for before, one in found) > len(found) / 2, found


@pytest.mark.parametrize("seed", SEEDS)
def test_sealed_batches_take_nothing_and_locked_orders_do_not_come_back_alone(seed: int) -> None:
    instance, batches = crowded(seed)
    rest, _ = kept(instance, batches)
    sealed = max(rest, key=len)
    locked = frozenset(instance.parts[p].order.id for p in sealed)
    plan, told = kept(instance, batches, locked, frozenset(sealed))
    after = [batch for batch in plan if set(batch) & set(sealed)]
    assert all(set(batch) <= {p for one in batches if set(one) & set(sealed) for p in one} for batch in after)
    _, before = kept(instance, batches, locked)
    assert {one.id for one in before} & locked == {one.id for one in told} & locked
