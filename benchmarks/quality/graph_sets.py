"""Public batching instances whose floor is a graph, as problems of this product.

Text of the G-SCOP format: each section is headed by a //comment. Walks are given as arcs; the table of all shortest paths
in the files is not read.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from typing import Any

from benchmarks.quality.archives import files

Instance = tuple[str, dict[str, Any]]
START = datetime(2026, 1, 5, tzinfo=UTC)


def _sections(text: str) -> dict[str, list[list[str]]]:
    """comment → the lines below it, as words. A comment without lines is dropped."""
    found: dict[str, list[list[str]]] = {}
    title = ""
    for line in text.splitlines():
        if line.startswith("//"):
            title = line.removeprefix("//").strip()
        elif line.strip():
            found.setdefault(title, []).append(line.split())
    return found


def _one(sections: dict[str, list[list[str]]], start: str) -> list[list[str]]:
    """The section whose comment starts so."""
    return next(lines for title, lines in sections.items() if title.startswith(start))


def _number(sections: dict[str, list[list[str]]], start: str) -> float:
    return float(_one(sections, start)[0][0])


def _graph(sections: dict[str, list[list[str]]], nodes: dict[str, str]) -> dict[str, Any]:
    """nodes: product → node."""
    arcs = {(a, b): float(metres) for a, b, metres in _one(sections, "Start End")}
    edges = []
    for (a, b), metres in arcs.items():
        both = arcs.get((b, a))
        if both == metres and a > b:
            continue
        # A depot's arcs are given in one direction alone, and walked in both.
        one_way = both is not None and both != metres
        edges.append({"from_node": a, "to_node": b, "length_m": metres, "one_way": one_way})
    places = next(lines for title, lines in sections.items() if title.startswith(("Vertices coord", "Loc x y")))
    return {
        "type": "graph",
        "nodes": [{"id": name, "x_m": float(x), "y_m": float(y)} for name, x, y, *_ in places],
        "edges": edges,
        "locations": [{"id": f"P{product}", "node": node} for product, node in nodes.items()],
        "depot": _one(sections, "DepartingDepot")[0][0],
        "end_depot": _one(sections, "ArrivalDepot")[0][0],
    }


def _products(sections: dict[str, list[list[str]]]) -> dict[str, str]:
    return {product: node for product, node, *_ in _one(sections, "Idx Location")}


def _lines(words: list[str]) -> list[dict[str, Any]]:
    """Order lines from ProdIdx1 Qty1 ProdIdx2 Qty2 …"""
    return [{"sku": f"P{a}", "quantity": int(q)} for a, q in zip(words[::2], words[1::2], strict=True)]


def _stock(orders: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every article at its own place, as much as is wanted."""
    wanted: dict[str, int] = {}
    for order in orders:
        for line in order["lines"]:
            wanted[line["sku"]] = wanted.get(line["sku"], 0) + line["quantity"]
    return [{"sku": sku, "location": sku, "quantity": quantity} for sku, quantity in wanted.items()]


def _texts(folder: str) -> Iterator[tuple[str, dict[str, list[list[str]]]]]:
    for path, text in files(folder).items():
        if path.endswith(".txt"):
            yield path, _sections(text)


def foodmart() -> list[Instance]:
    """Valle, Beasley & da Cunha: a trolley takes so many boxes, an order occupies M of them."""
    found = []
    for path, sections in _texts("jobprp_foodmart"):
        orders = [
            {"id": f"O{row[0]}", "totes": int(row[1]), "lines": _lines(row[3 : 3 + 2 * int(row[2])])}
            for row in _one(sections, "Idx M")
        ]
        data = {
            "layout": _graph(sections, _products(sections)),
            "stock": _stock(orders),
            "orders": orders,
            "cart": {"totes": int(_number(sections, "K: NbBoxesTrolley"))},
        }
        found.append((PurePosixPath(path).stem, data))
    return found


def briant() -> list[Instance]:
    """Briant et al.: seconds of all batches are minimised, no order may be late, so many pickers work side by side."""
    found = []
    for path, sections in _texts("obsr_briant_due_dates"):
        orders = [
            {
                "id": f"O{row[0]}",
                "totes": 0,
                "due_at": (START + timedelta(seconds=float(row[1]))).isoformat(),
                "lines": _lines(row[4 : 4 + 2 * int(row[3])]),
            }
            for row in _one(sections, "Idx DueDate")
        ]
        data = {
            "layout": _graph(sections, _products(sections)),
            "stock": _stock(orders),
            "orders": orders,
            "cart": {"items": int(_number(sections, "CapaPicker"))},
            "pace": {
                "walk_m_per_s": 1 / _number(sections, "TimeToTravelOneDistanceUnit"),
                "setup_s": _number(sections, "SetupTime"),
                "piece_s": _number(sections, "PickTime"),
            },
            "pickers": int(_number(sections, "NbPickers")),
            "objective": "time",
            "start_at": START.isoformat(),
            "due": "hard",
        }
        size = "large" if "Large" in path else "small"
        found.append((f"{PurePosixPath(path).stem}_{size}", data))
    return found
