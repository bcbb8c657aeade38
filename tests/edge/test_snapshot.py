"""A deployment starts from a memory snapshot of the Worker after its imports: saving and loading one must work."""

from __future__ import annotations

from pathlib import Path

import httpx

from local.alone import product

KEY = "a-key-for-this-test-alone"


VARIABLES = {"STOREMAX_ADMIN_KEY": KEY, "STOREMAX_SIGNING_KEY": "s" * 32}


def test_a_worker_that_starts_from_a_memory_snapshot_answers_limits_and_keeps_state(tmp_path: Path) -> None:
    snapshots = tmp_path / "snapshots"
    snapshots.mkdir()
    with product(
        tmp_path / "saving", VARIABLES, snapshots=snapshots, save=True
    ) as saving:  # it is written before the first answer
        assert (snapshots / "snapshot.bin").stat().st_size > 10_000_000, saving.program.tail()
    with (
        product(tmp_path / "loading", VARIABLES, snapshots=snapshots, load=True) as worker,
        httpx.Client(base_url=worker.url, headers={"authorization": f"Bearer {KEY}"}, timeout=60) as http,
    ):
        assert http.get("/health").json() == {"status": "ok"}
        # Entropy is read after the snapshot: two isolates started from it must not draw the same ids.
        first = http.get("/v1/me")
        assert first.json()["via"] == "bootstrap"
        assert "ratelimit" in first.headers
        made = http.post("/v1/keys", json={"name": "x", "role": "viewer"}).json()
        assert http.get("/v1/me", headers={"authorization": f"Bearer {made['key']}"}).json()["role"] == "viewer"
        drawn = first.headers["x-trace-id"]
    with (
        product(tmp_path / "again", VARIABLES, snapshots=snapshots, load=True) as worker,
        httpx.Client(base_url=worker.url, timeout=60) as http,
    ):
        assert http.get("/health").headers["x-trace-id"] != drawn
