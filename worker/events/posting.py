"""Posting a signed message to an address that a client has named (webhooks of events, alerts)."""

from __future__ import annotations

import time
from typing import Any

import js
from pyodide.ffi import JsException

from contracts import webhook_signing
from contracts.rpc import dumps
from worker.events.target import fault_of

TIMEOUT_MS = 10_000


async def post_signed(url: str, secret: str, identity: str, text: str, *, development: bool) -> dict[str, Any]:
    """{"ok", "status", "error", "gone"}: one attempt. The address is looked at again, redirects are not followed, and
    the receiver's words are not read."""
    if fault := fault_of(url, development=development):
        return {"ok": False, "error": fault}
    headers = {
        "content-type": "application/json",
        "user-agent": "StoreMax-Webhooks/1",
        **webhook_signing.sign(secret, identity, time.time(), text),
    }
    init = js.JSON.parse(dumps({"method": "POST", "headers": headers, "body": text, "redirect": "manual"}))
    init.signal = js.AbortSignal.timeout(TIMEOUT_MS)
    try:
        response = await js.fetch(url, init)
        if response.body is not None and hasattr(response.body, "cancel"):
            await response.body.cancel()  # an unread body would hold the connection
    except JsException as fault:
        return {"ok": False, "error": str(fault)}
    status = int(response.status)
    ok = 200 <= status < 300
    return {"ok": ok, "status": status, "error": "" if ok else f"the receiver answered {status}", "gone": status == 410}
