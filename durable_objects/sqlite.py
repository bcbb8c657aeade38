"""SQLite behind one narrow interface, so that the logic on it runs on CPython as well as in a Durable Object.

In an object, every value that crosses between JavaScript and Python costs; so rows come back as one JSON text, and bulk
data goes in as one JSON text that `json_each(?)` takes apart. Numbers are bound as floating point by the platform (they
are JavaScript numbers): a column of INTEGER affinity turns them back, an expression without a column does not, so
compare and store them in columns or CAST them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

T = TypeVar("T")
Row = list[Any]
Value = str | int | float | None

# A value in an object's SQLite holds at most 2 MB; longer texts are cut into parts well below that, by characters.
PART_CHARACTERS = 400_000


class Sql(Protocol):
    """What the state modules need of a database."""

    def rows(self, statement: str, *parameters: Value) -> list[Row]:
        """Run one statement; every row as a list. Text, numbers and NULL only."""

    def run(self, statement: str, *parameters: Value) -> None:
        """Run one statement (several, when there are no parameters) whose rows nobody needs."""

    def attempt(self, statement: str, *parameters: Value) -> bool:
        """Run one statement as `run` does. False when it ended in RAISE(ABORT, 'refused'): it has then changed nothing."""

    def transaction(self, body: Callable[[], T]) -> T:
        """Run `body`; when it raises, nothing that it wrote stays. `body` must not wait for anything."""


REFUSED = "refused"


class ObjectSql:
    """The SQLite of a Durable Object, through its raw JavaScript objects."""

    def __init__(self, storage: Any) -> None:
        from js import JSON
        from pyodide.ffi import jsnull

        self._storage = storage
        self._exec = storage.sql.exec
        self._stringify = JSON.stringify
        self._null = jsnull

    def rows(self, statement: str, *parameters: Value) -> list[Row]:
        cursor = self._exec(statement, *[self._null if value is None else value for value in parameters])
        found: list[Row] = json.loads(self._stringify(cursor.raw().toArray()))
        return found

    def run(self, statement: str, *parameters: Value) -> None:
        self._exec(statement, *[self._null if value is None else value for value in parameters])

    def attempt(self, statement: str, *parameters: Value) -> bool:
        from pyodide.ffi import JsException

        try:
            self.run(statement, *parameters)
        except JsException as fault:
            # "refused: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_TRIGGER)"
            if str(fault).removeprefix("Error: ").startswith(f"{REFUSED}:"):
                return False
            raise
        return True

    def transaction(self, body: Callable[[], T]) -> T:
        from pyodide.ffi import JsException, create_once_callable

        result: list[T] = []
        failure: list[Exception] = []

        def call() -> None:
            try:
                result.append(body())
            except Exception as error:
                # An exception's type is lost on its way through JavaScript: keep it here, and let it roll back.
                failure.append(error)
                raise

        try:
            self._storage.transactionSync(create_once_callable(call))
        except (JsException, Exception):
            if failure:
                raise failure[0] from None
            raise
        return result[0]


class AfterCommit:
    """A database that calls `then` after each outermost transaction that was committed, before anything is awaited."""

    def __init__(self, sql: Sql, then: Callable[[], None]) -> None:
        self._sql = sql
        self._then = then
        self._depth = 0
        self.rows = sql.rows
        self.run = sql.run
        self.attempt = sql.attempt

    def transaction(self, body: Callable[[], T]) -> T:
        self._depth += 1
        try:
            result = self._sql.transaction(body)
        finally:
            self._depth -= 1
        if not self._depth:
            self._then()
        return result


@dataclass(frozen=True, slots=True)
class Migration:
    """One step forward of a schema. A step that has been released is never changed: another one follows it."""

    version: int
    name: str
    script: str


class SchemaTooNew(RuntimeError):
    """The data were written by a later release than this code: refuse to touch them."""


def migrate(sql: Sql, migrations: Sequence[Migration]) -> int:
    """Bring the schema forward to the last migration; the number of steps done. Each step is one transaction."""
    assert [step.version for step in migrations] == list(range(1, len(migrations) + 1)), "versions count from 1"
    # The platform refuses a script that ends in a comment: "SQL code did not contain a statement".
    assert all(step.script.rstrip().endswith(";") for step in migrations), "a script ends with its last statement"
    sql.run("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY, name TEXT NOT NULL)")
    current = sql.rows("SELECT coalesce(max(version), 0) FROM schema_version")[0][0]
    if current > len(migrations):
        raise SchemaTooNew(f"the data have schema version {current}; this code knows {len(migrations)}")
    for step in migrations[current:]:

        def apply(step: Migration = step) -> None:
            sql.run(step.script)
            sql.run("INSERT INTO schema_version (version, name) VALUES (?, ?)", step.version, step.name)

        sql.transaction(apply)
    return len(migrations) - int(current)


def one(sql: Sql, statement: str, *parameters: Value) -> Row | None:
    """The first row, or None."""
    found = sql.rows(statement, *parameters)
    return found[0] if found else None


def scalar(sql: Sql, statement: str, *parameters: Value) -> Any:
    """The first column of the first row, or None."""
    found = sql.rows(statement, *parameters)
    return found[0][0] if found else None


def get_meta(sql: Sql, key: str, default: Any = None) -> Any:
    """A value of the object's `meta` table (JSON)."""
    found = sql.rows("SELECT value FROM meta WHERE key = ?", key)
    return json.loads(found[0][0]) if found else default


def set_meta(sql: Sql, key: str, value: Any) -> None:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    sql.run(
        "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", key, text
    )


def put_text(sql: Sql, name: str, text: str) -> None:
    """Keep a long text under a name, in parts."""
    sql.run("DELETE FROM text_part WHERE name = ?", name)
    for part, start in enumerate(range(0, len(text), PART_CHARACTERS)):
        sql.run(
            "INSERT INTO text_part (name, part, text) VALUES (?, ?, ?)",
            name,
            part,
            text[start : start + PART_CHARACTERS],
        )


def get_text(sql: Sql, name: str) -> str | None:
    found = sql.rows("SELECT text FROM text_part WHERE name = ? ORDER BY part", name)
    return "".join(row[0] for row in found) if found else None


TEXT_PART_TABLE = """
CREATE TABLE text_part (name TEXT NOT NULL, part INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (name, part)) WITHOUT ROWID;
"""
META_TABLE = "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;\n"


def chunks(values: Sequence[Any], characters: int = PART_CHARACTERS) -> list[str]:
    """A long list as JSON texts of lists, each of at most about `characters` (one value is never cut)."""
    parts: list[str] = []
    pending: list[str] = []
    size = 0
    for value in values:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        if pending and size + len(text) > characters:
            parts.append("[" + ",".join(pending) + "]")
            pending, size = [], 0
        pending.append(text)
        size += len(text) + 1
    if pending:
        parts.append("[" + ",".join(pending) + "]")
    return parts
