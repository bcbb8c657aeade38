"""`make bench`: every part in turn, or those named: `make bench ARGS="main_job gateway"`."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time

# Every set with reference values: a few instances of each, beside other programs.
QUALITY_SETS = [
    "sprp",
    "sprp_two_block",
    "sprp_ss",
    "henn",
    "muter",
    "foodmart",
    "briant",
    "bwmv",
    "br",
    "bpp1d",
    "vsbpp",
    "gap",
    "qap",
    "jobshop",
]

# part → (module, arguments of the short form, what it measures)
PARTS: dict[str, tuple[str, list[str], str]] = {
    "gateway": ("benchmarks.gateway", [], "the gateway beside a bare Python Worker and FastAPI on Workers; needs wrk"),
    "containers": ("benchmarks.containers", [], "cold start, warm overhead and scale-out of the agents' containers"),
    "queue": ("benchmarks.queue", [], "the task queue's speed, and its growth from 1,000 to 100,000 waiting"),
    "load": ("benchmarks.load", [], "error rate and latency under a mixed load"),
    "main_job": ("benchmarks.main_job", [], "the main job's time and metres"),
    "state": ("benchmarks.state", [], "stock: lines per second in bulk, and single changes beside a bare RPC"),
    "fanout": ("benchmarks.fanout", [], "one event to 500 WebSocket readers of a warehouse"),
    "quality": (
        "benchmarks.quality",
        [*QUALITY_SETS, "--short", "--limit", "4", "--seconds", "1"],
        "plan quality on a few public instances per set, when they are on this machine",
    ),
}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"any of: {', '.join(PARTS)}")
    options = parser.parse_args(arguments)
    unknown = set(options.parts) - set(PARTS)
    if unknown:
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    failed = []
    for name in options.parts or PARTS:
        module, words, what = PARTS[name]
        print(f"\n» {name}: {what}", flush=True)
        started = time.monotonic()
        done = subprocess.run([sys.executable, "-m", module, *words], check=False)
        print(f"  ({time.monotonic() - started:.0f} s)", flush=True)
        if done.returncode:
            failed.append(name)
    if failed:
        print(f"\nfailed: {', '.join(failed)}", flush=True)
    return len(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
