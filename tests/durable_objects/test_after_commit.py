import pytest

from durable_objects.sqlite import AfterCommit
from local.sqlite import LocalSql


def watched() -> tuple[AfterCommit, list[int]]:
    plain = LocalSql()
    plain.run("CREATE TABLE t (n INTEGER)")
    seen: list[int] = []
    sql = AfterCommit(plain, lambda: seen.append(plain.rows("SELECT count(*) FROM t")[0][0]))
    return sql, seen


def test_it_calls_once_after_the_outermost_transaction() -> None:
    sql, seen = watched()

    def inner() -> None:
        sql.run("INSERT INTO t VALUES (?)", 1)

    def outer() -> str:
        sql.transaction(inner)
        sql.transaction(inner)
        return "done"

    assert sql.transaction(outer) == "done"
    assert seen == [2]


def test_what_was_rolled_back_calls_nobody() -> None:
    sql, seen = watched()

    def body() -> None:
        sql.run("INSERT INTO t VALUES (?)", 1)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        sql.transaction(body)
    assert seen == []
    sql.transaction(lambda: None)
    assert seen == [0]
