"""A Worker for tests: one container class whose program and settings follow from the object's name, `program:id`."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any
from urllib.parse import unquote, urlsplit

from workers import Response, WorkerEntrypoint

from durable_objects.container import (
    All,
    Container,
    ContainerFault,
    ContainerProxy,
    Http,
    Port,
    get_container,
    switch_port,
)
from durable_objects.container.faults import RuntimeFault

__all__ = ["ContainerProxy", "Default", "Playground"]


def program(name: str, **settings: Any) -> dict[str, Any]:
    return {"entrypoint": ["python", f"tests/edge/container/programs/{name}.py"], **settings}


# What Cloudflare's runtime says when it has no machine; the local one always has one.
NO_ROOM = "There is no container instance that can be provided to this Durable Object, try again later"
TOO_MANY_STARTS = "you are requesting too many containers per second"

# What each kind of object runs; every value but the entrypoint is an attribute of Container.
KINDS: dict[str, dict[str, Any]] = {
    "echo": program("echo"),
    "stamped": program("echo", incarnation_header="x-incarnation"),
    "two-ports": program("two_ports", required_ports=(8080, 8081)),
    "sleepy": program("echo", sleep_after="1s"),
    "wakeful": program("echo", sleep_after="1s", keep=True),
    "late": program("late", env_vars={"LATE_SECONDS": "1.5"}),
    "too-late": program("late", env_vars={"LATE_SECONDS": "4"}, ready_timeout=1.5),
    "never": program("never", ready_timeout=1.5),
    "unready": program("unready", readiness=Http(8080, "/ready"), env_vars={"UNREADY_SECONDS": "1"}),
    "all": program("two_ports", readiness=All(Port(8081), Http(8080, "/ready"))),
    "exits": program("exits", crash_limit=3, crash_cooldown=20.0),
    "speaking": {
        **program("exits", crash_limit=3),
        "entrypoint": [
            *("python", "-m", "containers.common.last_words"),
            *("python", "tests/edge/container/programs/exits.py"),
        ],
        "env_vars": {"PORT": "8080"},
    },
    "stubborn": program("stubborn", stop_grace=1.0),
    "greedy": program("greedy", liveness=Http(8080, "/health"), liveness_interval=0.2),
    "fenced": program(
        "echo",
        enable_internet=False,
        allowed_hosts=["*.good.test"],
        denied_hosts=["bad.good.test"],
        outbound_by_host={"api.good.test": "answer_for_the_outside"},
    ),
    "routed": program("echo", outbound_by_host={"api.good.test": "answer_for_the_outside"}),
    "slow-on-start": program("echo", slow_on_start=True),
    "noisy": program("echo", noisy=True),
    "no-room": program("echo", instance_timeout=1.0, refusals=99, refusal=NO_ROOM),
    "room-soon": program("echo", refusals=2, refusal=NO_ROOM),
    "too-many-starts": program("echo", instance_timeout=1.0, refusals=99, refusal=TOO_MANY_STARTS),
}


def refuse_starts(runtime: Any, times: int, text: str) -> None:
    """Have the platform take so many starts and then say, where it tells how a container ended, that it has no room."""
    start, wait_exit = runtime.start, runtime.wait_exit
    left = times

    def refused(launch: Any) -> None:
        if left <= 0:
            start(launch)

    async def told() -> Any:
        nonlocal left
        if left <= 0:
            return await wait_exit()
        left -= 1
        raise RuntimeFault(text)

    runtime.start, runtime.wait_exit = refused, told


class Playground(Container):
    default_port = 8080

    def __init__(self, ctx: Any, env: Any) -> None:
        for name, value in KINDS[str(ctx.id.name).split(":")[0]].items():
            setattr(self, name, value)
        super().__init__(ctx, env)
        if hasattr(self, "refusals"):
            refuse_starts(self._runtime, self.refusals, self.refusal)
        self._sql("CREATE TABLE IF NOT EXISTS journal (at REAL, entry TEXT)")

    async def call(self, text: str) -> str:
        """Any method of the class, with JSON arguments; a fault comes back as data."""
        message = json.loads(text)
        try:
            value = await getattr(self, message["method"])(*message["args"], **message["kwargs"])
        except (ContainerFault, ValueError) as fault:
            return json.dumps({"fault": type(fault).__name__, "text": str(fault)})
        return json.dumps({"value": value})

    @staticmethod
    async def answer_for_the_outside(request: Any, env: Any, context: dict[str, Any]) -> Any:
        return Response(f"handled for {context['class_name']}")

    @staticmethod
    async def answer_with_params(request: Any, env: Any, context: dict[str, Any]) -> Any:
        return Response(json.dumps(context["params"]))

    async def intercepted(self) -> list[str]:
        """The hosts that the platform is told to look at, one by one."""
        return sorted(self._outbound._single_hosts)

    async def start_unless(self, milliseconds: int) -> None:
        """Start and wait, for a caller that gives up after so long."""
        import js

        await self.start_and_wait_for_ports(signal=js.AbortSignal.timeout(milliseconds))

    async def secure(self, port: int) -> list[Any]:
        """A request whose address is https:, sent by the object itself."""
        answer = await self.container_fetch("https://agent.example/x?y=1", port, headers={"x-test": "own"})
        return [answer.status, json.loads(await answer.text())]

    async def renew(self) -> None:
        self.renew_activity_timeout()

    async def reach(self, url: str) -> list[Any]:
        """What an outgoing request of the container to this address would get: asked of the proxy directly."""
        import js

        from durable_objects.container.js_runtime import js_object

        told = {"class_name": "Playground", "container_id": "test", "rules": self._outbound.rules.as_dict()}
        props = {"told": json.dumps(told)}
        proxy = self.ctx._ctx.exports.ContainerProxy(js_object({"props": props}))
        response = await proxy.fetch(js.Request.new(url))
        return [response.status, await response.text()]

    async def journal(self) -> list[str]:
        return [row["entry"] for row in self._sql("SELECT entry FROM journal ORDER BY rowid")]

    async def note(self, payload: Any) -> None:
        self._write(f"note {json.dumps(payload)}")

    async def note_with_schedule(self, payload: Any, schedule: dict[str, Any]) -> None:
        self._write(f"note {json.dumps(payload)} of {schedule['callback']} {schedule['type']}")

    async def broken_note(self, payload: Any) -> None:
        self._write(f"broken note {json.dumps(payload)}")
        raise RuntimeError("the note is broken")

    async def on_start(self) -> None:
        if getattr(self, "slow_on_start", False):
            await asyncio.sleep(1.5)
        self._write("start")

    async def on_stop(self, exit_code: int | None, reason: str) -> None:
        self._write(f"stop {exit_code} {reason}")
        if getattr(self, "noisy", False) and len(await self.journal()) < 4:
            raise RuntimeError("on_stop fails the first time")

    async def on_error(self, error: Exception) -> None:
        self._write(f"error {type(error).__name__}: {error}")

    async def on_activity_expired(self) -> None:
        self._write("expired")
        if not getattr(self, "keep", False):
            await super().on_activity_expired()

    def _write(self, entry: str) -> None:
        self._sql("INSERT INTO journal VALUES (?, ?)", time.time(), entry)


class Default(WorkerEntrypoint):
    async def fetch(self, request: Any) -> Any:
        raw = request.js_object
        parts = urlsplit(raw.url).path.split("/", 3)
        if parts[1] == "health":
            return Response("ok")
        stub = get_container(self.env.PLAYGROUND, unquote(parts[2]))
        if parts[1] == "call":
            return Response(await stub.call(await raw.text()), headers={"content-type": "application/json"})
        if parts[1] == "rpc":
            return Response(json.dumps(await stub.get_state()))
        if parts[1] == "port":
            port, _, _ = parts[3].partition("/")
            return await stub.fetch(switch_port(raw, int(port)))
        return await stub.fetch(raw)
