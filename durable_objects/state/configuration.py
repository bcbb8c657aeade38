"""A warehouse's configuration: every version kept, concurrent edits merged, a true conflict returned and not guessed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from contracts.errors import Fault, ProblemError, from_validation, pointer
from contracts.warehouse import WarehouseConfiguration
from durable_objects.sqlite import Sql, get_meta, set_meta
from durable_objects.state import hub
from durable_objects.state.clock import iso
from durable_objects.state.merge import merge, merge_patch
from durable_objects.state.warehouse import DIRECTORY, deliver, refuse

FOR_CRON = ("reports", "time_zone")  # what the directory tells those who act by the clock


def read(sql: Sql, version: int | None = None) -> dict[str, Any]:
    """A version of the configuration, the newest when none is named. Raises ProblemError not-found."""
    if version is None:
        found = sql.rows("SELECT version, at, author, document FROM configuration ORDER BY version DESC LIMIT 1")
    else:
        found = sql.rows("SELECT version, at, author, document FROM configuration WHERE version = ?", version)
    if not found:
        raise ProblemError("not-found", f"there is no version {version} of the configuration")
    number, at, author, document = found[0]
    return {"version": number, "at": iso(at), "author": author, "configuration": json.loads(document)}


def history(sql: Sql, before: int | None, limit: int) -> list[dict[str, Any]]:
    """Versions, newest first, below `before`."""
    found = sql.rows(
        "SELECT version, at, author, document FROM configuration WHERE version < ? ORDER BY version DESC LIMIT ?",
        before if before is not None else 2**52,
        limit,
    )
    return [{"version": r[0], "at": iso(r[1]), "author": r[2], "configuration": json.loads(r[3])} for r in found]


def change(sql: Sql, edit: Mapping[str, Any], author: str, now: int) -> dict[str, Any]:
    """Store an edit made on version `base` (None: on the newest). `edit`: {"base", "document"} or {"base", "patch"}.

    When others changed it since, the two edits merge from the base. Raises ProblemError: version-conflict with every
    conflicting value, precondition-failed for a base that does not exist, invalid when the result is not valid.
    """

    def write() -> dict[str, Any]:
        current = read(sql)
        base = current if edit.get("base") is None else _base(sql, int(edit["base"]), current)
        yours = edit["document"] if "document" in edit else merge_patch(base["configuration"], edit["patch"])
        yours = _valid(yours)
        merged, conflicts = merge(base["configuration"], yours, current["configuration"])
        if conflicts:
            places = ", ".join(conflict.as_dict()["pointer"] or "/" for conflict in conflicts[:5])
            raise ProblemError(
                "version-conflict",
                f"version {current['version']} changed the same values since version {base['version']}: {places}",
                extra={
                    "current_version": current["version"],
                    "current": current["configuration"],
                    "conflicts": [conflict.as_dict() for conflict in conflicts],
                },
            )
        merged = _valid(merged)
        refuse(_unknown_zones(sql, merged))
        was_merged = base["version"] != current["version"]
        if merged == current["configuration"]:
            return {**current, "merged": was_merged}
        version = current["version"] + 1
        document = json.dumps(merged, ensure_ascii=False, separators=(",", ":"))
        sql.run(
            "INSERT INTO configuration (version, at, author, document) VALUES (?, ?, ?, ?)",
            version,
            now,
            author,
            document,
        )
        if any(merged.get(name) != current["configuration"].get(name) for name in ("name", *FOR_CRON)):
            set_meta(sql, "name", merged["name"])
            about = {name: merged[name] for name in FOR_CRON if merged.get(name)}
            deliver(sql, DIRECTORY, "register", {"id": get_meta(sql, "id"), "name": merged["name"], "about": about})
        _tell_zones(sql, current["configuration"].get("zones", {}), merged.get("zones", {}))
        hub.append(sql, "configuration.changed", {"version": version, "author": author, "merged": was_merged}, now)
        return {"version": version, "at": iso(now), "author": author, "configuration": merged, "merged": was_merged}

    return sql.transaction(write)


def _unknown_zones(sql: Sql, document: Mapping[str, Any]) -> list[Fault]:
    """Settings of zones that the layout does not have would be of no effect: a misspelt name, most likely."""
    known = {row[0] for row in sql.rows("SELECT id FROM zone")}
    return [
        Fault(pointer(("zones", zone)), f"the layout has no zone {zone!r}; it has {', '.join(sorted(known))}")
        for zone in document.get("zones", {})
        if zone not in known
    ]


def _tell_zones(sql: Sql, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Each zone is told its own settings, when they have changed."""
    for (zone,) in sql.rows("SELECT id FROM zone ORDER BY id"):
        if before.get(zone, {}) != after.get(zone, {}):
            deliver(sql, zone, "settings", after.get(zone, {}))


def _base(sql: Sql, version: int, current: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return read(sql, version)
    except ProblemError:
        raise ProblemError(
            "precondition-failed",
            f"there is no version {version} to start from; the newest is {current['version']}",
            extra={"current_version": current["version"], "current": current["configuration"]},
        ) from None


def _valid(document: Any) -> dict[str, Any]:
    try:
        model = WarehouseConfiguration.model_validate(document)
    except ValidationError as error:
        raise from_validation(error) from None
    return model.model_dump(mode="json", exclude_unset=True) | {"name": model.name}
