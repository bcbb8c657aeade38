"""Alert rules as a state machine over time, and the messages that their changes owe the receiver.

    ok ──above──▶ pending ──for `for_s`──▶ firing ──not above──▶ ok (told: resolved)
     ▲               │ not above            │ every `repeat_s`: told again
     └───────────────┘

A value that cannot be told (no requests, a silent source) leaves a firing rule firing: silence is no recovery. Messages
are written in the transaction of the change and removed when the receiver has taken them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from contracts.alerts import UNITS, AlertMessage, AlertSettings
from contracts.instants import optional, rfc3339
from durable_objects.metrics.series import signal
from durable_objects.sqlite import Sql, get_meta, scalar, set_meta

MAX_TRIES = 12  # with pauses of 1, 2, 4 … 60 minutes: some seven hours
MAX_MESSAGES = 500


def settings(sql: Sql) -> AlertSettings:
    return AlertSettings.model_validate(get_meta(sql, "alerts", {}))


def configure(sql: Sql, wish: Mapping[str, Any], fresh_secret: str) -> str | None:
    """Keep the settings. The secret when one was made: for the first webhook, and for one that points elsewhere."""
    chosen = AlertSettings.model_validate(wish)

    def write() -> str | None:
        before = settings(sql)
        set_meta(sql, "alerts", chosen.model_dump(mode="json"))
        names = json.dumps([rule.name for rule in chosen.rules])
        sql.run("DELETE FROM alert WHERE rule NOT IN (SELECT value FROM json_each(?))", names)
        if chosen.webhook is None:
            sql.run("DELETE FROM message")
            return None
        if chosen.webhook == before.webhook and get_meta(sql, "secret"):
            return None
        set_meta(sql, "secret", fresh_secret)
        set_meta(sql, "delivery", {})
        return fresh_secret

    return sql.transaction(write)


def evaluate(sql: Sql, now: float, environment: str) -> None:
    """Judge every rule, and note what the receiver must be told."""
    chosen = settings(sql)

    def write() -> None:
        for rule in chosen.rules:
            _judge(sql, rule.model_dump(mode="json"), chosen, now, environment)
        set_meta(sql, "evaluated_at", now)

    sql.transaction(write)


def _judge(sql: Sql, rule: dict[str, Any], chosen: AlertSettings, now: float, environment: str) -> None:
    value = signal(sql, rule, now)
    found = sql.rows("SELECT state, since, told_at FROM alert WHERE rule = ?", rule["name"])
    state, since, told_at = found[0] if found else ("ok", now, 0.0)
    above = value is not None and value > rule["above"]
    if state == "firing":
        if value is not None and not above:
            _owe(sql, rule, chosen, "resolved", value, now, since, environment)
            state, since, told_at = "ok", now, 0.0
        elif now - told_at >= chosen.repeat_s:
            _owe(sql, rule, chosen, "firing", value, now, since, environment, repeated=True)
            told_at = now
    elif not above:
        if state != "ok":
            state, since = "ok", now
    else:
        if state == "ok":
            state, since = "pending", now
        if now - since >= rule["for_s"]:
            state, since, told_at = "firing", now, now
            _owe(sql, rule, chosen, "firing", value, now, now, environment)
    sql.run(
        "INSERT INTO alert (rule, state, since, value, told_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT (rule) DO UPDATE SET"
        " state = excluded.state, since = excluded.since, value = excluded.value, told_at = excluded.told_at",
        rule["name"],
        state,
        since,
        value,
        told_at,
    )


def _owe(
    sql: Sql,
    rule: dict[str, Any],
    chosen: AlertSettings,
    state: str,
    value: float | None,
    now: float,
    since: float,
    environment: str,
    repeated: bool = False,
) -> None:
    if chosen.webhook is None:
        return
    body = message(rule, state, value, now, since, environment, repeated)
    identity = f"alert_{rule['name']}_{state}_{int(now * 1000)}"
    sql.run(
        "INSERT OR IGNORE INTO message (identity, body, next_at) VALUES (?, ?, ?)",
        identity,
        body.model_dump_json(),
        now,
    )
    sql.run("DELETE FROM message WHERE id <= (SELECT max(id) FROM message) - ?", MAX_MESSAGES)


def message(
    rule: Mapping[str, Any],
    state: str,
    value: float | None,
    now: float,
    since: float,
    environment: str,
    repeated: bool = False,
) -> AlertMessage:
    unit = UNITS[rule["signal"]]
    where = rule.get("route") or rule.get("queue") or "everything"
    shown = "unknown" if value is None else f"{value:.4g} {unit}"
    verb = {"firing": "still fires" if repeated else "fires", "resolved": "has recovered"}[state]
    return AlertMessage(
        type="alert",
        rule=rule["name"],
        state=state,  # type: ignore[arg-type]
        severity=rule["severity"],
        signal=rule["signal"],
        value=value,
        threshold=rule["above"],
        unit=unit,
        at=rfc3339(now),
        since=rfc3339(since),
        repeated=repeated,
        environment=environment,
        text=f"{rule['name']} {verb}: {rule['signal']} of {where} is {shown} (threshold {rule['above']:.4g} {unit})",
    )


def pending(sql: Sql, now: float, limit: int = 20) -> dict[str, Any] | None:
    """{url, secret, messages: [{id, identity, body}…]} that are due, oldest first; None when nobody is to be told."""
    chosen = settings(sql)
    if chosen.webhook is None:
        return None
    found = sql.rows("SELECT id, identity, body FROM message WHERE next_at <= ? ORDER BY id LIMIT ?", now, limit)
    messages = [{"id": int(row[0]), "identity": row[1], "body": row[2]} for row in found]
    return {"url": chosen.webhook, "secret": get_meta(sql, "secret"), "messages": messages}


def attempted(sql: Sql, outcomes: list[dict[str, Any]], now: float) -> None:
    """[{id, ok, status, error}…]: what is taken is removed; the rest comes again later, and is given up in the end."""

    def write() -> None:
        for outcome in outcomes:
            if outcome["ok"]:
                sql.run("DELETE FROM message WHERE id = ?", outcome["id"])
            else:
                tries = int(scalar(sql, "SELECT tries FROM message WHERE id = ?", outcome["id"]) or 0) + 1
                pause = min(3600.0, 60.0 * 2.0 ** (tries - 1))
                sql.run("UPDATE message SET tries = ?, next_at = ? WHERE id = ?", tries, now + pause, outcome["id"])
                sql.run("DELETE FROM message WHERE tries >= ?", MAX_TRIES)
            last = {"last_status": outcome.get("status"), "last_error": str(outcome.get("error") or "")[:300]}
            set_meta(sql, "delivery", {**last, "last_attempt_at": now})

    sql.transaction(write)


def shown(sql: Sql) -> dict[str, Any]:
    """A contracts.alerts.Alerts, without the secret."""
    chosen = settings(sql)
    known = {row[0]: row[1:] for row in sql.rows("SELECT rule, state, since, value, told_at FROM alert")}
    rules = []
    for rule in chosen.rules:
        state, since, value, told_at = known.get(rule.name, ("ok", None, None, 0.0))
        rules.append(
            {
                **rule.model_dump(mode="json"),
                "state": state,
                "since": optional(since),
                "value": value,
                "told_at": optional(told_at or None),
            }
        )
    delivery = get_meta(sql, "delivery", {})
    return {
        "webhook": chosen.webhook,
        "repeat_s": chosen.repeat_s,
        "rules": rules,
        "evaluated_at": optional(get_meta(sql, "evaluated_at")),
        "delivery": {
            **delivery,
            "last_attempt_at": optional(delivery.get("last_attempt_at")),
            "waiting": int(scalar(sql, "SELECT count(*) FROM message")),
        },
    }


def firing(sql: Sql) -> list[list[Any]]:
    """[["alert_firing", [rule], 0 or 1]…] for Prometheus."""
    return [["alert_firing", [row[0]], int(row[1] == "firing")] for row in sql.rows("SELECT rule, state FROM alert")]
