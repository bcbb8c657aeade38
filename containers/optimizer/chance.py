"""A random stream for compiled code that is the same on every machine: xorshift64* (Vigna 2016). State: uint64 (1,)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from containers.optimizer.jit import kernel


def stream(seed: int, number: int = 0) -> npt.NDArray[np.uint64]:
    """The state of the `number`-th stream of a seed; kernels change it in place."""
    mixed = (seed * 0x9E3779B97F4A7C15 + number * 0xD1B54A32D192ED03 + 0x1234567) % (1 << 64)
    return np.array([mixed or 1], dtype=np.uint64)


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
