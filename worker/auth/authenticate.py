"""From a request's credentials to a Principal: bearer token (API key, JWT, agent token) or session cookie.

Verified credentials are remembered in the isolate for seconds (worker/auth/principals.py), so that a request rarely waits.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any

from contracts import agent_tokens
from contracts.errors import ProblemError
from contracts.rpc import Context
from durable_objects.resilience.objects import call_object
from worker.auth import api_keys, cookies, jwt, sessions
from worker.auth.access import INSTALLATION_TENANT
from worker.auth.jwks import KEY_SETS
from worker.auth.principals import PRINCIPALS
from worker.auth.webcrypto import fetch_keys, verify
from worker.call import Principal
from worker.log import event
from worker.storage import ask

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
NOWHERE = Context()
CHALLENGE = {"www-authenticate": 'Bearer realm="storemax"'}


def unauthenticated(detail: str) -> ProblemError:
    return ProblemError("unauthenticated", detail, headers=CHALLENGE)


async def authenticate(
    env: Any,
    header: Mapping[str, str],
    *,
    method: str,
    origin: str,
    allowed_origins: frozenset[str],
    now: float,
    context: Context = NOWHERE,
) -> Principal:
    """The principal of a request's credentials. Raises ProblemError unauthenticated; forbidden for a CSRF attempt; unavailable
    when who must be asked for it does not answer."""
    authorization = header.get("authorization")
    if authorization:
        return await _bearer(env, authorization, now, context)
    cookie = header.get("cookie")
    if cookie:
        secret = cookies.read(cookie, secure=origin.startswith("https:"))
        if secret:
            principal = await _session(env, secret, now, context)
            refuse_cross_site(principal, header, method, origin, allowed_origins)
            return principal
    raise unauthenticated("send the header `Authorization: Bearer <API key>`")


async def _bearer(env: Any, authorization: str, now: float, context: Context) -> Principal:
    digest = PRINCIPALS.digest(authorization)
    known = PRINCIPALS.get(digest, now)
    if known is not None:
        return known
    scheme, _, token = authorization.partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise unauthenticated("the Authorization header must be `Bearer <token>`")
    expires: float | None = None
    try:
        if is_bootstrap(env, token):
            principal = Principal(INSTALLATION_TENANT, "bootstrap", "admin", via="bootstrap")
        elif token.startswith(agent_tokens.PREFIX):
            principal, expires = _agent(env, token, now)
        elif token.count(".") == 2 and not token.startswith(api_keys.PREFIX):
            principal, expires = await _jwt(env, token, now)
        else:
            key = api_keys.parse(token)
            if key is None:
                raise unauthenticated("the token is not a valid API key")
            principal, expires = await verify_key(env, key, context)
    except ProblemError as refusal:
        if refusal.code == "unauthenticated":
            PRINCIPALS.put(digest, refusal, now)
        raise
    PRINCIPALS.put(digest, principal, now, expires)
    return principal


def is_bootstrap(env: Any, token: str) -> bool:
    """Is this the admin key from the installation's secret?"""
    key = getattr(env, "STOREMAX_ADMIN_KEY", None)
    return isinstance(key, str) and len(key) >= 16 and hmac.compare_digest(token.encode(), key.encode())


async def verify_key(env: Any, key: api_keys.ApiKey, context: Context) -> tuple[Principal, float | None]:
    """Ask the tenant's registry. Raises unauthenticated when it does not hold this key, or not any more; unavailable."""
    record = await _ask_registry(env, key.tenant, "verify_key", {"id": key.key_id, "digest": key.digest}, context)
    if record is None:
        raise unauthenticated("the API key is unknown, expired or revoked")
    warehouses = record["warehouses"]
    principal = Principal(
        key.tenant,
        f"key:{record['id']}",
        record["role"],
        None if warehouses is None else frozenset(warehouses),
        key_id=record["id"],
    )
    return principal, record["expires_at"]


