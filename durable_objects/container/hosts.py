"""Which host a container may reach, and who answers for it: deny first, then the allow list as a gate, then a handler
for the host, then the handler for all others, then the internet, if it is open.

Patterns hold `*` for any run of characters: `*.example.com`, `api.*.example.com`, `*`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal


def normalized(host: str) -> str:
    """Lower case, without the trailing dots of a fully qualified name."""
    return host.strip().lower().rstrip(".")


def matches(pattern: str, host: str) -> bool:
    parts = normalized(pattern).split("*")
    if len(parts) == 1:
        return parts[0] == host
    head, *middle, tail = parts
    if len(host) < len(head) + len(tail) or not host.startswith(head) or not host.endswith(tail):
        return False
    at, end = len(head), len(host) - len(tail)
    for part in middle:
        found = host.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


def any_matches(patterns: Sequence[str], host: str) -> bool:
    return any(matches(pattern, host) for pattern in patterns)


@dataclass(frozen=True, slots=True)
class Handler:
    """The name of a static method of the container class, and what it is given as `context["params"]`."""

    name: str
    params: Any = None


@dataclass(frozen=True, slots=True)
class Verdict:
    kind: Literal["deny", "handler", "pass"]
    handler: Handler | None = None


_DENY, _PASS = Verdict("deny"), Verdict("pass")


@dataclass(frozen=True, slots=True)
class Rules:
    """`by_host`: those of the class; `by_host_now`: those set at run time, which come first."""

    internet: bool = True
    allowed: tuple[str, ...] | None = None
    denied: tuple[str, ...] = ()
    by_host: Mapping[str, Handler] = field(default_factory=dict)
    by_host_now: Mapping[str, Handler] = field(default_factory=dict)
    default: Handler | None = None

    @property
    def needed(self) -> bool:
        """Does anything here ask for traffic to be looked at?"""
        return self.needs_all or bool(self.by_host)

    @property
    def needs_all(self) -> bool:
        """Must every host's traffic be looked at? Handlers for hosts that are named in full need only theirs."""
        rules = self.denied or self.allowed is not None or self.by_host_now or self.default
        return bool(rules) or any("*" in pattern for pattern in self.by_host)

    def verdict(self, host: str) -> Verdict:
        name = normalized(host)
        if any_matches(self.denied, name):
            return _DENY
        if self.allowed is not None and not any_matches(self.allowed, name):
            return _DENY
        handler = _handler(self.by_host_now, name) or _handler(self.by_host, name) or self.default
        if handler is not None:
            return Verdict("handler", handler)
        return _PASS if self.allowed is not None or self.internet else _DENY

    def as_dict(self) -> dict[str, Any]:
        """As JSON data, for the way to the isolate where the proxy runs."""
        return {
            "internet": self.internet,
            "allowed": None if self.allowed is None else list(self.allowed),
            "denied": list(self.denied),
            "by_host": {host: [handler.name, handler.params] for host, handler in self.by_host.items()},
            "by_host_now": {host: [handler.name, handler.params] for host, handler in self.by_host_now.items()},
            "default": None if self.default is None else [self.default.name, self.default.params],
        }

    @staticmethod
    def from_dict(told: Mapping[str, Any]) -> Rules:
        return Rules(
            internet=told["internet"],
            allowed=None if told["allowed"] is None else tuple(told["allowed"]),
            denied=tuple(told["denied"]),
            by_host={host: Handler(*pair) for host, pair in told["by_host"].items()},
            by_host_now={host: Handler(*pair) for host, pair in told["by_host_now"].items()},
            default=None if told["default"] is None else Handler(*told["default"]),
        )


def _handler(by_host: Mapping[str, Handler], host: str) -> Handler | None:
    """The one of exactly this host, else of the first pattern that matches."""
    if host in by_host:
        return by_host[host]
    return next((handler for pattern, handler in by_host.items() if matches(pattern, host)), None)
