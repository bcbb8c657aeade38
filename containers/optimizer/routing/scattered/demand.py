"""What of a list's places is a choice: places that every answer must visit are set apart, useless ones are left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

Supply = Mapping[int, Mapping[str, int]]  # position → article → pieces there


@dataclass(frozen=True)
class Choice:
    """forced: positions that must be visited. demand: pieces still wanted. supply: what the other places hold of that."""

    forced: frozenset[int]
    demand: dict[str, int]
    supply: dict[int, dict[str, int]]


def choice_of(supply: Supply, demand: Mapping[str, int], fixed: frozenset[int]) -> Choice:
    """`fixed` positions are visited anyway. `supply` holds enough for `demand`."""
    total: Counter[str] = Counter()
    for held in supply.values():
        for article, pieces in held.items():
            total[article] += pieces
    forced = set(fixed)
    forced |= {
        position
        for position, held in supply.items()
        if any(total[article] - pieces < demand.get(article, 0) for article, pieces in held.items())
    }
    left = Counter(demand)
    for position in forced:
        left -= Counter(supply.get(position, {}))
    useful = {}
    for position, held in supply.items():
        rest = {article: min(pieces, left[article]) for article, pieces in held.items() if left[article] > 0}
        if rest and position not in forced:
            useful[position] = rest
    return Choice(frozenset(forced), dict(sorted(left.items())), useful)
