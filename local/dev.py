"""`make dev`: the whole stack until Ctrl-C, with state that stays in .storemax/dev."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from rich.console import Console

from local.pages import start_pages
from local.processes import StartFailed
from local.stack import Stack
from local.toolchain import ROOT, ToolMissing


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make dev", description=__doc__)
    parser.add_argument("--port", type=int, default=8787, help="of the API; 0 takes a free one")
    parser.add_argument("--state", type=Path, default=ROOT / ".storemax" / "dev", help="where the state stays")
    options = parser.parse_args(arguments)
    console = Console(highlight=False)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    console.print("Starting the stack …")
    try:
        with Stack(options.state, port=options.port) as stack:
            console.print(f"Dashboard  {start_pages(stack)}")
            console.print(f"API        {stack.url}/v1/openapi.json")
            console.print(f"Admin key  {stack.admin_key}")
            console.print(f"Agents     {stack.engine_name}")
            console.print(f"Logs       {stack.state_dir / 'logs'}")
            console.print(f"Ctrl-C ends everything; the state stays in {options.state}.")
            signal.pause()
    except (StartFailed, ToolMissing) as failure:
        console.print(f"[red]{failure}[/]")
        return 1
    except KeyboardInterrupt:
        console.print("\nStopped.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
