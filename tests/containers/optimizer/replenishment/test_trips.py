"""Trips during waves: plans by hand, the dynamic program beside every plan there is, and what holds for any problem."""

from __future__ import annotations

import copy
import itertools
import random
from collections.abc import Iterator
from typing import Any

import pytest

from containers.optimizer.family import Run
from containers.optimizer.replenishment import FAMILY
from contracts.errors import ProblemError
from contracts.layout import location_id
from contracts.optimize import Budget
from tests.containers.optimizer.replenishment.test_replenishment import _at, _data, _solved

HOUR = 3600.0
FACE, ABOVE = location_id(0, "L", 0, 0), location_id(0, "L", 0, 1)


def _wave(pieces: int, minutes: float = 60.0, **more: Any) -> dict[str, Any]:
    """5 pieces lie in a face that holds 40; one wave at 2 h; reserve above the face, so that a trip of c cases takes 90 + 5 c s."""
    data = _data([pieces], **more)
    data["waves"][0]["minutes"] = minutes
    return data


def test_what_the_face_cannot_hold_comes_while_the_wave_is_picked_and_before_the_face_is_empty() -> None:
    """65 asked for in 65 minutes, one a minute: 5 + 30 before the wave, 30 in it. The face has room for them when 65 - 40 = 25 are
    gone, at 25 min, and the 36th piece is needed at 35 min: 105 s of work are in time."""
    _, answer = _solved(_wave(65, minutes=65))
    first, second = answer.solution["tasks"]
    assert [(task["trip"], task["pieces"]) for task in (first, second)] == [(1, 30), (2, 30)]
    assert second["start_s"] == pytest.approx(2 * HOUR + 25 * 60)
    assert second["due_s"] == pytest.approx(2 * HOUR + 35 * 60)
    assert answer.objective.value == pytest.approx(105 + 105 + 300)
    assert answer.bound.value == pytest.approx(510)
    assert (answer.unassigned, answer.solution["late_tasks"], answer.solution["trips_during_waves"]) == ((), 0, 1)


def test_a_wave_of_many_faces_full_gets_a_third_and_a_fourth_trip() -> None:
    """145 pieces = 5 + 140 in a face of 45, one in 2 min: four trips of at most 40. Between room for 40 and the need of them 5 pieces
    are picked, 10 min, and the trip takes 110 s: each is in time."""
    data = _wave(145, minutes=290)
    data["faces"][0]["max_pieces"] = 45
    _, answer = _solved(data)
    tasks = answer.solution["tasks"]
    assert [task["trip"] for task in tasks] == [1, 2, 3, 4]
    assert sum(task["pieces"] for task in tasks) == 140
    assert all(task["pieces"] <= 40 and task["finish_s"] <= task["due_s"] for task in tasks)


def test_known_picking_times_say_when_the_second_trip_has_room_and_is_needed() -> None:
    """Orders of 30, 20 and 15 pieces at 10, 30 and 50 min. 35 lie there at the start; at 10 min 5 are left and 30 more have room;
    the order at 30 min needs them."""
    data = _wave(30)
    data["orders"] += [
        {"id": "late", "lines": [{"sku": "A", "quantity": 15}]},
        {"id": "mid", "lines": [{"sku": "A", "quantity": 20}]},
    ]
    data["waves"][0] |= {"orders": ["O0", "late", "mid"], "order_minutes": [10, 50, 30]}
    _, answer = _solved(data)
    second = answer.solution["tasks"][1]
    assert (second["trip"], second["pieces"]) == (2, 30)
    assert second["start_s"] == pytest.approx(2 * HOUR + 600)
    assert second["due_s"] == pytest.approx(2 * HOUR + 1800)


def test_a_wave_that_is_picked_at_once_waits_for_its_second_trip() -> None:
    """65 pieces at one instant: the face has room for 25 at 2 h, when they are needed: late by 90 + 15 s."""
    _, answer = _solved(_wave(65, minutes=0))
    second = answer.solution["tasks"][1]
    assert (second["trip"], second["start_s"], second["due_s"]) == (2, 2 * HOUR, 2 * HOUR)
    assert answer.objective.parts["late"] == pytest.approx(105)
    assert answer.solution["late_tasks"] == 1


