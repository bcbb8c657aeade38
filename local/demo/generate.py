"""Generate the bundled order lines: `python -m local.demo.generate` writes local/demo/order_lines.csv.

Published curves, and where they come from:
- Demand: the share F of all order lines that falls on the most demanded share x of SKUs is F(x) = (1 + s) x / (s + x)
  (Bender 1981, "Mathematical modelling of the 20/80 rule", Journal of Business Logistics 2(2); used for warehouses by
  Caron, Marchet & Perego 1998, "Routing policies and COI-based storage policies in picker-to-part systems",
  International Journal of Production Research 36(3)). s = 1/15 gives the 20/80 rule.
- Order sizes: lines per order uniform on 5..25, as in the instances of Henn & Wäscher 2012, "Tabu search heuristics for
  the order batching problem in manual order picking systems", European Journal of Operational Research 222(3).
Our own choice, where nothing is published: pieces per line 1..6, falling; release instants even over one shift.

Only `random.Random.random` is used: its sequence for a seed is the same in every Python version.
"""

from __future__ import annotations

import csv
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

SEED = 20_260_101
SKUS = 2400
ORDERS = 200
SKEW = 1 / 15
LINES_MIN, LINES_MAX = 5, 25
SHIFT_START = datetime(2026, 1, 12, 6, 0, tzinfo=UTC)
SHIFT = timedelta(hours=8)
FILE = Path(__file__).with_name("order_lines.csv")

# Rows as they come from real systems, to show what an import says of them: line of the file → row.
BROKEN = {
    40: ("DEMO-0003", "SKU-0001", "three", "2026-01-12T06:07:00Z"),
    300: ("DEMO-0020", "", "2", "2026-01-12T06:47:00Z"),
    900: ("DEMO-0061", "SKU-0002", "-4", "2026-01-12T08:26:00Z"),
}


def demanded_sku(draw: float) -> int:
    """The SKU (0 is the most demanded) at cumulated demand `draw`: the inverse of Bender's curve."""
    share = SKEW * draw / (1 + SKEW - draw)
    return min(SKUS - 1, int(share * SKUS))


def order_lines() -> list[tuple[str, str, int, str]]:
    """(order_id, sku, quantity, released_at), an order's SKUs all different."""
    generator = random.Random(SEED)
    # Which SKU number is how popular is shuffled, so that a SKU's name says nothing about its demand.
    names = [f"SKU-{number + 1:04d}" for number in range(SKUS)]
    for last in range(SKUS - 1, 0, -1):
        other = int(generator.random() * (last + 1))
        names[last], names[other] = names[other], names[last]
    lines = []
    for order in range(ORDERS):
        released = SHIFT_START + SHIFT * (order / ORDERS)
        released = released.replace(microsecond=0)
        size = LINES_MIN + int(generator.random() * (LINES_MAX - LINES_MIN + 1))
        skus: dict[int, None] = {}
        while len(skus) < size:
            skus[demanded_sku(generator.random())] = None
        for sku in skus:
            quantity = 1 + int(6 * generator.random() ** 2)
            lines.append((f"DEMO-{order + 1:04d}", names[sku], quantity, released.strftime("%Y-%m-%dT%H:%M:%SZ")))
    return lines


def write(path: Path = FILE) -> int:
    """Write the file, broken rows included; return how many rows it holds."""
    rows: list[tuple[object, ...]] = [*order_lines()]
    for line, row in sorted(BROKEN.items()):
        rows.insert(line - 2, row)
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("order_id", "sku", "quantity", "released_at"))
        writer.writerows(rows)
    return len(rows)


if __name__ == "__main__":
    print(f"{write()} rows in {FILE}")
