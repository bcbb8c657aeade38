"""Listing every batch: what is listed, when it is given up, and that the program over the list keeps its time."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from containers.optimizer.batching import FAMILY, partition, search
from containers.optimizer.batching.enumeration import CHUNK, all_batches, count_batches
from containers.optimizer.batching.partition import Columns
from containers.optimizer.batching.units import units_of
from containers.optimizer.family import Run
from contracts.optimize import Budget
from tests.containers.optimizer.warehouses import batching_data


def _units(orders: int) -> tuple[Any, Any]:
    instance = FAMILY.read(batching_data(2, orders=orders))
    return instance, units_of(instance, [[part] for part in range(len(instance.parts))])


def test_every_batch_that_fits_is_listed_once_with_the_length_of_its_walk() -> None:
    instance, units = _units(22)
    fits = {
        batch
        for size in range(1, 7)
        for batch in itertools.combinations(range(22), size)
        if sum(instance.parts[p].demand[0] for p in batch) <= 6
    }
    columns = all_batches(instance.floor, units, 10_000)
    assert columns is not None
    assert len(fits) > CHUNK  # more than one chunk
    listed = {
        tuple(columns.members[a:b].tolist()): cost
        for a, b, cost in zip(columns.first[:-1], columns.first[1:], columns.cost, strict=True)
    }
    assert set(listed) == fits
    assert columns.count == len(fits)
    for batch, cost in listed.items():
        places = {pick.position for part in batch for pick in instance.parts[part].picks}
        assert cost == pytest.approx(instance.floor.tour_length(places))
    assert all_batches(instance.floor, units, len(fits)) is not None
    assert all_batches(instance.floor, units, len(fits) - 1) is None


def test_a_full_cart_is_seen_at_once() -> None:
    """400 orders of 1 to 4 pieces and carts of two orders: 400 + 400 x 399 / 2 = 80,200 batches. Trying every later order
    beside each pair would be 400 x 399 x 398 / 6 = 10.6 million tries."""
    instance = FAMILY.read(batching_data(2, orders=400, cart={"orders": 2}))
    units = units_of(instance, [[part] for part in range(len(instance.parts))])
    assert count_batches(units.arrays, 80_200)[0] == 80_200
    assert count_batches(units.arrays, 80_199)[0] == -1


def test_listing_ends_as_soon_as_it_is_not_worth_it() -> None:
    instance, units = _units(22)
    told: list[float] = []

    def worth(share: float) -> bool:
        told.append(share)
        return len(told) < 2

    assert all_batches(instance.floor, units, 10_000, worth) is None
    assert len(told) == 2
    assert told == sorted(told)
    assert told[-1] < 1


class Clock(Run):
    """A run whose time only passes when somebody says so."""

    now = 0.0

    @property
    def elapsed_s(self) -> float:
        return Clock.now


@pytest.mark.parametrize(
    ("budget", "seconds", "share", "worth"),
    [
        (Budget(seconds=10), 0.1, 0.001, True),  # too early to tell
        (Budget(seconds=10), 1.0, 0.3, True),  # 3.3 s for the whole, of 9.8 s x 0.4
        (Budget(seconds=10), 1.0, 0.2, False),  # 5 s
        (Budget(seconds=10), 3.95, 0.99, False),  # what it had is over
        (Budget(seconds=10), 9.9, 1.0, False),  # all is over
        (Budget(seconds=20, iterations=9), 9.0, 0.01, True),  # the clock does not count
    ],
)
def test_listing_may_take_a_share_of_the_time_and_a_part_tells_how_long_the_whole_takes(
    monkeypatch: pytest.MonkeyPatch, budget: Budget, seconds: float, share: float, worth: bool
) -> None:
    asked: list[Callable[[float], bool]] = []
    monkeypatch.setattr(search, "all_batches", lambda _floor, _units, _limit, worth: asked.append(worth))
    monkeypatch.setattr(Clock, "now", 0.0)
    instance, units = _units(5)
    search._listed(instance.floor, units, Clock(budget))
    Clock.now = seconds
    assert asked[0](share) is worth


@pytest.mark.parametrize(("size", "presolve"), [(3, "choose"), (9, "off")])
def test_an_integer_program_of_few_full_rows_is_not_probed(
    monkeypatch: pytest.MonkeyPatch, size: int, presolve: str
) -> None:
    """1,500 batches of 3 or 9 of 15 units: 4,500^2 / 15 entries are 0.14 s of probing, 13,500^2 / 15 are 1.2 s, of 2 s."""
    made: list[Any] = []
    real = partition.highs.solver
    monkeypatch.setattr(partition.highs, "solver", lambda: made.append(real()) or made[-1])
    rng = np.random.default_rng(1)
    members = np.concatenate([rng.choice(15, size, replace=False) for _ in range(1500)]).astype(np.int32)
    alone = Columns(np.arange(16, dtype=np.int64), np.arange(15, dtype=np.int32), np.full(15, 3.0))
    columns = alone + Columns(np.arange(0, 1501 * size, size, dtype=np.int64), members, rng.uniform(1.0, 2.0, 1500))
    partition._integer(columns, 15, 45.0, 2.0, counted=False)
    assert made[0].getOptionValue("presolve")[1] == presolve
