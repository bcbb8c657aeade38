"""Who asks, as a FastAPI dependency: `who: CurrentIdentity`.

The gate has verified the signed headers before any body was read (`contracts.signing`); this only hands them on.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Depends
from starlette.requests import HTTPConnection

from containers.common.settings import Settings
from contracts.errors import ProblemError
from contracts.signing import ROLE, ROLES, SUBJECT, TENANT, Identity, verify

_SCOPE_KEY = "storemax.identity"


def identify(settings: Settings, scope: dict[str, Any], headers: Mapping[str, str]) -> Identity:
    """The verified identity of a request, kept in its scope. Raises ProblemError "unauthenticated".

    With a key in the environment every request must be signed. Without one the agent refuses all work, unless
    STOREMAX_ALLOW_UNSIGNED=1 says that whoever reaches the port may be believed (development on one machine).
    """
    if settings.signing_keys:
        query = scope.get("query_string", b"")
        raw = scope.get("raw_path") or scope["path"].encode()
        path = (raw + (b"?" + query if query else b"")).decode("latin-1")
        method = scope.get("method", "GET")
        found = verify(settings.signing_keys, method=method, path=path, headers=headers, now=time.time())
    elif settings.allow_unsigned:
        role = headers.get(ROLE, "admin")
        found = Identity(
            headers.get(TENANT, "local"), headers.get(SUBJECT, "unsigned"), role if role in ROLES else "viewer"
        )
    else:
        raise ProblemError(
            "unauthenticated",
            "this agent has no STOREMAX_SIGNING_KEY and takes no work; set the key that the Worker signs with "
            "(or STOREMAX_ALLOW_UNSIGNED=1 for development)",
        )
    scope[_SCOPE_KEY] = found
    return found


def current_identity(connection: HTTPConnection) -> Identity:
    found: Identity = connection.scope[_SCOPE_KEY]
    return found


CurrentIdentity = Annotated[Identity, Depends(current_identity)]
