"""Who may come in: API keys and login sessions as the API shows them. Secrets appear once, in the answer that makes them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from contracts.base import Model, Slug

KeyRole = Literal["viewer", "operator", "admin"]
KeyName = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]
Seconds = Annotated[int, Field(ge=0)]

MAX_OVERLAP_S = 30 * 86_400
MAX_LIFETIME_S = 5 * 365 * 86_400


class KeyCreate(Model):
    """POST /v1/keys. Without `expires_in_s` the key lives until it is revoked."""

    name: KeyName
    role: KeyRole
    warehouses: Annotated[tuple[Slug, ...], Field(max_length=1000)] | None = None  # absent: every warehouse
    expires_in_s: Annotated[int, Field(ge=60, le=MAX_LIFETIME_S)] | None = None
    tenant: Slug | None = None  # of another tenant: for the bootstrap key alone


class KeyRotate(Model):
    """POST /v1/keys/{key_id}/rotate. The old secret still works for the overlap, so that clients can change over."""

    overlap_s: Annotated[int, Field(ge=0, le=MAX_OVERLAP_S)] = 3600


class KeyInfo(Model):
    """An API key without its secret."""

    id: str
    tenant: str
    name: str
    role: KeyRole
    warehouses: tuple[str, ...] | None = None
    created_at: str
    expires_at: str | None = None
    revoked_at: str | None = None
    replaced_by: str | None = None  # the key that a rotation made
    last_used_at: str | None = None  # to the hour


class KeyCreated(KeyInfo):
    """The only answer that holds the secret: StoreMax keeps a hash."""

    key: str


class KeyList(Model):
    items: tuple[KeyInfo, ...]
    cursor: str | None = None


class SessionCreate(Model):
    """POST /v1/sessions: log in with an API key; the answer sets an HttpOnly cookie."""

    api_key: Annotated[str, Field(min_length=8, max_length=512)]


class SessionInfo(Model):
    """The session of a cookie client. Send `csrf_token` as the header X-CSRF-Token with every unsafe request."""

    tenant: str
    subject: str
    role: str
    warehouses: tuple[str, ...] | None = None
    csrf_token: str
    expires_at: str


class Identity(Model):
    """GET /v1/me: who the gateway takes the caller for."""

    tenant: str
    subject: str
    role: str
    warehouses: tuple[str, ...] | None = None
    via: str
