"""The dashboard in front of a running stack: stock `wrangler pages dev` on the built files, with the API as a service."""

from __future__ import annotations

import os
from pathlib import Path

from local.processes import Program, free_port
from local.stack import Stack, answers
from local.toolchain import NODE_MODULES, ROOT, ToolMissing, environment

FRONTEND = ROOT / "frontend"
SERVICE = "storemax"  # the Worker's name in wrangler.toml, which is how the local registry knows it
START_SECONDS = 60.0


def start_pages(stack: Stack, port: int = 0) -> str:
    """Start the dashboard's server beside a started stack, which then also stops it. Returns its address.

    Raises ToolMissing when the dashboard is not built, StartFailed with the log when it does not answer.
    """
    dist = FRONTEND / "dist"
    if not (dist / "index.html").exists():
        raise ToolMissing(f"{dist} is missing: run `npm run build`")
    port = port or free_port()
    # The same home folder as the Worker's: the two find each other through the registry in it.
    env = environment(stack.state_dir / "home")
    command = [
        str(NODE_MODULES / ".bin" / "node"),
        str(NODE_MODULES / "wrangler" / "bin" / "wrangler.js"),
        "pages",
        "dev",
        os.fspath(dist.relative_to(FRONTEND)),
        "--ip=127.0.0.1",
        f"--port={port}",
        f"--inspector-port={free_port()}",
        f"--service=API={SERVICE}",
        f"--persist-to={stack.state_dir / 'pages'}",
        "--show-interactive-dev-session=false",
    ]
    log: Path = stack.state_dir / "logs" / "pages.log"
    program = Program("wrangler pages dev", command, log=log, env=env, cwd=FRONTEND)
    stack.programs.append(program)
    url = f"http://127.0.0.1:{port}"
    program.wait_until(
        lambda: answers(f"{url}/api/health"),
        seconds=START_SECONDS,
        waiting_for="answer of the API through the dashboard",
    )
    stack.pages_url = url
    return url
