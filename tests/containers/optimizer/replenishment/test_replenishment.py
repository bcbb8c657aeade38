"""Waves find their goods: plans by hand, policies, workers, what cannot be served, and random problems."""

from __future__ import annotations

import copy
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from containers.optimizer.family import Run
from containers.optimizer.replenishment import FAMILY
from containers.optimizer.replenishment.forecast import daily_demand
from contracts.errors import ProblemError
from contracts.layout import location_id
from contracts.optimize import Budget
from contracts.problems.replenishment import Forecast

START = datetime(2026, 3, 2, 6, tzinfo=UTC)


def _at(hours: float) -> str:
    return (START + timedelta(hours=hours)).isoformat()


def _data(waves: list[int], **more: Any) -> dict[str, Any]:
    """One SKU: face at bay 1 on the floor, 100 pieces above it and 100 at bay 5. waves: pieces, one an hour from 8."""
    return {
        "layout": {"type": "parametric", "aisles": 2, "bays_per_block": 6, "levels": 2},
        "stock": [
            {"sku": "A", "location": location_id(0, "L", 0, 0), "quantity": 5},
            {"sku": "A", "location": location_id(0, "L", 0, 1), "quantity": 100},
            {"sku": "A", "location": location_id(0, "L", 4, 1), "quantity": 100},
        ],
        "faces": [{"sku": "A", "location": location_id(0, "L", 0, 0), "max_pieces": 40}],
        "packs": [{"sku": "A", "case_pieces": 10, "pallet_pieces": 40}],
        "orders": [{"id": f"O{i}", "lines": [{"sku": "A", "quantity": n}]} for i, n in enumerate(waves) if n],
        "waves": [
            {"id": f"W{i}", "start_at": _at(2 + i), "orders": [f"O{i}"] if n else []} for i, n in enumerate(waves)
        ],
        "start_at": _at(0),
        **more,
    }


def _solved(data: dict[str, Any], **run: Any) -> Any:
    instance = FAMILY.read(data)
    answer = FAMILY.solve(instance, Run(Budget(seconds=30), **run))
    report = FAMILY.check(instance, answer.solution, run.get("locks"))
    assert report.violations == ()
    assert report.objective.value == pytest.approx(answer.objective.value)
    assert {one.id for one in report.unassigned} == {one.id for one in answer.unassigned}
    assert all(one.smallest_change for one in answer.unassigned)
    if answer.bound.value is not None:
        assert answer.bound.value <= answer.objective.value + 1e-6
    return instance, answer


def test_one_trip_before_the_first_wave_serves_both_waves() -> None:
    """5 lie, waves want 20 and 15: 30 in three cases at once. 90 s + no way (the lot is above) + 3 x 5 s."""
    _, answer = _solved(_data([20, 15]))
    (task,) = answer.solution["tasks"]
    assert (task["pieces"], task["period"], task["from_location"]) == (30, "wave W0", location_id(0, "L", 0, 1))
    assert answer.objective.value == pytest.approx(90 + 15)
    assert answer.bound.value == pytest.approx(105)
    assert task["finish_s"] <= task["due_s"]


def test_a_face_too_small_for_both_waves_is_filled_twice_and_the_second_time_once_it_has_room() -> None:
    """35 + 35 pieces, the face holds 40: 5 + 30, then 0 + 40 which only fits after the first wave at 2 h."""
    _, answer = _solved(_data([35, 35]))
    first, second = answer.solution["tasks"]
    assert (first["pieces"], second["pieces"]) == (30, 40)
    assert second["start_s"] >= 2 * 3600


@pytest.mark.parametrize(("policy", "bay"), [("fefo", 4), ("fifo", 0), ("nearest", 0)])
def test_lots_are_taken_by_policy(policy: str, bay: int) -> None:
    near, far = location_id(0, "L", 0, 1), location_id(0, "L", 4, 1)
    lots = [
        {"sku": "A", "location": near, "quantity": 100, "received_at": _at(-200), "expires_at": _at(900)},
        {"sku": "A", "location": far, "quantity": 100, "received_at": _at(-100), "expires_at": _at(500)},
    ]
    _, answer = _solved(_data([20], lots=lots, policy=policy))
    assert answer.solution["tasks"][0]["from_location"] == location_id(0, "L", bay, 1)


def test_what_expires_before_the_wave_stays_where_it_is() -> None:
    lots = [{"sku": "A", "location": location_id(0, "L", 0, 1), "quantity": 100, "expires_at": _at(1)}]
    _, answer = _solved(_data([20], lots=lots))
    assert answer.solution["tasks"] == []
    assert answer.unassigned[0].reason == "out-of-reserve"


