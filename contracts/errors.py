"""Errors as data: RFC 9457 problem details with a stable code, used at the edge, in the objects and in the agents.

ProblemError
 └─ every failure that a caller is told about; the code picks status and title from CATALOGUE
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

PROBLEM_TYPE_PREFIX = "urn:storemax:problem:"
MAX_FAULTS = 1000  # listed in one answer

# code → (HTTP status, title). Codes are stable: clients branch on them. Each is explained in docs/errors.md.
CATALOGUE: dict[str, tuple[int, str]] = {
    "malformed-body": (400, "The body cannot be read"),
    "bad-request": (400, "The request cannot be understood"),
    "protocol-unsupported": (503, "No protocol version that both sides speak"),
    "unauthenticated": (401, "No valid credentials"),
    "forbidden": (403, "Not allowed for these credentials"),
    "not-found": (404, "No such resource"),
    "method-not-allowed": (405, "The resource does not know this method"),
    "not-acceptable": (406, "No representation in a media type that the client accepts"),
    "conflict": (409, "The request conflicts with the current state"),
    "version-conflict": (409, "The resource has changed since it was read"),
    "insufficient-stock": (409, "Not enough stock"),
    "capacity-exceeded": (409, "The location cannot hold this"),
    "idempotency-in-progress": (409, "A request with this idempotency key is still running"),
    "lease-lost": (409, "The lease is no longer held by this worker"),
    "gone": (410, "The resource is no longer kept"),
    "precondition-failed": (412, "The precondition does not hold"),
    "body-too-large": (413, "The body is too large"),
    "unsupported-media-type": (415, "The body has a media type that this resource does not read"),
    "invalid": (422, "The content is not valid"),
    "idempotency-key-reused": (422, "The idempotency key was used for another request"),
    "infeasible": (422, "The problem has no feasible plan"),
    "too-large-to-solve": (422, "The problem is larger than the limit"),
    "upgrade-required": (426, "This resource is a WebSocket"),
    "precondition-required": (428, "The request must name the version that it starts from"),
    "rate-limited": (429, "Too many requests"),
    "internal": (500, "An unexpected fault on our side"),
    "agent-failed": (502, "The agent did not give a usable answer"),
    "overloaded": (503, "Too busy to take this now"),
    "no-capacity": (503, "No container instance is free"),
    "unavailable": (503, "A part that is needed does not answer"),
    "deadline-exceeded": (504, "The deadline passed before the answer was ready"),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: `pointer` is an RFC 6901 JSON pointer into the body ("" for the whole)."""

    pointer: str
    detail: str

    def as_dict(self) -> dict[str, str]:
        return {"pointer": self.pointer, "detail": self.detail}


@dataclass(eq=False)
class ProblemError(Exception):
    """A failure with a stable code. `extra` holds further members of the problem document (current state and so on)."""

    code: str
    detail: str
    errors: tuple[Fault, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.code not in CATALOGUE:
            raise ValueError(f"unknown problem code {self.code!r}: add it to contracts.errors.CATALOGUE")
        super().__init__(f"{self.code}: {self.detail}")

    @property
    def status(self) -> int:
        return CATALOGUE[self.code][0]

    def document(self) -> dict[str, Any]:
        """The problem+json members, without `instance` and trace id, which the edge adds."""
        status, title = CATALOGUE[self.code]
        body: dict[str, Any] = {
            "type": PROBLEM_TYPE_PREFIX + self.code,
            "title": title,
            "status": status,
            "code": self.code,
            "detail": self.detail,
        }
        if self.errors:
            body["errors"] = [fault.as_dict() for fault in self.errors]
        body.update(self.extra)
        return body


def pointer(parts: Iterable[str | int]) -> str:
    """RFC 6901: join reference tokens, with ~ and / escaped."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def from_validation(error: ValidationError, prefix: str = "", data: Any = None) -> ProblemError:
    """Every fault of a pydantic validation at once, each with its JSON pointer. `data`: what was validated, so that a
    union's tag, which pydantic puts into the path, is told from a member."""
    return from_faults("invalid", [Fault(prefix + pointer(path), detail) for path, detail in faults_of(error, data)])


def faults_of(error: ValidationError, data: Any = None) -> list[tuple[list[str | int], str]]:
    """(path, detail) of every fault of a pydantic validation."""
    found = error.errors(include_url=False, include_input=False)
    # pydantic counts only the elements that are valid: a list of one wrong element would be told as too short besides.
    above = {item["loc"][:depth] for item in found for depth in range(len(item["loc"]))}
    found = [item for item in found if item["type"] != "too_short" or item["loc"] not in above]
    return [(_within(data, item["loc"], item["type"]), item["msg"]) for item in found]


def from_faults(code: str, faults: Sequence[Fault]) -> ProblemError:
    """One problem of many faults: all are counted, the first MAX_FAULTS listed."""
    first = faults[0]
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    detail = f"{first.pointer or 'the body'}: {first.detail}{more}"
    return ProblemError(code, detail, errors=tuple(faults[:MAX_FAULTS]))


def _within(data: Any, path: tuple[str | int, ...], kind: str) -> list[str | int]:
    """The path's parts that lead through `data`; a member that is missing is its last one."""
    if data is None:
        return list(path)
    parts: list[str | int] = []
    for index, part in enumerate(path):
        missing = kind == "missing" and index == len(path) - 1
        if isinstance(part, int) or missing or (isinstance(data, Mapping) and part in data):
            parts.append(part)
            data = None if missing else data[part]
    return parts


def from_document(document: Mapping[str, Any]) -> ProblemError:
    """The way back: a problem document that crossed a border as JSON becomes an exception again."""
    known = {"type", "title", "status", "code", "detail", "errors", "instance", "trace_id"}
    code = str(document.get("code", "internal"))
    return ProblemError(
        code if code in CATALOGUE else "internal",
        str(document.get("detail", "")),
        errors=tuple(Fault(item["pointer"], item["detail"]) for item in document.get("errors", ())),
        extra={key: value for key, value in document.items() if key not in known},
    )
