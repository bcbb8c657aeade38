"""Labour plans: each rule by hand, tiny cases against brute force, random problems against the independent check."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from containers.optimizer.execute import execute
from containers.optimizer.family import Run
from containers.optimizer.labour import FAMILY
from containers.optimizer.labour.problem import Ints, read
from containers.optimizer.labour.search import Chain, Timetable
from containers.optimizer.labour.solve import solve
from contracts.errors import ProblemError
from contracts.optimize import Budget, OptimizeRequest, OptimizeResult

DAY = [{"start_s": 0, "end_s": 28_800}]


def plan(data: dict[str, Any], seconds: float = 600, iterations: int | None = 2_000, **more: Any) -> OptimizeResult:
    budget = Budget(seconds=seconds, iterations=iterations, seed=3)
    request = OptimizeRequest(problem="labour", data=data, budget=budget, **more)
    return execute(request, Run(budget, warm_start=request.warm_start, locks=request.locks))


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> None:
    FAMILY.warm()


def people(*names: str, **more: Any) -> list[dict[str, Any]]:
    return [{"id": name, "shifts": DAY, **more} for name in names]


def times(result: OptimizeResult) -> dict[str, tuple[str, int, int]]:
    return {row["task"]: (row["worker"], row["start_s"], row["end_s"]) for row in result.solution["assignments"]}


def test_two_people_share_the_work_evenly() -> None:
    """3 + 3 + 2 + 2 + 2 = 12 hours of work for two: 6 hours each, as 3 + 3 and 2 + 2 + 2."""
    tasks = [{"id": str(n), "seconds": hours * 3600} for n, hours in enumerate((3, 3, 2, 2, 2))]
    result = plan({"workers": people("ann", "bob"), "tasks": tasks})
    assert result.objective.parts["finish"] == 6 * 3600
    assert result.status == "optimal"


def test_a_task_does_not_run_into_a_break() -> None:
    """A break from 600 to 900: the task of 700 s cannot end before it, so it starts at 900."""
    worker = {"id": "ann", "shifts": DAY, "breaks": [{"start_s": 600, "end_s": 900}]}
    result = plan({"workers": [worker], "tasks": [{"id": "t", "seconds": 700}]})
    assert times(result)["t"] == ("ann", 900, 1600)


def test_only_who_has_the_skill_does_the_task_and_a_quick_worker_is_quicker() -> None:
    workers = [*people("ann"), *people("bob", skills=["forklift"], speed=2.0)]
    result = plan({"workers": workers, "tasks": [{"id": "lift", "seconds": 100, "skill": "forklift"}]})
    assert times(result)["lift"] == ("bob", 0, 50)


def test_one_forklift_serves_one_task_at_a_time() -> None:
    tasks = [{"id": name, "seconds": 100, "equipment": "forklift"} for name in "ab"]
    data = {"workers": people("ann", "bob"), "tasks": tasks, "equipment": [{"kind": "forklift", "count": 1}]}
    spans = sorted(row[1:] for row in times(plan(data)).values())
    assert spans == [(0, 100), (100, 200)]


def test_an_aisle_holds_only_so_many_people() -> None:
    """Six tasks of 100 s in an aisle for two: three rounds, although six people are there."""
    tasks = [{"id": str(n), "seconds": 100, "aisle": "A"} for n in range(6)]
    data = {"workers": people(*"abcdef"), "tasks": tasks, "aisles": [{"id": "A", "max_people": 2}]}
    assert plan(data).objective.parts["finish"] == 300


def test_a_task_waits_for_what_comes_before_and_for_its_release() -> None:
    tasks = [
        {"id": "pick", "seconds": 100, "release_s": 50},
        {"id": "pack", "seconds": 30, "after": ["pick"]},
    ]
    result = plan({"workers": people("ann", "bob"), "tasks": tasks})
    assert times(result)["pack"][1:] == (150, 180)


def test_the_wave_with_the_earlier_cutoff_goes_first() -> None:
    tasks = [{"id": f"late{n}", "seconds": 600, "wave": "late"} for n in range(3)]
    tasks += [{"id": f"early{n}", "seconds": 600, "wave": "early"} for n in range(3)]
    waves = [{"id": "late", "due_s": 3600}, {"id": "early", "due_s": 1800}]
    result = plan({"workers": people("ann"), "tasks": tasks, "waves": waves})
    assert {row["wave"]: (row["finish_s"], row["late_s"]) for row in result.solution["waves"]} == {
        "early": (1800, 0),
        "late": (3600, 0),
    }
    assert result.objective.parts["late"] == 0
    assert result.baseline.value is not None
    assert result.baseline.value > result.objective.value  # as listed, the early wave ends at 3600


def test_a_late_wave_is_told_how_many_people_it_lacks() -> None:
    """Four tasks of 600 s within 1200 s: one person ends at 2400, two are enough."""
    tasks = [{"id": str(n), "seconds": 600, "skill": "pick", "wave": "w"} for n in range(4)]
    data = {"workers": people("ann", skills=["pick"]), "tasks": tasks, "waves": [{"id": "w", "due_s": 1200}]}
    wave = plan(data).solution["waves"][0]
    assert (wave["finish_s"], wave["late_s"]) == (2400, 1200)
    assert wave["extra"] == {"people": 1, "skills": ["pick"], "detail": "from the plan's zero until the cutoff"}


def test_more_people_do_not_shorten_a_chain_and_that_is_said() -> None:
    tasks = [{"id": "a", "seconds": 900, "wave": "w"}, {"id": "b", "seconds": 900, "wave": "w", "after": ["a"]}]
    data = {"workers": people("ann"), "tasks": tasks, "waves": [{"id": "w", "due_s": 1200}]}
    extra = plan(data).solution["waves"][0]["extra"]
    assert extra["people"] is None
    assert "chain" in extra["detail"]


@pytest.mark.parametrize(
    ("task", "reason", "change"),
    [
        ({"skill": "crane"}, "no-one-skilled", "the skill 'crane'"),
        ({"seconds": 30_000}, "longer-than-any-window", "1200 s longer"),  # 30,000 - 28,800
        ({"release_s": 28_000, "seconds": 900}, "released-too-late", "100 s more"),  # 28,000 + 900 - 28,800
        ({"after": ["crane"]}, "waits-for-left-out", "make room for 'crane'"),
    ],
)
def test_what_stays_out_says_why_and_what_would_let_it_in(task: dict[str, Any], reason: str, change: str) -> None:
    tasks = [{"id": "crane", "seconds": 10, "skill": "crane"}, {"id": "t", "seconds": 100, **task}]
    result = plan({"workers": people("ann"), "tasks": tasks})
    row = next(row for row in result.unassigned if row.id == "t")
    assert row.reason == reason
    assert change in row.smallest_change


def test_a_lock_keeps_who_and_when() -> None:
    tasks = [{"id": name, "seconds": 100} for name in "abc"]
    locks = {"assignments": [{"task": "c", "worker": "bob", "start_s": 40}, {"task": "a", "worker": "bob"}]}
    rows = times(plan({"workers": people("ann", "bob"), "tasks": tasks}, locks=locks))
    assert rows["c"] == ("bob", 40, 140)
    assert rows["a"][0] == "bob"


def test_locks_that_cannot_be_kept_are_named() -> None:
    tasks = [{"id": name, "seconds": 100} for name in "ab"]
    locks = {"assignments": [{"task": name, "worker": "ann", "start_s": 40} for name in "ab"]}
    with pytest.raises(ProblemError) as caught:
        plan({"workers": people("ann"), "tasks": tasks}, locks=locks)
    assert caught.value.code == "infeasible"
    assert "another task" in caught.value.detail


def test_a_given_plan_is_scored_as_it_is() -> None:
    data = {"workers": people("ann"), "tasks": [{"id": "t", "seconds": 100, "due_s": 150}]}
    given_plan = {"assignments": [{"task": "t", "worker": "ann", "start_s": 100, "end_s": 200}]}
    result = plan(data, mode="score", warm_start=given_plan)
    assert result.status == "scored"
    assert result.objective.parts == {"late": 50 * 100, "left_out": 0, "finish": 200}
    wrong = {"assignments": [{"task": "t", "worker": "ann", "start_s": 0, "end_s": 50}]}
    assert plan(data, mode="score", warm_start=wrong).status == "infeasible"


def test_a_warm_start_is_never_made_worse() -> None:
    tasks = [{"id": str(n), "seconds": 60 + 37 * n % 91, "due_s": 50 * n} for n in range(12)]
    data = {"workers": people("ann", "bob", "cyd"), "tasks": tasks}
    first = plan(data, iterations=6_000)
    again = plan(data, iterations=1, warm_start=first.solution)
    assert again.objective.value <= first.objective.value


def test_without_any_time_there_is_the_given_plan_or_the_first_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that is over before it began tries one rule, beside the warm start, and answers with the better."""
    tasks = [{"id": str(n), "seconds": 60 + 37 * n % 91, "due_s": 50 * n} for n in range(12)]
    problem = read({"workers": people("ann", "bob", "cyd"), "tasks": tasks})
    good = solve(problem, Run(Budget(seconds=600, iterations=6_000, seed=3)))
    decoded: list[int] = []
    decode = Chain.decode

    def counted(chain: Chain, order: Ints, wish: Ints) -> Timetable:
        decoded.append(len(order))
        return decode(chain, order, wish)

    monkeypatch.setattr(Chain, "decode", counted)
    values = []
    for start in (None, good.solution):
        run = Run(Budget(seconds=1), warm_start=start)
        run.stop("cancelled")
        answer = solve(problem, run)
        values.append(answer.objective.value)
        assert (answer.stopped_by, answer.iterations) == ("cancelled", 0)
    assert values[1] <= good.objective.value < values[0]
    assert len(decoded) == 1 + 2


