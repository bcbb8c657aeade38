"""Durations as people write them: `90`, `"30s"`, `"10m"`, `"1h30m"`, `"2d"`."""

from __future__ import annotations

import math
import re

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_WHOLE = re.compile(rf"(?:{_PART.pattern})+")


def seconds(value: float | str) -> float:
    """A duration in seconds. A number already is one; text is parts of a number and a unit (ms, s, m, h, d).

    Raises ValueError for what is no duration, negative or not finite.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise ValueError(f"not a duration: {value!r}")
    if isinstance(value, str):
        text = value.strip().lower()
        if not _WHOLE.fullmatch(text):
            raise ValueError(f'not a duration: {value!r} (write "30s", "10m", "1h30m" or a number of seconds)')
        return math.fsum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
    if not math.isfinite(value) or value < 0:
        raise ValueError(f"not a duration: {value!r}")
    return float(value)
