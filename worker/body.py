"""JSON bodies, strictly: UTF-8, no duplicate names, no NaN, a bounded depth. What two parsers could read differently, none may."""

from __future__ import annotations

import json
import re
from typing import Any

from contracts.errors import Fault, ProblemError

MAX_DEPTH = 64
_STRING = re.compile(
    r'"(?:[^"\\]+|\\.)*+(?:"|\\?\Z)', re.DOTALL
)  # possessive: one pass, also over an unfinished string
_NO_BRACKET = re.compile(r"[^\[\]{}]+")


def malformed(detail: str, pointer: str = "") -> ProblemError:
    return ProblemError("malformed-body", detail, errors=(Fault(pointer, detail),))


def parse_json(data: bytes) -> Any:
    """The value of a JSON text. Raises ProblemError malformed-body that says where and why."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise malformed(f"the body is not UTF-8 (byte {error.start})") from None
    if text.startswith("\ufeff"):
        raise malformed("the body begins with a byte order mark, which JSON does not allow")
    if depth_of(text) > MAX_DEPTH:
        raise malformed(f"the body is nested deeper than {MAX_DEPTH} levels")
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant, parse_int=_bounded_int)
    except json.JSONDecodeError as error:
        raise malformed(f"the body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    except _Refused as error:
        raise malformed(str(error)) from None


def depth_of(text: str) -> int:
    """The nesting of brackets outside strings, up to MAX_DEPTH + 1; without recursion, so that no body exhausts the stack.

    Strings go, then everything that is no bracket, then the innermost pairs, layer by layer: each step runs at C's speed.
    What cannot be paired counts as that many levels, because a parser would descend into it before it fails.
    """
    if text.count("[") + text.count("{") <= MAX_DEPTH:  # the usual body: no need to look closer
        return 0
    brackets = _NO_BRACKET.sub("", _STRING.sub("", text))
    depth = 0
    while brackets and depth <= MAX_DEPTH:
        inner = brackets.replace("[]", "").replace("{}", "")
        if len(inner) == len(brackets):
            return depth + len(brackets)
        brackets, depth = inner, depth + 1
    return depth


class _Refused(ValueError):
    """JSON by its grammar, but refused here."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise _Refused(f"the name {twice!r} stands twice in one object")
    return result


def _no_constant(name: str) -> Any:
    raise _Refused(f"{name} is not JSON")


def _bounded_int(digits: str) -> int:
    if len(digits) > 400:  # Python's conversion is quadratic in the number of digits
        raise _Refused("a number has more than 400 digits")
    return int(digits)