def test_stations_in_a_line_are_solved_as_a_job_shop() -> None:
    """Johnson's rule for two machines (1954) on (a, b) = (3, 6), (5, 2), (1, 2): jobs 3, 1, 2, makespan 12."""
    times_of = [(3, 6), (5, 2), (1, 2)]
    workers = [*people("one", skills=["one"]), *people("two", skills=["two"])]
    tasks = []
    for n, (a, b) in enumerate(times_of):
        tasks += [{"id": f"{n}a", "seconds": a, "skill": "one"}]
        tasks += [{"id": f"{n}b", "seconds": b, "skill": "two", "after": [f"{n}a"]}]
    result = plan({"workers": workers, "tasks": tasks})
    assert result.objective.parts["finish"] == 12
    assert result.bound.method.startswith("Jackson")


def test_cp_sat_proves_a_small_plan_optimal() -> None:
    tasks = [{"id": str(n), "seconds": 100 + 13 * n, "due_s": 300, "weight": 1 + n % 3} for n in range(6)]
    result = plan({"workers": people("ann", "bob"), "tasks": tasks}, seconds=60, iterations=None)
    assert result.status == "optimal"
    assert result.bound.value == pytest.approx(result.objective.value)


def test_the_same_seed_gives_the_same_plan() -> None:
    tasks = [{"id": str(n), "seconds": 60 + 41 * n % 97, "due_s": 40 * n} for n in range(15)]
    data = {"workers": people("ann", "bob"), "tasks": tasks}
    assert plan(data).solution == plan(data).solution


