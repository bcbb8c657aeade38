"""Uploads (kept in R2 as they came) and imports (read in by the sync agent)."""

from __future__ import annotations

import json
import re
import secrets
from typing import Any
from urllib.parse import urlencode

import js

from contracts.errors import Fault, ProblemError
from contracts.rpc import Context, dumps
from contracts.signing import Identity
from contracts.warehouse import ImportCreate, ImportResult, Upload
from durable_objects.agent_call import call_agent, lines
from worker.call import Call, Reply
from worker.clock import now_text
from worker.idempotency import identify
from worker.routing import route
from worker.streams import bounded

MAX_UPLOAD_BYTES = 32 * 1024 * 1024
MAX_QUARANTINE_SHOWN = 1000
_UPLOAD = re.compile(r"^up-[0-9a-f]{24}$")
IMPORTS = "/v1/warehouses/{warehouse_id}/imports"


@route(
    "POST",
    "/v1/uploads",
    role="operator",
    cost=5,
    summary="Upload a file",
    tag="imports",
    body="stream",
    accepts=("text/csv", "application/csv", "application/octet-stream", "text/plain"),
    answers={201: Upload},
    problems=("body-too-large", "invalid", "unsupported-media-type"),
    idempotent="object",
)
async def create_upload(call: Call) -> Reply:
    media_type = call.header.get("content-type", "application/octet-stream").partition(";")[0].strip()
    declared = call.header.get("content-length", "")
    if declared.isdigit() and int(declared) > MAX_UPLOAD_BYTES:
        raise ProblemError("body-too-large", f"an upload may hold {MAX_UPLOAD_BYTES} bytes; split the file")
    # It stays on the JavaScript side: never copied through Python.
    parts = js.Array.new()
    async for part in bounded(call.request.js_object.body, MAX_UPLOAD_BYTES):
        parts.push(part)
    content = await js.Blob.new(parts).arrayBuffer()
    size = int(content.byteLength)
    if size == 0:
        raise ProblemError("invalid", "the file is empty", errors=(Fault("", "send the file as the request's body"),))
    digest = (await js.crypto.subtle.digest("SHA-256", content)).to_bytes().hex()
    upload_id = f"up-{_digits(call)}"
    about = {"sha256": digest, "media_type": media_type, "created_at": now_text()}
    if call.idempotency_key is not None:
        before = await call.archive(lambda r2: r2.head(_key(call, upload_id)))
        if before is not None:
            return _repeated(call, upload_id, before, digest)
    await call.archive(lambda r2: r2.put(_key(call, upload_id), content, customMetadata=about))
    body = Upload(id=upload_id, bytes=size, **about)
    return Reply(201, body, {"location": f"/v1/uploads/{upload_id}"})


@route(
    "GET",
    "/v1/uploads/{upload_id}",
    role="viewer",
    summary="What was uploaded",
    tag="imports",
    answers={200: Upload},
    problems=("not-found",),
)
async def get_upload(call: Call) -> Reply:
    upload_id = call.params["upload_id"]
    if not _UPLOAD.match(upload_id):
        raise _unknown_upload(upload_id)
    found = await call.archive(lambda r2: r2.head(_key(call, upload_id)))
    if found is None:
        raise _unknown_upload(upload_id)
    return Reply(body=_shown(upload_id, found))


@route(
    "POST",
    IMPORTS,
    role="operator",
    cost=20,
    summary="Read an uploaded file into a warehouse",
    tag="imports",
    body=ImportCreate,
    answers={201: ImportResult},
    problems=("not-found", "invalid", "unavailable", "no-capacity"),
)
async def create_import(call: Call) -> Reply:
    warehouse = call.warehouse()
    asked: ImportCreate = call.body
    if not _UPLOAD.match(asked.upload):
        raise _unknown_upload(asked.upload, "/upload")
    state = call.object_name(warehouse)
    await call.rpc(call.env.WAREHOUSE_STATE, state, "summary")  # an unknown warehouse is told before any work
    stored = await call.archive(lambda r2: r2.get(_key(call, asked.upload)))
    if stored is None:
        raise _unknown_upload(asked.upload, "/upload")
    import_id = f"im-{secrets.token_hex(12)}"
    query = {"kind": asked.kind, "on_bad_line": asked.on_bad_line}
    headers = {"content-type": "text/csv", "accept": "application/x-ndjson"}
    if asked.columns:
        headers["x-storemax-columns"] = dumps(asked.columns)
    response = await call_agent(
        call.env,
        agent="sync",
        session=f"{call.principal.tenant}.{warehouse}",
        method="POST",
        path=f"/sync?{urlencode(query)}",
        identity=Identity(call.principal.tenant, call.principal.subject, call.principal.role),
        body=stored.body,
        headers=headers,
        context=Context(call.trace_id, call.deadline),
    )
    intake = _Intake(call, state, import_id, asked)
    async for line in lines(response):
        await intake.take(json.loads(line))
    result = intake.result()
    if not asked.dry_run:
        await call.rpc(call.env.WAREHOUSE_STATE, state, "record_import", result.model_dump(mode="json"))
    return Reply(201, result, {"location": f"{IMPORTS.format(warehouse_id=warehouse)}/{import_id}"})


