"""Which lists take from the same stock."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from contracts.problems.routing import PickList


def sharing(lists: Iterable[PickList], need: Mapping[str, Iterable[str]]) -> list[list[PickList]]:
    """Lists that hang together by common articles, in their order; those that share with nobody are left out.

    need: the articles of each list, by its id.
    """
    above: dict[str, str] = {}  # article → an article of its group, up to the one that stands for the group

    def root(sku: str) -> str:
        while above.setdefault(sku, sku) != sku:
            above[sku] = above[above[sku]]
            sku = above[sku]
        return sku

    wanting = [(one, sorted(need[one.id])) for one in lists if need[one.id]]
    for _, skus in wanting:
        for sku in skus[1:]:
            above[root(sku)] = root(skus[0])
    groups: dict[str, list[PickList]] = defaultdict(list)
    for one, skus in wanting:
        groups[root(skus[0])].append(one)
    return [group for group in groups.values() if len(group) > 1]
