"""Release a wave: the batches of a plan become pick tasks, in the order in which they should start."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from pydantic import ValidationError

from containers.warehouse_manager.allocation import StopKey, allocate
from containers.warehouse_manager.reading import read, read_batching
from contracts.catalogue import Order
from contracts.errors import Fault, ProblemError, from_validation
from contracts.optimize import OptimizeResult
from contracts.problems.batching import Batch
from contracts.tasks_plan import Allocation, LeftOut, PickPayload, PickStop, ReleaseWave, TaskDraft, Wave

DEFAULT_PRIORITY = 5


def release_wave(request: ReleaseWave) -> Wave:
    """Pick tasks for every batch. Raises ProblemError "invalid" when the plan does not pick what was ordered.

    A task is as urgent as the most urgent of its orders, and due when the first of them is. Tasks come by the plan's
    schedule where it has one, then by urgency, due instant and the plan's own order.
    """
    result = read(OptimizeResult, request.result, "/result")
    solution = read_batching(result)
    batches = solution.batches
    if not batches:
        raise ProblemError(
            "invalid", "/result/solution/batches: the plan holds no batch, so there is nothing to release"
        )
    orders = _known(request, batches)
    shares: Mapping[StopKey, Mapping[str, int]] = {}
    if request.orders:
        planned = {order_id for batch in batches for order_id in batch.orders}
        shares, faults = allocate(batches, [order for order in request.orders if order.id in planned])
        if faults:
            raise ProblemError(
                "invalid",
                f"the plan does not fit the orders: {faults[0]}; plan again with the present orders",
                errors=tuple(Fault("/result/solution", fault) for fault in faults[:100]),
            )
    tasks = []
    for i, batch in enumerate(batches):
        lines = tuple(
            PickStop(
                sequence=j + 1,
                location=stop.location,
                sku=stop.sku,
                quantity=stop.quantity,
                allocations=tuple(Allocation(order=o, quantity=n) for o, n in shares.get((i, j), {}).items()),
            )
            for j, stop in enumerate(batch.stops)
        )
        try:
            task = _task(request, batch, lines, orders)
        except ValidationError as error:  # an id of the plan that no queue would take
            raise from_validation(error, f"/result/solution/batches/{i}") from None
        tasks.append((_rank(batch, orders, i), task))
    ordered = [task for _, task in sorted(tasks, key=lambda pair: pair[0])]
    return Wave(
        wave=request.wave,
        tasks=tuple(ordered),
        orders=len({order_id for batch in batches for order_id in batch.orders}),
        pieces=sum(stop.quantity for batch in batches for stop in batch.stops),
        distance_m=round(sum(batch.distance_m for batch in batches), 3),
        expected_seconds=round(sum(batch.seconds for batch in batches), 3),
        left_out=tuple(
            LeftOut(order=item.id, reason=item.reason, detail=item.detail, smallest_change=item.smallest_change)
            for item in result.unassigned
        ),
    )


def _known(request: ReleaseWave, batches: tuple[Batch, ...]) -> dict[str, Order]:
    """The orders by id. Raises when a batch holds one that was not given."""
    known = {order.id: order for order in request.orders}
    if known:
        faults = [
            Fault(f"/result/solution/batches/{i}/orders", f"order {order_id!r} is not among the orders given")
            for i, batch in enumerate(batches)
            for order_id in batch.orders
            if order_id not in known
        ]
        if faults:
            raise ProblemError("invalid", faults[0].detail, errors=tuple(faults[:100]))
    return known


def _rank(batch: Batch, orders: dict[str, Order], place: int) -> tuple[float, int, float, int]:
    due = _due(batch, orders)
    return (batch.start_s or 0.0, _priority(batch, orders), due.timestamp() if due else float("inf"), place)


def _priority(batch: Batch, orders: dict[str, Order]) -> int:
    return min((orders[order_id].priority for order_id in batch.orders if order_id in orders), default=DEFAULT_PRIORITY)


def _due(batch: Batch, orders: dict[str, Order]) -> datetime | None:
    dues = [order.due_at for order_id in batch.orders if (order := orders.get(order_id)) and order.due_at]
    return min(dues, default=None)


def _task(request: ReleaseWave, batch: Batch, lines: tuple[PickStop, ...], orders: dict[str, Order]) -> TaskDraft:
    start = request.release_at
    if start is not None and batch.start_s:
        start += timedelta(seconds=batch.start_s)
    return TaskDraft(
        id=f"pick.{request.wave}.{batch.id}",
        type="pick",
        priority=_priority(batch, orders),
        not_before=start,
        due_at=_due(batch, orders),
        zone=batch.zone,
        payload=PickPayload(
            wave=request.wave,
            batch=batch.id,
            orders=batch.orders,
            lines=lines,
            distance_m=batch.distance_m,
            expected_seconds=batch.seconds,
            picker=batch.picker,
        ),
    )