@route(
    "GET",
    IMPORTS + "/{import_id}",
    role="viewer",
    summary="What an import did",
    tag="imports",
    answers={200: ImportResult},
    problems=("not-found",),
)
async def get_import(call: Call) -> Reply:
    payload = {"id": call.params["import_id"]}
    found = await call.rpc(call.env.WAREHOUSE_STATE, call.object_name(call.warehouse()), "get_import", payload)
    return Reply(body=found)


class _Intake:
    """What the sync agent sends, handed to the warehouse chunk by chunk."""

    def __init__(self, call: Call, state: str, import_id: str, asked: ImportCreate) -> None:
        self._call = call
        self._state = state
        self._id = import_id
        self._asked = asked
        self._chunk = 0
        self._orders = self._lines = self._rows = self._quarantined = 0
        self._quarantine: list[dict[str, Any]] = []
        self._complete = False

    async def take(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        if kind == "orders":
            await self._take_orders(message["orders"])
        elif kind == "quarantine":
            self._hold(message["rows"])
        elif kind == "summary":
            self._rows = int(message["rows_read"])
            self._complete = True
        elif kind == "problem":
            from contracts.errors import from_document

            raise from_document(message["problem"])

    async def _take_orders(self, orders: list[dict[str, Any]]) -> None:
        self._chunk += 1
        payload = {"import_id": self._id, "chunk": self._chunk, "orders": orders, "dry_run": self._asked.dry_run}
        answer = await self._call.rpc(self._call.env.WAREHOUSE_STATE, self._state, "import_orders", payload)
        rejected = {row["order"]: row for row in answer["rejected"]}
        for order in orders:
            if order["id"] not in rejected:
                self._orders += 1
                self._lines += len(order["lines"])
        self._hold(
            {
                "line": 0,
                "raw": f"order {row['order']}",
                "reason": row["reason"],
                "field": row.get("field", "sku"),
                "detail": row["detail"],
                "cure": row.get("cure", ""),
            }
            for row in rejected.values()
        )

    def _hold(self, rows: Any) -> None:
        for row in rows:
            self._quarantined += 1
            if len(self._quarantine) < MAX_QUARANTINE_SHOWN:
                self._quarantine.append(row)

    def result(self) -> ImportResult:
        if not self._complete:
            raise ProblemError("unavailable", "the sync agent stopped before the file's end: send the import again")
        return ImportResult(
            id=self._id,
            upload=self._asked.upload,
            kind=self._asked.kind,
            rows=self._rows,
            orders=self._orders,
            lines=self._lines,
            quarantined=self._quarantined,
            quarantine=tuple(self._quarantine),  # type: ignore[arg-type]
            dry_run=self._asked.dry_run,
            created_at=now_text(),
        )


def _digits(call: Call) -> str:
    """Of an upload's id: random, or the same ones for the same client and idempotency key."""
    if call.idempotency_key is None:
        return secrets.token_hex(12)
    return identify(call, call.idempotency_key)[0][:24]


def _repeated(call: Call, upload_id: str, found: Any, digest: str) -> Reply:
    """The first answer again. Raises idempotency-key-reused for another file."""
    if found.customMetadata["sha256"] != digest:
        raise ProblemError("idempotency-key-reused", "this idempotency key came with another file before")
    call.notes["idempotent"] = "replayed"
    headers = {"location": f"/v1/uploads/{upload_id}", "idempotent-replayed": "true"}
    return Reply(201, _shown(upload_id, found), headers)


def _shown(upload_id: str, found: Any) -> Upload:
    about = found.customMetadata
    return Upload(
        id=upload_id,
        bytes=int(found.size),
        sha256=about["sha256"],
        media_type=about["media_type"],
        created_at=about["created_at"],
    )


def _key(call: Call, upload_id: str) -> str:
    return f"uploads/{call.principal.tenant}/{upload_id}"


def _unknown_upload(upload_id: str, where: str = "") -> ProblemError:
    detail = f"there is no upload {upload_id!r}: POST the file to /v1/uploads first"
    return ProblemError("invalid" if where else "not-found", detail, errors=(Fault(where, detail),) if where else ())
