"""Calls that stay open until a task suits them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from durable_objects.queue import waiters
from durable_objects.queue.waiters import Kind, Waiters


class Shelf:
    """Tasks that wait, by type; as much of a queue as waiters see."""

    def __init__(self, *types: str) -> None:
        self.types = list(types)

    def kinds(self) -> list[Kind]:
        return [(kind, "", frozenset()) for kind in dict.fromkeys(self.types)]

    def take(self, wish: Mapping[str, Any]) -> list[dict[str, Any]]:
        found = next((kind for kind in self.types if not wish["types"] or kind in wish["types"]), None)
        if found is None:
            return []
        self.types.remove(found)
        return [{"id": found}]


def wish(*types: str, **more: Any) -> dict[str, Any]:
    return {"types": types, **more}


async def line_up(line: Waiters, *wishes: dict[str, Any], seconds: float = 5.0) -> list[asyncio.Task[Any]]:
    calls = []
    for each in wishes:
        calls.append(asyncio.ensure_future(line.wait(each, seconds)))
        await asyncio.sleep(0)  # so that they stand in this order
    return calls


async def test_the_first_whom_a_task_suits_gets_it() -> None:
    line = Waiters()
    calls = await line_up(line, wish("count"), wish(), wish("pick"))
    shelf = Shelf("pick")
    line.serve(shelf.kinds, shelf.take)
    assert await calls[1] == [{"id": "pick"}]
    assert len(line) == 2
    shelf = Shelf("pick", "count")
    line.serve(shelf.kinds, shelf.take)
    assert [await calls[0], await calls[2]] == [[{"id": "count"}], [{"id": "pick"}]]


async def test_a_call_ends_empty_when_its_time_is_over_and_takes_nothing_afterwards() -> None:
    line = Waiters()
    (call,) = await line_up(line, wish(), seconds=0.01)
    assert await call == []
    shelf = Shelf("pick")
    line.serve(shelf.kinds, shelf.take)
    assert shelf.types == ["pick"]


async def test_a_repeated_call_takes_the_place_of_the_one_whose_caller_is_gone() -> None:
    line = Waiters()
    gone, other, again = await line_up(line, wish(key="k"), wish(key="else"), wish(key="k"))
    assert await gone == []
    shelf = Shelf("one", "two")
    line.serve(shelf.kinds, shelf.take)
    assert [await other, await again] == [[{"id": "one"}], [{"id": "two"}]]


async def test_beyond_the_limit_a_call_is_answered_empty_at_once(monkeypatch: Any) -> None:
    monkeypatch.setattr(waiters, "MAX_WAITERS", 1)
    line = Waiters()
    (first,) = await line_up(line, wish())
    assert await line.wait(wish(), 5.0) == []
    first.cancel()
