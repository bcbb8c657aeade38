"""JSON and NDJSON bodies, strictly: UTF-8, no duplicate names, no NaN, a bounded depth. What two parsers could read
differently, none may."""

from __future__ import annotations

import json
import re
from typing import Any

from pydantic import BaseModel, ValidationError

from contracts.errors import Fault, ProblemError, faults_of, from_faults, from_validation, pointer

NDJSON = "application/x-ndjson"
MAX_DEPTH = 64
_STRING = re.compile(
    r'"(?:[^"\\]+|\\.)*+(?:"|\\?\Z)', re.DOTALL
)  # possessive: one pass, also over an unfinished string
_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")


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


def validated(model: type[BaseModel], data: bytes) -> BaseModel:
    """A JSON body as an instance of its model. Raises malformed-body, or invalid with every fault."""
    value = parse_json(data)  # what two parsers could read differently ends here
    try:
        return _strictly(model, data)
    except ValidationError as error:
        raise from_validation(error, data=value) from None


def _strictly(model: type[BaseModel], data: bytes) -> BaseModel:
    # From the text, not from the parsed value: only there does "strict" mean JSON's own types, so that neither
    # "12" nor true passes for a number, while lists become tuples and RFC 3339 texts become instants.
    return model.model_validate_json(data, strict=True)


def validated_lines(model: type[BaseModel], member: str, data: bytes) -> BaseModel:
    """An NDJSON body: one element of the model's list `member` per line; blank lines do not count.

    All lines are read before anything is refused. Raises malformed-body when one is no JSON, invalid otherwise, with every
    fault of every line; `/orders/3/id` is in the fourth line.
    """
    values: list[Any] = []
    texts: list[bytes] = []
    numbers: list[int] = []  # of the lines that can be read
    faults: list[Fault] = []
    number = -1
    for at, line in enumerate(data.split(b"\n"), start=1):
        if not line.strip():
            continue
        number += 1
        try:
            values.append(parse_json(line))
        except ProblemError as problem:
            faults.append(Fault(f"/{member}/{number}", f"line {at}: {problem.detail}"))
        else:
            texts.append(line)
            numbers.append(number)
    try:
        instance = _strictly(model, f'{{"{member}":['.encode() + b",".join(texts) + b"]}")
    except ValidationError as error:
        found = [(_sent(path, numbers), detail) for path, detail in faults_of(error, {member: values})]
        # With lines that cannot be read, how many there are is not known to be wrong.
        faults += [Fault(pointer(path), detail) for path, detail in found if len(path) > 1 or not faults]
    else:
        if not faults:
            return instance
    unread = len(texts) <= number
    raise from_faults("malformed-body" if unread else "invalid", sorted(faults, key=_place))


def _sent(path: list[str | int], numbers: list[int]) -> list[str | int]:
    """A fault's path with the number of the line that was sent: those that cannot be read count too."""
    return [path[0], numbers[path[1]], *path[2:]] if len(path) > 1 and isinstance(path[1], int) else path


def _place(fault: Fault) -> int:
    parts = fault.pointer.split("/")
    return int(parts[2]) if len(parts) > 2 and parts[2].isdigit() else -1


def depth_of(text: str) -> int:
    """The nesting of brackets outside strings, up to MAX_DEPTH + 1; without recursion, so that no body exhausts the stack.

    Strings go, then everything that is no bracket, then the innermost pairs, layer by layer: each step runs at C's speed.
    What cannot be paired counts as that many levels, because a parser would descend into it before it fails. Without a
    backslash in the text each quotation mark begins or ends a string: what stands between the others is quicker found.
    """
    if text.count("[") + text.count("{") <= MAX_DEPTH:  # the usual body: no need to look closer
        return 0
    outside = _STRING.sub("", text) if "\\" in text else "".join(text.split('"')[::2])
    brackets = outside.encode("utf-8", "replace").translate(None, _NO_BRACKETS)
    depth = 0
    while brackets and depth <= MAX_DEPTH:
        inner = brackets.replace(b"[]", b"").replace(b"{}", b"")
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
