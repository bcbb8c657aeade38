"""`Container`: the Durable Object class to derive from. It wires the lifecycle to storage, alarm, proxying and hooks."""

from __future__ import annotations

import inspect
import json
import random
import time
import traceback
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import js
from pyodide.ffi import jsnull
from workers import DurableObject, Request, Response

from durable_objects.container import outbound
from durable_objects.container.abort_signal import unless_aborted
from durable_objects.container.activity import Activity
from durable_objects.container.alarm import Alarm
from durable_objects.container.breaker import Breaker
from durable_objects.container.durations import seconds
from durable_objects.container.faults import ContainerFault, NoPort
from durable_objects.container.helpers import TARGET_PORT_HEADER
from durable_objects.container.js_runtime import JsRuntime, known
from durable_objects.container.lifecycle import Lifecycle
from durable_objects.container.owner import OwnerHooks
from durable_objects.container.readiness import All, Check, Port
from durable_objects.container.record import Record
from durable_objects.container.requests import Requests, refusal
from durable_objects.container.schedules import Schedules
from durable_objects.container.scheduling import SchedulingMethods
from durable_objects.container.settings import (
    DEFAULT_SLEEP_AFTER,
    FALLBACK_PORT,
    INSTANCE_TIMEOUT,
    LIVENESS_INTERVAL,
    PING_TIMEOUT,
    POLL_INTERVAL,
    READY_TIMEOUT,
    STOP_GRACE,
    Budgets,
    StartOptions,
)
from durable_objects.container.states import State
from durable_objects.container.store import migrate
from durable_objects.container.tasks import Tasks


