"""Key figures of a period, each one named function of what people did. Definitions travel with the values.

A figure that nothing happened for is None, not 0: no orders is not the same as no order in time.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import median

from contracts.manage import Kpi, KpiRequest, Kpis

Figure = tuple[float | None, int]


def kpis(request: KpiRequest) -> Kpis:
    """All figures of the period. Tasks and orders count by the instant at which they were finished."""
    inside = request.model_copy(
        update={
            "tasks": tuple(t for t in request.tasks if request.start <= t.finished_at < request.end),
            "orders": tuple(
                o
                for o in request.orders
                if (o.finished_at is None or request.start <= o.finished_at) and o.released_at < request.end
            ),
        }
    )
    found = []
    for name, unit, definition, compute in FIGURES:
        value, sample = compute(inside)
        found.append(
            Kpi(
                name=name,
                value=None if value is None else round(value, 4),
                unit=unit,
                sample=sample,
                definition=definition,
            )
        )
    return Kpis(start=request.start, end=request.end, kpis=tuple(found))


def lines_per_hour(request: KpiRequest) -> Figure:
    return _ratio(sum(task.lines for task in request.tasks), _hours(request), len(request.tasks))


def pieces_per_hour(request: KpiRequest) -> Figure:
    return _ratio(sum(task.pieces for task in request.tasks), _hours(request), len(request.tasks))


def metres_per_line(request: KpiRequest) -> Figure:
    measured = [task for task in request.tasks if task.distance_m is not None]
    walked = sum(task.distance_m or 0.0 for task in measured)
    return _ratio(walked, sum(task.lines for task in measured), len(measured))


def fill_rate(request: KpiRequest) -> Figure:
    ordered = sum(t.pieces if t.ordered_pieces is None else t.ordered_pieces for t in request.tasks)
    return _ratio(sum(task.pieces for task in request.tasks), ordered, len(request.tasks))


def plan_adherence(request: KpiRequest) -> Figure:
    planned = [task for task in request.tasks if task.planned_seconds]
    took = sum((task.finished_at - task.started_at).total_seconds() for task in planned)
    return _ratio(took, sum(task.planned_seconds or 0.0 for task in planned), len(planned))


def on_time_share(request: KpiRequest) -> Figure:
    """An open order whose due instant lies before the period's end is late already."""
    judged = [
        order.finished_at is not None and order.finished_at <= order.due_at
        for order in request.orders
        if order.due_at is not None
        and ((order.finished_at is not None and order.finished_at < request.end) or order.due_at < request.end)
    ]
    return _ratio(sum(judged), len(judged), len(judged))


def cycle_time_median(request: KpiRequest) -> Figure:
    times = [
        (order.finished_at - order.released_at).total_seconds()
        for order in request.orders
        if order.finished_at is not None and order.finished_at < request.end
    ]
    return (median(times) if times else None), len(times)


def backlog(request: KpiRequest) -> Figure:
    still_open = [order for order in request.orders if order.finished_at is None or order.finished_at >= request.end]
    return float(len(still_open)), len(request.orders)


def location_accuracy(request: KpiRequest) -> Figure:
    right = sum(count.counted == count.expected for count in request.counts)
    return _ratio(right, len(request.counts), len(request.counts))


def piece_accuracy(request: KpiRequest) -> Figure:
    """Errors of different places do not cancel out; never below 0."""
    expected = sum(count.expected for count in request.counts)
    wrong = sum(abs(count.counted - count.expected) for count in request.counts)
    value, sample = _ratio(expected - wrong, expected, len(request.counts))
    return (None if value is None else max(0.0, value)), sample


def _hours(request: KpiRequest) -> float:
    return sum((task.finished_at - task.started_at).total_seconds() for task in request.tasks) / 3600


def _ratio(part: float, whole: float, sample: int) -> Figure:
    return (part / whole if whole else None), sample


FIGURES: tuple[tuple[str, str, str, Callable[[KpiRequest], Figure]], ...] = (
    ("lines_per_hour", "1/h", "lines picked per hour spent on tasks", lines_per_hour),
    ("pieces_per_hour", "1/h", "pieces picked per hour spent on tasks", pieces_per_hour),
    ("metres_per_line", "m", "metres walked per line, of tasks with a distance", metres_per_line),
    ("fill_rate", "share", "pieces picked of pieces ordered", fill_rate),
    ("plan_adherence", "ratio", "seconds taken per second planned; over 1 is slower than planned", plan_adherence),
    ("on_time_share", "share", "orders finished by their due instant, of those finished or due", on_time_share),
    ("cycle_time_median", "s", "median from an order's release to its end", cycle_time_median),
    ("backlog", "orders", "orders released and not finished by the period's end", backlog),
    ("location_accuracy", "share", "counted places whose quantity was right", location_accuracy),
    ("piece_accuracy", "share", "1 - sum of absolute count differences / expected pieces", piece_accuracy),
)
