"""Metres that batching and routing save on real order lines, against first come first served with S-shape walks.

The data know orders, not buildings. What is made up here: the aisles, an article per place in the order of the articles'
names, carts of so many orders, and for baskets without instants waves in the order of the file. Online Retail (UCI, D. Chen
2015, doi 10.24432/C5BW33) is picked day by day; the Groceries baskets (R package arules) in waves of 500.
"""

from __future__ import annotations

import csv
import lzma
import re
from collections import Counter, defaultdict
from typing import Any

from benchmarks.quality.archives import folder
from benchmarks.quality.runs import Options, row, solve
from contracts.layout import ParametricLayout, parametric_locations

WAVE = 500
ORDERS_A_CART = 8

Lines = dict[str, Counter[str]]  # order → article → pieces


def online_retail(options: Options) -> None:
    """Five days of a giftware wholesaler: 438 orders, 1,966 articles on 20 aisles in two blocks."""
    days: dict[str, Lines] = defaultdict(lambda: defaultdict(Counter))
    path = folder().parent / "online-retail" / "order_lines.csv"
    with path.open(encoding="utf-8-sig") as stream:
        for line in csv.DictReader(stream):
            days[line["released_at"][:10]][line["order_id"]][line["sku"]] += int(line["qty"])
    layout = {"type": "parametric", "aisles": 20, "blocks": 2, "bays_per_block": 25, "sides": 2, "levels": 1}
    _measure("online_retail", layout, list(days.values()), options)


_NO_SKU = re.compile(r"[^A-Za-z0-9 ._:@+-]")  # "rolls/buns" has a stroke, which no SKU may


def groceries(options: Options) -> None:
    """Baskets of 169 articles on six aisles in one block."""
    baskets: Lines = defaultdict(Counter)
    with lzma.open(folder() / "orders_groceries" / "groceries.csv.xz", "rt", encoding="utf-8-sig") as stream:
        for line in csv.DictReader(stream):
            baskets[line["Person"]][_NO_SKU.sub("-", line["item"].strip())] += 1
    names = list(baskets)
    waves = [{name: baskets[name] for name in names[i : i + WAVE]} for i in range(0, len(names), WAVE)]
    layout = {"type": "parametric", "aisles": 6, "blocks": 1, "bays_per_block": 15, "sides": 2, "levels": 1}
    _measure("groceries", layout, waves, options)


def _measure(name: str, layout: dict[str, Any], waves: list[Lines], options: Options) -> None:
    chosen = options.chosen([_problem(layout, waves, wave) for wave in waves])
    for seconds in options.seconds:
        before = walked = ruled = 0.0
        for data in chosen:
            result = solve("batching", data, seconds, options)
            if result.unassigned or result.baseline.value is None:
                raise SystemExit(f"{name}: an order was left out: {result.unassigned[:1]}")
            before += result.baseline.value
            walked += result.objective.value
            ruled += result.solution["rules_m"]["s_shape"]
        label = f"quality.{name}"
        row(f"{label}.saving_{seconds:g}s", 100 * (1 - walked / before), "% fewer metres", len(chosen), options)
        batched = 100 * (1 - ruled / before)
        row(f"{label}.saving_by_batches_{seconds:g}s", batched, "% fewer metres, S-shape walks", len(chosen), options)


def _problem(layout: dict[str, Any], waves: list[Lines], wave: Lines) -> dict[str, Any]:
    articles = sorted({article for one in waves for lines in one.values() for article in lines})
    places = [place.id for place in parametric_locations(ParametricLayout.model_validate(layout))]
    wanted: Counter[str] = Counter()
    for lines in wave.values():
        wanted.update(lines)
    return {
        "layout": layout,
        "stock": [
            {"sku": article, "location": place, "quantity": wanted[article]}
            for article, place in zip(articles, places, strict=False)
            if wanted[article]
        ],
        "orders": [
            {"id": order, "lines": [{"sku": article, "quantity": pieces} for article, pieces in sorted(lines.items())]}
            for order, lines in wave.items()
        ],
        "cart": {"orders": ORDERS_A_CART},
    }
