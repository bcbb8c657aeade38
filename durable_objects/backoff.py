"""How long to wait before trying again."""

from __future__ import annotations

import random


def full_jitter(attempt: int, base_s: float, cap_s: float, draw: float | None = None) -> float:
    """Seconds to wait after `attempt` failures (from 1): drawn from nought up to a ceiling that doubles from `base_s` to
    `cap_s` (Brooker, "Exponential Backoff And Jitter"). draw: a number in [0, 1) instead of a random one.
    """
    ceiling = min(cap_s, base_s * 2.0 ** min(max(0, attempt - 1), 64))
    return ceiling * (random.random() if draw is None else draw)
