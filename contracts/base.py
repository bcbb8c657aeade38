"""The one base class of every model that crosses a border."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

# The customer's own identifiers: printable, no slash (they stand in paths), no control characters.
Identifier = Annotated[
    str,
    StringConstraints(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._:@+\-]*$"),
]

# Warehouse, tenant and zone ids become parts of object names and cache keys, so they hold no blank and no colon.
Slug = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._\-]*$")]


class Model(BaseModel):
    """Immutable, and strict about names: an unknown field is an error that the caller sees, never silently dropped."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants", allow_inf_nan=False)
