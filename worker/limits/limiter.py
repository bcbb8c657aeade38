"""The rate-limit stage: which buckets a request touches, the decision, the headers and the refusal."""

from __future__ import annotations

import asyncio
import math
import time
from collections import OrderedDict
from typing import Any

from contracts.errors import ProblemError
from contracts.limits import LEASE_S, Bucket, Policy
from contracts.rpc import dumps, unwrap
from durable_objects.resilience.upstreams import UPSTREAMS
from worker.call import Call
from worker.limits.leases import Exchange, Leases, Want
from worker.log import event

LEASES = Leases()
_PATIENCE_S = 2.0  # an object that takes longer holds up every request: as good as unreachable
_LOCAL_CAPACITY = 4096
_local: OrderedDict[str, Bucket] = OrderedDict()  # anonymous clients, and everybody while the object cannot be reached


def wants_of(call: Call, policies: dict[str, Policy]) -> list[Want]:
    """The buckets of an authenticated request: its client, its tenant, and the agent type that it goes to."""
    assert call.route is not None
    who, critical, cost = call.principal, call.route.priority == "critical", float(call.route.cost)
    # An isolate holds leases of many tenants side by side, so a bucket's name says whose it is.
    wants = [
        Want(f"{who.tenant}:client:{who.subject}", policies["client"], cost, critical),
        Want(f"{who.tenant}:tenant", policies["tenant"], cost, critical),
    ]
    agent = call.params.get("agent_type")
    if agent is not None:
        wants.append(Want(f"{who.tenant}:agent:{agent}", policies["agent"], cost, critical))
    return wants


async def limit(call: Call, policies: dict[str, Policy]) -> None:
    """Admit the request and note its RateLimit headers, or raise rate-limited."""
    assert call.route is not None
    if call.route.cost == 0:
        return
    if call.principal.role == "public":
        _limit_local(call, Want(f"ip:{client_address(call)}", policies["anonymous"], float(call.route.cost), False))
        return
    wants, now = wants_of(call, policies), call.now
    if LEASES.take(wants, now):
        call.limit_headers = _headers(wants[0], LEASES.level(wants[0].key))
        if LEASES.due(wants, now):
            call.context.waitUntil(_renew(call.env, call.principal.tenant, wants, now))
        return
    known = LEASES.refused(wants, now)
    if known:
        raise _refusal(call, [want for want, _ in known], max(wait for _, wait in known))
    await _ask(call, wants)


async def _ask(call: Call, wants: list[Want]) -> None:
    exchange = LEASES.ask(wants, call.now, paying=True)
    try:
        answer = await _exchanged(call.env, call.principal.tenant, exchange)
    except Exception as fault:  # noqa: BLE001 - any failure of the object must not close the door: degrade, and say so
        event("rate-limiter-unreachable", trace_id=call.trace_id, error=repr(fault))
        call.notes["limit"] = "degraded"
        for want in wants:
            _limit_local(call, want)
        return
    if any(given["lent"] for given in answer["wants"]):
        call.context.waitUntil(_report(call.env, call.principal.tenant, wants))
    if answer["admitted"]:
        call.notes["limit"] = "asked"
        call.limit_headers = _headers(wants[0], answer["wants"][0]["level"])
        return
    refused = [(want, given) for want, given in zip(wants, answer["wants"], strict=True) if given["wait"] > 0]
    raise _refusal(call, [want for want, _ in refused], max(given["wait"] for _, given in refused))


async def _exchanged(env: Any, tenant: str, exchange: Exchange) -> Any:
    """The object's answer, settled. Raises whatever keeps it from answering; at once while its circuit is open."""
    text = dumps(exchange.payload)

    async def attempt() -> Any:
        asked = env.RATE_LIMITER.getByName(tenant).exchange(text)
        return unwrap(await asyncio.wait_for(asked, _PATIENCE_S))

    try:
        # Once: an exchange that was lost on its way back has taken its tokens.
        answer = await UPSTREAMS.call("RATE_LIMITER", tenant, attempt, idempotent=False)
    except BaseException:
        exchange.failed()
        raise
    exchange.settle(answer)
    return answer


async def _renew(env: Any, tenant: str, wants: list[Want], now: float) -> None:
    """New tokens while the old ones still serve. When it fails, the next request that finds none asks by itself."""
    try:
        await _exchanged(env, tenant, LEASES.ask(wants, now, paying=False))
    except Exception as fault:  # noqa: BLE001 - as for a request's own question
        event("rate-limiter-unreachable", error=repr(fault))
        return
    await _report(env, tenant, wants)


async def _report(env: Any, tenant: str, wants: list[Want]) -> None:
    """After a lease's life: tell what was used, unless a later exchange has told it already."""
    await asyncio.sleep(LEASE_S + 0.05)
    reports = LEASES.over(wants, time.time())
    if reports:
        payload = {"isolate": LEASES.isolate, "reports": reports, "wants": []}
        await env.RATE_LIMITER.getByName(tenant).exchange(dumps(payload))


def client_address(call: Call) -> str:
    return call.header.get("cf-connecting-ip", "") or "unknown"


def charge_failure(call: Call, policies: dict[str, Policy]) -> None:
    """A request with bad credentials: an address that guesses gets slower. Raises rate-limited."""
    _limit_local(call, Want(f"refused:{client_address(call)}", policies["refused"], 1.0, False))


def _limit_local(call: Call, want: Want) -> None:
    bucket = _local.get(want.key)
    if bucket is None:
        bucket = _local[want.key] = Bucket.full(want.policy, call.now)
        if len(_local) > _LOCAL_CAPACITY:
            _local.popitem(last=False)
    _local.move_to_end(want.key)
    if not bucket.take(want.cost, want.critical, call.now):
        raise _refusal(call, [want], bucket.wait(want.cost, want.critical, call.now))
    call.limit_headers = _headers(want, bucket.level - bucket.floor(want.critical))


def _headers(want: Want, level: float) -> tuple[tuple[str, str], ...]:
    """draft-ietf-httpapi-ratelimit-headers: what is left now, and in how many seconds the bucket is full again."""
    policy = want.policy
    full_in = math.ceil(max(0.0, policy.usable - level) / policy.rate)
    return (
        ("ratelimit", f'"{policy.name}";r={int(level)};t={full_in}'),
        ("ratelimit-policy", policy.header()),
    )


def _refusal(call: Call, wants: list[Want], wait: float) -> ProblemError:
    seconds = max(1, math.ceil(wait))
    names = [want.policy.name for want in wants]
    call.notes["limit"] = "refused"
    return ProblemError(
        "rate-limited",
        f"the rate of {', '.join(names)} is used up; try again in {seconds} s",
        extra={"violated-policies": names},
        headers={"retry-after": str(seconds), **dict(_headers(wants[0], 0.0))},
    )
