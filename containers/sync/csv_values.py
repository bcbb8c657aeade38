"""Texts of a CSV become values, or a BadValue that says what is wrong with which field and how to cure it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from contracts import gs1

_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._:@+\-]*")  # contracts.base.Identifier
_INSTANT = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d(?:\.\d{1,6})?)?\s*(Z|z|[+-]\d\d:?\d\d)?")
_WHOLE = re.compile(r"[+-]?\d{1,18}(?:\.0{1,9})?")


@dataclass(eq=False)
class BadValue(Exception):
    reason: str
    field: str
    detail: str
    cure: str


def identifier(field: str, text: str) -> str:
    if not text:
        raise BadValue("missing-value", field, f"{field} is empty", "fill it in")
    if len(text) > 128:
        raise BadValue("bad-identifier", field, f"{field} has {len(text)} characters", "use at most 128")
    if not _IDENTIFIER.fullmatch(text):
        cure = "begin with a letter or digit, then use letters, digits, blanks and . _ : @ + - only"
        raise BadValue("bad-identifier", field, f"{field} {_show(text)} holds a character that ids may not", cure)
    return text


def whole(field: str, text: str, least: int, most: int) -> int:
    """A whole number within least..most; 6.0 is 6, but 6.5, 1,000 and 1e3 are nobody's guess."""
    if not text:
        raise BadValue("missing-value", field, f"{field} is empty", f"give a whole number from {least} to {most}")
    if not _WHOLE.fullmatch(text):
        cure = f"give a whole number from {least} to {most}, without separators"
        raise BadValue("not-a-number", field, f"{field} is {_show(text)}, not a whole number", cure)
    value = int(text.split(".")[0])
    if not least <= value <= most:
        cure = f"give a whole number from {least} to {most}"
        raise BadValue("out-of-range", field, f"{field} is {value}", cure)
    return value


def instant(field: str, text: str, zone: str) -> datetime:
    """RFC 3339, blank or T between date and time; `zone` is for those without an offset."""
    match = _INSTANT.fullmatch(text)
    if not match:
        cure = "write it as 2026-03-14T09:26:53Z"
        raise BadValue("bad-timestamp", field, f"{field} {_show(text)} is not an instant of RFC 3339", cure)
    date, minutes, seconds, offset = match.groups()
    if not offset and not zone:
        cure = "append Z or an offset such as +01:00, or give the parameter timezone, for example Europe/London"
        raise BadValue("bad-timestamp", field, f"{field} {_show(text)} has no offset from UTC", cure)
    try:
        value = datetime.fromisoformat(f"{date}T{minutes}{seconds or ':00'}{(offset or '').upper()}")
        if not offset:
            value = value.replace(tzinfo=ZoneInfo(zone))
        return value.astimezone(UTC)
    except (ValueError, OverflowError):
        cure = "check day, month, hour and offset"
        raise BadValue("bad-timestamp", field, f"{field} {_show(text)} is no real instant", cure) from None


def gtin(field: str, text: str) -> str:
    if not text.isascii() or not text.isdigit() or len(text) not in gs1.GTIN_LENGTHS:
        raise BadValue("bad-gtin", field, f"{field} {_show(text)} is not a GTIN", "give 8, 12, 13 or 14 digits")
    if not gs1.holds(text):
        right = gs1.check_digit(text[:-1])
        cure = f"check the number for a typing error; its first digits would end in {right}"
        raise BadValue("bad-check-digit", field, f"{field} {text} has a wrong check digit", cure)
    return text


def short_text(field: str, text: str, most: int) -> str:
    if len(text) > most:
        raise BadValue("too-long", field, f"{field} has {len(text)} characters", f"use at most {most}")
    return text


def _show(text: str) -> str:
    return repr(text[:60])
