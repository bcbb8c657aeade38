"""What a new plan changed in the one before it: which orders have left their batch, which batches are not what they were."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from scipy.sparse import csr_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from contracts.problems.batching import Batch, Disturbance, Extension


def continued(earlier: Sequence[frozenset[str]], batches: Sequence[frozenset[str]]) -> dict[int, int]:
    """Earlier batch → the batch that continues it, so that most orders stay (assignment problem); those with none are left out."""
    if not earlier or not batches:
        return {}
    now = {order: b for b, orders in enumerate(batches) for order in orders}
    common = Counter((e, now[order]) for e, orders in enumerate(earlier) for order in orders if order in now)
    # As a full matching at least cost, zeros being no edges: an earlier batch without heir takes a column of its own.
    none = max(common.values(), default=0) + 1
    edges = [(e, b, none - orders) for (e, b), orders in common.items()]
    edges += [(e, len(batches) + e, none) for e in range(len(earlier))]
    rows, columns, costs = zip(*edges, strict=True)
    matrix = csr_array((costs, (rows, columns)), shape=(len(earlier), len(batches) + len(earlier)))
    return {
        int(e): int(b) for e, b in zip(*min_weight_full_bipartite_matching(matrix), strict=True) if b < len(batches)
    }


def disturbance(extension: Extension, plans: Sequence[Batch], metres: float, replanned_m: float | None) -> Disturbance:
    """What the plan tells of it; orders that it does not hold have not moved."""
    batches = [frozenset(plan.orders) for plan in plans]
    planned = frozenset().union(*batches)
    earlier = [frozenset(batch.orders) & planned for batch in extension.batches]
    heirs = continued(earlier, batches)
    moved = [
        order
        for e, batch in enumerate(extension.batches)
        for order in batch.orders
        if order in planned and (e not in heirs or order not in batches[heirs[e]])
    ]
    known = frozenset().union(*earlier)
    replanned = metres if replanned_m is None else replanned_m
    return Disturbance(
        late_orders=len(planned - known),
        moved_orders=tuple(moved),
        changed_batches=sum(bool(orders) and orders not in batches for orders in earlier),
        new_batches=len(batches) - len(heirs),
        replanned_m=round(replanned, 6),
        over_replanned_m=round(metres - replanned, 6),
    )