def test_a_short_wave_gets_small_trips_in_time_when_lateness_is_dear_and_large_ones_when_work_is() -> None:
    """200 pieces in 100 min: a face of 40 lasts 20 min. Full trips have no time between room and need; with a price on lateness
    the trips are smaller and none is late; with none they are as few as can be: 195 = 20 cases, 4 in each at most, 3 in the first."""
    dear = _solved(_wave(200, minutes=100, late_weight=50.0))[1]
    cheap = _solved(_wave(200, minutes=100, late_weight=0.0))[1]
    assert dear.solution["late_tasks"] == 0
    assert len(cheap.solution["tasks"]) == 6
    assert len(dear.solution["tasks"]) > 6


def test_goods_lie_there_when_the_wave_starts_where_the_face_holds_them() -> None:
    """Three waves of 25, a face of 40: before each, as it must be, though two large trips, one of them in a wave, were less work."""
    data = _data([25, 25, 25])
    data["stock"][0]["quantity"] = 0
    for wave in data["waves"]:
        wave["minutes"] = 30
    assert _solved(data)[1].solution["trips_during_waves"] == 0
    assert _solved({**data, "during_wave_s": 0.0})[1].solution["trips_during_waves"] == 1


def test_what_no_trip_can_serve_is_told_with_the_smallest_change_that_serves_it() -> None:
    """Each change is made and leaves nothing out; one less leaves something."""
    large = _wave(30, multiple="pallet")
    large["faces"][0]["max_pieces"] = 39
    (left,) = _solved(large)[1].unassigned
    assert (left.reason, "max_pieces of 'A' to 40" in left.smallest_change) == ("multiple-does-not-fit", True)
    large["faces"][0]["max_pieces"] = 40
    assert _solved(large)[1].unassigned == ()
    few = _wave(300)
    (left,) = _solved(few)[1].unassigned  # 5 + 200 lie there; cases of 10: 295 more are 30 cases
    assert (left.reason, left.smallest_change) == ("out-of-reserve", "bring 100 more pieces of 'A' into reserve")
    assert left.detail == "95 pieces are missing, first in wave W0"
    few["stock"][2]["quantity"] = 200
    assert _solved(few)[1].unassigned == ()
    few["stock"][2]["quantity"] = 199
    assert _solved(few)[1].unassigned[0].smallest_change.startswith("bring 1 more")


def test_a_plan_for_the_rest_and_for_days_to_come_tops_up_too() -> None:
    data = _data([])
    data["orders"] = [{"id": "R", "lines": [{"sku": "A", "quantity": 90}]}]
    data["forecast"] = {"days": 1, "minutes": 480, "history": [{"sku": "A", "daily_pieces": [70]}]}
    _, answer = _solved({**data, "rest_minutes": 240})
    assert {(task["period"], task["trip"]) for task in answer.solution["tasks"]} >= {
        ("rest", 1), ("rest", 2), ("day-1", 1), ("day-1", 2),
    }  # fmt: skip
    assert answer.unassigned == ()


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"order_minutes": [1, 2]}, "one time for each"),
        ({"order_minutes": [90]}, "raise minutes to 90"),
        ({"order_minutes": [-1]}, "greater than or equal"),
    ],
)
def test_picking_times_that_cannot_be_are_refused(change: dict[str, Any], word: str) -> None:
    data = _wave(10)
    data["waves"][0] |= change
    with pytest.raises(ProblemError, match=word) as caught:
        FAMILY.read(data)
    assert caught.value.errors[0].pointer.startswith("/data")


def test_each_way_of_spoiling_a_trip_is_seen() -> None:
    instance, answer = _solved(_wave(65, minutes=65))
    for spoil, word in (
        (lambda p: p["tasks"][1].update(start_s=2 * HOUR + 24 * 60), "room"),
        (lambda p: p["tasks"][1].update(due_s=2 * HOUR + 36 * 60), "due"),
        (lambda p: p["tasks"][1].update(trip=1), "holds 40"),
        (lambda p: p["tasks"][1].update(pieces=35), "multiple"),
    ):
        plan = copy.deepcopy(answer.solution)
        spoil(plan)
        told = " ".join(fault.detail for fault in FAMILY.check(instance, plan, None).violations)
        assert word in told, (word, told)


