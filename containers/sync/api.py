"""The sync agent's routes: `POST /sync` reads a CSV stream, `POST /sync/diff` says what an import would change."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from containers.common.identity import CurrentIdentity
from containers.common.logs import log
from containers.common.ndjson import duplex_ndjson_response
from containers.sync.connector import Summary, as_line
from containers.sync.csv_connector import CsvConnector
from containers.sync.options import CsvOptions
from contracts.diff import Diff, DiffRequest, compare
from contracts.errors import ProblemError, from_validation

MEDIA_TYPES = frozenset({"", "text/csv", "application/csv", "text/plain", "application/octet-stream"})

router = APIRouter()


@router.post("/sync")
async def sync(request: Request, options: Annotated[CsvOptions, Query()], who: CurrentIdentity) -> Response:
    """CSV in, NDJSON out: progress…, records…, quarantine…, summary. A wrong header is refused before anything."""
    connector = CsvConnector(request.stream(), _with_charset(options, request))
    await connector.open()
    return duplex_ndjson_response(_lines(connector, options.dry_run, who.tenant))


async def _lines(connector: CsvConnector, dry_run: bool, tenant: str) -> AsyncIterator[dict[str, Any]]:
    async for event in connector.pull():
        line = as_line(event)
        if isinstance(event, Summary):
            line["dry_run"] = dry_run
            log("sync.finished", tenant=tenant, kind=event.kind, rows=event.rows_read, bad=event.quarantined)
        yield line


def _with_charset(options: CsvOptions, request: Request) -> CsvOptions:
    """`Content-Type: text/csv; charset=latin-1` declares the encoding, unless the parameter does."""
    media, *parameters = (part.strip() for part in request.headers.get("content-type", "").split(";"))
    if media.lower() not in MEDIA_TYPES:
        raise ProblemError("unsupported-media-type", f"{media[:60]!r} is not read here; send text/csv")
    charset = next((part[8:].strip('"') for part in parameters if part.lower().startswith("charset=")), "")
    if options.encoding or not charset:
        return options
    try:
        return CsvOptions.model_validate(options.model_dump() | {"encoding": charset})
    except ValidationError as error:
        raise from_validation(error) from None


@router.post("/sync/diff")
async def diff(body: DiffRequest, who: CurrentIdentity) -> Diff:
    """What an import would change; nothing is written."""
    found = compare(body.kind, body.current, body.incoming)
    log("sync.diff", tenant=who.tenant, kind=body.kind, added=found.added, changed=found.changed)
    return found
