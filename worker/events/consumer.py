"""The queues' consumer: each message is taken or sent back on its own, so one that fails does not repeat the others.

Whatever a message asks for can be done twice with the same outcome: queues deliver at least once, late, in any order.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from durable_objects.resilience.retry import RetryPolicy
from worker.cache.invalidate import invalidate_for_events
from worker.events import archive, dead_letters, webhooks
from worker.log import event

AGAIN = RetryPolicy(base=2.0, cap=600.0)  # the pause before a message is tried again


class NoSuchMessage(ValueError):
    """A message that nobody here understands: it goes to the dead letters at once."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message, its body read; `source` is the platform's object, for ack and retry."""

    source: Any
    body: dict[str, Any]

    @property
    def attempts(self) -> int:
        return int(self.source.attempts)


Take = Callable[[Any, dict[str, Any], str], Awaitable[None]]  # bindings, body, message id


async def consume(env: Any, batch: Any) -> None:
    """Take a batch of any of the queues."""
    queue = str(batch.queue)
    name = next((name for name in _QUEUES if queue.startswith(name)), None)
    if name is None:
        raise NoSuchMessage(f"no consumer for the queue {queue!r}")
    messages = [message for source in batch.messages if (message := await _read(env, queue, source)) is not None]
    await _QUEUES[name](env, messages)


async def _events(env: Any, messages: Sequence[Message]) -> None:
    """`storemax-events`: batches of a warehouse's events, announced archive segments, and the agents' own events."""
    changed = [message for message in messages if message.body.get("kind") == "events"]
    stale = False
    try:
        await invalidate_for_events(env, [_place(message) for message in changed])
    except Exception as fault:  # noqa: BLE001 - copies that outlive their time by seconds must not hold up the archive
        event("cache-invalidation-failed", error=repr(fault))
        stale = True
    for message in messages:
        # An agent's event has no kind: it is as it happened, {id, type: "agent.…", at, data}.
        kind = str(message.body.get("kind") or message.body.get("type", "")).partition(".")[0]
        await _settle(env, message, _KINDS.get(kind, dead_letters.take), again=stale and kind == "events")


async def _take_batch(env: Any, body: dict[str, Any], message: str) -> None:
    """A batch of events: to the webhooks; then its warehouse need not send it again."""
    await webhooks.fan_out(env, body, message)
    await dead_letters.events_taken(env, body)


async def _deliveries(env: Any, messages: Sequence[Message]) -> None:
    """`storemax-webhooks`: one delivery to one receiver each, side by side: a slow receiver holds nobody up."""
    await asyncio.gather(*(_deliver(env, message) for message in messages))


async def _deliver(env: Any, message: Message) -> None:
    try:
        pause = await webhooks.deliver(env, message.body, message.attempts)
    except Exception as fault:  # noqa: BLE001 - the registry did not answer: this delivery comes again, the others stay settled
        event("message-failed", message=str(message.source.id), attempts=message.attempts, error=repr(fault))
        pause = AGAIN.pause(message.attempts, random.random())
    if pause is None:
        message.source.ack()
    else:
        message.source.retry(delaySeconds=int(pause))


async def _dead(env: Any, messages: Sequence[Message]) -> None:
    """`storemax-dead`: what was given up is kept for people, and its webhook told."""
    for message in messages:
        await _settle(env, message, dead_letters.take)


_KINDS: dict[str, Take] = {
    "events": _take_batch,
    "segment": archive.take_segment,
    "agent": archive.take_agent_event,
}
_QUEUES: dict[str, Callable[[Any, Sequence[Message]], Awaitable[None]]] = {
    "storemax-events": _events,
    "storemax-webhooks": _deliveries,
    "storemax-dead": _dead,
}


async def _settle(env: Any, message: Message, take: Take, again: bool = False) -> None:
    try:
        await take(env, message.body, str(message.source.id))
    except Exception as fault:  # noqa: BLE001 - any failure sends the message back; the queue counts, and gives up in the end
        event("message-failed", message=str(message.source.id), attempts=message.attempts, error=repr(fault))
        again = True
    if again:
        message.source.retry(delaySeconds=int(AGAIN.pause(message.attempts, random.random())))
    else:
        message.source.ack()


async def _read(env: Any, queue: str, source: Any) -> Message | None:
    body = source.body
    try:
        value = json.loads(body) if isinstance(body, str) else body
    except json.JSONDecodeError:
        value = None
    if isinstance(value, dict):
        return Message(source, value)
    await dead_letters.keep(env, str(source.id), {"queue": queue, "unreadable": str(body)[:10_000]})
    source.ack()
    return None


def _place(message: Message) -> dict[str, Any]:
    types = [event.get("type", "") for event in message.body.get("events") or ()]
    return {**{name: message.body.get(name) for name in ("tenant", "warehouse")}, "types": types}