def brute_force(workers: int, seconds: list[int], dues: list[int]) -> float:
    """The best points over every order and every choice of worker, each task as early as its worker is free."""
    best = math.inf
    for order in itertools.permutations(range(len(seconds))):
        for who in itertools.product(range(workers), repeat=len(seconds)):
            free, late = [0] * workers, 0
            for t in order:
                free[who[t]] += seconds[t]
                late += max(0, free[who[t]] - dues[t])
            best = min(best, 100.0 * late + max(free))
    return best


@settings(max_examples=15, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.integers(1, 30), st.integers(0, 50)), min_size=1, max_size=4))
def test_tiny_plans_are_as_good_as_brute_force(rows: list[tuple[int, int]]) -> None:
    seconds, dues = [row[0] for row in rows], [row[1] for row in rows]
    tasks = [{"id": str(n), "seconds": s, "due_s": d} for n, (s, d) in enumerate(rows)]
    result = plan({"workers": people("ann", "bob"), "tasks": tasks}, iterations=3_000)
    assert result.objective.value == pytest.approx(brute_force(2, seconds, dues))
    assert result.bound.value is not None
    assert result.bound.value <= result.objective.value + 1e-6


SPAN = st.tuples(st.integers(0, 2_000), st.integers(1, 2_000)).map(lambda p: {"start_s": p[0], "end_s": p[0] + p[1]})
SKILL = st.sampled_from(["pick", "pack", "lift"])


@st.composite
def problems(draw: st.DrawFn) -> dict[str, Any]:
    """Any valid problem: more work than time, people without skills, shifts that overlap, chains."""
    workers = draw(st.integers(1, 4))
    count = draw(st.integers(0, 9))
    tasks = []
    for n in range(count):
        task: dict[str, Any] = {
            "id": f"t{n}",
            "seconds": draw(st.integers(1, 900)),
            "release_s": draw(st.integers(0, 900)),
        }
        task["skill"] = draw(st.none() | SKILL)
        task["wave"] = draw(st.sampled_from([None, "w1", "w2"]))
        task["equipment"] = draw(st.sampled_from([None, "truck"]))
        task["aisle"] = draw(st.sampled_from([None, "A"]))
        task["due_s"] = draw(st.none() | st.integers(0, 3_000))
        task["after"] = (
            draw(st.lists(st.sampled_from([f"t{k}" for k in range(n)]), max_size=2, unique=True)) if n else []
        )
        tasks.append(task)
    return {
        "workers": [
            {
                "id": f"p{n}",
                "skills": draw(st.lists(SKILL, max_size=3, unique=True)),
                "shifts": draw(st.lists(SPAN, min_size=1, max_size=2)),
                "breaks": draw(st.lists(SPAN, max_size=2)),
                "speed": draw(st.sampled_from([0.5, 1.0, 1.3])),
            }
            for n in range(workers)
        ],
        "tasks": tasks,
        "waves": [{"id": "w1", "due_s": 900}, {"id": "w2"}],
        "equipment": [{"kind": "truck", "count": draw(st.integers(1, 2))}],
        "aisles": [{"id": "A", "max_people": draw(st.integers(1, 2))}],
    }


