"""What the container may reach, where the runtime can look at outgoing traffic (ctx.container.interceptOutbound…).

The Worker lists `ContainerProxy` in its entry module's `__all__`; the platform then hands it each outgoing request, with
the rules of the object that the request comes from. `hosts.Rules` decides.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping, Sequence
from typing import Any

import js
from workers import Response, WorkerEntrypoint

from durable_objects.container.faults import ContainerFault
from durable_objects.container.hosts import Handler, Rules, normalized
from durable_objects.container.js_runtime import js_object, known

# Class name → class: the proxy runs in another isolate than the object, and finds the handlers by these names.
_classes: dict[str, type] = {}

DISALLOWED = 520  # what the npm class answers for a host that may not be reached


def register(owner: type) -> None:
    _classes[owner.__name__] = owner


def is_handler(owner: type, name: object) -> bool:
    return isinstance(name, str) and isinstance(inspect.getattr_static(owner, name, None), staticmethod)


class ContainerProxy(WorkerEntrypoint):  # type: ignore[misc]
    """Takes the outgoing requests of intercepted containers."""

    async def fetch(self, request: Any) -> Any:
        raw = getattr(request, "js_object", request)
        told = json.loads(self.ctx.props.told)
        verdict = Rules.from_dict(told["rules"]).verdict(str(js.URL.new(raw.url).hostname))
        if verdict.kind == "deny":
            return Response("Origin is disallowed", status=DISALLOWED)
        if verdict.handler is None:
            return Response(await js.fetch(raw))
        handler = getattr(_classes[told["class_name"]], verdict.handler.name)
        context = {
            "container_id": told["container_id"],
            "class_name": told["class_name"],
            "params": verdict.handler.params,
        }
        outcome = handler(request, self.env, context)
        return await outcome if inspect.isawaitable(outcome) else outcome


class Interception:
    """The rules of one object's container, and their way to the platform. What is set at run time survives restarts."""

    def __init__(self, owner: Any) -> None:
        self._owner = owner
        self._single_hosts: set[str] = set()  # looked at one by one, in the container that runs

    def hosts(self, which: str) -> list[str] | None:
        """The "allowed_hosts" or "denied_hosts": those set at run time, else the class's."""
        kept = self._owner._record.setting(f"outbound.{which}")
        if kept is not None:
            return list(kept)
        of_class = getattr(self._owner, which)
        return None if of_class is None else list(of_class)

    async def set_hosts(self, which: str, hosts: Sequence[str]) -> None:
        await self._keep(which, list(hosts))

    async def set_by_host(self, handlers: Mapping[str, Handler]) -> None:
        """All handlers that are set at run time. Raises ValueError for one that the class has not."""
        for handler in handlers.values():
            self._check(handler)
        await self._keep("by_host", {normalized(host): [one.name, one.params] for host, one in handlers.items()})

    async def set_default(self, handler: Handler) -> None:
        self._check(handler)
        await self._keep("default", [handler.name, handler.params])

    @property
    def by_host_now(self) -> dict[str, Handler]:
        kept = self._owner._record.setting("outbound.by_host") or {}
        # A release may have dropped a handler that an older one was told to use.
        return {host: Handler(*pair) for host, pair in kept.items() if is_handler(type(self._owner), pair[0])}

    @property
    def rules(self) -> Rules:
        owner = self._owner
        allowed = self.hosts("allowed_hosts")
        kept = owner._record.setting("outbound.default")
        default = Handler(owner.outbound_handler) if owner.outbound_handler else None
        if kept is not None and is_handler(type(owner), kept[0]):
            default = Handler(*kept)
        return Rules(
            internet=owner.enable_internet,
            allowed=None if allowed is None else tuple(allowed),
            denied=tuple(self.hosts("denied_hosts") or ()),
            by_host={normalized(host): Handler(name) for host, name in owner.outbound_by_host.items()},
            by_host_now=self.by_host_now,
            default=default,
        )

    async def apply(self) -> None:
        """Tell the platform, before a start or while the container runs. Without rules the traffic is left alone.

        Raises ContainerFault where rules are set and cannot be applied: a container that ought to be fenced in must not
        run unfenced.
        """
        rules = self.rules
        if not rules.needed and not self._single_hosts:
            return
        container = self._owner._runtime.raw
        fetcher = self._proxy(container, rules)
        https = bool(self._owner.intercept_https)
        if not rules.needs_all:
            self._single_hosts.update(rules.by_host)
        # The platform cannot stop looking at a host: those that it looks at are told the new rules too.
        for host in sorted(self._single_hosts):
            await container.interceptOutboundHttp(host, fetcher)
            if https:
                await container.interceptOutboundHttps(host, fetcher)
        if rules.needs_all:
            if https:
                await container.interceptOutboundHttps("*", fetcher)
            await container.interceptAllOutboundHttp(fetcher)

    def forget(self) -> None:
        """A new container is looked at anew."""
        self._single_hosts.clear()

    def _proxy(self, container: Any, rules: Rules) -> Any:
        owner = self._owner
        proxy = getattr(getattr(owner.ctx._ctx, "exports", None), "ContainerProxy", None)
        if proxy is None:
            raise ContainerFault("outbound rules need ContainerProxy: list it in __all__ of the Worker's entry module")
        if not hasattr(container, "interceptAllOutboundHttp"):
            raise ContainerFault("this runtime cannot look at outgoing traffic: remove the outbound rules")
        if owner.intercept_https and not hasattr(container, "interceptOutboundHttps"):
            raise ContainerFault("this runtime cannot look at outgoing HTTPS: set intercept_https to False")
        told = {
            "class_name": type(owner).__name__,
            "container_id": str(owner.ctx.id.toString()),
            "rules": rules.as_dict(),
        }
        return proxy(js_object({"props": {"told": json.dumps(told)}}))

    async def _keep(self, which: str, value: Any) -> None:
        self._owner._record.keep_setting(f"outbound.{which}", value)
        if self._owner._runtime.running:
            await self.apply()

    def _check(self, handler: Handler) -> None:
        if not is_handler(type(self._owner), handler.name):
            raise ValueError(f"{type(self._owner).__name__} has no static method {handler.name!r} to handle requests")


