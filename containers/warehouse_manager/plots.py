"""The report's drawings, as SVG text. matplotlib is loaded when the first one is drawn (about a second)."""

from __future__ import annotations

import io
import os
import re
import tempfile
import threading
from collections import Counter
from collections.abc import Sequence
from typing import Any

from contracts.layout import GraphLayout, ParametricLayout
from contracts.problems.batching import Batch

INK, PALE, ROUTE, PICK = "#1f2933", "#cbd2d9", "#c2410c", "#0b6e4f"
MAX_DRAWN = 4_000  # storage positions on one drawing; beyond that, every n-th

_lock = threading.Lock()  # matplotlib's text layout is not safe in several threads at once


def floor_plan(layout: ParametricLayout | GraphLayout, batch: Batch, name: str = "floor") -> str:
    """The floor from above with one batch's route: shelves pale, the walk a line, each stop a dot.

    `name` tells the drawing's ids from those of another on the same page.
    """
    with _lock:
        figure, axes = _figure(7.2, 4.2)
        _shelves(axes, layout)
        if batch.path:
            xs, ys = [point[0] for point in batch.path], [point[1] for point in batch.path]
            axes.plot(xs, ys, color=ROUTE, linewidth=1.6, solid_joinstyle="round", zorder=3)
            axes.plot(xs[:1], ys[:1], marker="s", markersize=7, color=INK, zorder=4)
        axes.scatter([s.x_m for s in batch.stops], [s.y_m for s in batch.stops], s=14, color=PICK, zorder=5)
        axes.set_aspect("equal", adjustable="datalim")
        axes.set_xlabel("metres across the aisles")
        axes.set_ylabel("metres along the aisles")
        return _svg(figure, name)


def metres_against_baseline(batches: Sequence[Batch], baseline_m: float | None, bound_m: float | None) -> str:
    """Plan, baseline and proven bound as bars from zero, so that their lengths can be compared by eye."""
    planned = sum(batch.distance_m for batch in batches)
    rows = [("this plan", planned, PICK)]
    if baseline_m is not None:
        rows.insert(0, ("first come, first served, S-shape", baseline_m, PALE))
    if bound_m is not None:
        rows.append(("no plan can walk less than", bound_m, "#7b8794"))
    with _lock:
        figure, axes = _figure(7.2, 0.7 + 0.45 * len(rows))
        names = [row[0] for row in rows][::-1]
        values = [row[1] for row in rows][::-1]
        bars = axes.barh(names, values, color=[row[2] for row in rows][::-1], height=0.6)
        axes.bar_label(bars, labels=[f"{value:,.0f} m" for value in values], padding=4, color=INK, fontsize=9)
        axes.set_xlim(0, max(values, default=1) * 1.18 or 1)
        axes.set_xlabel("metres walked")
        return _svg(figure, "totals")


def metres_per_batch(batches: Sequence[Batch]) -> str:
    """Each batch's metres, longest first, with the mean."""
    lengths = sorted((batch.distance_m for batch in batches), reverse=True)
    with _lock:
        figure, axes = _figure(7.2, 2.6)
        axes.bar(range(1, len(lengths) + 1), lengths, color=PICK, width=0.8)
        mean = sum(lengths) / len(lengths)
        axes.axhline(mean, color=INK, linewidth=1, linestyle="--")
        axes.text(len(lengths) + 0.5, mean, f" mean {mean:,.0f} m", va="bottom", ha="right", color=INK, fontsize=9)
        axes.set_xlabel("batches, longest walk first")
        axes.set_ylabel("metres")
        axes.set_xlim(0.4, len(lengths) + 0.6)
        axes.locator_params(axis="x", integer=True)
        return _svg(figure, "per-batch")


def orders_per_batch(batches: Sequence[Batch]) -> str:
    """How full the carts are: how many batches hold how many orders."""
    counts = Counter(len(batch.orders) for batch in batches)
    with _lock:
        figure, axes = _figure(7.2, 2.2)
        bars = axes.bar(list(counts), list(counts.values()), color=PICK, width=0.8)
        axes.bar_label(bars, color=INK, fontsize=9)
        axes.set_xlabel("orders on the cart")
        axes.set_ylabel("batches")
        axes.set_ylim(0, max(counts.values()) * 1.2)
        axes.locator_params(integer=True)
        return _svg(figure, "histogram")


def _figure(width: float, height: float) -> tuple[Any, Any]:
    # A read-only root has no home for matplotlib's font list.
    os.environ.setdefault("MPLCONFIGDIR", os.path.join(tempfile.gettempdir(), "matplotlib"))
    import matplotlib
    from matplotlib.figure import Figure

    # Text stays text (small, searchable, the page's own font); the salt keeps ids equal from run to run.
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "storemax", "font.family": "sans-serif"})
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(colors=INK, labelsize=9)
    return figure, axes


def _shelves(axes: Any, layout: ParametricLayout | GraphLayout) -> None:
    if isinstance(layout, GraphLayout):
        at = {node.id: (node.x_m, node.y_m) for node in layout.nodes}
        step = max(1, len(layout.edges) // MAX_DRAWN)
        for edge in layout.edges[::step]:
            (x0, y0), (x1, y1) = at[edge.from_node], at[edge.to_node]
            axes.plot([x0, x1], [y0, y1], color=PALE, linewidth=1, zorder=1)
        return
    depth = min(1.0, layout.aisle_pitch_m * 0.3)
    length = (layout.bays_per_block - 1) * layout.bay_width_m
    sides = (-1, 1)[: layout.sides]
    for aisle in range(layout.aisles):
        for block in range(layout.blocks):
            y0 = block * layout.block_length_m + layout.end_gap_m - layout.bay_width_m / 2
            for side in sides:
                x0 = aisle * layout.aisle_pitch_m + side * layout.aisle_pitch_m * 0.3 - depth / 2
                axes.add_patch(_rectangle(x0, y0, depth, length + layout.bay_width_m))
    axes.autoscale_view()


def _rectangle(x: float, y: float, width: float, height: float) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((x, y), width, height, facecolor=PALE, edgecolor="none", zorder=1)


def _svg(figure: Any, name: str) -> str:
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    # Several drawings share a page: their ids must not. The page's style sheet may size them.
    text = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", text)
    return re.sub(r'<svg ([^>]*?)width="[^"]*" ', r"<svg \1", re.sub(r'height="[\d.]+pt" ', "", text, count=1), count=1)
