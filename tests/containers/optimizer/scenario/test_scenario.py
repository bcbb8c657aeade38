"""Scenarios: figures that follow from the plan, and a simulation that is right where nothing is uncertain."""

from __future__ import annotations

import random
from typing import Any

import pytest

from containers.optimizer.execute import execute
from containers.optimizer.family import Run
from containers.optimizer.scenario import FAMILY
from containers.optimizer.scenario.simulate import simulate
from containers.optimizer.scenario.steps import NO_TIME, affordable, least_seconds
from containers.optimizer.scenario.tours import Tour, along
from contracts.errors import ProblemError
from contracts.optimize import Budget, OptimizeRequest, OptimizeResult
from contracts.problems.batching import Pace
from contracts.problems.labour import Window
from contracts.problems.scenario import Crew, SimulationSettings

# Two aisles of ten bays, 5 m apart; bay b of an aisle lies 1 + b metres from the front; the depot is at aisle 1.
LAYOUT = {"type": "parametric", "aisles": 2, "bays_per_block": 10, "sides": 1}
NEAR, FAR, OTHER = "A01-L-001-1", "A01-L-010-1", "A02-L-001-1"
STOCK = [
    {"sku": sku, "location": place, "quantity": 100} for sku, place in (("near", NEAR), ("far", FAR), ("other", OTHER))
]
PACE = {"walk_m_per_s": 2.0, "stop_s": 10.0, "setup_s": 30.0}
CERTAIN = SimulationSettings(runs=1, walk_cv=0, handling_cv=0)


def orders(*skus: str) -> list[dict[str, Any]]:
    return [{"id": f"O{n}", "lines": [{"sku": sku, "quantity": 1}]} for n, sku in enumerate(skus)]


STEPS = ["route", "batch", "labour"]


def run(
    seconds: float = 600.0,
    locks: dict[str, Any] | None = None,
    warm_start: dict[str, Any] | None = None,
    iterations: int = 2_000,
    **data: Any,
) -> OptimizeResult:
    whole = {"layout": LAYOUT, "stock": STOCK, "cart": {"orders": 2}, "pace": PACE, "steps": STEPS, **data}
    budget = Budget(seconds=seconds, iterations=iterations, seed=4)
    request = OptimizeRequest(problem="scenario", data=whole, budget=budget, locks=locks, warm_start=warm_start)
    return execute(request, Run(budget, warm_start, locks))


def test_each_step_is_measured_on_the_same_orders() -> None:
    """Carts of two as they come: (near, far) and (near, far). S-shape: in at aisle 1, through to the back (11 m), back
    by the same aisle: 2 x 11 = 22 m each, 44 in all. Shortest: to the far bay and back, 2 x 10 = 20 m each, 40 in all.
    Grouped anew, the near ones go together: 2 x 1 + 2 x 10 = 22 m."""
    result = run(orders=orders("near", "far", "near", "far"))
    metres = {stage["step"]: stage["metres"] for stage in result.solution["stages"]}
    assert metres["route"] == pytest.approx(40)
    assert metres["batch"] == pytest.approx(22)
    assert metres["today"] >= metres["route"]
    assert result.solution["saved_metres"] == pytest.approx(metres["today"] - 22)


def test_moving_the_articles_that_are_asked_for_to_the_front_is_a_step_of_its_own() -> None:
    """ "far" is asked for ten times and lies at the back; bay 2 of its aisle is free. A tour to bay 1 + b walks
    2 x (1 + b) m; after the move each is shorter, for the moves that pay are made before anything else changes."""
    settings = {"work": {"fixed_s": 1.0}, "payback_days": 365}
    result = run(orders=orders(*["far"] * 10), steps=["reslot", "route"], reslotting=settings, cart={"orders": 1})
    stages = {stage["step"]: stage for stage in result.solution["stages"]}
    assert result.solution["moves"]
    assert {move["sku"] for move in result.solution["moves"]} >= {"far"}
    assert stages["reslot"]["metres"] < stages["today"]["metres"]
    assert stages["route"]["metres"] < 10 * 20  # ten tours to the far bay would walk 20 m each
    assert result.solution["moves_minutes"] > 0


def test_an_empty_place_is_not_carried_about() -> None:
    """ "far" is asked for and lies in bay 8; the place at the back is its own too, but nothing is there to move."""
    stock = [*STOCK[:1], {**STOCK[1], "quantity": 0}, STOCK[2], {**STOCK[1], "location": "A01-L-008-1"}]
    settings = {"work": {"fixed_s": 1.0}, "payback_days": 365}
    result = run(orders=orders(*["far"] * 10), steps=["reslot"], reslotting=settings, cart={"orders": 1}, stock=stock)
    moved = [move["from_location"] for move in result.solution["moves"]]
    assert "A01-L-008-1" in moved
    assert FAR not in moved


