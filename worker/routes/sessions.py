"""Login sessions of the dashboard: an API key is exchanged for an HttpOnly cookie and a CSRF token."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

from contracts.access import SessionCreate, SessionInfo
from contracts.errors import ProblemError
from contracts.instants import rfc3339
from worker.auth import api_keys, cookies, sessions
from worker.auth.access import INSTALLATION_TENANT
from worker.auth.authenticate import is_bootstrap, unauthenticated, verify_key
from worker.auth.principals import PRINCIPALS
from worker.call import Call, Principal, Reply
from worker.routing import route

SECRET_PREFIX = "smx_session_"  # a form that is recognised: wherever it gets into a log, it is taken out
_NO_STORE = {"cache-control": "no-store"}


def _secure(call: Call) -> bool:
    return call.origin.startswith("https:")


def _secret(call: Call) -> str:
    secret = cookies.read(call.header.get("cookie", ""), secure=_secure(call))
    if call.principal.via != "session" or secret is None:
        raise ProblemError("not-found", "this request came with a token, not with a session")
    return secret


def _shown(session: sessions.Session) -> SessionInfo:
    who = session.principal
    return SessionInfo(
        tenant=who.tenant,
        subject=who.subject,
        role=who.role,
        warehouses=None if who.warehouses is None else tuple(sorted(who.warehouses)),
        csrf_token=who.csrf,
        expires_at=rfc3339(session.expires),
    )


@route(
    "POST",
    "/v1/sessions",
    role="public",
    summary="Log in with an API key; sets the session cookie",
    tag="access",
    cost=5,
    body=SessionCreate,
    answers={201: SessionInfo},
    problems=("unauthenticated",),
    idempotent="object",
    description="A repeat with the same `Idempotency-Key` and API key opens the same session.",
    examples={"login": {"api_key": "smx_acme_Zk3q9bT1xYw0_…"}},
)
async def create_session(call: Call) -> Reply:
    # Login CSRF: another site could log a visitor in as somebody else.
    sender = call.header.get("origin")
    if sender is not None and sender != call.origin and sender not in call.allowed_origins:
        raise ProblemError("forbidden", f"logins are not taken from {sender!r}")
    text: str = call.body.api_key.strip()
    if is_bootstrap(call.env, text):
        principal = Principal(INSTALLATION_TENANT, "bootstrap", "admin", via="bootstrap")
    else:
        key = api_keys.parse(text)
        if key is None:
            raise unauthenticated("this is not a valid API key")
        principal, _ = await verify_key(call.env, key, call.passed_on)
    secret = f"{SECRET_PREFIX}{_random_part(call, text)}"
    session = await call.kv(lambda kv: sessions.create(kv, secret, principal, call.now))
    cookie = cookies.write(secret, secure=_secure(call), max_age_s=sessions.LIFETIME_S)
    return Reply(201, _shown(session), {"location": "/v1/sessions/current", **_NO_STORE}, cookies=(cookie,))


def _random_part(call: Call, api_key: str) -> str:
    """256 bits: random, or, with an idempotency key, those that the same login got before. Nothing is stored for it, so a
    flood of logins fills nothing; who does not know the API key and this installation's signing key cannot guess them."""
    if call.idempotency_key is None:
        return secrets.token_urlsafe(32)
    text = f"session\n{api_key}\n{call.idempotency_key}".encode()
    drawn = hmac.new(str(call.env.STOREMAX_SIGNING_KEY).encode(), text, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(drawn).decode().rstrip("=")


@route(
    "GET",
    "/v1/sessions/current",
    role="viewer",
    summary="The session behind the cookie, with its CSRF token",
    tag="access",
    answers={200: SessionInfo},
    problems=("not-found",),
)
async def current_session(call: Call) -> Reply:
    secret = _secret(call)
    session = await call.kv(lambda kv: sessions.load(kv, secret, call.now))
    if session is None:
        raise unauthenticated("the session has ended; log in again")
    return Reply(body=_shown(session), headers=dict(_NO_STORE))


@route(
    "DELETE",
    "/v1/sessions/current",
    role="viewer",
    summary="Log out",
    tag="access",
    answers={204: None},
    problems=("not-found",),
)
async def end_session(call: Call) -> Reply:
    secret = _secret(call)
    await call.kv(lambda kv: sessions.end(kv, secret))
    PRINCIPALS.forget(PRINCIPALS.digest("session " + secret))
    return Reply(204, cookies=(cookies.write("", secure=_secure(call), max_age_s=0),))
