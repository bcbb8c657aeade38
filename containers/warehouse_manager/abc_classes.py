"""ABC classes: the few items that matter most, the many that matter least (Pareto)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

ItemClass = Literal["A", "B", "C"]


def classify(usage: Mapping[str, float], a_share: float, b_share: float) -> dict[str, ItemClass]:
    """Items by falling usage: A while the items before it hold less than `a_share` of all usage, B up to `b_share`.

    So the item that crosses a border still belongs to the better class, and an item without usage is always C. Ties
    are broken by SKU, so that the same input gives the same classes.
    """
    total = sum(usage.values())
    classes: dict[str, ItemClass] = {}
    before = 0.0
    for sku, used in sorted(usage.items(), key=lambda pair: (-pair[1], pair[0])):
        if used <= 0:
            classes[sku] = "C"
        elif before < a_share * total:
            classes[sku] = "A"
        else:
            classes[sku] = "B" if before < b_share * total else "C"
        before += used
    return classes
