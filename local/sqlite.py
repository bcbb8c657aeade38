"""The objects' SQLite on CPython: the same statements, the same limits, without a Worker."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from durable_objects.sqlite import REFUSED, Row, Value

T = TypeVar("T")

MAX_VALUE_BYTES = 2_000_000  # of one text in an object


class LocalSql:
    """Behaves as the platform does where it matters: numbers are bound as floating point, long values are refused."""

    def __init__(self, path: Path | str = ":memory:") -> None:
        self._connection = sqlite3.connect(str(path), isolation_level=None)
        self._connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_VALUE_BYTES)
        self._connection.execute("PRAGMA foreign_keys = ON")

    def rows(self, statement: str, *parameters: Value) -> list[Row]:
        return [[_plain(value) for value in row] for row in self._connection.execute(statement, _bind(parameters))]

    def run(self, statement: str, *parameters: Value) -> None:
        if parameters:
            self._connection.execute(statement, _bind(parameters)).fetchall()
            return
        # executescript() commits what is open; statements one by one leave the transaction alone.
        pending = ""
        for piece in statement.split(";"):
            pending += piece + ";"
            if sqlite3.complete_statement(pending):
                if pending.strip(" \n\t;"):
                    self._connection.execute(pending).fetchall()
                pending = ""

    def attempt(self, statement: str, *parameters: Value) -> bool:
        try:
            self.run(statement, *parameters)
        except sqlite3.IntegrityError as fault:
            if str(fault) == REFUSED:
                return False
            raise
        return True

    def transaction(self, body: Callable[[], T]) -> T:
        if self._connection.in_transaction:
            return self._nested(body)
        self._connection.execute("BEGIN")
        try:
            result = body()
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")
        return result

    def _nested(self, body: Callable[[], T]) -> T:
        self._connection.execute("SAVEPOINT inner")
        try:
            result = body()
        except BaseException:
            self._connection.execute("ROLLBACK TO inner")
            self._connection.execute("RELEASE inner")
            raise
        self._connection.execute("RELEASE inner")
        return result

    def close(self) -> None:
        self._connection.close()


def _bind(parameters: tuple[Value, ...]) -> list[Value]:
    return [float(value) if isinstance(value, int) else value for value in parameters]


def _plain(value: Value) -> Value:
    return int(value) if isinstance(value, float) and value.is_integer() else value