def test_locked_articles_do_not_move_and_locked_orders_share_a_cart() -> None:
    """As above, "far" would move; and apart from the locks near ones would go together (O0 and O2)."""
    settings = {"work": {"fixed_s": 1.0}, "payback_days": 365}
    far = orders(*["far"] * 10)
    moving = {"orders": far, "steps": ["reslot", "route"], "reslotting": settings, "cart": {"orders": 1}}
    assert "far" in {move["sku"] for move in run(**moving).solution["moves"]}
    assert "far" not in {move["sku"] for move in run(**moving, locks={"keep": ["far"]}).solution["moves"]}
    locked = run(orders=orders("near", "far", "near", "far"), locks={"together": [["O0", "O1"]]})
    assert ["O0", "O1"] in [sorted(batch["orders"]) for batch in locked.solution["batches"]]
    assert locked.solution["stages"][-1]["metres"] == pytest.approx(40)


@pytest.mark.parametrize(
    ("locks", "pointer"),
    [
        ({"keep": ["nowhere"]}, "/locks/keep"),
        ({"together": [["O0", "O7"]]}, "/locks/together/0"),
        ({"move": []}, "/locks/move"),
    ],
)
def test_locks_that_cannot_be_kept_are_named(locks: dict[str, Any], pointer: str) -> None:
    with pytest.raises(ProblemError) as caught:
        run(orders=orders("near", "far"), steps=["reslot", "batch"], locks=locks)
    assert pointer in [fault.pointer for fault in caught.value.errors]


def test_an_earlier_chain_is_where_the_next_one_starts() -> None:
    """With one iteration a step does next to nothing by itself, and still ends no worse than it began."""
    rng = random.Random(8)
    skus = [rng.choice(("near", "far", "other")) for _ in range(24)]
    data = {"orders": orders(*skus), "steps": ["reslot", "batch"], "cart": {"orders": 3}}
    data["reslotting"] = {"work": {"fixed_s": 1.0}, "payback_days": 365}
    good = run(**data)
    again = run(**data, warm_start=good.solution, iterations=1)
    assert good.solution["moves"]
    assert again.objective.value <= good.objective.value + 1e-6
    with pytest.raises(ProblemError) as caught:
        run(**data, warm_start={"batches": 3})
    assert all(fault.pointer.startswith("/warm_start") for fault in caught.value.errors)


def test_a_building_without_paying_moves_stays_as_it_is() -> None:
    settings = {"work": {"fixed_s": 80_000.0}, "payback_days": 0.1}
    result = run(orders=orders("far"), steps=["reslot", "route"], reslotting=settings)
    assert result.solution["moves"] == []


def test_seconds_and_money_follow_from_the_pace_and_the_wage() -> None:
    """One order at the near bay: 2 m at 2 m/s, one stop of 10 s, set-up 30 s: 41 s. At 3600 an hour: 41."""
    result = run(orders=orders("near"), wage_per_hour=3600, days=1, days_per_year=100, steps=["route"])
    last = result.solution["stages"][-1]
    assert last["seconds"] == pytest.approx(41)
    assert last["cost"] == 41
    first = result.solution["stages"][0]
    assert result.solution["saved_cost_per_year"] == (first["cost"] - 41) * 100


def test_the_answer_names_who_walks_which_tour_from_when() -> None:
    result = run(orders=orders("near", "far", "other", "near"), crew={"pickers": 2})
    rows = result.solution["batches"]
    assert {row["picker"] for row in rows} <= {0, 1}
    assert all(row["finish_s"] > row["start_s"] >= 0 for row in rows)
    finish = max(row["finish_s"] for row in rows)
    assert result.solution["stages"][-1]["finish_s"] == pytest.approx(finish)


def test_without_chance_the_simulation_ends_when_the_plan_says() -> None:
    settings = {"runs": 3, "walk_cv": 0, "handling_cv": 0}
    result = run(orders=orders("near", "far", "other", "near", "far"), crew={"pickers": 2}, simulation=settings)
    forecast = result.solution["forecast"]
    assert forecast["mean_finish_s"] == pytest.approx(forecast["predicted_finish_s"])
    assert forecast["holds"] is True


def test_uneven_work_is_right_on_average() -> None:
    """400 runs of a mean of 41 s with a coefficient of variation below 0.3: the mean's error is below 3 standard errors."""
    settings = {"runs": 400, "walk_cv": 0.2, "handling_cv": 0.3}
    forecast = run(orders=orders("near"), simulation=settings).solution["forecast"]
    assert abs(forecast["error_share"]) < 3 * 0.3 / 400**0.5


