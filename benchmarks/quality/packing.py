"""Packing quality at several time limits per instance: 2D and 1D bins, bins of several sizes, container loading.

Every plan passes the independent check before it counts. Other programs (rectpack, py3dbp, best fit decreasing) run in the same
run.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import Any

from benchmarks.quality.archives import best_known
from benchmarks.quality.packing_sets import containers, lengths, rectangles
from benchmarks.quality.rivals import installed
from benchmarks.quality.runs import Options, row, solve
from containers.optimizer.cartonization.solve import LINEAR_PROGRAM


def bwmv(options: Options) -> None:
    instances = options.chosen(rectangles("bpp2d_bwmv"))
    best = best_known("bpp2d_bwmv", "best_known_oriented.csv")
    reference = sum(best[name] for name, _ in instances)
    for limit in options.seconds:
        total = sum(solve("cartonization", data, limit, options).objective.value for _, data in instances)
        row(f"quality.bwmv.gap_{limit:g}s", 100 * (total / reference - 1), "% over best known", len(instances), options)
    if options.others and installed("rectpack"):
        total = sum(_rectpack(data) for _, data in instances)
        row("quality.bwmv.rectpack", 100 * (total / reference - 1), "% over best known", len(instances), options)


def _rectpack(data: dict[str, Any]) -> int:
    """The best of its off-line packers and sortings, without rotation."""
    import rectpack  # type: ignore[import-not-found]

    size = data["cartons"][0]
    best = 10**9
    for algorithm in (rectpack.MaxRectsBssf, rectpack.MaxRectsBaf, rectpack.MaxRectsBl, rectpack.SkylineBlWm):
        for order in (rectpack.SORT_AREA, rectpack.SORT_LSIDE):
            packer = rectpack.newPacker(rotation=False, pack_algo=algorithm, sort_algo=order)
            for item in data["items"]:
                for _ in range(item["quantity"]):
                    packer.add_rect(item["length_mm"], item["width_mm"])
            packer.add_bin(size["length_mm"], size["width_mm"], count=len(data["items"]) * 2)
            packer.pack()
            best = min(best, len(packer))
    return best


def br(options: Options) -> None:
    instances = options.chosen(containers())
    for limit in options.seconds:
        fills = [_fill(data, solve("cartonization", data, limit, options).objective.value) for _, data in instances]
        row(f"quality.br.fill_{limit:g}s", 100 * sum(fills) / len(fills), "% of the container", len(fills), options)
    if options.others and installed("py3dbp"):
        few = instances[:: max(1, len(instances) // 10)]
        fills = [_py3dbp(data) for _, data in few]
        row(
            "quality.br.py3dbp",
            100 * sum(fills) / len(fills),
            "% of the container, orientation ignored",
            len(fills),
            options,
        )


def _fill(data: dict[str, Any], volume: float) -> float:
    size = data["cartons"][0]
    return volume / (size["length_mm"] * size["width_mm"] * size["height_mm"])


def _py3dbp(data: dict[str, Any]) -> float:
    from py3dbp import Bin, Item, Packer  # type: ignore[import-not-found]

    size = data["cartons"][0]
    packer = Packer()
    packer.add_bin(Bin("c", size["length_mm"], size["height_mm"], size["width_mm"], 10**9))
    for item in data["items"]:
        for n in range(item["quantity"]):
            packer.add_item(Item(f"{item['id']}-{n}", item["length_mm"], item["height_mm"], item["width_mm"], 1))
    packer.pack(bigger_first=True, number_of_decimals=0)
    return _fill(data, float(sum(item.get_volume() for item in packer.bins[0].items)))


def bpp1d(options: Options) -> None:
    instances = options.chosen(list(lengths()))
    answers = [solve("cartonization", data, max(options.seconds), options) for _, data in instances]
    proven = [a for a in answers if a.objective.value == a.bound.value]
    closed = sum(a.bound.method == LINEAR_PROGRAM for a in proven)
    row("quality.bpp1d.at_lp_bound_share", 100 * closed / len(answers), "% of instances", len(answers), options)
    # Some instances have no plan at the rounded bound: those are proven one above it.
    row("quality.bpp1d.proven_share", 100 * len(proven) / len(answers), "% of instances", len(answers), options)
    if options.others:
        fitted = sum(
            _best_fit(data) == answer.bound.value for (_, data), answer in zip(instances, answers, strict=True)
        )
        row("quality.bpp1d.best_fit_decreasing", 100 * fitted / len(answers), "% of instances", len(answers), options)


def _best_fit(data: dict[str, Any]) -> int:
    """Bins of best fit decreasing: each piece, longest first, where it leaves the least."""
    pieces = sorted(
        (item["length_mm"] for item in data["items"] for _ in range(item["quantity"])),
        reverse=True,
    )
    left: list[int] = []  # ascending
    bins = 0
    for piece in pieces:
        at = bisect_left(left, piece)
        if at == len(left):
            bins += 1
            insort(left, data["cartons"][0]["length_mm"] - piece)
        else:
            insort(left, left.pop(at) - piece)
    return bins


def vsbpp(options: Options) -> None:
    instances = options.chosen(rectangles("vsbpp2d_pisinger", area_cost=True))
    best = best_known("vsbpp2d_pisinger")
    for limit in options.seconds:
        gaps = [
            solve("cartonization", data, limit, options).objective.value / best[name] - 1 for name, data in instances
        ]
        row(f"quality.vsbpp.gap_{limit:g}s", 100 * sum(gaps) / len(gaps), "% over best known", len(gaps), options)
