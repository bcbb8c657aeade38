"""What late orders cost when a plan is extended by them instead of made anew: a tenth comes late."""

from __future__ import annotations

from benchmarks.quality.made_orders import orders_of
from benchmarks.quality.runs import Options, row, solve

SEEDS = range(5)
SECONDS = 2.0
LATE_SHARE, RELEASED_SHARE = 0.1, 0.25


def late_orders(options: Options) -> None:
    """Metres beyond a plan made anew, and orders of the earlier plan that moved; a quarter of its batches have left."""
    over, moved = [], []
    for seed in SEEDS:
        data = orders_of(seed)
        known = data["orders"][: round(len(data["orders"]) * (1 - LATE_SHARE))]
        plan = solve("batching", {**data, "orders": known}, SECONDS, options).solution["batches"]
        batches = [
            {"orders": batch["orders"], "released": i < RELEASED_SHARE * len(plan)} for i, batch in enumerate(plan)
        ]
        told = solve("batching", {**data, "extend": {"batches": batches}}, SECONDS, options).solution["disturbance"]
        over.append(told["over_replanned_m"] / told["replanned_m"])
        moved.append(len(told["moved_orders"]) / len(known))
    count = len(over)
    row("quality.batching.late_metres_over_replanned", 100 * sum(over) / count, "% over planning anew", count, options)
    row("quality.batching.late_moved_orders_share", 100 * sum(moved) / count, "% of the earlier orders", count, options)
