"""The bound of Gilmore (1962) and Lawler (1963) on slotting by affinity: every article meets its friends as near as can be."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from containers.optimizer.slotting.costs import costs_of
from containers.optimizer.slotting.exact import slots_of
from containers.optimizer.slotting.problem import Instance

Floats = npt.NDArray[np.float64]

# Units by slots, and units by slots by friends: a second or so.
LARGEST = 2_000_000
MOST_WORK = 4e9

METHOD = "Gilmore-Lawler: an assignment in which every article has the slots nearest to its own for those that share its tours"


def gilmore_lawler(instance: Instance) -> float | None:
    """No plan of the units costs less, whatever it leaves out. None where it would take too long.

    In slot s, unit u is at least sum_k flow_k x metres_k / 2 away from its friends, the largest flows with the shortest
    walks; each pair is seen by both of its ends, so each counts half. Who is left out spares its friends at most the longest
    walk each, so the price of leaving it out is lowered by that.
    """
    from scipy.optimize import linear_sum_assignment

    units, places = instance.units, instance.places
    costs = costs_of(instance)
    offsets, _other, flow = costs.pairs
    room = np.minimum(places.max_skus, units.count)
    columns = np.repeat(np.arange(places.count), room)
    if units.count == 0 or len(costs.table) == 0 or units.count * (len(columns) + units.count) > LARGEST:
        return None
    friends = int(np.diff(offsets).max())
    positions, at = np.unique(places.position, return_inverse=True)
    if float(units.count) * friends * len(positions) > MOST_WORK:
        return None
    # One place beside the own one at each position less, since the unit itself takes one.
    walks = np.sort(costs.table[np.ix_(positions, places.position[columns])], axis=1)[:, 1 : 1 + friends]
    falling = np.zeros((units.count, walks.shape[1]))
    for u in range(units.count):
        own = np.sort(flow[offsets[u] : offsets[u + 1]])[::-1][: walks.shape[1]]
        falling[u, : len(own)] = own
    least = (0.5 * falling @ walks.T)[:, at]
    least += costs.linear[:, None] * places.metres[None, :] + costs.visits[:, None] * places.extra[None, :]
    allowed = slots_of(instance)
    total = np.zeros(units.count)
    np.add.at(total, np.repeat(np.arange(units.count), np.diff(offsets)), flow)
    longest = float(costs.table[np.ix_(positions, positions)].max(initial=0.0))
    out = costs.leave - 0.5 * longest * total
    forbidden = 1.0 + float(np.abs(least).max(initial=0.0) + np.abs(out).max(initial=0.0)) * units.count
    if allowed.all() and units.count <= len(columns) and (out >= least.max(axis=1)).all():
        table = least[:, columns]  # whoever is left out finds a free slot for less
    else:
        table = np.full((units.count, len(columns) + units.count), forbidden)
        table[:, : len(columns)] = np.where(allowed, least, forbidden)[:, columns]
        table[:, len(columns) :][np.diag_indices(units.count)] = np.where(units.fixed >= 0, forbidden, out)
    rows, chosen = linear_sum_assignment(table)
    return float(table[rows, chosen].sum())