def test_a_full_aisle_is_waited_for() -> None:
    """Both need aisle x=0 for 10 s, one at a time, each 0 m away with no set-up: the second waits 10 s."""
    tour = Tour(legs=(0.0, 0.0), halts=((0.0, 1),))
    settings = CERTAIN.model_copy(update={"aisle_people": 1})
    pace = Pace(walk_m_per_s=1.0, stop_s=10.0)
    outcome = simulate([[tour], [tour]], pace, Crew(pickers=2), settings, random.Random(1))
    assert outcome.wait_s == pytest.approx(10)
    assert outcome.finish_s == pytest.approx(20)


def test_a_break_stops_the_work() -> None:
    """100 m at 1 m/s from 0 on, a break from 40 to 70: done at 130."""
    tour = Tour(legs=(100.0, 0.0), halts=((0.0, 1),))
    crew = Crew(pickers=1, breaks=(Window(start_s=40, end_s=70),))
    assert simulate([[tour]], Pace(walk_m_per_s=1.0), crew, CERTAIN, random.Random(1)).finish_s == pytest.approx(130)


def test_a_walk_is_cut_where_something_is_taken() -> None:
    """Up 10 m and back: the stop at 4 m splits it into 4 m there and 16 m home."""
    tour = along([(0.0, 0.0), (0.0, 10.0), (0.0, 0.0)], {(0.0, 4.0): 3})
    assert tour.legs == pytest.approx((4.0, 16.0))
    assert tour.halts == ((0.0, 3),)


def test_the_same_seed_gives_the_same_answer() -> None:
    one, other = (run(orders=orders(*["near", "far", "other"] * 4), crew={"pickers": 2}) for _ in range(2))
    assert one.solution == other.solution


def test_no_orders_cost_nothing() -> None:
    result = run(orders=[])
    assert result.objective.value == 0
    assert result.solution["forecast"] is None


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"steps": ["batch", "batch"]}, "/data"),
        ({"steps": []}, "/data/steps"),
        ({"steps": ["batch", "reslot"]}, "/data"),
        ({"steps": ["teleport"]}, "/data/steps/0"),
        ({"stock": [{"sku": "near", "location": "nowhere", "quantity": 1}]}, "/data/stock/0/location"),
        ({"crew": {"pickers": 0}}, "/data/crew/pickers"),
        ({"days": float("nan")}, "/data/days"),
    ],
)
def test_a_bad_scenario_is_refused_by_name(change: dict[str, Any], pointer: str) -> None:
    with pytest.raises(ProblemError) as caught:
        FAMILY.read({"layout": LAYOUT, "stock": STOCK, "orders": [], "pace": PACE, **change})
    assert any(fault.pointer.startswith(pointer) for fault in caught.value.errors)


def test_a_changed_figure_is_caught() -> None:
    whole = {"layout": LAYOUT, "stock": STOCK, "cart": {"orders": 2}, "pace": PACE, "orders": orders("near", "far")}
    whole["steps"] = STEPS
    scenario = FAMILY.read(whole)
    solution = FAMILY.solve(scenario, Run(Budget(seconds=600, iterations=500))).solution
    assert FAMILY.check(scenario, solution, None).violations == ()
    solution["stages"][-1]["metres"] += 5
    assert FAMILY.check(scenario, solution, None).violations


@pytest.mark.parametrize(
    ("seconds", "chosen", "why"),
    [
        (10.0, {"reslot", "route", "batch", "labour"}, "2.3 + 3 + 3.2 + 0.4 = 8.9 s"),
        (6.0, {"reslot", "batch", "labour"}, "3.2 + 0.4 + 2.3 = 5.9 s; routes alone save least"),
        (3.5, {"batch"}, "0.3 s are left"),
        (1.0, {"labour"}, "0.4 s; nothing else fits"),
        (0.0, set(), "nothing"),
    ],
)
def test_steps_are_made_that_there_is_time_for_the_most_useful_first(
    seconds: float, chosen: set[str], why: str
) -> None:
    """Reading and today's tours took a second each."""
    steps = ("reslot", "route", "batch", "labour")
    assert affordable(steps, least_seconds(1.0, 1.0), seconds) == chosen, why


class Passing(Run):
    """A clock that passes a second with every look at it."""

    looks = 0

    @property
    def elapsed_s(self) -> float:
        Passing.looks += 1
        return float(Passing.looks)


def test_steps_without_time_change_nothing_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Passing, "looks", 0)
    data = {"layout": LAYOUT, "stock": STOCK, "cart": {"orders": 2}, "pace": PACE, "steps": STEPS}
    scenario = FAMILY.read({**data, "orders": orders("near", "far")})
    answer = FAMILY.solve(scenario, Passing(Budget(seconds=5), may_refuse=False))
    stages = answer.solution["stages"]
    assert [stage["step"] for stage in stages] == ["today", *STEPS]
    assert {stage["method"] for stage in stages[1:]} == {NO_TIME}
    assert {stage["seconds"] for stage in stages} == {stages[0]["seconds"]}
    assert answer.solution["forecast"]["runs"] == 1
    assert FAMILY.check(scenario, answer.solution, None).violations == ()
