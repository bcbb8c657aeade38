"""How a CSV source is to be read: the query parameters of `POST /sync`."""

from __future__ import annotations

import codecs
import json
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator

from contracts.base import Model

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}


class CsvOptions(Model):
    """What is left out is found out: encoding from a byte order mark (else UTF-8), delimiter from the header."""

    kind: Literal["order_lines", "items", "stock"] = "order_lines"
    columns: Annotated[dict[str, str], Field(max_length=50)] = Field(default_factory=dict)  # our name → theirs
    on_bad_line: Literal["hold-order", "skip-line"] = "hold-order"
    delimiter: str = ""
    encoding: str = ""
    timezone: str = ""  # IANA name, for instants that have no offset; without it they are bad values
    dry_run: bool = False

    @field_validator("columns", mode="before")
    @classmethod
    def _columns(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        try:
            parsed = json.loads(value)
        except ValueError:
            raise ValueError('give a JSON object, for example {"sku": "Artikel"}') from None
        if not isinstance(parsed, dict):
            raise ValueError('give a JSON object, for example {"sku": "Artikel"}')
        return parsed

    @field_validator("delimiter")
    @classmethod
    def _delimiter(cls, value: str) -> str:
        value = DELIMITERS.get(value, value)
        if value and value not in DELIMITERS.values():
            raise ValueError(f"give one of {', '.join(DELIMITERS)}, or the character itself")
        return value

    @field_validator("encoding")
    @classmethod
    def _encoding(cls, value: str) -> str:
        if not value:
            return value
        try:
            found = codecs.lookup(value)
        except LookupError:
            raise ValueError(f"unknown encoding {value[:40]!r}; try utf-8, latin-1, cp1252 or utf-16") from None
        if not found._is_text_encoding:
            raise ValueError(f"{value[:40]!r} is not a text encoding; try utf-8, latin-1, cp1252 or utf-16")
        return found.name

    @field_validator("timezone")
    @classmethod
    def _timezone(cls, value: str) -> str:
        if value:
            try:
                ZoneInfo(value)
            except (KeyError, ValueError, OSError):
                raise ValueError(f"unknown time zone {value[:60]!r}; give an IANA name such as Europe/London") from None
        return value
