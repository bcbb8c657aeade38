"""`make demo`: the whole stack, the main job on it, a readable result, and how to go on."""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from local.demo.generate import FILE
from local.demo.main_job import Client, Outcome, Refused, run
from local.demo.warehouse import derive
from local.pages import start_pages
from local.processes import StartFailed
from local.stack import Stack
from local.toolchain import ROOT, ToolMissing

# One walk collects up to four orders; a picker walks 1.2 m/s and needs 10 s a stop (assumed, as said in the output).
PARAMETERS = {"cart": {"orders": 4}, "pace": {"walk_m_per_s": 1.2, "stop_s": 10, "setup_s": 120}}
BUDGET = {"seconds": 5, "seed": 1}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument(
        "--orders", type=Path, default=FILE, help="order lines as CSV: order_id, sku, quantity, released_at"
    )
    parser.add_argument("--once", action="store_true", help="end after the result")
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args(arguments)
    console = Console(highlight=False)
    if not options.orders.is_file():
        console.print(
            f"[red]There is no file {options.orders}.[/] Give order lines with ORDERS=path/to/order_lines.csv"
        )
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    state_dir = Path(tempfile.mkdtemp(prefix="storemax-demo-"))
    try:
        return _demo(console, options, state_dir)
    except (StartFailed, ToolMissing, Refused, httpx.HTTPError) as failure:
        console.print(f"[red]{failure}[/]", markup=True)
        return 1
    except KeyboardInterrupt:
        console.print("\nStopped.")
        return 0
    finally:
        shutil.rmtree(state_dir, ignore_errors=True)


def _demo(console: Console, options: argparse.Namespace, state_dir: Path) -> int:
    started = time.monotonic()
    warehouse = derive(options.orders, "demo", f"Demo warehouse for {options.orders.name}")
    layout = warehouse["layout"]
    console.print(
        f"[bold]Layout[/] derived from {options.orders.name}: {layout['aisles']} aisles of {layout['bays_per_block']} bays, "
        f"{layout['sides']} sides, {layout['levels']} levels = "
        f"{layout['aisles'] * layout['bays_per_block'] * layout['sides'] * layout['levels']} locations for "
        f"{len(warehouse['items'])} SKUs; {layout['aisle_pitch_m']} m between aisles, depot at aisle {layout['depot']['aisle'] + 1}. "
        "Locations are drawn at random; sizes and paces are made up."
    )
    console.print("[bold]Starting[/] the stack: wrangler dev, workerd, the agents' engine, Pages (about 15 s) …")
    with Stack(state_dir, port=options.port) as stack:
        console.print(f"  up at {stack.url} after {time.monotonic() - started:.0f} s")
        start_pages(stack)
        client = Client(stack.url, stack.admin_key)
        begun = time.monotonic()

        def on_event(event: dict[str, Any]) -> None:
            if event["type"] == "incumbent":
                console.print(
                    f"  [dim]{time.monotonic() - begun:6.1f} s[/]  best plan so far: {event['objective']:,.0f} m"
                )
            else:
                console.print(f"  [dim]{time.monotonic() - begun:6.1f} s[/]  job is {event['state']}")

        outcome = run(
            client,
            warehouse,
            options.orders,
            PARAMETERS,
            BUDGET,
            tell=lambda text: console.print(f"[bold]»[/] {text}"),
            on_event=on_event,
        )
        _print_result(console, outcome, options.orders)
        report = _fetch_report(client, outcome)
        console.print(f"[bold]Report[/] {'written to ' + str(report) if report else 'not ready yet'}")
        console.print(f"This took {time.monotonic() - started:.0f} s.")
        if options.once:
            return 0
        _how_to_go_on(console, stack, outcome)
        signal.pause()
    return 0


def _print_result(console: Console, outcome: Outcome, orders: Path) -> None:
    imported, result = outcome.imported, outcome.result
    if imported["quarantined"]:
        console.print(f"[yellow]{imported['quarantined']} rows of {orders.name} are in quarantine:[/]")
        for row in imported["quarantine"][:5]:
            console.print(f"  line {row['line']}: {row['detail']} — {row['cure']}", markup=False)
    solution, baseline = result["solution"], result["baseline"]["value"]
    table = Table(title="The plan", show_header=False, title_justify="left")
    rows = [
        ("Batches", f"{len(solution['batches']):,}"),
        ("Metres walked", f"{solution['distance_m']:,.0f}"),
        (f"Baseline ({result['baseline']['method']})", f"{baseline:,.0f}"),
        ("Saved", f"{baseline - solution['distance_m']:,.0f} m ({1 - solution['distance_m'] / baseline:.1%})"),
        ("Incumbents seen live", f"{len(outcome.incumbents)}"),
        ("Result read from", " then ".join(outcome.result_sources)),
        ("Container", f"{outcome.job['agent']} ({outcome.job['incarnation'][:12]})"),
    ]
    for row in rows:
        table.add_row(*row)
    console.print(table)
    first = solution["batches"][0]
    console.print(f"First pick list ({first['id']}, {first['distance_m']:.0f} m): ", end="")
    console.print(
        " → ".join(f"{stop['location']} ×{stop['quantity']}" for stop in first["stops"][:6]), "…", markup=False
    )


def _fetch_report(client: Client, outcome: Outcome) -> Path | None:
    """Wait for the report, which follows the result within seconds, and keep a copy."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        links = client.job(outcome.job)["links"]
        if "report" in links:
            target = ROOT / ".storemax" / "demo-report.html"
            target.parent.mkdir(exist_ok=True)
            target.write_text(client.call("GET", links["report"]).text)
            (target.parent / "demo-pick-lists.csv").write_text(outcome.pick_lists)
            return target
        time.sleep(0.2)
    return None


def _how_to_go_on(console: Console, stack: Stack, outcome: Outcome) -> None:
    console.print("\n[bold]Go on[/] (Ctrl-C ends everything):")
    console.print(f"  Dashboard   {stack.pages_url}   (log in with the key below)")
    console.print(f"  API         {stack.url}/v1/openapi.json")
    console.print(f"  Admin key   {stack.admin_key}")
    console.print(
        f"  curl -H 'Authorization: Bearer {stack.admin_key}' {stack.url}{outcome.job['links']['self']}", soft_wrap=True
    )
    console.print("  make dev    the same stack, empty and with state that stays")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
