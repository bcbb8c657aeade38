"""Trips to one pick face, to the optimum: dynamic programming over how many multiples have come so far.

The capacitated lot-sizing problem with a limited store (Love 1973; Zangwill's network), its periods refined: a trip comes before
a period starts, or while it is picked, once there is room for it and late when its work takes longer than the face lasts.
"""

from __future__ import annotations

import numpy as np

from containers.optimizer.jit import kernel


@kernel
def trip_seconds(pieces, trip, case, setup, case_s):  # type: ignore[no-untyped-def]
    """Seconds to bring so many pieces: `setup` per started `trip` of them, `case_s` per started `case`."""
    return setup * ((pieces + trip - 1) // trip) + case_s * ((pieces + case - 1) // case)


@kernel
def cheapest_trips(demand, due, need, release, store, work, prices, period, number, quantity):  # type: ignore[no-untyped-def]
    """Least cost of serving `demand` (T,) and its trips; returns (cost, trips), infinity when it cannot be served.

    With k multiples come, piece number begin + k * multiple + 1 is needed at need[k], and the face has room for the last of
    them from release[k] on. due (T,): when periods start.
    store: (pieces that lie there, most that it holds, multiple, pieces that it should not fall below).
    work: (pieces per trip, pieces per case, lots), prices: (setup, case_s, holding, below, late, during). A trip's lateness is that
    of its largest part when it may be shared by so many lots at once.
    Fills period, number (1: before it starts) and quantity (pieces) per trip.
    """
    begin, most, multiple, low = store
    trip, case, lots = work
    setup, case_s, holding, below, late, during = prices
    periods = demand.shape[0]
    top = need.shape[0] - 1
    cost = np.full(top + 1, np.inf)
    cost[0] = 0.0
    before = np.zeros((periods, top + 1), dtype=np.int32)  # multiples come when the period's first trip began
    within = np.full((periods, top + 1), -1, dtype=np.int32)  # and when its last one did, -1: that was the first
    widest = most // multiple
    # Per multiples in one trip: its seconds, and those of the part that a lot must bring.
    takes, part = np.zeros(widest + 1), np.zeros(widest + 1)
    for q in range(1, widest + 1):
        takes[q] = trip_seconds(q * multiple, trip, case, setup, case_s)
        part[q] = trip_seconds((q * multiple + lots - 1) // lots, trip, case, setup, case_s)
    gone = 0
    for t in range(periods):
        first = cost.copy()
        for k in range(top + 1):
            before[t, k] = k
        for k in range(top + 1):
            if cost[k] == np.inf:
                continue
            lying = begin + k * multiple - gone
            for new in range(k + 1, min(top, k + widest) + 1):
                if lying + (new - k) * multiple > most:
                    break
                value = cost[k] + takes[new - k] + late * max(0.0, release[new] + part[new - k] - due[t])
                if value < first[new] - 1e-9:
                    first[new] = value
                    before[t, new] = k
        for k in range(top + 1):
            if first[k] == np.inf or begin + k * multiple - gone >= demand[t]:
                continue
            for new in range(k + 1, min(top, k + widest) + 1):
                value = first[k] + takes[new - k] + during
                value += late * max(0.0, release[new] + part[new - k] - need[k])
                if value < first[new] - 1e-9:
                    first[new] = value
                    within[t, new] = k
        for k in range(top + 1):
            left = begin + k * multiple - gone - demand[t]
            if left < 0:
                cost[k] = np.inf
            else:
                cost[k] = first[k] + holding * left + below * max(0, low - left)
        gone += demand[t]
    last = 0
    for k in range(top + 1):
        if cost[k] < cost[last] - 1e-9:
            last = k
    best = cost[last]
    count = 0
    if best < np.inf:
        for t in range(periods - 1, -1, -1):
            while within[t, last] >= 0:
                period[count], number[count] = t, 2
                quantity[count] = (last - within[t, last]) * multiple
                last = within[t, last]
                count += 1
            if before[t, last] < last:
                period[count], number[count] = t, 1
                quantity[count] = (last - before[t, last]) * multiple
                last = before[t, last]
                count += 1
    return best, count
