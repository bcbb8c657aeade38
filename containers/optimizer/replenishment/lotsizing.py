"""Lot sizing with time-varying demand, a set-up cost and a holding cost: exact, with and without a limited store.

Without a limit: Wagner & Whitin (1958), in O(T log T) with the lower envelope of Wagelmans, van Hoesel & Kolen (1992).
With a limited store, multiples and a limited supply: dynamic programming over how many multiples have come so far.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from containers.optimizer.jit import kernel

Ints = npt.NDArray[np.int64]


def wagner_whitin(demand: Sequence[float], setup: float, holding: float) -> tuple[float, list[float]]:
    """(least cost, quantity per period): a lot costs `setup`, a piece kept from one period to the next `holding`.

    Backwards: with D(t) the demand from t on and H(t) the cost of holding a piece from t to the end, ordering in t for all
    before s costs G(s) + D-and-H terms that are linear in D(s); the best s is where a line of that slope touches the lower
    convex envelope of the points (D(s), G(s)).
    """
    periods = len(demand)
    total = [0.0] * (periods + 1)
    for t in range(periods - 1, -1, -1):
        total[t] = total[t + 1] + demand[t]
    # Holding costs counted from the end: a piece made in t is charged holding x (periods - t), and the constant that it
    # is charged too much is subtracted at the end.
    best = [0.0] * (periods + 1)
    choice = list(range(1, periods + 2))
    hull = [periods]  # indices s with D(s) rising, slopes of the envelope rising with it
    slopes: list[float] = []
    for t in range(periods - 1, -1, -1):
        charge = holding * (periods - t)
        # min over s > t of best[s] + setup + charge * (D(t) - D(s)): the envelope's point where its slope passes `charge`.
        s = hull[bisect_left(slopes, charge)]
        order = setup + charge * (total[t] - total[s]) + best[s]
        # Nothing is asked for in t: nothing need come.
        if demand[t] <= 0 and best[t + 1] <= order:
            best[t], choice[t] = best[t + 1], -1
        else:
            best[t], choice[t] = order, s
        # Add (D(t), best[t]) at the right end; drop what it covers. Equal D: the lower point stays.
        while hull:
            last = hull[-1]
            if total[t] - total[last] <= 0:
                if best[t] >= best[last]:
                    break
                hull.pop()
                if slopes:
                    slopes.pop()
                continue
            slope = (best[t] - best[last]) / (total[t] - total[last])
            if slopes and slope <= slopes[-1]:
                hull.pop()
                slopes.pop()
                continue
            slopes.append(slope)
            hull.append(t)
            break
        if not hull:
            hull.append(t)
    quantity = [0.0] * periods
    t = 0
    while t < periods:
        if choice[t] == -1:
            t += 1
        else:
            s = choice[t]
            quantity[t] = total[t] - total[s]
            t = s
    constant = sum(holding * (periods - t) * demand[t] for t in range(periods))
    return best[0] - constant, quantity


@kernel
def bounded(demand, begin, most, multiple, supply, trip, setup, each, holding, low, below, quantity):  # type: ignore[no-untyped-def]
    """Least cost of serving `demand` (T,) from a store that holds `begin` pieces now and `most` at any time.

    What comes before a period is a multiple of `multiple`, in all at most `supply` multiples. It costs `setup` per started
    `trip` pieces and `each` per multiple; a piece left after a period costs `holding`, one missing below `low` costs
    `below`. Fills quantity (T,); returns infinity when the demand cannot be served.
    """
    periods = demand.shape[0]
    whole = 0
    for t in range(periods):
        whole += demand[t]
    top = min(supply, (whole + most) // multiple + 1)
    cost = np.full((periods + 1, top + 1), np.inf)
    come = np.zeros((periods, top + 1), dtype=np.int32)
    cost[0, 0] = 0.0
    gone = 0
    for t in range(periods):
        for k in range(top + 1):
            if cost[t, k] == np.inf:
                continue
            lying = begin + k * multiple - gone
            for new in range(k, top + 1):
                stock = lying + (new - k) * multiple
                if stock > most and new > k:
                    break
                left = stock - demand[t]
                if left < 0:
                    continue
                value = cost[t, k] + holding * left + below * max(0, low - left)
                if new > k:
                    value += setup * (((new - k) * multiple + trip - 1) // trip) + each * (new - k)
                if value < cost[t + 1, new] - 1e-9:
                    cost[t + 1, new] = value
                    come[t, new] = new - k
        gone += demand[t]
    last = 0
    for k in range(top + 1):
        if cost[periods, k] < cost[periods, last] - 1e-9:
            last = k
    best = cost[periods, last]
    if best < np.inf:
        for t in range(periods - 1, -1, -1):
            quantity[t] = come[t, last] * multiple
            last -= come[t, last]
    return best


def servable(demand: Ints, begin: int, most: int, multiple: int, supply: int) -> Ints:
    """What of each period's demand can be served when the store is filled up before every period, the earliest first."""
    served = np.zeros_like(demand)
    lying, left = begin, supply
    for t, wanted in enumerate(demand.tolist()):
        come = 0
        if lying < wanted:
            come = max(0, min(left, (most - lying) // multiple))
            come = min(come, -(-(wanted - lying) // multiple)) if come * multiple >= wanted - lying else come
        lying += come * multiple
        left -= come
        served[t] = min(wanted, lying)
        lying -= int(served[t])
    return served