class OutboundMethods:
    """The methods of Container that change what may be reached at run time. All of it survives restarts."""

    _outbound: Interception

    async def set_allowed_hosts(self, hosts: Sequence[str]) -> None:
        """Only these hosts can be reached from now on, whatever enable_internet says."""
        await self._outbound.set_hosts("allowed_hosts", hosts)

    async def set_denied_hosts(self, hosts: Sequence[str]) -> None:
        """These hosts cannot be reached from now on."""
        await self._outbound.set_hosts("denied_hosts", hosts)

    async def allow_host(self, host: str) -> None:
        await self._add("allowed_hosts", host)

    async def deny_host(self, host: str) -> None:
        await self._add("denied_hosts", host)

    async def remove_allowed_host(self, host: str) -> None:
        await self._remove("allowed_hosts", host)

    async def remove_denied_host(self, host: str) -> None:
        await self._remove("denied_hosts", host)

    async def set_outbound_handler(self, handler: str, params: Any = None) -> None:
        """The static method `handler` answers for every host that no other handler answers for."""
        await self._outbound.set_default(Handler(handler, known(params)))

    async def set_outbound_by_host(self, host: str, handler: str, params: Any = None) -> None:
        """The static method `handler` answers for this host (or pattern), before those that the class names."""
        await self._outbound.set_by_host({**self._outbound.by_host_now, host: Handler(handler, known(params))})

    async def set_outbound_by_hosts(self, handlers: Mapping[str, str | Mapping[str, Any]]) -> None:
        """All of them at once: host → the handler's name, or {"method": name, "params": …}."""
        chosen = {
            host: Handler(one) if isinstance(one, str) else Handler(one["method"], one.get("params"))
            for host, one in handlers.items()
        }
        await self._outbound.set_by_host(chosen)

    async def remove_outbound_by_host(self, host: str) -> None:
        """The class's own handler for this host, if any, answers again."""
        kept = self._outbound.by_host_now
        await self._outbound.set_by_host({name: one for name, one in kept.items() if name != normalized(host)})

    async def _add(self, which: str, host: str) -> None:
        kept = self._outbound.hosts(which) or []
        await self._outbound.set_hosts(which, kept if host in kept else [*kept, host])

    async def _remove(self, which: str, host: str) -> None:
        await self._outbound.set_hosts(which, [kept for kept in self._outbound.hosts(which) or () if kept != host])
