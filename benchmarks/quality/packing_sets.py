"""Public packing instances as problems of this product."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.quality.archives import files

Instance = tuple[str, dict[str, Any]]


def rectangles(name: str, area_cost: bool = False) -> list[Instance]:
    """BWMV (one bin type) and Pisinger & Sigurd (several).

    With `area_cost` a bin costs its area: the published values of Pisinger's set hold for that, not for the COST column.
    """
    texts = files(name)
    found = []
    for path, text in texts.items():
        if not path.endswith("_items.csv"):
            continue
        items = list(csv.DictReader(io.StringIO(text)))
        bins = list(csv.DictReader(io.StringIO(texts[path.replace("_items.csv", "_bins.csv")])))
        problem = {
            "dimensions": 2,
            "items": [
                {
                    "id": f"i{row['ID']}",
                    "length_mm": int(row["WIDTH"]),
                    "width_mm": int(row["HEIGHT"]),
                    "quantity": int(row.get("COPIES") or 1),
                    "rotations": "fixed",
                }
                for row in items
            ],
            "cartons": [
                {
                    "id": f"b{row['ID']}",
                    "length_mm": int(row["WIDTH"]),
                    "width_mm": int(row["HEIGHT"]),
                    "cost": int(row["WIDTH"]) * int(row["HEIGHT"]) if area_cost else 1,
                }
                for row in bins
            ],
        }
        found.append((path.split("rectangle/")[1].removesuffix("_items.csv"), problem))
    return found


def containers() -> list[Instance]:
    """BR1-7: one container, orientation flags, every piece fully supported."""
    found = []
    for path, text in files("container3d_br").items():
        if "bischoff1995" not in path:
            continue
        numbers = iter(int(word) for word in text.split())
        for _ in range(next(numbers)):
            number, _seed, length, width, height, kinds = (next(numbers) for _ in range(6))
            items = []
            for _ in range(kinds):
                _, a, up_a, b, up_b, c, up_c, quantity = (next(numbers) for _ in range(8))
                names = (["LWH", "WLH"] if up_c else []) + (["LHW", "HLW"] if up_b else [])
                names += ["WHL", "HWL"] if up_a else []
                items.append(
                    {
                        "id": f"k{len(items)}", "length_mm": a, "width_mm": b, "height_mm": c,
                        "quantity": quantity, "orientations": names,
                    }
                )  # fmt: skip
            size = {"id": "c", "length_mm": length, "width_mm": width, "height_mm": height, "available": 1}
            problem = {"objective": "value", "items": items, "cartons": [size], "min_support": 1.0}
            found.append((f"bischoff1995/{Path(path).name}_{number}", problem))
    return found


def lengths() -> Iterator[Instance]:
    """BPPLIB: n, capacity, then the weights."""
    for path, text in files("bpp1d_bpplib").items():
        numbers = [int(word) for word in text.split()]
        sizes = Counter(numbers[2 : 2 + numbers[0]])
        items = [{"id": f"w{size}", "length_mm": size, "quantity": count} for size, count in sorted(sizes.items())]
        yield Path(path).name, {"dimensions": 1, "items": items, "cartons": [{"id": "b", "length_mm": numbers[1]}]}
