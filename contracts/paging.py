"""Lists: every one takes `limit` and `cursor` and answers {"items": […], "next_cursor": …}."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Annotated, Any

from pydantic import Field

from contracts.base import Model
from contracts.errors import Fault, ProblemError

MAX_LIMIT = 1000


class PageQuery(Model):
    """What every list understands. A cursor is opaque: it comes from `next_cursor` of the page before."""

    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = 100
    cursor: Annotated[str, Field(max_length=1000)] = ""


class Page(Model):
    items: tuple[dict[str, Any], ...]
    next_cursor: str | None = None  # None: this was the last page


def encode_cursor(key: list[Any]) -> str:
    """The last row's key as an opaque text."""
    text = json.dumps(key, ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(cursor: str, *kinds: type) -> list[Any] | None:
    """The key within a cursor, None for the first page. Raises ProblemError when it is not one of ours."""
    if not cursor:
        return None
    try:
        key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        key = None
    if not isinstance(key, list) or len(key) != len(kinds) or not all(map(_fits, key, kinds)):
        detail = "this is not a cursor of this list: use the next_cursor of the page before, or none"
        raise ProblemError("bad-request", detail, errors=(Fault("/query/cursor", detail),))
    return key


def _fits(value: Any, kind: type) -> bool:
    """JSON's true is an int to Python, and a number beyond 2^53 is none that a database here has given."""
    return type(value) is kind and not (isinstance(value, int) and abs(value) > 2**53)
