"""What one stage of the gateway costs: the product's own functions, each run many times within one request.

GET /?stage=<name>&n=<times> with `Authorization: Bearer kkk…`; without a stage, the list of their names. The objects that they
would ask are played here: what is measured is the usual case, in which nothing needs to be asked.
"""

from __future__ import annotations

import json
import time

import js
from workers import WorkerEntrypoint

import worker.routes  # noqa: F401 - importing it registers every route
from contracts.trace import new_trace_id, trace_id_of
from worker import gateway
from worker.auth.access import authorize
from worker.auth.authenticate import authenticate
from worker.cache.layers import key_of, read
from worker.cache.memory import MEMORY, Entry
from worker.call import ANONYMOUS, Call
from worker.headers import RequestHeaders
from worker.limits.limiter import limit
from worker.media import acceptable
from worker.resilience.shedding import INFLIGHT
from worker.respond import buffer, serve
from worker.routing import TABLE
from worker.settings import settings
from worker.urls import split_url

PATH = "/v1/warehouses/bench/layout"
KEY = "k" * 32
LENT = 1e12


class Limiter:
    """A RateLimiter object that lends generously."""

    def getByName(self, _name):
        return self

    async def exchange(self, text, _context=""):
        wants = json.loads(text)["wants"]
        given = [{"level": LENT, "wait": 0, "lent": LENT} for _ in wants]
        return json.dumps({"ok": {"admitted": True, "wants": given}})


class Env:
    STOREMAX_ADMIN_KEY = KEY
    RATE_LIMITER = Limiter()
    ENVIRONMENT = "production"


class Context:
    @staticmethod
    def waitUntil(work):
        work.close()


def done(coroutine):
    """The result of a coroutine that has nothing to wait for."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    raise RuntimeError("a stage waited for something")


def stages(raw, request):
    env, configuration = Env(), settings(Env())
    now = time.time()

    def begin():
        source = raw
        method = source.method
        origin, _, query_text = split_url(source.url)
        header = RequestHeaders(source.headers)
        trace_id = trace_id_of(header.find("traceparent")) or new_trace_id()
        return Call(
            env, Context, request, ANONYMOUS, {}, trace_id, header=header, method=method, path=PATH, query_text=query_text,
            origin=origin, now=now, allowed_origins=configuration.cors_origins,
        )  # fmt: skip

    def route():
        call.header._known.clear()  # each stage reads the headers that it needs from the platform
        found, params = TABLE.find("GET", PATH)
        with INFLIGHT:
            INFLIGHT.admit(found.priority, configuration.max_inflight)
        call.header.get("x-deadline")
        acceptable(call.header.get("accept", ""), found.media_types)
        return found, params

    def who():
        call.header._known.clear()
        principal = done(
            authenticate(
                env, call.header, method="GET", origin=call.origin, allowed_origins=frozenset(), now=now
            )
        )  # fmt: skip
        authorize(principal, call.route, call.params)
        return principal

    def respond():
        call.header._known.clear()
        call.header.find("origin")
        return serve(entry, call, {})

    call = begin()
    call.route, call.params = route()
    call.principal = who()
    body = b'{"type":"parametric"}' * 10
    entry = Entry(200, buffer(body), body.decode(), "application/json", '"e"', (), now, now + 1e9, now + 1e9)
    MEMORY.put(key_of(call), entry)
    done(limit(call, configuration.policies))
    call.status, call.notes["cache"] = 200, "hit"
    return {
        "empty": lambda: None,
        "begin": begin,
        "route": route,
        "authenticate": who,
        "limit": lambda: done(limit(call, configuration.policies)),
        "cache": lambda: done(read(call, call.route.cache, None, buffer)),
        "respond": respond,
        "log": lambda: gateway._note(call),
    }


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        raw = request.js_object
        query = js.URL.new(raw.url).searchParams
        table = stages(raw, request)
        run = table.get(str(query.get("stage")))
        if run is None:
            return js.Response.new(json.dumps([name for name in table if name != "empty"]))
        for _ in range(int(query.get("n"))):
            run()
        return js.Response.new("done")
