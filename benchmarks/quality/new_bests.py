"""Plans better than the published values, kept with their solutions: new_best_<set>.json beside this file.

A list of {instance, published, value, batches}: `batches` are the orders' ids per cart, from which anybody can walk the
instance again. tests/containers/optimizer/batching/test_new_bests.py does.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from contracts.optimize import OptimizeResult

# Published values are rounded to a tenth of a metre.
ROUNDING_M = 0.05


def file_of(set_name: str) -> Path:
    """Where a set's plans are kept."""
    return Path(__file__).with_name(f"new_best_{set_name}.json")


def listed(set_name: str) -> list[dict[str, Any]]:
    """The plans kept so far, by instance."""
    path = file_of(set_name)
    return list(json.loads(path.read_text())) if path.is_file() else []


def note(set_name: str, instance: str, published: float, result: OptimizeResult) -> bool:
    """Keep a plan that beats the published value and any kept before; whether it did."""
    value = result.objective.value
    kept = {one["instance"]: one for one in listed(set_name)}
    before = kept[instance]["value"] if instance in kept else published - ROUNDING_M
    if result.unassigned or value >= before - 1e-6:
        return False
    batches = sorted([sorted(batch["orders"]) for batch in result.solution["batches"]])
    kept[instance] = {"instance": instance, "published": published, "value": round(value, 6), "batches": batches}
    rows = [json.dumps(kept[name]) for name in sorted(kept)]
    file_of(set_name).write_text("[\n" + ",\n".join(rows) + "\n]\n")
    return True
