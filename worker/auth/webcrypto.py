"""What the platform's WebCrypto does: signatures, sealed texts; and the fetch of published keys."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from typing import Any

from contracts.errors import ProblemError
from worker.log import event

_IMPORT = {"RS256": '{"name":"RSASSA-PKCS1-v1_5","hash":"SHA-256"}', "ES256": '{"name":"ECDSA","namedCurve":"P-256"}'}
_VERIFY = {"RS256": '{"name":"RSASSA-PKCS1-v1_5"}', "ES256": '{"name":"ECDSA","hash":"SHA-256"}'}
FETCH_MS = 5000
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
    from pyodide.ffi import JsException

    away = ProblemError("unavailable", "the issuer's keys cannot be fetched", headers={"retry-after": "30"})
    options = js.JSON.parse('{"headers": {"accept": "application/json"}}')
    options.signal = js.AbortSignal.timeout(FETCH_MS)
    try:
        response = await js.fetch(url, options)
        if response.status != 200:
            event("jwks-unreachable", url=url, status=int(response.status))
            raise away
        text = str(await response.text())
    except JsException as error:
        event("jwks-unreachable", url=url, error=str(error))
        raise away from None
    try:
        found: dict[str, Any] = json.loads(text)
    except (ValueError, RecursionError):
        event("jwks-unreachable", url=url, error="not JSON")
        raise away from None
    return found


async def seal(secret: str, text: str) -> str:
    """The text under AES-256-GCM, so that only who knows `secret` can read it: base64 of nonce and ciphertext."""
    import js
    from pyodide.ffi import to_js

    nonce = os.urandom(12)
    sealed = await js.crypto.subtle.encrypt(_gcm(nonce), await _sealing_key(secret), to_js(text.encode()))
    return base64.b64encode(nonce + sealed.to_bytes()).decode()


async def unseal(secret: str, sealed: str) -> str | None:
    """The text again; None when it was sealed with another secret, or changed."""
    import js
    from pyodide.ffi import JsException, to_js

    data = base64.b64decode(sealed)
    try:
        text = await js.crypto.subtle.decrypt(_gcm(data[:12]), await _sealing_key(secret), to_js(data[12:]))
    except JsException:
        return None
    return str(text.to_bytes().decode())


def _gcm(nonce: bytes) -> Any:
    import js
    from pyodide.ffi import to_js

    about = js.JSON.parse('{"name":"AES-GCM"}')
    about.iv = to_js(nonce)
    return about


async def _sealing_key(secret: str) -> Any:
    import js
    from pyodide.ffi import to_js

    raw = to_js(hashlib.sha256(secret.encode()).digest())
    return await js.crypto.subtle.importKey("raw", raw, "AES-GCM", False, to_js(["encrypt", "decrypt"]))
