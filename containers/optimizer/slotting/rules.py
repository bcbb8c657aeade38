"""Which slots an article may lie in, whatever lies elsewhere; and its tags in the rules that join articles."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from containers.optimizer.slotting.places import NO_LIMIT, Kind
from contracts.catalogue import Item
from contracts.problems.slotting import SlottingRules

Flags = npt.NDArray[np.bool_]


def tags_of(item: Item) -> frozenset[str]:
    """What rules may call the article: its attributes and its family."""
    return item.attributes | {item.family} if item.family else item.attributes


def edges_of(item: Item) -> tuple[int, ...] | None:
    """The article's edges in ascending order, or None when one is unknown."""
    edges = (item.length_mm, item.width_mm, item.height_mm)
    return None if None in edges else tuple(sorted(edge for edge in edges if edge is not None))


def places_named(kind: Kind, names: frozenset[str]) -> bool:
    """Whether the kind's zone, or an attribute of it, is among the names."""
    return kind.zone in names or not kind.attributes.isdisjoint(names)


def broken_rule(rules: SlottingRules, item: Item, kind: Kind) -> str | None:
    """The first rule that keeps the article out of such a slot, as a pointer into the rules; None when none does."""
    tags = tags_of(item)
    for i, rule in enumerate(rules.zones):
        if rule.tag in tags:
            if rule.only and not places_named(kind, rule.only):
                return f"zones/{i}/only"
            if places_named(kind, rule.never):
                return f"zones/{i}/never"
        elif rule.exclusive and places_named(kind, rule.only):
            own = (other for other in rules.zones if other.tag in tags and other.only & rule.only)
            if not any(places_named(kind, other.only) for other in own):
                return f"zones/{i}/exclusive"
    heavy = rules.heavy
    if heavy is not None and (item.weight_g or 0) >= heavy.from_g and kind.level not in heavy.levels:
        return "heavy/levels"
    return None


def needs_size(kind: Kind) -> bool:
    return kind.max_volume_mm3 < NO_LIMIT or kind.edges[0] < NO_LIMIT


def pieces_that_fit(item: Item, kind: Kind) -> int:
    """How many pieces such a slot holds (NO_LIMIT without limits), -1 when a size or weight is not known."""
    edges, weight = edges_of(item), item.weight_g
    if (edges is None and needs_size(kind)) or (weight is None and kind.max_weight_g < NO_LIMIT):
        return -1
    most = NO_LIMIT
    if edges is not None:
        if any(edge > room for edge, room in zip(edges, kind.edges, strict=True)):
            return 0
        most = kind.max_volume_mm3 // (edges[0] * edges[1] * edges[2]) if kind.max_volume_mm3 < NO_LIMIT else NO_LIMIT
    if weight and kind.max_weight_g < NO_LIMIT:
        most = min(most, kind.max_weight_g // weight)
    return most


def allowed_kinds(rules: SlottingRules, item: Item, kinds: Sequence[Kind]) -> Flags:
    """Per kind: whether the rules let the article in, were there room enough."""
    return np.array([broken_rule(rules, item, kind) is None for kind in kinds], dtype=np.bool_)
