"""Why an article is left out, and the smallest change that would let it in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from containers.optimizer.slotting.places import NO_LIMIT
from containers.optimizer.slotting.rules import broken_rule, edges_of, needs_size, tags_of
from contracts.catalogue import Item
from contracts.optimize import Unassigned

if TYPE_CHECKING:
    from containers.optimizer.slotting.units import Fitting
    from contracts.problems.slotting import SlottingFacts


def why_never(facts: SlottingFacts, item: Item) -> Unassigned | None:
    """The rule that the article contradicts all by itself, if there is one."""
    tags = tags_of(item)
    for i, rule in enumerate(facts.rules.apart):
        if tags.issuperset(rule.tags):
            return Unassigned(
                id=item.sku,
                reason="contradictory-rules",
                detail=f"it has both {rule.tags[0]!r} and {rule.tags[1]!r}, which rules/apart/{i} keeps apart",
                smallest_change=f"take one of the two off the article, or drop rules/apart/{i}",
            )
    return None


def why_nowhere(facts: SlottingFacts, fitting: Fitting, item: Item) -> Unassigned:
    """The reason that no slot takes even one piece of the article."""
    kinds, may, room = fitting.places.kinds, fitting.may(item), fitting.room(item)
    if not kinds:
        return Unassigned(
            id=item.sku,
            reason="no-slot",
            detail="there is no usable slot at all",
            smallest_change="name locations in `slots`, or unblock some",
        )
    if not may.any():
        rules = sorted({broken_rule(facts.rules, item, kind) or "" for kind in kinds})
        return Unassigned(
            id=item.sku,
            reason="no-slot-allowed",
            detail=f"the rules keep it out of every slot: {', '.join(rules)}",
            smallest_change=f"give a zone what rules/{rules[0]} asks for, or loosen the rule",
        )
    if (room[may] < 0).any() and not (room[may] > 0).any():
        sized = any(needs_size(kind) for kind, let in zip(kinds, may, strict=True) if let)
        what = "edges" if sized and edges_of(item) is None else "weight_g"
        return Unassigned(
            id=item.sku,
            reason="item-size-unknown",
            detail=f"the slots are limited, but {what} of the article are not known",
            smallest_change=f"give item {item.sku!r} its {'length_mm, width_mm, height_mm' if what == 'edges' else what}",
        )
    edges = edges_of(item)
    allowed = [kind for kind, let in zip(kinds, may, strict=True) if let]
    fitting_edges = [k for k in allowed if edges is None or all(e <= r for e, r in zip(edges, k.edges, strict=True))]
    size = "×".join(map(str, edges or ()))
    if not fitting_edges:
        return Unassigned(
            id=item.sku,
            reason="larger-than-any-slot",
            detail=f"a piece of {size} mm fits no slot that it may lie in",
            smallest_change=f"needs a slot of at least {size} mm",
        )
    volume = item.volume_mm3 or 0
    roomy = [kind for kind in fitting_edges if volume <= kind.max_volume_mm3]
    if not roomy:
        return Unassigned(
            id=item.sku,
            reason="larger-than-any-slot",
            detail=f"a piece takes {volume} mm³, the roomiest slot {max(k.max_volume_mm3 for k in fitting_edges)} mm³",
            smallest_change=f"needs a slot of at least {volume} mm³, the fill limit taken off",
        )
    most = max(kind.max_weight_g for kind in roomy)
    return Unassigned(
        id=item.sku,
        reason="heavier-than-any-slot",
        detail=f"a piece weighs {item.weight_g} g; the slots that it fits carry {most} g",
        smallest_change=f"needs a slot that carries at least {item.weight_g} g",
    )


def why_left(fitting: Fitting, item: Item, pieces: int, apart: bool, group: bool) -> Unassigned:
    """The reason that the plan leaves out an article that an empty building would take."""
    usable = np.maximum(0, fitting.usable(item))
    best = int(np.argmax(np.minimum(usable, 2**40) * fitting.slots_of_kind))
    kind = fitting.places.kinds[best]
    where = f"zone {kind.zone!r}" + (f", level {kind.level}" if kind.level else "")
    held = "" if kind.max_weight_g >= NO_LIMIT else f" that carries {min(pieces, int(usable[best]))} pieces"
    if group:
        return Unassigned(
            id=item.sku,
            reason="group-does-not-fit",
            detail="no region was found that holds all that must lie together with it",
            smallest_change=f"widen the `together` rule from aisle to zone, or add slots in {where}",
        )
    if apart:
        return Unassigned(
            id=item.sku,
            reason="no-slot-apart",
            detail="every free slot lies where something is that must be kept apart from it",
            smallest_change=f"one more slot in {where}, away from what it is kept apart from",
        )
    return Unassigned(
        id=item.sku,
        reason="no-free-slot",
        detail=f"all slots that it may lie in are taken ({pieces} pieces to store)",
        smallest_change=f"one more slot in {where}{held}, or store fewer pieces",
    )
