"""Lot sizing with time-varying demand, a set-up cost and a holding cost, where all fits: Wagner & Whitin (1958), in O(T log T)
with the lower envelope of Wagelmans, van Hoesel & Kolen (1992)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence


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
