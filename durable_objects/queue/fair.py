"""Whose task is next: priority first, then the owners take turns, then the due instant, then the arrival.

Turns follow start-time fair queuing (Goyal, Vin, Cheng 1996): each lease adds its cost to its owner's turn, and the owner
with the lowest turn is next. An owner that had nothing waiting goes on from the turn that is served now (the virtual
time), so nobody saves up turns by staying away, and a newcomer does not wait behind what others were given before.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from durable_objects.sqlite import Row, Sql

# (owner, priority, type, zone, skills as JSON)
Lane = tuple[str, int, str, str, str]


def open_lanes(sql: Sql, lanes: Sequence[Lane]) -> dict[Lane, int]:
    """The ids of these lanes; those that nothing waited in are made."""
    text = json.dumps([list(lane) for lane in lanes], ensure_ascii=False)
    sql.run(
        "INSERT INTO owner (name, turn) SELECT DISTINCT value ->> 0, (SELECT value FROM virtual_time) FROM json_each(?)"
        " WHERE true ON CONFLICT (name) DO UPDATE SET turn = max(turn, excluded.turn)"
        " WHERE NOT EXISTS (SELECT 1 FROM lane WHERE lane.owner = owner.id)",
        text,
    )
    sql.run(
        "INSERT INTO lane (owner, priority, type, zone, skills, turn)"
        " SELECT o.id, k.value ->> 1, k.value ->> 2, k.value ->> 3, k.value ->> 4, o.turn"
        " FROM json_each(?) k JOIN owner o ON o.name = k.value ->> 0 WHERE true ON CONFLICT DO NOTHING",
        text,
    )
    found = sql.rows(
        "SELECT k.key, l.id FROM json_each(?) k JOIN owner o ON o.name = k.value ->> 0 JOIN lane l ON l.owner = o.id"
        " AND l.priority = k.value ->> 1 AND l.type = k.value ->> 2 AND l.zone = k.value ->> 3 AND l.skills = k.value ->> 4",
        text,
    )
    return {lanes[key]: number for key, number in found}


def make_waiting(sql: Sql, tasks: Sequence[int], now: int) -> None:
    """These tasks (by seq, none of them waiting) wait for a worker from now on."""
    numbers = json.dumps(list(tasks))
    lanes = sql.rows(
        "SELECT DISTINCT owner, priority, type, zone, skills FROM task WHERE seq IN (SELECT value FROM json_each(?))",
        numbers,
    )
    open_lanes(sql, [(row[0], row[1], row[2], row[3], row[4]) for row in lanes])
    sql.run(
        "UPDATE task SET state = 'waiting', moment = ?, version = version + 1, finished_at = NULL,"
        " lane = (SELECT l.id FROM owner o JOIN lane l ON l.owner = o.id AND l.priority = task.priority"
        " AND l.type = task.type AND l.zone = task.zone AND l.skills = task.skills WHERE o.name = task.owner)"
        " WHERE seq IN (SELECT value FROM json_each(?))",
        now,
        numbers,
    )


def pick(sql: Sql, wish: Mapping[str, Any]) -> Row | None:
    """[seq, lane, owner's id, its turn, cost, waiting since] of the next task for a worker, or None.

    wish: {"types", "zones", "skills"} as in contracts.tasks.LeaseRequest.
    """
    clauses, parameters = [], []
    if wish.get("types"):
        clauses.append("l.type IN (SELECT value FROM json_each(?))")
        parameters.append(json.dumps(list(wish["types"])))
    if wish.get("zones"):
        clauses.append("(l.zone = '' OR l.zone IN (SELECT value FROM json_each(?)))")
        parameters.append(json.dumps(list(wish["zones"])))
    if wish.get("skills"):
        clauses.append(
            "NOT EXISTS (SELECT 1 FROM json_each(l.skills) s WHERE s.value NOT IN (SELECT value FROM json_each(?)))"
        )
        parameters.append(json.dumps(list(wish["skills"])))
    else:
        clauses.append("l.skills = '[]'")
    found = sql.rows(
        "SELECT t.seq, l.id, l.owner, l.turn, t.cost, t.moment FROM lane l INDEXED BY lane_in_turn"
        " JOIN task t ON t.seq = (SELECT seq FROM task WHERE lane = l.id ORDER BY due, seq LIMIT 1)"
        f" WHERE {' AND '.join(clauses)} ORDER BY l.priority, l.turn, l.owner, t.due, t.seq LIMIT 1",
        *parameters,
    )
    return found[0] if found else None


def charge(sql: Sql, lane: int, owner: int, turn: float, cost: float) -> None:
    """A task of this lane was taken: its owner has had a turn, and an empty lane goes."""
    close_if_empty(sql, lane)
    sql.run("UPDATE lane SET turn = ? WHERE owner = ?", turn + cost, owner)
    sql.run("UPDATE owner SET turn = ? WHERE id = ?", turn + cost, owner)
    sql.run("UPDATE virtual_time SET value = ? WHERE value < ?", turn, turn)


def refund(sql: Sql, owner: str, cost: float) -> None:
    """What was taken came back untouched."""
    sql.run("UPDATE owner SET turn = turn - ? WHERE name = ?", cost, owner)
    sql.run("UPDATE lane SET turn = turn - ? WHERE owner = (SELECT id FROM owner WHERE name = ?)", cost, owner)


def close_if_empty(sql: Sql, lane: int) -> None:
    sql.run("DELETE FROM lane WHERE id = ? AND NOT EXISTS (SELECT 1 FROM task WHERE lane = ?)", lane, lane)


def forget_idle_owners(sql: Sql) -> None:
    """Owners with nothing waiting whose turn the virtual time has passed: they would start from it anyway."""
    sql.run(
        "DELETE FROM owner WHERE turn <= (SELECT value FROM virtual_time)"
        " AND NOT EXISTS (SELECT 1 FROM lane WHERE lane.owner = owner.id)"
    )


def kinds(sql: Sql) -> list[tuple[str, str, frozenset[str]]]:
    """(type, zone, skills) of what waits."""
    found = sql.rows("SELECT DISTINCT type, zone, skills FROM lane")
    return [(kind, zone, frozenset(json.loads(skills))) for kind, zone, skills in found]


def suits(wish: Mapping[str, Any], kind: tuple[str, str, frozenset[str]]) -> bool:
    """Could a worker with this wish take a task of this kind? The same rule as in `pick`."""
    name, zone, skills = kind
    return (
        (not wish.get("types") or name in wish["types"])
        and (not wish.get("zones") or zone == "" or zone in wish["zones"])
        and skills <= set(wish.get("skills") or ())
    )
