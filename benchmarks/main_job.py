"""The main job end to end: seconds from the first request to the plan, and metres against the baseline."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from benchmarks.results import record
from local.demo.generate import FILE
from local.demo.main_job import Client, run
from local.demo.warehouse import derive
from local.stack import Stack

REAL_ORDERS = Path(__file__).resolve().parents[2] / "shared" / "data" / "online-retail" / "order_lines.csv"
PARAMETERS = {"cart": {"orders": 4}}
COMMAND = "make bench ARGS=main_job"


def measure(client: Client, name: str, orders: Path) -> None:
    """Two runs of five seconds of search each: the first with cold containers, the second with warm ones."""
    for temperature in ("cold", "warm"):
        warehouse = derive(orders, f"{name}-{temperature}", name)
        started = time.monotonic()
        outcome = run(client, warehouse, orders, PARAMETERS, {"seconds": 5, "seed": 1})
        seconds = time.monotonic() - started
        record(
            f"main_job.{name}.{temperature}.seconds",
            seconds,
            "s",
            "the solver's own time within it",
            seconds / outcome.result["elapsed_s"],
            COMMAND,
        )
    solution, baseline = outcome.result["solution"], outcome.result["baseline"]
    record(
        f"main_job.{name}.metres",
        solution["distance_m"],
        "m",
        baseline["method"],
        solution["distance_m"] / baseline["value"],
        COMMAND,
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, Stack(Path(folder)) as stack:
        client = Client(stack.url, stack.admin_key)
        measure(client, "demo", FILE)
        if REAL_ORDERS.is_file():
            measure(client, "online_retail", REAL_ORDERS)
        client.close()


if __name__ == "__main__":
    main()
