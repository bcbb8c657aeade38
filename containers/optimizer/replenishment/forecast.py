"""Demand to come from demand past: quantiles of bootstrapped sums, from a seed."""

from __future__ import annotations

import zlib

import numpy as np

from contracts.problems.replenishment import Forecast


def daily_demand(forecast: Forecast) -> dict[str, list[int]]:
    """Pieces per SKU and day to come.

    For each SKU, `samples` futures are drawn, day by day with replacement from its history. Day d gets what the
    service-level quantile of the sum through day d has beyond that of the day before, so that the whole is protected, not
    each day on its own. A SKU's stream depends on the seed and its name alone.
    """
    found = {}
    for row in forecast.history:
        rng = np.random.default_rng([forecast.seed, zlib.crc32(row.sku.encode())])
        past = np.array(row.daily_pieces, dtype=np.int64)
        drawn = past[rng.integers(0, len(past), (forecast.samples, forecast.days))]
        through = np.quantile(np.cumsum(drawn, axis=1), forecast.service_level, axis=0, method="higher")
        through = np.maximum.accumulate(through.astype(np.int64))
        found[row.sku] = np.diff(through, prepend=0).tolist()
    return found
