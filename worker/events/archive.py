"""The archive in R2: `archive/{tenant}/{warehouse}/{yyyy}/{mm}/{dd}/{first}-{last}.ndjson.gz`, one event a line.

WarehouseState fixes the ranges, so a file's name says what is in it and writing it again writes the same: no event is
there twice, and since a range is announced until its file is confirmed, none is missing. The message's word is never
taken for the events: they are asked of WarehouseState.
"""

from __future__ import annotations

import gzip
import re
from typing import Any

from pyodide.ffi import to_js

from contracts.rpc import dumps
from durable_objects.resilience.objects import call_object

ROOT = "archive"
AGENTS = "_agents"  # no tenant's name begins so
_FILE = re.compile(r"^(\d{12})-(\d{12})\.ndjson\.gz$")
_SAFE = re.compile(r"[^A-Za-z0-9._:\-]")


def folder(tenant: str, warehouse: str, day: str) -> str:
    """Where the files of a UTC day (`2026-11-24`) lie."""
    return f"{ROOT}/{tenant}/{warehouse}/{day.replace('-', '/')}/"


def file_name(first: int, last: int) -> str:
    return f"{first:012d}-{last:012d}.ndjson.gz"


def range_of(name: str) -> tuple[int, int] | None:
    """The first and last sequence number in a file, from its name."""
    found = _FILE.match(name)
    return (int(found.group(1)), int(found.group(2))) if found else None


async def take_segment(env: Any, body: dict[str, Any], message: str) -> None:  # noqa: ARG001
    """{tenant, warehouse, first, last}: write the segment's file and confirm it. What is confirmed already is done."""
    tenant, warehouse = str(body["tenant"]), str(body["warehouse"])
    span = {"first": int(body["first"]), "last": int(body["last"])}
    name = f"{tenant}:{warehouse}"
    found = await call_object(env.WAREHOUSE_STATE, "WAREHOUSE_STATE", name, "segment", span, idempotent=True)
    if found is None:
        return
    key = folder(tenant, warehouse, found["day"]) + file_name(**span)
    await _put(env, key, found["lines"])
    await call_object(env.WAREHOUSE_STATE, "WAREHOUSE_STATE", name, "archived", span, idempotent=True)


async def take_agent_event(env: Any, body: dict[str, Any], message: str) -> None:  # noqa: ARG001
    """An event of an agent's container belongs to no warehouse: a file of its own, named after its id, so that a repeat
    is the same file. They are few: starts, stops and failures of instances."""
    agent = _SAFE.sub("-", str(body["data"]["agent"]))
    at, identity = str(body["at"]), _SAFE.sub("-", str(body["id"]))
    await _put(env, folder(AGENTS, agent, at[:10]) + f"{_SAFE.sub('-', at)}-{identity}.ndjson.gz", dumps(body) + "\n")


async def _put(env: Any, key: str, lines: str) -> None:
    data = gzip.compress(
        lines.encode(),
        compresslevel=6,  # the default, 9, takes five times as long for a twelfth less
        mtime=0,  # without a time in it, the same lines are the same bytes
    )
    about = {"contentType": "application/x-ndjson", "contentEncoding": "gzip"}
    await env.ARCHIVE.put(key, to_js(data), httpMetadata=about)