def _tiny(rng: random.Random) -> dict[str, Any]:
    """One face, one or two waves, a lot above it: few enough multiples to try everything."""
    data = _data([rng.randint(0, 9) for _ in range(rng.randint(1, 2))])
    data["stock"] = [
        {"sku": "A", "location": FACE, "quantity": rng.randint(0, 4)},
        {"sku": "A", "location": ABOVE, "quantity": rng.randint(0, 16)},
    ]
    data["faces"][0] |= {"max_pieces": rng.randint(2, 6), "min_pieces": rng.randint(0, 2)}
    data["packs"] = [{"sku": "A", "case_pieces": rng.randint(2, 3)}]
    for wave in data["waves"]:
        wave["minutes"] = rng.choice([0, 5, 12])
    work = {"fixed_s": rng.choice([0.0, 40.0]), "case_s": 7.0, "trip_pieces": rng.choice([None, 3])}
    prices = {"holding_s": rng.choice([0.0, 3.0]), "below_min_s": 4.0, "late_weight": rng.choice([0.5, 3.0])}
    return {**data, "workers": 50, "work": work, "during_wave_s": rng.choice([0.0, 25.0]), **prices}


def _plans(multiples: int, widest: int, periods: int) -> Iterator[tuple[tuple[int, ...], ...]]:
    """Multiples per trip, the first of each period (which may be none) before it starts."""

    def of_period(left: int) -> Iterator[tuple[int, ...]]:
        for first in range(min(left, widest) + 1):
            yield from ((first, *rest) for rest in within(left - first))

    def within(left: int) -> Iterator[tuple[int, ...]]:
        yield ()
        for size in range(1, min(left, widest) + 1):
            yield from ((size, *rest) for rest in within(left - size))

    if periods == 0:
        yield ()
        return
    for head in of_period(multiples):
        yield from ((head, *tail) for tail in _plans(multiples - sum(head), widest, periods - 1))


