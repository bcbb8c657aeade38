"""What an agent reads from its environment, once, at start."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """Seconds and mebibytes. `signing_keys` holds the current key, then the previous one while a rotation overlaps."""

    incarnation: str = "local"
    signing_keys: tuple[str, ...] = ()
    allow_unsigned: bool = False
    grace_s: float = 20.0
    max_body_mb: float = 64.0
    max_concurrent: int = 0  # 0: no limit of its own
    version: str = "0.1.0"
    revision: str = "unknown"

    @staticmethod
    def from_env(env: Mapping[str, str] | None = None) -> Settings:
        """Read STOREMAX_* variables. A number that is not one raises ValueError naming the variable: better than a
        container that runs with a limit nobody chose."""
        source = os.environ if env is None else env
        keys = (source.get("STOREMAX_SIGNING_KEY", ""), source.get("STOREMAX_SIGNING_KEY_PREVIOUS", ""))
        return Settings(
            incarnation=source.get("STOREMAX_INCARNATION", "") or Settings.incarnation,
            signing_keys=tuple(key for key in keys if key),
            allow_unsigned=source.get("STOREMAX_ALLOW_UNSIGNED", "") == "1",
            grace_s=number(source, "STOREMAX_GRACE_SECONDS", Settings.grace_s),
            max_body_mb=number(source, "STOREMAX_MAX_BODY_MB", Settings.max_body_mb),
            max_concurrent=int(number(source, "STOREMAX_MAX_CONCURRENT", Settings.max_concurrent)),
            version=source.get("STOREMAX_VERSION", "") or Settings.version,
            revision=source.get("STOREMAX_REVISION", "") or Settings.revision,
        )


def number(source: Mapping[str, str], name: str, default: float) -> float:
    """A non-negative number from the environment; ValueError says which variable is wrong."""
    text = source.get(name, "").strip()
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"{name}={text!r} is not a number") from None
    if not 0 <= value < 1e12:
        raise ValueError(f"{name}={text!r} must be 0 or more")
    return value
