"""The clock on real workerd: every step does its work, and one that fails stops no other."""

from __future__ import annotations

import datetime as dt
import time

from tests.edge.clock import STEPS, tick
from tests.edge.conftest import Edge, until
from tests.edge.test_auth import make_key
from tests.edge.warehouses import create, fresh_id

HOUR = 3600


def full_hour(ago: int = 0) -> float:
    """A full hour lately: every step runs then."""
    return float(int(time.time()) // HOUR * HOUR - ago * HOUR)


def test_every_step_runs_at_the_full_hour_each_timed_and_logged(edge: Edge) -> None:
    lines = tick(edge, full_hour())
    assert set(lines) == set(STEPS)
    assert all(line["ok"] and line["seconds"] >= 0 for line in lines.values()), lines
    assert len({line["trace_id"] for line in lines.values()}) == 1


def test_the_minimum_of_instances_runs_after_a_tick_and_is_not_started_twice(edge: Edge) -> None:
    edge.http.post("/v1/agents/sync/sessions/pool-0/stop")
    began = time.time()

    def warm() -> str:
        """The incarnation of the pool's first sync agent, when it is ready and was started by the tick."""
        agents = edge.http.get("/v1/agents").json()["agents"]
        rows = next(agent["instances"] for agent in agents if agent["type"] == "sync")
        row = next((row for row in rows if row["session"] == "pool-0"), None)
        ready = row is not None and row["status"] == "healthy" and row["started_at"] >= began
        return str(row["incarnation"]) if row and ready else ""

    assert tick(edge)["minimum-instances"]["warm"] == {"optimizer": 0, "sync": 1, "warehouse-manager": 0}
    first = until(warm, what="a warm sync agent")
    assert tick(edge)["minimum-instances"]["warm"]["sync"] == 1
    assert until(warm) == first


def test_last_copies_of_a_warehouse_are_kept_and_written_again_only_when_it_has_changed(edge: Edge) -> None:
    name = create(edge)
    tick(edge, full_hour())  # whatever other tests have made
    assert tick(edge, full_hour())["last-copies"]["written"] == 0
    edge.http.post(f"/v1/warehouses/{name}/items", json={"items": [{"sku": "cherry"}]})
    line = tick(edge, full_hour())["last-copies"]
    assert line["written"] >= 1
    assert line["warehouses"] >= 1 and line["failed"] == 0


def test_a_report_is_made_once_for_its_period_in_the_warehouses_own_time(edge: Edge) -> None:
    name = create(edge, id=fresh_id("kpi"))
    now = full_hour() - HOUR  # a period that has ended
    local = dt.datetime.fromtimestamp(now, dt.UTC) + dt.timedelta(hours=9)  # Tokyo has no summer time
    schedule = {"every": "day", "at": local.strftime("%H:%M")}
    changed = edge.http.patch(
        f"/v1/warehouses/{name}/configuration", json={"time_zone": "Asia/Tokyo", "reports": {"kpi": schedule}}
    )
    assert changed.status_code == 200, changed.text
    path = f"/v1/warehouses/{name}/reports"
    try:
        until(lambda: tick(edge, now)["reports"]["ok"], seconds=60, what="the report")
        reports = edge.http.get(path).json()["items"]
        end = dt.datetime.fromtimestamp(now, dt.UTC)
        assert [report["name"] for report in reports] == [end.strftime("%Y-%m-%dT%H%MZ.json")]
        kpis = edge.http.get(f"{path}/{reports[0]['name']}").json()
        assert dt.datetime.fromisoformat(kpis["end"]) == end
        assert dt.datetime.fromisoformat(kpis["start"]) == end - dt.timedelta(days=1)
        assert {"lines_per_hour", "fill_rate", "on_time_share"} <= {kpi["name"] for kpi in kpis["kpis"]}
        assert tick(edge, now)["reports"]["made"] == 0
        assert edge.http.get(f"{path}/2020-01-01T0000Z.json").status_code == 404
        assert edge.http.get("/v1/warehouses/nowhere/reports").status_code == 404
    finally:
        edge.http.patch(f"/v1/warehouses/{name}/configuration", json={"reports": None})
        for instance in edge.http.get("/v1/agents").json()["agents"][-1]["instances"]:
            edge.http.post(f"/v1/agents/warehouse-manager/sessions/{instance['session']}/stop")


def test_a_schedule_that_is_none_is_refused(edge: Edge) -> None:
    name = create(edge)
    for schedule in ({"every": "hour"}, {"at": "25:00"}, {"at": "6"}, {"weekday": 7}):
        wish = {"reports": {"kpi": schedule}}
        assert edge.http.patch(f"/v1/warehouses/{name}/configuration", json=wish).status_code == 422, schedule


def test_uploads_of_long_ago_and_sessions_of_revoked_keys_are_swept(edge: Edge) -> None:
    csv = {"content-type": "text/csv"}
    upload = edge.http.post("/v1/uploads", content=b"order_id,sku,quantity\n", headers=csv).json()["id"]
    key = make_key(edge)
    assert edge.http.post("/v1/sessions", json={"api_key": key["key"]}).status_code == 201
    edge.http.cookies.clear()
    lines = tick(edge, full_hour())
    assert edge.http.get(f"/v1/uploads/{upload}").status_code == 200
    sessions = lines["sweep-sessions"]["sessions"]
    edge.http.delete(f"/v1/keys/{key['id']}")
    later = tick(edge, full_hour() + 8 * 24 * HOUR)
    assert later["sweep-uploads"]["removed"] >= 1
    assert edge.http.get(f"/v1/uploads/{upload}").status_code == 404
    assert later["sweep-sessions"]["removed"] >= 1
    assert later["sweep-sessions"]["sessions"] == sessions
