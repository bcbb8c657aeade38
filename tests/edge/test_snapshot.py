"""A deployment starts from a memory snapshot of the Worker after its imports: saving and loading one must work."""

from __future__ import annotations

import tomllib
from pathlib import Path

import httpx

from local.alone import EDGE_FOLDERS, Alone
from local.toolchain import ROOT

KEY = "a-key-for-this-test-alone"


def product(folder: Path, snapshots: Path, **how: bool) -> Alone:
    bindings = tomllib.loads((ROOT / "wrangler.toml").read_text())["durable_objects"]["bindings"]
    return Alone(
        folder,
        ROOT / "worker" / "main.py",
        [ROOT / name for name in EDGE_FOLDERS],
        objects={entry["class_name"]: entry["name"] for entry in bindings},
        variables={"STOREMAX_ADMIN_KEY": KEY, "STOREMAX_SIGNING_KEY": "s" * 32},
        snapshots=snapshots,
        **how,
    )


def test_a_worker_that_starts_from_a_memory_snapshot_answers_limits_and_keeps_state(tmp_path: Path) -> None:
    snapshots = tmp_path / "snapshots"
    snapshots.mkdir()
    with product(tmp_path / "saving", snapshots, save=True) as saving:  # it is written before the first answer
        assert (snapshots / "snapshot.bin").stat().st_size > 10_000_000, saving.program.tail()
    with (
        product(tmp_path / "loading", snapshots, load=True) as worker,
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
        product(tmp_path / "again", snapshots, load=True) as worker,
        httpx.Client(base_url=worker.url, timeout=60) as http,
    ):
        assert http.get("/health").headers["x-trace-id"] != drawn