def _cost(data: dict[str, Any], plan: tuple[tuple[int, ...], ...]) -> float:
    """Piece by piece: what the plan costs when each trip begins as soon as the face has room; infinity when it serves less than
    it could or overfills the face."""
    most, low = data["faces"][0]["max_pieces"], data["faces"][0]["min_pieces"]
    case, work = data["packs"][0]["case_pieces"], data["work"]
    need, gone, wanted = [], [], []
    for w, wave in enumerate(data["waves"]):
        pieces = sum(o["lines"][0]["quantity"] for o in data["orders"] if o["id"] in wave["orders"])
        wanted.append(pieces)
        start, step = (2 + w) * HOUR, wave["minutes"] * 60 / max(1, pieces)
        need += [start + step * i for i in range(pieces)]
        gone += [start + step * (i + 1) for i in range(pieces)]
    come, picked, cost = data["stock"][0]["quantity"], 0, 0.0
    for w, trips in enumerate(plan):
        for number, multiples in enumerate(trips):
            if multiples == 0:
                continue
            pieces = multiples * case
            if number == 0 and come - picked + pieces > most:
                return float("inf")
            if number > 0 and come - picked >= wanted[w]:
                return float("inf")  # nobody needs it in this wave
            due = (2 + w) * HOUR if number == 0 else need[come]
            come += pieces
            room = come - most
            begin = gone[room - 1] if room > 0 else 0.0
            rounds = -(-pieces // work["trip_pieces"]) if work["trip_pieces"] else 1
            seconds = rounds * work["fixed_s"] + work["case_s"] * multiples
            cost += seconds + data["late_weight"] * max(0.0, begin + seconds - due)
            cost += data["during_wave_s"] * (number > 0)
        if come - picked < wanted[w]:
            return float("inf")
        picked += wanted[w]
        cost += data["holding_s"] * (come - picked) + data["below_min_s"] * max(0, low - come + picked)
    return cost


@pytest.mark.parametrize("seed", range(150))
def test_the_trips_are_the_cheapest_of_all_plans(seed: int) -> None:
    rng = random.Random(seed)
    data = _tiny(rng)
    case, most = data["packs"][0]["case_pieces"], data["faces"][0]["max_pieces"]
    supply = data["stock"][1]["quantity"] // case if case <= most else 0
    best = min(_cost(data, plan) for plan in _plans(supply, most // case, len(data["waves"])))
    _, answer = _solved(data)
    if best == float("inf"):
        assert answer.unassigned
        assert answer.bound.value is None
    else:
        assert answer.objective.value == pytest.approx(best)
        assert answer.bound.value == pytest.approx(best)


@pytest.mark.parametrize("seed", range(40))
def test_all_that_reserve_and_multiples_allow_is_served_and_no_trip_is_larger_than_the_face(seed: int) -> None:
    """Many faces, lots, workers; waves of unknown and known times that may overlap. Never dearer than reactive min/max."""
    rng = random.Random(seed)
    places = [location_id(a, s, b, n) for a in range(2) for s in "LR" for b in range(6) for n in range(2)]
    rng.shuffle(places)
    skus = [f"S{i}" for i in range(rng.randint(1, 5))]
    data = _data([])
    data["orders"] = [
        {"id": f"O{i}", "lines": [{"sku": sku, "quantity": rng.randint(1, 60)} for sku in rng.sample(skus, rng.randint(1, len(skus)))]}
        for i in range(9)
    ]  # fmt: skip
    data["waves"] = [
        {"id": f"W{w}", "start_at": _at(1 + w), "minutes": 90, "orders": [f"O{i}" for i in range(9) if i % 4 == w]}
        for w in range(3)
    ]
    if rng.random() < 0.5:
        orders = data["waves"][1]["orders"]
        data["waves"][1]["order_minutes"] = [rng.uniform(0, 90) for _ in orders]
    data["stock"] = [
        {"sku": rng.choice(skus), "location": places[8 + i], "quantity": rng.randint(0, 150)} for i in range(12)
    ]
    data["faces"] = [
        {"sku": sku, "location": places[i], "min_pieces": rng.randint(0, 5), "max_pieces": rng.randint(5, 40)}
        for i, sku in enumerate(skus)
    ]
    data["packs"] = [{"sku": sku, "case_pieces": rng.randint(1, 12), "pallet_pieces": 24} for sku in skus]
    data |= {
        "multiple": rng.choice(["piece", "case", "pallet"]),
        "policy": rng.choice(["fefo", "fifo", "nearest"]),
        "workers": rng.randint(1, 3),
        "rest_minutes": rng.choice([0, 60]),
        "work": {"fixed_s": rng.choice([0, 90]), "trip_pieces": rng.choice([None, 10])},
    }
    instance, answer = _solved(data)
    assert answer.objective.value <= FAMILY.baseline(instance).value + 1e-6
    come = {sku: sum(task["pieces"] for task in answer.solution["tasks"] if task["sku"] == sku) for sku in skus}
    left = {one.id: one for one in answer.unassigned}
    for face in instance.faces:
        fits = face.multiple <= face.source.max_pieces
        can = face.begin + (face.reserve // face.multiple * face.multiple if fits else 0)
        assert (face.source.sku in left) == (can < sum(face.demand))
        assert face.begin + come[face.source.sku] >= min(can, sum(face.demand))
    trips = itertools.groupby(
        sorted(answer.solution["tasks"], key=lambda t: (t["sku"], t["period"], t["trip"])),
        key=lambda t: (t["sku"], t["period"], t["trip"]),
    )
    room = {face.source.sku: face.source.max_pieces for face in instance.faces}
    for (sku, _period, _trip), tasks in trips:
        assert sum(task["pieces"] for task in tasks) <= room[sku]


def test_when_the_time_is_over_faces_are_filled_by_rule_and_nothing_more_is_left_out() -> None:
    """One face may be sized, as counted by iterations; the second gets what min/max would bring."""
    data = _wave(65, minutes=65)
    data["faces"].append({"sku": "B", "location": location_id(1, "L", 0, 0), "max_pieces": 20})
    data["stock"].append({"sku": "B", "location": location_id(1, "L", 0, 1), "quantity": 100})
    data["orders"][0]["lines"].append({"sku": "B", "quantity": 50})
    instance = FAMILY.read(data)
    answer = FAMILY.solve(instance, Run(Budget(seconds=30, iterations=1)))
    report = FAMILY.check(instance, answer.solution, None)
    assert (report.violations, report.unassigned, answer.unassigned) == ((), (), ())
    assert answer.stopped_by == "iterations"
    assert answer.bound.value is None