def test_pallets_come_down_whole_and_pieces_one_by_one() -> None:
    assert _solved(_data([20], multiple="piece"))[1].solution["tasks"][0]["pieces"] == 15
    (pallet,) = _solved(_data([20], multiple="pallet"))[1].solution["tasks"]
    # 5 lie, a pallet of 40 does not fit beside them: it comes when they are gone.
    assert (pallet["pieces"], pallet["trip"]) == (40, 2)


def test_demand_that_cannot_be_served_says_why() -> None:
    bare = _data([30])
    bare["stock"] = bare["stock"][:1]
    assert _solved(bare)[1].unassigned[0].reason == "out-of-reserve"
    stranger = _data([10])
    stranger["orders"][0]["lines"].append({"sku": "B", "quantity": 1})
    assert _solved(stranger)[1].unassigned[0].reason == "no-pick-face"
    assert _solved(_data([30]), locks={"skip": ["A"]})[1].unassigned[0].reason == "locked"


def test_two_workers_are_late_less_than_one_and_late_tasks_are_counted() -> None:
    data = _data([0])
    skus = [f"S{i}" for i in range(8)]
    data["faces"] = [
        {"sku": sku, "location": location_id(0, "R", i % 6, i // 6), "max_pieces": 20} for i, sku in enumerate(skus)
    ]
    data["stock"] = [
        {"sku": sku, "location": location_id(1, "R", i % 6, 0), "quantity": 50} for i, sku in enumerate(skus)
    ]
    data["orders"] = [{"id": "O0", "lines": [{"sku": sku, "quantity": 5} for sku in skus]}]
    data["waves"] = [{"id": "W0", "start_at": _at(0.1), "orders": ["O0"]}]
    one, two = (_solved({**data, "workers": n})[1] for n in (1, 2))
    assert one.solution["late_tasks"] > two.solution["late_tasks"]
    assert one.objective.parts["late"] > two.objective.parts["late"]


def test_without_any_demand_a_face_below_its_min_is_filled_when_that_pays() -> None:
    """5 of at least 30 pieces lie there, 3 cases come down: about 100 s against 25 pieces x below_min_s."""
    data = _data([])
    data["faces"][0]["min_pieces"] = 30
    _, filled = _solved({**data, "below_min_s": 60.0})
    assert [task["pieces"] for task in filled.solution["tasks"]] == [30]
    assert filled.objective.parts["below_min"] == 0
    _, left = _solved({**data, "below_min_s": 1.0})
    assert left.solution["tasks"] == []


def test_a_better_plan_by_hand_is_kept_and_a_worse_or_broken_one_is_not() -> None:
    """Two articles, one worker, both due when work begins: the rule takes them by the order of their faces, the short task
    first is less late."""
    data = _data([1])
    far, near = location_id(1, "L", 5, 1), location_id(0, "L", 1, 1)
    data["stock"] = [{"sku": "A", "location": far, "quantity": 50}, {"sku": "B", "location": near, "quantity": 50}]
    data["faces"].append({"sku": "B", "location": location_id(0, "L", 1, 0), "max_pieces": 40})
    data["orders"] = [{"id": "O0", "lines": [{"sku": "A", "quantity": 5}, {"sku": "B", "quantity": 5}]}]
    data["waves"][0]["start_at"] = _at(0)
    data["late_weight"] = 10.0
    _, by_rule = _solved(data)
    assert [task["sku"] for task in by_rule.solution["tasks"]] == ["A", "B"]
    plan = copy.deepcopy(by_rule.solution)
    first, second = plan["tasks"][1], plan["tasks"][0]
    first.update(start_s=0.0, finish_s=first["seconds"])
    second.update(start_s=first["seconds"], finish_s=first["seconds"] + second["seconds"])
    _, kept = _solved(data, warm_start=plan)
    assert kept.objective.value < by_rule.objective.value
    assert [(task["sku"], task["start_s"]) for task in kept.solution["tasks"]] == [
        ("A", first["seconds"]),
        ("B", 0.0),
    ]
    broken = copy.deepcopy(plan)
    broken["tasks"][0]["pieces"] = 500
    again = _solved(data, warm_start=broken)[1]
    assert again.objective.value == pytest.approx(by_rule.objective.value)
    assert again.notes[0].startswith("the warm start was not used: /warm_start/tasks/")
    empty = {**plan, "tasks": []}
    assert _solved(data, warm_start=empty)[1].objective.value == pytest.approx(by_rule.objective.value)


def test_a_plan_is_not_dearer_than_reactive_min_max() -> None:
    data = _data([10, 30, 12, 25, 31])
    data["faces"][0]["min_pieces"] = 8
    instance, answer = _solved(data)
    assert answer.objective.value <= FAMILY.baseline(instance).value + 1e-6


def test_forecasts_come_from_their_seed_and_grow_with_the_service_level() -> None:
    history = [{"sku": "A", "daily_pieces": [0, 3, 9, 4, 0, 12, 5]}]
    low, again, high = (
        daily_demand(Forecast(days=3, service_level=level, seed=5, history=history)) for level in (0.5, 0.5, 0.95)
    )
    assert low == again
    assert sum(low["A"]) < sum(high["A"]) <= 36
    _, answer = _solved(_data([5], forecast={"days": 2, "history": history}))
    assert {task["period"] for task in answer.solution["tasks"]} <= {"wave W0", "day-1", "day-2"}
    assert answer.solution["tasks"]


def test_a_forward_area_is_divided_among_articles() -> None:
    area = {"volume_mm3": 10**9, "saved_s_per_pick": 20, "restock_s": 120}
    data = _data([20, 15], forward_area=area)
    data["items"] = [{"sku": "A", "length_mm": 100, "width_mm": 100, "height_mm": 100}]
    (share,) = _solved(data)[1].solution["shares"]
    assert (share["pieces"], share["restocks_per_day"]) == (1000, pytest.approx(35 / 1000))


def test_each_way_of_spoiling_a_plan_is_seen() -> None:
    instance, answer = _solved(_data([35, 35]))
    for spoil, word in (
        (lambda p: p["tasks"][0].update(pieces=25), "multiple"),
        (lambda p: p["tasks"][0].update(seconds=1.0), "takes"),
        (lambda p: p["tasks"][1].update(start_s=0.0, finish_s=7200.0), "room"),
        (lambda p: p["tasks"][1].update(start_s=1.0, worker=0, finish_s=9000.0), "at once"),
        (lambda p: p["tasks"][0].update(from_location=location_id(0, "L", 4, 1)), "order of"),
        (lambda p: p["tasks"][0].update(pieces=80), "holds 40"),
        (lambda p: p["tasks"][0].update(worker=9), "numbered"),
    ):
        plan = copy.deepcopy(answer.solution)
        spoil(plan)
        told = " ".join(fault.detail for fault in FAMILY.check(instance, plan, None).violations)
        assert word in told, (word, told)


@pytest.mark.parametrize("seed", range(25))
def test_random_problems_get_a_checked_plan(seed: int) -> None:
    rng = random.Random(seed)
    skus = [f"S{i}" for i in range(rng.randint(0, 6))]
    places = [location_id(a, s, b, n) for a in range(2) for s in "LR" for b in range(6) for n in range(2)]
    rng.shuffle(places)
    orders = [
        {"id": f"O{i}", "lines": [{"sku": rng.choice([*skus, "X"]), "quantity": rng.randint(1, 25)}]} for i in range(12)
    ]
    data = _data([])
    data |= {
        "stock": [{"sku": rng.choice([*skus, "X"]), "location": rng.choice(places), "quantity": rng.randint(0, 60)} for _ in range(12)],
        "faces": [
            {"sku": sku, "location": places[i], "min_pieces": rng.randint(0, 5), "max_pieces": rng.randint(5, 40)}
            for i, sku in enumerate(skus)
        ],
        "packs": [{"sku": sku, "case_pieces": rng.randint(1, 12), "pallet_pieces": 24} for sku in skus],
        "orders": orders,
        "waves": [
            {"id": f"W{w}", "start_at": _at(1 + w), "minutes": 20, "orders": [f"O{i}" for i in range(12) if i % 4 == w]}
            for w in range(3)
        ],
        "multiple": rng.choice(["piece", "case", "pallet"]),
        "policy": rng.choice(["fefo", "fifo", "nearest"]),
        "workers": rng.randint(1, 3),
        "work": {"fixed_s": rng.choice([0, 90]), "trip_pieces": rng.choice([None, 10])},
        "holding_s": rng.choice([0, 2]),
    }  # fmt: skip
    _solved(data)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"surplus": 1}, "/data/surplus"),
        ({"faces": [{"sku": "A", "location": "B99", "max_pieces": 3}]}, "/data/faces/0/location"),
        ({"faces": [{"sku": "A", "location": "A01-L-001-1", "min_pieces": 5, "max_pieces": 3}]}, "/data/faces/0"),
        ({"waves": [{"id": "W", "start_at": _at(1), "orders": ["nobody"]}]}, "/data"),
        ({"waves": [{"id": "W", "start_at": _at(-1), "orders": []}]}, "/data"),
        ({"holding_s": float("nan")}, "/data/holding_s"),
        ({"start_at": "yesterday"}, "/data/start_at"),
    ],
)
def test_a_fault_is_named_by_its_pointer(change: dict[str, Any], pointer: str) -> None:
    with pytest.raises(ProblemError) as caught:
        FAMILY.read({**_data([10]), **change})
    assert any(fault.pointer.startswith(pointer) for fault in caught.value.errors)
