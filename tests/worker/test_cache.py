"""The layers of the cache on a played KV and a played truth: who is asked when, and what a change makes old."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from contracts.errors import ProblemError
from worker.cache import layers
from worker.cache.invalidate import forget_copies, invalidate, prefixes_of
from worker.cache.layers import KV_PREFIX, key_of, read
from worker.cache.memory import MAX_ENTRIES, Entry, Memory
from worker.call import Call, Principal, Reply
from worker.routing import Caching

POLICY = Caching(isolate_s=10.0, kv_s=60, stale_s=300.0, negative_s=5.0)
PATH = "/v1/warehouses/berlin/layout"


class Kv:
    """Workers KV, its listing two keys a page."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.listings = 0

    async def get(self, key: str) -> str | None:
        return self.kept.get(key)

    async def put(self, key: str, text: str, *, expirationTtl: int) -> None:
        assert expirationTtl >= 60
        assert len(key.encode()) <= 512
        self.kept[key] = text

    async def delete(self, key: str) -> None:
        self.kept.pop(key, None)

    async def list(self, options: dict[str, Any]) -> dict[str, Any]:
        self.listings += 1
        names = sorted(key for key in self.kept if key.startswith(options["prefix"]))
        rest = [name for name in names if name > options.get("cursor", "")]
        page = rest[:2]
        return {
            "keys": [{"name": name} for name in page],
            "list_complete": len(rest) <= 2,
            "cursor": page[-1] if page else "",
        }


class Truth:
    """The object that owns the datum; `answer` may be an exception."""

    def __init__(self, answer: Any = None) -> None:
        self.answer, self.asked, self.gate = answer or {"aisles": 4}, 0, asyncio.Event()
        self.gate.set()

    async def __call__(self) -> Reply:
        self.asked += 1
        answer = self.answer
        await self.gate.wait()
        if isinstance(answer, Exception):
            raise answer
        return Reply(200, answer)


class World:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.kv, self.truth, self.memory = Kv(), Truth(), Memory()
        for module in ("worker.cache.layers", "worker.cache.invalidate"):
            monkeypatch.setattr(f"{module}.MEMORY", self.memory)
        self.CACHE = self.kv
        self.waiting: list[asyncio.Task] = []

    def waitUntil(self, work: Any) -> None:
        self.waiting.append(asyncio.ensure_future(work))

    async def read(self, *, path: str = PATH, who: Principal | None = None, later: float = 0.0, query: str = "") -> Any:
        """(answer, its cache outcome)"""
        who = who or Principal("acme", "key:1", "viewer")
        call = Call(self, self, None, who, {}, "t", path=path, query_text=query, now=time.time() + later)
        answer = await read(call, POLICY, self.truth, lambda data: data)
        await asyncio.gather(*self.waiting)
        return answer, call.notes.get("cache")


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


async def test_the_truth_is_asked_once_then_memory_then_kv_answers(world: World) -> None:
    assert (await world.read())[1] == "miss"
    assert (await world.read())[1] == "hit"
    world.memory.__init__()  # another isolate
    entry, outcome = await world.read()
    assert (outcome, entry.text, world.truth.asked) == ("kv", '{"aisles":4}', 1)
    assert (await world.read())[1] == "hit"


async def test_many_readers_at_once_make_one_refresh(world: World) -> None:
    world.truth.gate.clear()
    readers = [asyncio.ensure_future(world.read()) for _ in range(32)]
    while not world.truth.asked:
        await asyncio.sleep(0)
    world.truth.gate.set()
    outcomes = [outcome for _, outcome in await asyncio.gather(*readers)]
    assert (world.truth.asked, outcomes.count("miss"), outcomes.count("hit")) == (1, 1, 31)


async def test_while_a_copy_is_refreshed_others_get_the_old_one_at_once(world: World) -> None:
    await world.read()
    world.kv.kept.clear()
    world.truth.gate.clear()
    refresh = asyncio.ensure_future(world.read(later=11))
    while world.truth.asked < 2:
        await asyncio.sleep(0)
    assert (await world.read(later=11))[1] == "updating"
    world.truth.gate.set()
    assert (await refresh)[1] == "miss"


async def test_a_stale_copy_answers_for_a_truth_that_fails_until_its_time_is_over(world: World) -> None:
    await world.read()
    world.kv.kept.clear()
    world.truth.answer = ProblemError("unavailable", "away")
    entry, outcome = await world.read(later=11)
    assert (outcome, entry.text) == ("stale", '{"aisles":4}')
    world.truth.answer = ConnectionError("gone")
    assert (await world.read(later=200))[1] == "stale"
    with pytest.raises(ConnectionError):
        await world.read(later=400)


async def test_a_refusal_is_never_hidden_behind_a_stale_copy(world: World) -> None:
    await world.read()
    world.kv.kept.clear()
    world.truth.answer = ProblemError("forbidden", "no longer")
    with pytest.raises(ProblemError, match="no longer"):
        await world.read(later=11)