class Container(SchedulingMethods, outbound.OutboundMethods, DurableObject):  # type: ignore[misc]
    """One container per object. Set the attributes in a subclass; override the hooks (`on_…`) that you need."""

    default_port: int | None = None
    required_ports: Sequence[int] | None = None
    sleep_after: float | str = DEFAULT_SLEEP_AFTER
    env_vars: Mapping[str, str] = {}
    entrypoint: Sequence[str] | None = None
    enable_internet: bool = True
    labels: Mapping[str, str] = {}
    ping_endpoint: str = "ping"
    intercept_https: bool = False
    allowed_hosts: Sequence[str] | None = None
    denied_hosts: Sequence[str] = ()
    outbound_by_host: Mapping[str, str] = {}  # host pattern → name of a static method: handler(request, env, context)
    outbound_handler: str = ""  # the name of the one for all other hosts

    # Beyond the npm class. All durations in seconds.
    readiness: Check | None = None  # default: every required port answers HTTP
    liveness: Check | None = None  # looked at while the container is healthy; three failures in a row restart it
    liveness_interval: float = LIVENESS_INTERVAL
    instance_timeout: float = INSTANCE_TIMEOUT
    ready_timeout: float = READY_TIMEOUT
    poll_interval: float = POLL_INTERVAL
    stop_grace: float | None = STOP_GRACE
    crash_limit: int = 5
    crash_window: float = 120.0
    crash_cooldown: float = 30.0
    incarnation_variable: str = "CONTAINER_INCARNATION"
    incarnation_header: str = ""  # the response header in which the program repeats that variable

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        outbound.register(cls)

    def __init__(self, ctx: Any, env: Any) -> None:
        super().__init__(ctx, env)
        raw = ctx._ctx
        if not getattr(raw, "container", None):
            raise RuntimeError(
                f"{type(self).__name__} has no container: name the class in a [[containers]] entry of the configuration"
            )
        self._sql_exec = raw.storage.sql
        self._storage = raw.storage
        migrate(self._sql)
        self._runtime = JsRuntime(raw.container)
        breaker = Breaker(limit=self.crash_limit, window=self.crash_window, cooldown=self.crash_cooldown)
        self._record = Record(self._sql, breaker)
        self._schedules = Schedules(self._sql, _new_id)
        self._activity = Activity(seconds(self.sleep_after), time.time())
        self._lifecycle = Lifecycle(
            self._runtime,
            self._record,
            OwnerHooks(self),
            Budgets(self.instance_timeout, self.ready_timeout, PING_TIMEOUT, self.poll_interval),
            stop_grace=self.stop_grace,
            now=time.time,
            draw=random.random,
            new_id=_new_id,
        )
        self._check: Check = self.readiness or All(*(Port(port, self.ping_endpoint) for port in self._ports()))
        self._port_checks: dict[int, Check] = {}
        self._alarm = Alarm(self)
        self._requests = Requests(self)
        self._outbound = outbound.Interception(self)
        self._tasks = Tasks()
        if self._runtime.running:
            self._lifecycle.watch.adopt()
            self._tasks.begin(self._fence_again())
        # The alarm looks after sleep, schedules and stops that were not told: it must run after a restart of the object.
        if self._runtime.running or self._record.state.status != "stopped" or self._schedules.next_time() is not None:
            self._alarm.set(time.time() + 1)

    # ---- start and stop

    async def start(
        self,
        env_vars: Mapping[str, str] | None = None,
        entrypoint: Sequence[str] | None = None,
        enable_internet: bool | None = None,
        labels: Mapping[str, str] | None = None,
        timeout: float | None = None,
        port: int | None = None,
        signal: Any = None,
    ) -> None:
        """Start the program if it does not run, without waiting for its ports. The first four replace the class's values.

        timeout: seconds, in place of `instance_timeout`. port: the one that is looked at to see whether the instance is
        there. signal: an AbortSignal that ends this caller's wait.
        """
        self._activity.renew(time.time())
        options = _options(env_vars, entrypoint, enable_internet, labels)
        looked_at = known(port) or self._ports()[0]
        work = self._lifecycle.starting.start(looked_at, options, known(timeout))
        await unless_aborted(work, signal)

    async def start_and_wait_for_ports(
        self,
        ports: int | Sequence[int] | None = None,
        env_vars: Mapping[str, str] | None = None,
        entrypoint: Sequence[str] | None = None,
        enable_internet: bool | None = None,
        labels: Mapping[str, str] | None = None,
        timeout: float | None = None,
        instance_timeout: float | None = None,
        signal: Any = None,
    ) -> None:
        """Start if needed, and wait until the ports answer (default: the class's readiness). Raises ContainerFault.

        timeout, instance_timeout: seconds, in place of `ready_timeout` and `instance_timeout`. signal: as in start().
        """
        self._activity.renew(time.time())
        options = _options(env_vars, entrypoint, enable_internet, labels)
        check = self._check_for(known(ports))
        work = self._lifecycle.starting.start_and_wait(check, options, known(timeout), known(instance_timeout))
        await unless_aborted(work, signal)

    async def wait_for_port(self, port: int, timeout: float | None = None, signal: Any = None) -> None:
        """Wait until a port of the running container answers HTTP, at most `timeout` (default: ready_timeout) seconds."""
        await unless_aborted(self._lifecycle.starting.wait_for(self._check_for(port), known(timeout)), signal)

    async def stop(self, signal: str | int = "SIGTERM") -> None:
        """Send a signal; after one that ends programs, SIGKILL follows when `stop_grace` has passed."""
        await self._lifecycle.stopping.stop(signal)

    async def destroy(self) -> None:
        """SIGKILL. on_stop has run when this returns."""
        await self._lifecycle.stopping.destroy()

    async def get_state(self) -> dict[str, Any]:
        """What is known, as JSON data; `waits_for` says what a start in progress waits for."""
        now = time.time()
        state = self._record.state.as_dict()
        if self._record.state.alive and not self._runtime.running:
            state["status"] = "stopped"  # the platform's word counts; the record follows with the exit
        return {
            **state,
            "waits_for": self._lifecycle.starting.waits_for,
            "in_flight": self._activity.in_flight,
            "sleep_at": self._activity.deadline if self._record.state.alive else None,
            "failures": self._record.failures,
            "breaker": self._record.breaker.state(now),
            "last_log": self._record.last_log(),
        }

    def renew_activity_timeout(self) -> None:
        """Something happened: the time until sleep starts anew."""
        self._activity.renew(time.time())

    # ---- requests

    async def fetch(self, request: Any) -> Any:
        """Pass a request to the container: to `default_port`, or to the port that switch_port() named. The answer is the
        platform's own Response object."""
        raw = getattr(request, "js_object", request)
        named = raw.headers.get(TARGET_PORT_HEADER)
        if named and not (str(named).isdigit() and 0 < int(named) < 65536):
            raise NoPort(f"the port that the request names is no port: {named!r}")
        return await self._requests.serve(raw, self._port(int(named) if named else None))

    async def container_fetch(self, request: Any, port: int | None = None, **init: Any) -> Any:
        """Send a request (SDK, JavaScript, or a URL with the members of a RequestInit) to the container, which is
        started and waited for if needed. The answer's body streams; a WebSocket is passed through."""
        raw = Request(request, **init).js_object if isinstance(request, str) else getattr(request, "js_object", request)
        return Response(await self._requests.serve(raw, self._port(known(port))))

    def _refuse(self, fault: ContainerFault) -> Any:
        """What a caller of fetch() gets when the container could not serve. Override for another shape."""
        return refusal(fault)

    # ---- hooks: override these

    async def on_start(self) -> None:
        """The container has become ready (or, after start(), has been launched); once for each incarnation."""

    async def on_stop(self, exit_code: int | None, reason: str) -> None:
        """The container has ended: `reason` is exit, runtime_signal, destroyed or lost. Called again if it raises."""

    async def on_error(self, error: Exception) -> None:
        """Something failed. The default writes a line to the log."""
        _log("container.error", error=f"{type(error).__name__}: {error}", name=self._name)

    async def on_activity_expired(self) -> None:
        """Nobody has used the container for `sleep_after`. The default stops it; to keep it, return without stop()."""
        await self.stop()

    async def _before_start(self, remaining: float) -> None:
        """Asked before each start, with the seconds that the caller still has; raise a ContainerFault to refuse."""

    def _moved(self, before: State, after: State) -> None:
        """The state has changed."""

    def _load_changed(self, in_flight: int) -> None:
        """A request has begun or ended; `in_flight` are open now."""

    def _variables(self, incarnation: str) -> dict[str, str]:
        """Further environment variables of one start, beside env_vars."""
        return {self.incarnation_variable: incarnation} if self.incarnation_variable else {}

    # ---- platform entry point

    async def alarm(self, _info: Any = None) -> None:
        await self._alarm.run()

    # ---- inside

    @property
    def _name(self) -> str:
        return str(self.ctx.id.name or "") or str(self.ctx.id.toString())

    def _ports(self) -> tuple[int, ...]:
        if self.required_ports:
            return tuple(self.required_ports)
        return (self.default_port or FALLBACK_PORT,)

    def _port(self, named: int | None) -> int:
        port = named or self.default_port
        if port is None:
            raise NoPort("no port to send this to: set default_port, or use switch_port(request, port)")
        return port

    def _check_for(self, ports: int | Sequence[int] | None) -> Check:
        if ports is None:
            return self._check
        if isinstance(ports, int):
            return self._port_checks.setdefault(ports, Port(ports, self.ping_endpoint))
        return All(*(Port(int(port), self.ping_endpoint) for port in ports))

    def _check_for_port(self, port: int) -> Check:
        """What a request to this port waits for: the class's readiness, or a port that this does not know."""
        return self._check if port in self._check.ports else self._check_for(port)

    def _sql(self, query: str, *parameters: Any) -> list[dict[str, Any]]:
        cursor = self._sql_exec.exec(query, *(jsnull if value is None else value for value in parameters))
        # One border crossing for all rows: JSON text instead of a proxy per cell.
        rows: list[dict[str, Any]] = json.loads(js.JSON.stringify(cursor.toArray()))
        return rows

    async def _fence_again(self) -> None:
        """The platform forgets what it was told of outgoing traffic when the object restarts."""
        try:
            await self._outbound.apply()
        except ContainerFault as fault:
            await self._report(fault)

    async def _report(self, error: Exception) -> None:
        try:
            outcome: Any = self.on_error(error)
            if inspect.isawaitable(outcome):
                await outcome
        except Exception as worse:  # noqa: BLE001 - the hook for errors has failed itself: only the log is left
            _log("container.on_error_failed", error=repr(worse), trace=traceback.format_exc(limit=5), name=self._name)


def _options(
    env_vars: Any = None, entrypoint: Any = None, enable_internet: Any = None, labels: Any = None
) -> StartOptions:
    env, command, internet, marks = map(known, (env_vars, entrypoint, enable_internet, labels))
    return StartOptions(
        env_vars=dict(env) if env is not None else None,
        entrypoint=tuple(command) if command is not None else None,
        enable_internet=internet,
        labels=dict(marks) if marks is not None else None,
    )


def _new_id() -> str:
    return uuid.uuid4().hex[:16]


def _log(event: str, **fields: Any) -> None:
    print(json.dumps({"event": event, **fields}))  # noqa: T201 - a Worker's log is its standard output
