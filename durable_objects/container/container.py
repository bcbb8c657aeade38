"""`Container`: the Durable Object class to derive from. It wires the lifecycle to storage, alarm, proxying and hooks."""

from __future__ import annotations

import asyncio
import inspect
import json
import random
import time
import traceback
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

import js
from pyodide.ffi import JsException, jsnull
from workers import DurableObject, Request, Response

from durable_objects.container import outbound, proxying
from durable_objects.container.activity import Activity
from durable_objects.container.breaker import Breaker
from durable_objects.container.durations import seconds
from durable_objects.container.faults import ContainerFault, NoPort, Replaced, RuntimeFault
from durable_objects.container.helpers import TARGET_PORT_HEADER
from durable_objects.container.js_runtime import LAST_WORDS_HEADER, JsRuntime, aborted, fault_of
from durable_objects.container.lifecycle import Lifecycle
from durable_objects.container.meanings import Meaning
from durable_objects.container.readiness import All, Check, Port
from durable_objects.container.record import Record
from durable_objects.container.schedules import Schedule, Schedules
from durable_objects.container.settings import (
    DEFAULT_SLEEP_AFTER,
    FALLBACK_PORT,
    INSTANCE_TIMEOUT,
    LIVENESS_INTERVAL,
    MAX_ALARM_WAIT,
    PING_TIMEOUT,
    READY_TIMEOUT,
    STOP_GRACE,
    Budgets,
    Launch,
    StartOptions,
)
from durable_objects.container.states import State
from durable_objects.container.store import migrate

_BROKEN = frozenset({Meaning.DISCONNECTED, Meaning.NOT_LISTENING, Meaning.NOT_RUNNING, Meaning.NO_INSTANCE})
LIVENESS_FAILURES = 3


