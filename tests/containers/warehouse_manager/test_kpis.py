"""Key figures, each from arithmetic that can be done by hand."""

from __future__ import annotations

from typing import Any

from containers.warehouse_manager.kpis import kpis
from contracts.manage import KpiRequest

DAY = {"start": "2026-03-02T00:00:00Z", "end": "2026-03-03T00:00:00Z"}


def task(name: str, start: str, end: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "started_at": f"2026-03-02T{start}Z", "finished_at": f"2026-03-02T{end}Z"} | more


def figures(**data: Any) -> dict[str, tuple[float | None, int]]:
    found = kpis(KpiRequest.model_validate({"action": "kpis"} | DAY | data))
    return {kpi.name: (kpi.value, kpi.sample) for kpi in found.kpis}


def test_picking_figures_are_per_hour_spent_and_per_line() -> None:
    got = figures(
        tasks=[
            task("1", "08:00:00", "08:30:00", lines=20, pieces=50, distance_m=300, planned_seconds=1500),
            task("2", "09:00:00", "10:00:00", lines=10, pieces=30, ordered_pieces=40),
        ]
    )
    assert got["lines_per_hour"] == (20.0, 2)  # 30 lines in 1.5 h
    assert got["pieces_per_hour"] == (53.3333, 2)  # 80 / 1.5
    assert got["metres_per_line"] == (15.0, 1)  # 300 m / 20 lines; the second was not measured
    assert got["fill_rate"] == (0.8889, 2)  # 80 of 50 + 40
    assert got["plan_adherence"] == (1.2, 1)  # 1800 s for 1500 s planned


def test_orders_are_on_time_late_open_or_not_of_this_period() -> None:
    def order(name: str, **more: Any) -> dict[str, Any]:
        return {"id": name, "released_at": "2026-03-02T06:00:00Z"} | more

    got = figures(
        orders=[
            order("in-time", due_at="2026-03-02T12:00:00Z", finished_at="2026-03-02T10:00:00Z"),
            order("late", due_at="2026-03-02T12:00:00Z", finished_at="2026-03-02T14:00:00Z"),
            order("open-and-overdue", due_at="2026-03-02T12:00:00Z"),
            order("open-and-due-later", due_at="2026-03-04T12:00:00Z"),
            order("no-due", finished_at="2026-03-02T07:00:00Z"),
            {"id": "last-week", "released_at": "2026-02-20T06:00:00Z", "finished_at": "2026-02-21T06:00:00Z"},
        ]
    )
    assert got["on_time_share"] == (0.3333, 3)
    assert got["cycle_time_median"] == (14_400.0, 3)  # 1 h, 4 h, 8 h
    assert got["backlog"] == (2.0, 5)


def test_count_errors_of_different_places_do_not_cancel_out() -> None:
    counts = [("P1", 10, 12), ("P2", 10, 8), ("P3", 20, 20)]
    got = figures(counts=[{"location": p, "sku": "A", "expected": e, "counted": c} for p, e, c in counts])
    assert got["location_accuracy"] == (0.3333, 3)
    assert got["piece_accuracy"] == (0.9, 3)  # 1 - (2 + 2) / 40


def test_a_figure_of_nothing_is_none_and_not_zero() -> None:
    got = figures()
    assert {name: value for name, (value, _) in got.items() if value is not None} == {"backlog": 0.0}
