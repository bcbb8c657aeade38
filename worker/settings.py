"""The installation's settings from the Worker's variables, read once per isolate."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from contracts.limits import Policy

# Tokens per second and burst. `anonymous` and `refused` (bad credentials) are per address and isolate.
DEFAULT_POLICIES = {
    "client": Policy("client", 500, 1000),
    "tenant": Policy("tenant", 2000, 4000),
    "agent": Policy("agent", 200, 400),
    "anonymous": Policy("anonymous", 100, 400),
    "refused": Policy("refused", 20, 200),
}


@dataclass(frozen=True, slots=True)
class Settings:
    """No secret is kept here: those are read from `env` where they are used."""

    environment: str = "development"
    cors_origins: frozenset[str] = frozenset()
    policies: dict[str, Policy] = field(default_factory=lambda: dict(DEFAULT_POLICIES))
    max_inflight: int = 256  # requests at once in an isolate before normal ones are shed; background at half of it
    analytics_sample: float = 1.0  # share of the requests that get an Analytics Engine data point
    any_origin: bool = False  # development alone: any origin may read, without credentials


_current: Settings | None = None


def settings(env: Any) -> Settings:
    """The settings of this isolate."""
    global _current
    if _current is None:
        _current = parse(lambda name: getattr(env, name, None))
    return _current


def parse(variable: Any) -> Settings:
    """Settings from a look-up function name → text or anything else when it is not set."""

    def text(name: str, default: str = "") -> str:
        value = variable(name)
        return value if isinstance(value, str) and value else default

    environment = text("ENVIRONMENT", "production")  # a forgotten variable must not open anything
    origins = frozenset(origin.strip().rstrip("/") for origin in text("CORS_ORIGINS").split(",") if origin.strip())
    policies = dict(DEFAULT_POLICIES)
    for part in text("RATE_LIMITS").replace(",", " ").split():  # "client=500/1000 tenant=2000/4000": rate/burst
        name, _, numbers = part.partition("=")
        rate, _, burst = numbers.partition("/")
        policies[name] = Policy(policies[name].name, float(rate), float(burst), policies[name].reserve)
    inflight = int(text("MAX_INFLIGHT", "256"))
    return Settings(
        environment,
        origins - {"*"},
        policies,
        inflight,
        analytics_sample=min(1.0, max(0.001, float(text("ANALYTICS_SAMPLE", "1")))),
        any_origin="*" in origins and environment == "development",
    )
