"""AccessRegistry `{tenant}`: the API keys of one tenant. It stores hashes; a key itself is seen once, by whoever made it."""

from __future__ import annotations

import hmac
import json
import time
from typing import Any

from workers import DurableObject

from contracts.errors import ProblemError
from contracts.instants import optional, rfc3339
from contracts.rpc import answer

MAX_KEYS = 5_000  # of a tenant, revoked ones included; beyond it the oldest revoked ones are deleted
_USE_RESOLUTION_S = (
    3600  # last use is noted at most once per hour: a write per verification would cost more than it tells
)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS api_key (
    id TEXT PRIMARY KEY, digest TEXT NOT NULL, name TEXT NOT NULL, role TEXT NOT NULL, warehouses TEXT,
    created_at REAL NOT NULL, expires_at REAL, revoked_at REAL, replaced_by TEXT, last_used_at REAL)
"""
_COLUMNS = "id, name, role, warehouses, created_at, expires_at, revoked_at, replaced_by, last_used_at"


class AccessRegistry(DurableObject):  # type: ignore[misc]
    """Every method takes and gives one JSON text (contracts/rpc.py)."""

    def __init__(self, ctx: Any, env: Any) -> None:
        super().__init__(ctx, env)
        self._sql = ctx.storage.sql
        # Reads of a tenant that never made a key create nothing: anybody can name a tenant in a made-up key.
        self._exists = bool(self._rows("SELECT name FROM sqlite_master WHERE name = 'api_key'"))

    @answer
    async def verify_key(self, payload: dict[str, Any]) -> dict[str, Any] | None:
        """The live key with this id and hash, or None. Compared in constant time."""
        if not self._exists:
            return None
        rows = self._rows("SELECT digest, last_used_at FROM api_key WHERE id = ?", payload["id"])
        if not rows or not hmac.compare_digest(rows[0]["digest"], str(payload["digest"])):
            return None
        now = time.time()
        key = self._key(payload["id"])
        if not _live(key, now):
            return None
        if (rows[0]["last_used_at"] or 0) < now - _USE_RESOLUTION_S:
            hour = now // _USE_RESOLUTION_S * _USE_RESOLUTION_S
            self._sql.exec("UPDATE api_key SET last_used_at = ? WHERE id = ?", hour, payload["id"])
        return {name: key[name] for name in ("id", "role", "warehouses", "expires_at")}

    @answer
    async def key_is_live(self, payload: dict[str, Any]) -> bool:
        if not self._exists:
            return False
        rows = self._rows("SELECT id FROM api_key WHERE id = ?", payload["id"])
        return bool(rows) and _live(self._key(payload["id"]), time.time())

    @answer
    async def create_key(self, payload: dict[str, Any]) -> dict[str, Any]:
        """Store {id, digest, name, role, warehouses, expires_in_s}; answers the key as the API shows it."""
        if not self._exists:
            self._sql.exec(_SCHEMA)
            self._exists = True
        self._make_room()
        return self._shown(self._insert(payload, time.time()))

    @answer
    async def list_keys(self, payload: dict[str, Any]) -> dict[str, Any]:
        """{items, cursor} in the order of creation; the cursor is the last id of the page."""
        if not self._exists:
            return {"items": [], "cursor": None}
        limit, after = int(payload["limit"]), payload.get("cursor")
        where, values = "", []
        if after is not None:
            where = "WHERE (created_at, id) > (SELECT created_at, id FROM api_key WHERE id = ?)"
            values = [after]
        rows = self._rows(f"SELECT {_COLUMNS} FROM api_key {where} ORDER BY created_at, id LIMIT ?", *values, limit + 1)
        items = [self._shown(_parsed(row)) for row in rows[:limit]]
        return {"items": items, "cursor": items[-1]["id"] if len(rows) > limit else None}

    @answer
    async def rotate_key(self, payload: dict[str, Any]) -> dict[str, Any]:
        """Put a new key {new: {id, digest}} in the place of {id}, which works for `overlap_s` more seconds."""
        now = time.time()
        old = self._known(payload["id"])
        if not _live(old, now) or old["replaced_by"] is not None:
            raise ProblemError("conflict", f"the key {old['id']!r} is revoked, expired or already rotated")
        lifetime = None if old["expires_at"] is None else old["expires_at"] - old["created_at"]
        fresh = {**payload["new"], **{name: old[name] for name in ("name", "role", "warehouses")}}
        made = self._insert({**fresh, "expires_in_s": lifetime}, now)
        end = now + int(payload["overlap_s"])
        expires = end if old["expires_at"] is None else min(end, old["expires_at"])
        self._sql.exec(
            "UPDATE api_key SET expires_at = ?, replaced_by = ? WHERE id = ?", expires, made["id"], old["id"]
        )
        return self._shown(made)

    @answer
    async def revoke_key(self, payload: dict[str, Any]) -> dict[str, Any]:
        """Revoking twice is revoking once."""
        key = self._known(payload["id"])
        if key["revoked_at"] is None:
            self._sql.exec("UPDATE api_key SET revoked_at = ? WHERE id = ?", time.time(), key["id"])
        return self._shown(self._key(key["id"]))

    def _insert(self, record: dict[str, Any], now: float) -> dict[str, Any]:
        warehouses = record.get("warehouses")
        lifetime = record.get("expires_in_s")
        self._sql.exec(
            "INSERT INTO api_key (id, digest, name, role, warehouses, created_at, expires_at)"
            " SELECT value->>'id', value->>'digest', value->>'name', value->>'role', value->>'warehouses',"
            " value->>'created_at', value->>'expires_at' FROM json_each(?)",
            json.dumps(
                [
                    {
                        **{name: record[name] for name in ("id", "digest", "name", "role")},
                        "warehouses": None if warehouses is None else json.dumps(sorted(warehouses)),
                        "created_at": now,
                        "expires_at": None if lifetime is None else now + lifetime,
                    }
                ]
            ),
        )
        return self._key(record["id"])

    def _make_room(self) -> None:
        count = self._rows("SELECT count(*) AS n FROM api_key")[0]["n"]
        if count < MAX_KEYS:
            return
        self._sql.exec(
            "DELETE FROM api_key WHERE id IN"
            " (SELECT id FROM api_key WHERE revoked_at IS NOT NULL ORDER BY revoked_at LIMIT 100)"
        )
        if self._rows("SELECT count(*) AS n FROM api_key")[0]["n"] >= MAX_KEYS:
            raise ProblemError("conflict", f"a tenant may hold {MAX_KEYS} API keys; revoke some first")

    def _known(self, key_id: str) -> dict[str, Any]:
        if not self._exists or not self._rows("SELECT id FROM api_key WHERE id = ?", key_id):
            raise ProblemError("not-found", f"there is no API key {key_id!r}")
        return self._key(key_id)

    def _key(self, key_id: str) -> dict[str, Any]:
        return _parsed(self._rows(f"SELECT {_COLUMNS} FROM api_key WHERE id = ?", key_id)[0])

    def _rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        return [dict(row) for row in self._sql.exec(query, *values).toArray()]

    def _shown(self, key: dict[str, Any]) -> dict[str, Any]:
        return {
            **{name: key[name] for name in ("id", "name", "role", "warehouses", "replaced_by")},
            "tenant": self.ctx.id.name,
            "created_at": rfc3339(key["created_at"]),
            "expires_at": optional(key["expires_at"]),
            "revoked_at": optional(key["revoked_at"]),
            "last_used_at": optional(key["last_used_at"]),
        }


def _parsed(row: dict[str, Any]) -> dict[str, Any]:
    text = row["warehouses"]
    return {**row, "warehouses": None if text is None else json.loads(text)}


def _live(key: dict[str, Any], now: float) -> bool:
    return key["revoked_at"] is None and (key["expires_at"] is None or key["expires_at"] > now)