@settings(max_examples=60, deadline=None, derandomize=True)
@given(problems())
def test_every_plan_passes_the_check_and_keeps_to_its_bound(data: dict[str, Any]) -> None:
    """execute() withholds a plan that its check refuses, so an answer at all is a checked one."""
    result = plan(data, iterations=400)
    assert {row["task"] for row in result.solution["assignments"]}.isdisjoint(row.id for row in result.unassigned)
    assert len(result.solution["assignments"]) + len(result.unassigned) == len(data["tasks"])
    assert result.bound.value is None or result.bound.value <= result.objective.value + 1e-6


def test_cp_sat_reads_the_rules_as_the_check_does() -> None:
    for number in range(3):
        result = plan(_mixed(number), seconds=1, iterations=None)
        assert result.bound.value is None or result.bound.value <= result.objective.value + 1e-6


def _mixed(number: int) -> dict[str, Any]:
    """A problem with every rule in it; `number` shifts its sizes."""
    tasks = [
        {
            "id": f"t{n}",
            "seconds": 100 + (37 * n + 11 * number) % 300,
            "skill": ("pick", "pack", None)[n % 3],
            "wave": f"w{n % 2}",
            "aisle": "A" if n % 4 else None,
            "equipment": "truck" if n % 5 == 0 else None,
            "after": [f"t{n - 3}"] if n >= 3 and n % 2 else [],
            "release_s": 50 * (n % 3),
        }
        for n in range(14)
    ]
    workers = [
        {
            "id": "ann",
            "skills": ["pick", "pack"],
            "shifts": [{"start_s": 0, "end_s": 1500}],
            "breaks": [{"start_s": 500, "end_s": 600}],
        },
        {"id": "bob", "skills": ["pick"], "shifts": [{"start_s": 200, "end_s": 2000}], "speed": 1.2},
        {"id": "cyd", "skills": ["pack"], "shifts": [{"start_s": 0, "end_s": 700}, {"start_s": 900, "end_s": 1800}]},
    ]
    return {
        "workers": workers,
        "tasks": tasks,
        "waves": [{"id": "w0", "due_s": 900}, {"id": "w1", "due_s": 1400}],
        "equipment": [{"kind": "truck", "count": 1}],
        "aisles": [{"id": "A", "max_people": 2}],
    }


BAD: list[tuple[str, dict[str, Any], str]] = [
    ("no worker", {"workers": [], "tasks": []}, "/workers"),
    ("a worker twice", {"workers": people("ann", "ann"), "tasks": []}, "/workers/1"),
    ("a task twice", {"workers": people("ann"), "tasks": [{"id": "t", "seconds": 1}] * 2}, "/tasks/1"),
    ("no duration", {"workers": people("ann"), "tasks": [{"id": "t", "seconds": 0}]}, "/tasks/0/seconds"),
    ("NaN", {"workers": people("ann", speed=float("nan")), "tasks": []}, "/workers/0/speed"),
    ("an unknown wave", {"workers": people("ann"), "tasks": [{"id": "t", "seconds": 1, "wave": "w"}]}, "/tasks/0/wave"),
    (
        "an unknown task",
        {"workers": people("ann"), "tasks": [{"id": "t", "seconds": 1, "after": ["x"]}]},
        "/tasks/0/after",
    ),
    ("a circle", {"workers": people("ann"), "tasks": [{"id": "t", "seconds": 1, "after": ["t"]}]}, "/tasks/0/after"),
    (
        "a shift backwards",
        {"workers": [{"id": "a", "shifts": [{"start_s": 9, "end_s": 3}]}], "tasks": []},
        "/workers/0/shifts/0",
    ),
    ("an unknown field", {"workers": people("ann", wage=3), "tasks": []}, "/workers/0/wage"),
]


@pytest.mark.parametrize(("what", "data", "pointer"), BAD, ids=[row[0] for row in BAD])
def test_a_bad_problem_is_refused_by_name(what: str, data: dict[str, Any], pointer: str) -> None:
    with pytest.raises(ProblemError) as caught:
        FAMILY.read(data)
    assert caught.value.code == "invalid"
    assert any(fault.pointer.startswith(pointer) for fault in caught.value.errors), caught.value.errors
