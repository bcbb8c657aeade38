"""What the container may reach, where the runtime can look at outgoing traffic (ctx.container.interceptOutbound…).

The Worker lists `ContainerProxy` in its entry module's `__all__`; the platform then hands it each outgoing request, with
the rules of the object that the request comes from. `hosts.Rules` decides.
"""

from __future__ import annotations

import inspect
from typing import Any

import js
from workers import Response, WorkerEntrypoint

from durable_objects.container.faults import ContainerFault
from durable_objects.container.hosts import Rules
from durable_objects.container.js_runtime import js_object

# Class name → class: the proxy runs in another isolate than the object, and finds the handlers by these names.
_classes: dict[str, type] = {}

DISALLOWED = 520  # what the npm class answers for a host that may not be reached
_SETTINGS = {"allowed": "allowed_hosts", "denied": "denied_hosts"}


def register(owner: type) -> None:
    _classes[owner.__name__] = owner


class ContainerProxy(WorkerEntrypoint):  # type: ignore[misc]
    """Takes the outgoing requests of intercepted containers."""

    async def fetch(self, request: Any) -> Any:
        raw = getattr(request, "js_object", request)
        told = self.ctx.props.to_py()
        rules = Rules(
            internet=bool(told["internet"]),
            allowed=None if told["allowed"] is None else tuple(told["allowed"]),
            denied=tuple(told["denied"]),
            by_host=told["byHost"],
            default=told["handler"],
        )
        verdict = rules.verdict(str(js.URL.new(raw.url).hostname))
        if verdict.kind == "deny":
            return Response("Origin is disallowed", status=DISALLOWED)
        if verdict.kind == "pass":
            return Response(await js.fetch(raw))
        handler = getattr(_classes[told["className"]], verdict.handler)
        context = {"container_id": told["containerId"], "class_name": told["className"]}
        outcome = handler(request, self.env, context)
        return await outcome if inspect.isawaitable(outcome) else outcome


class Interception:
    """The rules of one object's container, and their way to the platform. Lists set at run time survive restarts."""

    def __init__(self, owner: Any) -> None:
        self._owner = owner

    def hosts(self, which: str) -> list[str] | None:
        """The `allowed` or `denied` hosts: those set at run time, else the class's."""
        kept = self._owner._record.setting(f"hosts.{which}")
        if kept is not None:
            return list(kept)
        of_class = getattr(self._owner, _SETTINGS[which])
        return None if of_class is None else list(of_class)

    async def change(self, which: str, hosts: list[str]) -> None:
        self._owner._record.keep_setting(f"hosts.{which}", hosts)
        if self._owner._runtime.running:
            await self.apply()

    @property
    def rules(self) -> Rules:
        allowed = self.hosts("allowed")
        return Rules(
            internet=self._owner.enable_internet,
            allowed=None if allowed is None else tuple(allowed),
            denied=tuple(self.hosts("denied") or ()),
            by_host=dict(self._owner.outbound_by_host),
            default=self._owner.outbound_handler,
        )

    async def apply(self) -> None:
        """Tell the platform, before a start or while the container runs. Without rules the traffic is left alone.

        Raises ContainerFault where rules are set and cannot be applied: a container that ought to be fenced in must not
        run unfenced.
        """
        rules = self.rules
        if not rules.needed:
            return
        owner = self._owner
        container = owner._runtime.raw
        proxy = getattr(getattr(owner.ctx._ctx, "exports", None), "ContainerProxy", None)
        if proxy is None:
            raise ContainerFault("outbound rules need ContainerProxy: list it in __all__ of the Worker's entry module")
        if not hasattr(container, "interceptAllOutboundHttp"):
            raise ContainerFault("this runtime cannot look at outgoing traffic: remove the outbound rules")
        if owner.intercept_https and not hasattr(container, "interceptOutboundHttps"):
            raise ContainerFault("this runtime cannot look at outgoing HTTPS: set intercept_https to False")
        props = {
            "className": type(owner).__name__,
            "containerId": str(owner.ctx.id.toString()),
            "internet": rules.internet,
            "allowed": None if rules.allowed is None else list(rules.allowed),
            "denied": list(rules.denied),
            "byHost": dict(rules.by_host or {}),
            "handler": rules.default,
        }
        fetcher = proxy(js_object({"props": props}))
        if owner.intercept_https:
            await container.interceptOutboundHttps("*", fetcher)
        await container.interceptAllOutboundHttp(fetcher)
