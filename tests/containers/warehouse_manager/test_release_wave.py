"""A batching result becomes pick tasks, or is refused when it does not pick what was ordered."""

from __future__ import annotations

from typing import Any

import pytest

from containers.warehouse_manager.allocation import allocate
from containers.warehouse_manager.release_wave import release_wave
from contracts.catalogue import Order
from contracts.errors import ProblemError
from contracts.problems.batching import Batch
from contracts.tasks_plan import PickPayload, ReleaseWave, Wave
from tests.containers.warehouse_manager.plans import ORDERS, result, stop


def release(**changes: Any) -> Wave:
    base = {"wave": "W1", "result": result(), "orders": ORDERS, "release_at": "2026-03-01T08:00:00Z"}
    return release_wave(ReleaseWave.model_validate(base | changes))


def test_each_batch_becomes_one_task_the_most_urgent_first() -> None:
    wave = release()
    assert [task.id for task in wave.tasks] == ["pick.W1.B1", "pick.W1.B2"]  # B1 holds O2 with priority 2
    assert [task.priority for task in wave.tasks] == [2, 5]
    assert [task.due_at.hour if task.due_at else None for task in wave.tasks] == [12, 10]
    assert (wave.orders, wave.pieces, wave.distance_m, wave.expected_seconds) == (3, 10, 50.0, 150.0)
    assert wave.left_out[0].smallest_change == "put 1 D in stock"


def test_lines_are_in_walking_order_and_say_whose_pieces_they_pick() -> None:
    payload = release().tasks[0].payload
    assert isinstance(payload, PickPayload)
    assert [(line.sequence, line.location, line.quantity) for line in payload.lines] == [
        (1, "A01-L-002-1", 5),
        (2, "A02-L-003-1", 1),
    ]
    assert {a.order: a.quantity for a in payload.lines[0].allocations} == {"O1": 2, "O2": 3}
    assert {a.order: a.quantity for a in payload.lines[1].allocations} == {"O1": 1}


def test_releasing_again_makes_the_same_tasks() -> None:
    assert release() == release()


def test_a_schedule_in_the_plan_decides_the_order_and_the_start() -> None:
    plan = result()
    plan["solution"]["batches"][0] |= {"start_s": 600.0, "picker": 1}
    plan["solution"]["batches"][1] |= {"start_s": 0.0, "picker": 1}
    wave = release(result=plan)
    assert [task.id for task in wave.tasks] == ["pick.W1.B2", "pick.W1.B1"]
    assert [task.not_before.minute if task.not_before else None for task in wave.tasks] == [0, 10]


def test_without_orders_tasks_have_no_shares_and_the_usual_priority() -> None:
    wave = release(orders=[])
    payload = wave.tasks[0].payload
    assert isinstance(payload, PickPayload)
    assert payload.lines[0].allocations == ()
    assert {task.priority for task in wave.tasks} == {5}


@pytest.mark.parametrize(
    ("sku", "quantity", "told"),
    [("A", 4, "1 of A are ordered but not picked"), ("A", 6, "1 of A are picked for nobody")],
)
def test_a_plan_that_picks_other_than_what_was_ordered_is_refused(sku: str, quantity: int, told: str) -> None:
    plan = result()
    plan["solution"]["batches"][0]["stops"][0] = stop("A01-L-002-1", sku, quantity)
    with pytest.raises(ProblemError, match=told):
        release(result=plan)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"problem": "slotting"}, "needs the result of a batching problem"),
        ({"solution": {}}, "/result/solution/batches"),
        ({"status": "guess"}, "/result/status"),
    ],
)
def test_another_kind_of_result_is_refused(change: dict[str, Any], told: str) -> None:
    with pytest.raises(ProblemError, match=told):
        release(result=result() | change)


def test_an_unknown_order_an_empty_plan_and_a_bad_batch_id_are_refused() -> None:
    with pytest.raises(ProblemError, match="'O3' is not among the orders"):
        release(orders=ORDERS[:2])
    plan = result()
    plan["solution"]["batches"][0]["id"] = "a/b"
    with pytest.raises(ProblemError) as caught:
        release(result=plan)
    assert caught.value.errors[0].pointer == "/result/solution/batches/0/id"
    plan["solution"]["batches"] = []
    with pytest.raises(ProblemError, match="nothing to release"):
        release(result=plan)


def test_an_order_split_between_batches_gets_its_pieces_from_both() -> None:
    """Batch 1 may serve O1 or O2, batch 2 O1 alone: giving O1 all of batch 1 would leave O2 without."""
    orders = [Order.model_validate({"id": i, "lines": [{"sku": "A", "quantity": 5}]}) for i in ("O1", "O2")]
    base = {"path": (), "distance_m": 1, "seconds": 1, "items": 5}
    batches = [
        Batch.model_validate(base | {"id": "1", "orders": ["O1", "O2"], "stops": [stop("P1", "A", 5)]}),
        Batch.model_validate(base | {"id": "2", "orders": ["O1"], "stops": [stop("P2", "A", 5)]}),
    ]
    shares, faults = allocate(batches, orders)
    assert faults == []
    assert shares == {(0, 0): {"O2": 5}, (1, 0): {"O1": 5}}