def _agent(env: Any, token: str, now: float) -> tuple[Principal, float]:
    named = (getattr(env, "STOREMAX_SIGNING_KEY", None), getattr(env, "STOREMAX_SIGNING_KEY_PREVIOUS", None))
    found = agent_tokens.verify([key for key in named if isinstance(key, str) and key], token, now)
    return Principal(found.tenant, found.subject, "agent", found.warehouses, via="agent-token"), found.expires


async def _jwt(env: Any, text: str, now: float) -> tuple[Principal, float]:
    token = jwt.take_apart(text)
    issuers, name = _issuers(env), token.claims.get("iss")
    issuer = issuers.get(name) if isinstance(name, str) else None
    if issuer is None:
        raise jwt.refused("the token's issuer is not trusted here")
    subject, role, expires = jwt.check_claims(token, issuer, now)
    if issuer.algorithm == "HS256":
        secret = getattr(env, issuer.secret, None)
        genuine = isinstance(secret, str) and jwt.hs256_genuine(token, secret)
    else:
        key = await KEY_SETS.find(issuer.jwks_url, str(token.header.get("kid")), now, fetch_keys)
        genuine = key is not None and await verify(key, issuer.algorithm, token.signed, token.signature)
    if not genuine:
        raise jwt.refused("the token's signature does not match")
    return Principal(issuer.tenant, f"jwt:{subject}", role, via="jwt"), expires


def _issuers(env: Any) -> dict[str, jwt.Issuer]:
    """Raises ProblemError unavailable when the variable cannot be read: who may come in is not known then."""
    configured = getattr(env, "JWT_ISSUERS", "")
    try:
        return jwt.parse_issuers(configured if isinstance(configured, str) else "")
    except (ValueError, TypeError, KeyError) as error:
        event("jwt-issuers-unreadable", error=str(error))
        detail = "the trusted issuers are configured wrongly (JWT_ISSUERS)"
        raise ProblemError("unavailable", detail, headers={"retry-after": "60"}) from None


async def _session(env: Any, secret: str, now: float, context: Context) -> Principal:
    digest = PRINCIPALS.digest("session " + secret)
    known = PRINCIPALS.get(digest, now)
    if known is not None:
        return known
    session: sessions.Session | None = await ask(env, "CACHE", lambda kv: sessions.load(kv, secret, now), context)
    if session is None or not await _key_still_lives(env, session.principal, context):
        refusal = unauthenticated("the session has ended; log in again")
        PRINCIPALS.put(digest, refusal, now)
        raise refusal
    PRINCIPALS.put(digest, session.principal, now, session.expires)
    return session.principal


async def _key_still_lives(env: Any, principal: Principal, context: Context) -> bool:
    if not principal.key_id:  # a login with the bootstrap key ends with its own time
        return True
    return bool(await _ask_registry(env, principal.tenant, "key_is_live", {"id": principal.key_id}, context))


async def _ask_registry(env: Any, tenant: str, method: str, payload: Any, context: Context) -> Any:
    return await call_object(
        env.ACCESS_REGISTRY, "ACCESS_REGISTRY", tenant, method, payload, idempotent=True, context=context
    )


def refuse_cross_site(
    principal: Principal, header: Mapping[str, str], method: str, origin: str, allowed_origins: frozenset[str]
) -> None:
    """CSRF: a browser adds the cookie to requests that other sites start; the token and the Origin header they cannot forge.

    An upgrade to a WebSocket is a GET that CORS does not guard, so its Origin is checked too. Raises forbidden.
    """
    upgrade = method == "GET" and "upgrade" in header
    if method in _SAFE_METHODS and not upgrade:
        return
    sender = header.get("origin")
    if sender is not None and sender != origin and sender not in allowed_origins:
        raise ProblemError("forbidden", f"requests with a session cookie are not taken from {sender!r}")
    if upgrade:
        return
    given = header.get("x-csrf-token", "")
    if not hmac.compare_digest(given.encode(), principal.csrf.encode()):
        raise ProblemError("forbidden", "send the session's csrf_token as the header X-CSRF-Token")
