"""Signatures by the platform's WebCrypto, and the fetch of published keys."""

from __future__ import annotations

import json
from typing import Any

from contracts.errors import ProblemError
from worker.log import event

_IMPORT = {"RS256": '{"name":"RSASSA-PKCS1-v1_5","hash":"SHA-256"}', "ES256": '{"name":"ECDSA","namedCurve":"P-256"}'}
_VERIFY = {"RS256": '{"name":"RSASSA-PKCS1-v1_5"}', "ES256": '{"name":"ECDSA","hash":"SHA-256"}'}
_KIND = {"RS256": "RSA", "ES256": "EC"}


async def verify(jwk: dict[str, Any], algorithm: str, signed: bytes, signature: bytes) -> bool:
    """Is the signature genuine? The key must be of the algorithm's kind and for signatures."""
    import js
    from pyodide.ffi import JsException, to_js

    if jwk.get("kty") != _KIND[algorithm] or jwk.get("use", "sig") != "sig":
        return False
    public = {name: jwk[name] for name in ("kty", "n", "e", "crv", "x", "y") if name in jwk}
    parse, subtle = js.JSON.parse, js.crypto.subtle
    try:
        key = await subtle.importKey(
            "jwk", parse(json.dumps(public)), parse(_IMPORT[algorithm]), False, to_js(["verify"])
        )
        return bool(await subtle.verify(parse(_VERIFY[algorithm]), key, to_js(signature), to_js(signed)))
    except JsException as error:
        event("jwt-key-unusable", error=str(error))
        return False


async def fetch_keys(url: str) -> dict[str, Any]:
    """The JSON of a key set. Raises ProblemError unavailable."""
    import js

    response = await js.fetch(url)
    if response.status != 200:
        raise ProblemError("unavailable", "the issuer's keys cannot be fetched")
    found: dict[str, Any] = json.loads(await response.text())
    return found
