"""`make bench-quality ARGS="henn muter --seconds 10 --limit 20"`: plan quality on public instances, beside other programs.

Without names every set runs, in full, at 1 s and 10 s per instance: hours. Every plan passes its family's own check
before it counts.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from importlib import import_module

from benchmarks.quality.runs import Options

# set → module:function(Options), which writes the set's rows. A new set is one line.
SETS: dict[str, str] = {
    "sprp": "benchmarks.quality.routes:sprp",
    "sprp_two_block": "benchmarks.quality.routes:sprp_two_block",
    "sprp_ss": "benchmarks.quality.routes:sprp_ss",
    "online_retail": "benchmarks.quality.real_orders:online_retail",
    "groceries": "benchmarks.quality.real_orders:groceries",
    "henn": "benchmarks.quality.picking:henn",
    "muter": "benchmarks.quality.picking:muter",
    "foodmart": "benchmarks.quality.picking:foodmart",
    "briant": "benchmarks.quality.picking:briant",
    "new_bests": "benchmarks.quality.picking:new_bests",
    "batching": "benchmarks.quality.promptness:promptness",
    "deadlines": "benchmarks.quality.deadlines:deadlines",
    "bwmv": "benchmarks.quality.packing:bwmv",
    "br": "benchmarks.quality.packing:br",
    "bpp1d": "benchmarks.quality.packing:bpp1d",
    "vsbpp": "benchmarks.quality.packing:vsbpp",
    "jobshop": "benchmarks.quality.scheduling:jobshop",
    "gap": "benchmarks.quality.generalised:gap",
    "slaprp": "benchmarks.quality.locations:slaprp",
    "qap": "benchmarks.quality.quadratic:qap",
}


def measure(name: str, options: Options) -> None:
    """Run one set."""
    module, _, function = SETS[name].partition(":")
    run: Callable[[Options], None] = getattr(import_module(module), function)
    run(options)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make bench-quality", description=__doc__)
    parser.add_argument("sets", nargs="*", help=f"any of: {', '.join(SETS)}; all when left out")
    parser.add_argument("--seconds", type=float, nargs="+", default=[1.0, 10.0], help="time limits per instance")
    parser.add_argument("--sample", type=int, default=1, help="every N-th instance")
    parser.add_argument("--limit", type=int, help="at most so many instances of a set, spread over it")
    parser.add_argument("--workers", type=int, default=2, help="cores per solve")
    parser.add_argument("--alone", action="store_true", help="leave the other programs out")
    parser.add_argument("--short", action="store_true", help="name the rows quality_short.*")
    words = parser.parse_args(arguments)
    unknown = set(words.sets) - set(SETS)
    if unknown:
        parser.error(f"no set {', '.join(sorted(unknown))}; there are {', '.join(SETS)}")
    options = Options(tuple(words.seconds), words.sample, words.limit, words.workers, not words.alone, words.short)
    for name in words.sets or SETS:
        print(f"\n» {name}", flush=True)
        measure(name, options)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