class Container(DurableObject):  # type: ignore[misc]
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
            _Hooks(self),
            Budgets(self.instance_timeout, self.ready_timeout, PING_TIMEOUT, self.stop_grace),
            now=time.time,
            draw=random.random,
            new_id=_new_id,
        )
        self._check: Check = self.readiness or All(*(Port(port, self.ping_endpoint) for port in self._ports()))
        self._port_checks: dict[int, Check] = {}
        self._waker = asyncio.Event()
        self._liveness_at = 0.0
        self._liveness_failures = 0
        self._outbound = outbound.Interception(self)
        if self._runtime.running:
            self._lifecycle.adopt()
        # The alarm looks after sleep, schedules and stops that were not told: it must run after a restart of the object.
        if self._runtime.running or self._record.state.status != "stopped" or self._schedules.next_time() is not None:
            self._set_alarm(time.time() + 1)

    # ---- start and stop

    async def start(
        self,
        env_vars: Mapping[str, str] | None = None,
        entrypoint: Sequence[str] | None = None,
        enable_internet: bool | None = None,
        labels: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> None:
        """Start the program if it does not run, without waiting for its ports. Arguments replace the class's values."""
        self._activity.renew(time.time())
        await self._lifecycle.start(
            self._ports()[0], _options(env_vars, entrypoint, enable_internet, labels), _known(timeout)
        )

    async def start_and_wait_for_ports(
        self,
        ports: int | Sequence[int] | None = None,
        env_vars: Mapping[str, str] | None = None,
        entrypoint: Sequence[str] | None = None,
        enable_internet: bool | None = None,
        labels: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> None:
        """Start if needed, and wait until the ports answer (default: the class's readiness). Raises ContainerFault."""
        self._activity.renew(time.time())
        await self._lifecycle.start_and_wait(
            self._check_for(_known(ports)), _options(env_vars, entrypoint, enable_internet, labels), _known(timeout)
        )

    async def wait_for_port(self, port: int, timeout: float | None = None) -> None:
        """Wait until a port of the running container answers HTTP."""
        await self._lifecycle.wait_for(self._check_for(port), _known(timeout))

    async def stop(self, signal: str | int = "SIGTERM") -> None:
        """Send a signal; after one that ends programs, SIGKILL follows when `stop_grace` has passed."""
        await self._lifecycle.stop(signal)

    async def destroy(self) -> None:
        """SIGKILL. on_stop has run when this returns."""
        await self._lifecycle.destroy()

    async def get_state(self) -> dict[str, Any]:
        """What is known, as JSON data; `waits_for` says what a start in progress waits for."""
        now = time.time()
        state = self._record.state.as_dict()
        if self._record.state.alive and not self._runtime.running:
            state["status"] = "stopped"  # the platform's word counts; the record follows with the exit
        return {
            **state,
            "waits_for": self._lifecycle.waits_for,
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
        """Pass a request to the container: to `default_port`, or to the port that switch_port() named."""
        raw = getattr(request, "js_object", request)
        named = raw.headers.get(TARGET_PORT_HEADER)
        if named and not (str(named).isdigit() and 0 < int(named) < 65536):
            raise NoPort(f"the port that the request names is no port: {named!r}")
        return await self.container_fetch(raw, int(named) if named else None)

    async def container_fetch(self, request: Any, port: int | None = None, **init: Any) -> Any:
        """Send a request (SDK, JavaScript, or a URL with the members of a RequestInit) to the container, which is
        started and waited for if needed. The answer's body streams; a WebSocket is passed through."""
        raw = _js_request(request, init)
        target = _known(port) or self.default_port
        if target is None:
            raise NoPort("no port to send this to: set default_port, or use switch_port(request, port)")
        if not self._lifecycle.ready:
            fault = await self._make_ready(target)
            if fault is not None:
                return self._refuse(fault)
        return await self._exchange(raw, target)

    async def _make_ready(self, port: int) -> ContainerFault | None:
        self._activity.begin(time.time())
        try:
            check = self._check if port in self._check.ports else self._check_for(port)
            await self._lifecycle.start_and_wait(check)
        except ContainerFault as fault:
            return fault
        finally:
            self._activity.end(time.time())
        return None

    async def _exchange(self, request: Any, port: int) -> Any:
        repeatable = proxying.may_repeat(request)
        self._activity.begin(time.time())
        self._load_changed(self._activity.in_flight)
        ended = _once(self._request_ended)
        try:
            try:
                response = await self._send(port, request)
            except RuntimeFault as fault:
                response = await self._after_failure(fault, request, port, repeatable)
            if response.webSocket:
                return Response(proxying.tracked_web_socket(response, self.renew_activity_timeout, ended))
            if response.body:
                return Response(proxying.tracked_body(response, ended))
        except ContainerFault as fault:
            ended()
            return self._refuse(fault)
        except BaseException:
            ended()
            raise
        ended()
        return Response(response)

    async def _send(self, port: int, request: Any) -> Any:
        incarnation = self._record.state.incarnation
        try:
            response = await proxying.send(self._runtime.raw.getTcpPort(port), request)
        except JsException as error:
            if aborted(error):
                raise
            raise fault_of(error) from error
        if response.headers.has(LAST_WORDS_HEADER):
            self._lifecycle.last_words = str(await response.text())
            raise RuntimeFault("Network connection lost: the program has ended")
        if self.incarnation_header:
            stamp = response.headers.get(self.incarnation_header)
            if stamp and not self._lifecycle.recognise(str(stamp), incarnation):
                raise Replaced(f"the answer came from incarnation {stamp}, not from {incarnation} that was asked")
        self._record.proved()
        return response

    async def _after_failure(self, fault: RuntimeFault, request: Any, port: int, repeatable: bool) -> Any:
        """The state said healthy and the container did not answer: see whether it lives, and restart it once."""
        if fault.meaning not in _BROKEN:
            raise ContainerFault(f"Error proxying request to container: {fault}")
        # Recording the end takes a moment: monitor() speaks after the connection broke.
        alive = await self._lifecycle.check_alive()
        if not repeatable:
            raise ContainerFault("Container suddenly disconnected, try again", retry_after=None if alive else 1.0)
        await self._lifecycle.start_and_wait(self._check if port in self._check.ports else self._check_for(port))
        try:
            return await self._send(port, request)
        except RuntimeFault as again:
            raise ContainerFault(f"Error proxying request to container: {again}") from again

    def _request_ended(self) -> None:
        self._activity.end(time.time())
        self._load_changed(self._activity.in_flight)

    def _refuse(self, fault: ContainerFault) -> Any:
        """What a caller of fetch() gets when the container could not serve. Override for another shape."""
        headers = {"content-type": "text/plain;charset=UTF-8"}
        if fault.retry_after is not None:
            headers["retry-after"] = str(max(1, round(fault.retry_after)))
        return Response(str(fault), status=fault.status, headers=headers)

    # ---- what the container may reach (the entry module lists ContainerProxy)

    async def set_allowed_hosts(self, hosts: Sequence[str]) -> None:
        """Only these hosts can be reached from now on, whatever enable_internet says; survives restarts."""
        await self._outbound.change("allowed", list(hosts))

    async def set_denied_hosts(self, hosts: Sequence[str]) -> None:
        """These hosts cannot be reached from now on; survives restarts."""
        await self._outbound.change("denied", list(hosts))

    async def allow_host(self, host: str) -> None:
        await self._outbound.change("allowed", sorted({*(self._outbound.hosts("allowed") or ()), host}))

    async def deny_host(self, host: str) -> None:
        await self._outbound.change("denied", sorted({*(self._outbound.hosts("denied") or ()), host}))

    async def remove_allowed_host(self, host: str) -> None:
        await self._outbound.change("allowed", [kept for kept in self._outbound.hosts("allowed") or () if kept != host])

    async def remove_denied_host(self, host: str) -> None:
        await self._outbound.change("denied", [kept for kept in self._outbound.hosts("denied") or () if kept != host])

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

    # ---- schedules

    async def schedule(self, when: float | datetime, callback: str, payload: Any = None) -> dict[str, Any]:
        """Call this object's method `callback` with `payload`, at an instant or in so many seconds; survives restarts."""
        if not isinstance(callback, str) or not callable(getattr(self, callback, None)):
            raise ValueError(f"{type(self).__name__} has no method {callback!r} to call later")
        kept = self._schedules.add(when, callback, payload, time.time())
        self._set_alarm(self._next_alarm())
        self._waker.set()
        return kept.as_dict()

    async def list_schedules(self, callback: str | None = None) -> list[dict[str, Any]]:
        """All schedules, or those of one callback, earliest first."""
        return [schedule.as_dict() for schedule in self._schedules.all(_known(callback))]

    async def get_schedule(self, task_id: str) -> dict[str, Any] | None:
        found = self._schedules.get(task_id)
        return found.as_dict() if found else None

    async def delete_schedule(self, task_id: str) -> bool:
        return self._schedules.delete(task_id)

    async def delete_schedules(self, callback: str) -> int:
        """Delete the schedules of one callback; answers how many there were."""
        return self._schedules.delete_named(callback)

    # ---- alarm

    async def alarm(self, _info: Any = None) -> None:
        """Runs what is due, then stays while the container runs: an object with nothing to do would be evicted, and its
        container with it."""
        self._set_alarm(time.time() + MAX_ALARM_WAIT)  # if this run dies, another comes
        self._waker.clear()
        await self._run_due()
        await self._lifecycle.tell_stops()
        await self._lifecycle.kill_overdue()
        await self._lifecycle.check_alive()
        if self._runtime.running:
            await self._look_after()
        if self._runtime.running or self._lifecycle.starting:
            wait = self._next_alarm() - time.time()
            if wait > 0:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._waker.wait(), min(wait, MAX_ALARM_WAIT))
            self._set_alarm(time.time())
            return
        following = self._schedules.next_time()
        if self._record.untold():
            following = min(following or float("inf"), time.time() + 5)
        if following is None:
            self._storage.deleteAlarm()
        else:
            self._set_alarm(following)

    async def _look_after(self) -> None:
        now = time.time()
        status = self._record.state.status
        if status in ("running", "healthy") and self._activity.expired(now) and not self._lifecycle.starting:
            try:
                await self.on_activity_expired()
            except Exception as error:  # noqa: BLE001 - a hook may raise anything
                await self._report(error)
            self._activity.renew(time.time())  # a hook that keeps the container is asked again after a whole period
        elif status == "healthy" and self.liveness is not None and now >= self._liveness_at:
            await self._look_at_liveness(self.liveness)

    async def _look_at_liveness(self, check: Check) -> None:
        waits_for: str | None
        try:
            waits_for = await check.waits_for(self._runtime.probe, PING_TIMEOUT)
        except RuntimeFault as fault:
            waits_for = str(fault)
        self._liveness_at = time.time() + self.liveness_interval
        if waits_for is None:
            self._liveness_failures = 0
            return
        self._liveness_failures += 1
        if self._liveness_failures >= LIVENESS_FAILURES:
            self._liveness_failures = 0
            await self._report(ContainerFault(f"not alive {LIVENESS_FAILURES} times in a row, killed: {waits_for}"))
            await self._lifecycle.destroy()

    async def _run_due(self) -> None:
        for schedule in self._schedules.due(time.time()):
            await self._run_schedule(schedule)

    async def _run_schedule(self, schedule: Schedule) -> None:
        method = getattr(self, schedule.callback, None)
        if not callable(method):
            self._schedules.delete(schedule.id)
            await self._report(ValueError(f"scheduled callback {schedule.callback!r} does not exist: dropped"))
            return
        try:
            outcome = method(schedule.payload)
            if inspect.isawaitable(outcome):
                await outcome
        except Exception as error:  # noqa: BLE001 - a callback may raise anything; it is tried again and reported
            again = self._schedules.failed(schedule, time.time())
            if not again:
                error.add_note(f"scheduled callback {schedule.callback!r} failed for the last time: dropped")
            await self._report(error)
            return
        self._schedules.delete(schedule.id)

    def _next_alarm(self) -> float:
        now = time.time()
        times = [now + MAX_ALARM_WAIT]
        following = self._schedules.next_time()
        if following is not None:
            times.append(following)
        if self._runtime.running:
            # An open request puts sleep off by a whole period from its end, so looking again in one is early enough.
            open_requests = self._activity.in_flight > 0
            times.append(now + self._activity.sleep_after if open_requests else self._activity.deadline)
            if self._lifecycle.kill_at is not None:
                times.append(self._lifecycle.kill_at)
            if self.liveness is not None:
                times.append(max(self._liveness_at, now + 0.1))
        return max(now, min(times))

    def _set_alarm(self, at: float) -> None:
        self._storage.setAlarm(int(at * 1000))

    # ---- inside

    @property
    def _name(self) -> str:
        return str(self.ctx.id.name or "") or str(self.ctx.id.toString())

    def _ports(self) -> tuple[int, ...]:
        if self.required_ports:
            return tuple(self.required_ports)
        return (self.default_port or FALLBACK_PORT,)

    def _check_for(self, ports: int | Sequence[int] | None) -> Check:
        if ports is None:
            return self._check
        if isinstance(ports, int):
            return self._port_checks.setdefault(ports, Port(ports, self.ping_endpoint))
        return All(*(Port(int(port), self.ping_endpoint) for port in ports))

    def _sql(self, query: str, *parameters: Any) -> list[dict[str, Any]]:
        cursor = self._sql_exec.exec(query, *(jsnull if value is None else value for value in parameters))
        # One border crossing for all rows: JSON text instead of a proxy per cell.
        rows: list[dict[str, Any]] = json.loads(js.JSON.stringify(cursor.toArray()))
        return rows

    async def _report(self, error: Exception) -> None:
        try:
            outcome: Any = self.on_error(error)
            if inspect.isawaitable(outcome):
                await outcome
        except Exception as worse:  # noqa: BLE001 - the hook for errors has failed itself: only the log is left
            _log("container.on_error_failed", error=repr(worse), trace=traceback.format_exc(limit=5), name=self._name)


class _Hooks:
    """What the lifecycle calls, kept off the Container class: public methods of an object can be called from outside."""

    def __init__(self, owner: Container) -> None:
        self._owner = owner

    def launch(self, options: StartOptions, incarnation: str) -> Launch:
        owner = self._owner
        env = owner.env_vars if options.env_vars is None else options.env_vars
        internet = owner.enable_internet if options.enable_internet is None else options.enable_internet
        entrypoint = options.entrypoint if options.entrypoint is not None else owner.entrypoint
        return Launch(
            env={**env, **owner._variables(incarnation)},
            entrypoint=tuple(entrypoint) if entrypoint else None,
            enable_internet=internet,
            labels=owner.labels if options.labels is None else options.labels,
        )

    async def admit(self, remaining: float) -> None:
        await self._owner._before_start(remaining)
        await self._owner._outbound.apply()

    async def started(self) -> None:
        outcome: Any = self._owner.on_start()
        if inspect.isawaitable(outcome):
            await outcome

    async def stopped(self, exit_code: int | None, reason: str) -> None:
        outcome: Any = self._owner.on_stop(exit_code, reason)
        if inspect.isawaitable(outcome):
            await outcome

    async def failed(self, error: Exception) -> None:
        await self._owner._report(error)

    def moved(self, before: State, after: State) -> None:
        self._owner._moved(before, after)

    def wake(self) -> None:
        self._owner._set_alarm(time.time() + 0.05)
        self._owner._waker.set()


def _options(
    env_vars: Any = None, entrypoint: Any = None, enable_internet: Any = None, labels: Any = None
) -> StartOptions:
    env, command, internet, marks = map(_known, (env_vars, entrypoint, enable_internet, labels))
    return StartOptions(
        env_vars=dict(env) if env is not None else None,
        entrypoint=tuple(command) if command is not None else None,
        enable_internet=internet,
        labels=dict(marks) if marks is not None else None,
    )


def _known(value: Any) -> Any:
    """RPC carries a missing value as JavaScript's null."""
    return None if value is jsnull else value


def _js_request(request: Any, init: dict[str, Any]) -> Any:
    if isinstance(request, str):
        return Request(request, **init).js_object
    return getattr(request, "js_object", request)


def _once(call: Any) -> Any:
    called = False

    def wrapper() -> None:
        nonlocal called
        if not called:
            called = True
            call()

    return wrapper


def _new_id() -> str:
    return uuid.uuid4().hex[:16]


def _log(event: str, **fields: Any) -> None:
    print(json.dumps({"event": event, **fields}))  # noqa: T201 - a Worker's log is its standard output
