"""Which host a container may reach: deny first, then the allow list as a gate, then a handler, then the default.

Patterns hold `*` for any run of characters: `*.example.com`, `api.*.example.com`, `*`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal


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
class Verdict:
    kind: Literal["deny", "handler", "pass"]
    handler: str = ""


@dataclass(frozen=True, slots=True)
class Rules:
    """`by_host` maps a host pattern to a handler's name; `default` is the handler for everything else."""

    internet: bool = True
    allowed: tuple[str, ...] | None = None
    denied: tuple[str, ...] = ()
    by_host: Mapping[str, str] | None = None
    default: str = ""

    @property
    def needed(self) -> bool:
        """Does anything here ask for traffic to be looked at?"""
        return bool(self.denied or self.allowed is not None or self.by_host or self.default)

    def verdict(self, host: str) -> Verdict:
        name = normalized(host)
        if any_matches(self.denied, name):
            return Verdict("deny")
        if self.allowed is not None and not any_matches(self.allowed, name):
            return Verdict("deny")
        by_host = self.by_host or {}
        if name in by_host:
            return Verdict("handler", by_host[name])
        for pattern, handler in by_host.items():
            if matches(pattern, name):
                return Verdict("handler", handler)
        if self.default:
            return Verdict("handler", self.default)
        return Verdict("pass" if self.allowed is not None or self.internet else "deny")
