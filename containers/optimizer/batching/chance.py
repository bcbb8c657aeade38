"""A random stream for compiled code that is the same on every machine: xorshift64* (Vigna 2016). State: uint64 (1,)."""

from __future__ import annotations

import numpy as np

from containers.optimizer.jit import kernel


@kernel
def next_random(state):  # type: ignore[no-untyped-def]
    """The next 64 bits."""
    x = state[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    state[0] = x
    return x * np.uint64(2685821657736338717)


@kernel
def below(state, n):  # type: ignore[no-untyped-def]
    """A random integer in 0..n-1."""
    return np.int64(((next_random(state) >> np.uint64(32)) * np.uint64(n)) >> np.uint64(32))


@kernel
def fraction(state):  # type: ignore[no-untyped-def]
    """A random float in [0, 1)."""
    return float(next_random(state) >> np.uint64(11)) * (1.0 / 9007199254740992.0)
