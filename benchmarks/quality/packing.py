"""`python -m benchmarks.quality.packing [--sample N] [sets…]`: packing quality at 1 s and 10 s per instance.

Every plan passes the independent check before it counts. Other programs (rectpack, py3dbp) run in the same run where
they are installed: `pip install rectpack py3dbp`.
"""

from __future__ import annotations

import argparse
import importlib.util
from collections.abc import Callable, Iterable
from typing import Any

from benchmarks.quality.packing_sets import best_known, containers, lengths, rectangles
from benchmarks.results import record
from containers.optimizer.cartonization import FAMILY
from containers.optimizer.family import Answer, Run
from contracts.optimize import Budget

COMMAND = "python -m benchmarks.quality.packing"


def solve(data: dict[str, Any], seconds: float) -> Answer:
    problem = FAMILY.read(data)
    answer = FAMILY.solve(problem, Run(Budget(seconds=seconds)))
    report = FAMILY.check(problem, answer.solution, None)
    if report.violations:
        raise AssertionError(report.violations[:3])
    return answer


def bwmv(sample: int, seconds: tuple[float, ...]) -> None:
    instances = rectangles("bpp2d_bwmv")[::sample]
    best = best_known("bpp2d_bwmv", "best_known_oriented.csv")
    reference = sum(best[name] for name, _ in instances)
    for limit in seconds:
        total = sum(solve(data, limit).objective.value for _, data in instances)
        _row(f"quality.bwmv.gap_{limit:g}s", 100 * (total / reference - 1), "% over best known", len(instances))
    if importlib.util.find_spec("rectpack"):
        total = sum(_rectpack(data) for _, data in instances)
        _row("quality.bwmv.rectpack", 100 * (total / reference - 1), "% over best known", len(instances))


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


def br(sample: int, seconds: tuple[float, ...]) -> None:
    instances = containers()[::sample]
    for limit in seconds:
        fills = [_fill(data, solve(data, limit).objective.value) for _, data in instances]
        _row(f"quality.br.fill_{limit:g}s", 100 * sum(fills) / len(fills), "% of the container", len(fills))
    if importlib.util.find_spec("py3dbp"):
        few = instances[:: max(1, len(instances) // 10)]
        fills = [_py3dbp(data) for _, data in few]
        _row("quality.br.py3dbp", 100 * sum(fills) / len(fills), "% of the container, orientation ignored", len(fills))


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


def bpp1d(sample: int, seconds: tuple[float, ...]) -> None:
    instances = list(lengths())[::sample]
    answers = [solve(data, max(seconds)) for _, data in instances]
    closed = sum(a.bound is not None and a.objective.value == a.bound.value for a in answers)
    _row("quality.bpp1d.at_lp_bound_share", 100 * closed / len(answers), "% of instances", len(answers))


def vsbpp(sample: int, seconds: tuple[float, ...]) -> None:
    instances = rectangles("vsbpp2d_pisinger", area_cost=True)[::sample]
    best = best_known("vsbpp2d_pisinger")
    for limit in seconds:
        gaps = [solve(data, limit).objective.value / best[name] - 1 for name, data in instances]
        _row(f"quality.vsbpp.gap_{limit:g}s", 100 * sum(gaps) / len(gaps), "% over best known", len(gaps))


def _row(name: str, value: float, unit: str, instances: int) -> None:
    record(name, value, unit, f"{instances} instances", None, COMMAND)


SETS: dict[str, Callable[[int, tuple[float, ...]], None]] = {"bwmv": bwmv, "br": br, "bpp1d": bpp1d, "vsbpp": vsbpp}


def main(arguments: Iterable[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="*", help="which sets; all when left out")
    parser.add_argument("--sample", type=int, default=1, help="every N-th instance")
    parser.add_argument("--seconds", type=float, nargs="+", default=[1.0, 10.0])
    options = parser.parse_args(None if arguments is None else list(arguments))
    FAMILY.warm()
    for name in options.sets or SETS:
        SETS[name](options.sample, tuple(options.seconds))


if __name__ == "__main__":
    main()
