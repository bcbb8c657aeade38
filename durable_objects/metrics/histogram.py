"""Latency histograms: the bounds that everybody counts by, and quantiles out of counts."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

BOUNDS_MS = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 10000)
BUCKETS = len(BOUNDS_MS) + 1  # the last one holds what is above every bound


def bucket(ms: float) -> int:
    """The index of the bucket that a duration falls into: the first whose bound it does not exceed."""
    return bisect_left(BOUNDS_MS, ms)


def quantile(counts: Sequence[int], share: float) -> float | None:
    """The duration (ms) that `share` of the requests did not exceed; None without requests.

    Linear within the bucket, as Prometheus' histogram_quantile does it; above the last bound, that bound.
    """
    total = sum(counts)
    if not total:
        return None
    rank, below = share * total, 0
    for index, count in enumerate(counts):
        if below + count >= rank and count:
            if index == len(BOUNDS_MS):
                return float(BOUNDS_MS[-1])
            lower = BOUNDS_MS[index - 1] if index else 0
            return lower + (BOUNDS_MS[index] - lower) * (rank - below) / count
        below += count
    return float(BOUNDS_MS[-1])