async def test_not_found_is_remembered_for_its_own_time_and_forgotten_when_the_thing_is_made(world: World) -> None:
    world.truth.answer = ProblemError("not-found", "there is none")
    assert (await world.read())[0].status == 404
    assert (await world.read())[1] == "hit"
    assert world.truth.asked == 1
    await world.read(later=6)
    assert world.truth.asked == 2
    world.truth.answer = {"aisles": 1}
    forget_copies("acme", "/v1/warehouses", "/v1/warehouses/berlin")
    await asyncio.sleep(0.002)  # the clock's tick
    assert (await world.read(later=6))[0].status == 200


async def test_what_changes_while_it_is_read_is_not_kept(world: World) -> None:
    world.truth.gate.clear()
    reader = asyncio.ensure_future(world.read())
    while not world.truth.asked:
        await asyncio.sleep(0)
    forget_copies("acme", f"{PATH.removesuffix('/layout')}/items", "")
    world.truth.gate.set()
    assert (await reader)[1] == "miss"
    assert len(world.memory) == 0
    assert world.kv.kept == {}


async def test_whoever_wrote_does_not_meet_an_older_copy_from_kv(world: World) -> None:
    await world.read()
    assert len(world.kv.kept) == 1
    forget_copies("acme", PATH, "")
    world.truth.answer = {"aisles": 5}
    assert (await world.read(later=1))[0].text == '{"aisles":5}'


async def test_tenants_roles_and_narrower_rights_never_meet_each_others_copies(world: World) -> None:
    principals = [
        Principal("acme", "a", "viewer"),
        Principal("rival", "a", "viewer"),
        Principal("acme", "a", "admin"),
        Principal("acme", "a", "admin", via="bootstrap"),
        Principal("acme", "a", "viewer", frozenset({"berlin"})),
        Principal("acme", "a", "viewer", frozenset({"berlin", "paris"})),
    ]
    for who in principals:
        assert (await world.read(who=who))[1] == "miss"
    assert world.truth.asked == len(principals)


async def test_invalidation_by_prefix_pages_through_kv_and_spares_what_only_looks_alike(world: World) -> None:
    for number in range(5):
        await world.read(path=f"/v1/warehouses/berlin/layout/{number}")
    await world.read(path="/v1/warehouses/berlin2/layout")
    assert await invalidate(world, "acme", "/v1/warehouses/berlin/") == 5
    assert world.kv.listings == 3
    assert list(world.kv.kept) == [f"{KV_PREFIX}acme:/v1/warehouses/berlin2/layout?#viewer"]
    assert len(world.memory) == 1


async def test_a_key_too_long_for_kv_stays_in_memory(world: World) -> None:
    assert (await world.read(query="x" * 600))[1] == "miss"
    assert world.kv.kept == {}
    assert (await world.read(query="x" * 600))[1] == "hit"


async def test_a_kv_that_fails_is_a_miss(world: World) -> None:
    async def broken(_key: str) -> str:
        raise OSError("KV is away")

    world.kv.get = broken  # type: ignore[method-assign]
    assert (await world.read())[1] == "miss"


@pytest.mark.parametrize(
    ("types", "prefixes"),
    [
        (["stock.adjusted"], {"/v1/warehouses/w?"}),
        (["configuration.changed"], {"/v1/warehouses/w?", "/v1/warehouses/w/configuration"}),
        (["warehouse.created", "stock.adjusted"], {"/v1/warehouses/w/", "/v1/warehouses/w?", "/v1/warehouses?"}),
        ([], {"/v1/warehouses/w/", "/v1/warehouses/w?", "/v1/warehouses?"}),  # a batch of which nothing more is known
    ],
)
def test_an_event_makes_old_what_it_changes_and_no_more(types: list[str], prefixes: set[str]) -> None:
    assert set(prefixes_of({"warehouse": "w", "types": types})) == prefixes


def test_memory_is_bounded_and_dropping_a_prefix_leaves_no_group_behind() -> None:
    memory = Memory()
    for number in range(MAX_ENTRIES + 10):
        key = f"acme:/v1/warehouses/w{number}/layout?#viewer"
        memory.put(key, Entry(200, b"", "x", "application/json", "", (), 0.0, 1.0, 1e9))
    assert len(memory) == MAX_ENTRIES
    assert memory.get("acme:/v1/warehouses/w0/layout?#viewer", 0.0) is None
    assert memory.drop_prefix("acme:/v1/warehouses/w20", 0.0) == 1 + 10 + 10  # w20, w200 to w209, w2000 to w2009
    assert memory.drop_prefix("acme:/v1", 0.0) == MAX_ENTRIES - 21
    assert (memory._groups, memory._bytes) == ({}, 0)


def test_a_key_names_tenant_path_query_and_scope() -> None:
    call = Call(None, None, None, Principal("acme", "a", "viewer"), {}, "t", path="/v1/x", query_text="a=1")
    assert key_of(call) == "acme:/v1/x?a=1#viewer"
    assert layers.etag_of(b"x") == layers.etag_of(b"x")
