"""What a handler gets (Call) and gives (Reply). Plain Python: handlers are tested without a Worker."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from contracts.errors import ProblemError
from contracts.rpc import Context
from durable_objects.resilience.objects import binding_name, call_object, call_text
from durable_objects.resilience.upstreams import UPSTREAMS
from worker.storage import ask

if TYPE_CHECKING:
    from worker.routing import Route

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks: bound to a tenant, and if `warehouses` is not None, to those warehouses alone."""

    tenant: str
    subject: str
    role: str
    warehouses: frozenset[str] | None = None
    via: str = "key"  # key | bootstrap | session | jwt | agent-token | anonymous
    key_id: str = ""  # the API key behind a key or a session
    csrf: str = ""  # what a cookie client must repeat in X-CSRF-Token

    @property
    def platform(self) -> bool:
        """May act for every tenant: the bootstrap key of whoever runs this installation, and nobody else."""
        return self.via == "bootstrap"


ANONYMOUS = Principal("public", "anonymous", "public", via="anonymous")


@dataclass(slots=True)
class Call:
    """One request on its way through the gateway."""

    env: Any  # the bindings
    context: Any  # the execution context (waitUntil)
    request: Any  # the Worker's Request; `.js_object` for streams and upgrades
    principal: Principal
    params: Mapping[str, str]
    trace_id: str
    query: Any = None  # the route's query model
    body: Any = None  # the route's body model
    header: Mapping[str, str] = field(default_factory=dict)  # lower-case names
    method: str = "GET"
    path: str = ""
    query_text: str = ""  # as sent, without the question mark
    origin: str = ""  # scheme://host of the request's URL
    allowed_origins: frozenset[str] = frozenset()  # browser origins that may call with credentials
    route: Route | None = None
    now: float = 0.0  # seconds since the epoch, when the request arrived
    deadline: float | None = None  # seconds since the epoch; no work for this request after it
    idempotency_key: str | None = None  # of a route that is declared idempotent="object"
    limit_headers: tuple[tuple[str, str], ...] = ()  # RateLimit and RateLimit-Policy of this request
    body_bytes: bytes = b""  # the body as it was sent: a repeated idempotency key must come with the same one
    whole_body: Any = None  # a stream's, once it had to be read whole: a JavaScript buffer
    status: int = 0  # of the answer, once it is known
    notes: dict[str, Any] = field(default_factory=dict)  # further fields of the request's log line

    def object_name(self, *parts: str) -> str:
        """`{tenant}:{part}:…`, the name of an object of this tenant. Raises not-found for a part with a colon: no identifier has
        one, and it could be read as two parts, another object's name."""
        for part in parts:
            if ":" in part:
                raise ProblemError("not-found", f"there is nothing called {part!r}: an identifier has no colon")
        return ":".join((self.principal.tenant, *parts))

    def warehouse(self) -> str:
        """The path's warehouse id, allowed for this principal (403 otherwise)."""
        warehouse_id = self.params["warehouse_id"]
        self.require_warehouse(warehouse_id)
        return warehouse_id

    def require_warehouse(self, warehouse_id: str) -> None:
        """Raises ProblemError forbidden unless these credentials reach the warehouse."""
        allowed = self.principal.warehouses
        if allowed is not None and warehouse_id not in allowed:
            raise ProblemError("forbidden", f"these credentials do not reach warehouse {warehouse_id!r}")

    async def rpc(
        self, namespace: Any, name: str, method: str, payload: Any = None, *, idempotent: bool | None = None
    ) -> Any:
        """Call an object's method; raises the ProblemError that it answers, unavailable when it cannot be reached.

        What reads is repeated after a failure of the platform (worker GET and HEAD, unless `idempotent` says otherwise),
        and the request's trace and deadline go along.
        """
        options = self._rpc_options(namespace, idempotent)
        return await call_object(namespace, name=name, method=method, payload=payload, **options)

    async def rpc_text(
        self, namespace: Any, name: str, method: str, text: str, *, idempotent: bool | None = None
    ) -> str:
        """As `rpc`, with JSON texts as they are: for long ones."""
        return await call_text(
            namespace, name=name, method=method, text=text, **self._rpc_options(namespace, idempotent)
        )

    @property
    def passed_on(self) -> Context:
        """What goes along to whoever is asked for this request."""
        return Context(self.trace_id, self.deadline)

    async def archive(self, work: Callable[[Any], Awaitable[Any]]) -> Any:
        """What `work` gives on R2; it may be tried again. Raises ProblemError unavailable."""
        return await ask(self.env, "ARCHIVE", work, self.passed_on)

    async def kv(self, work: Callable[[Any], Awaitable[Any]]) -> Any:
        """What `work` gives on KV; it may be tried again. Raises ProblemError unavailable."""
        return await ask(self.env, "CACHE", work, self.passed_on)

    async def fetch_from(self, namespace: Any, name: str) -> Any:
        """An object's own Response (a stream, a WebSocket) to this request, which has no body. Raises ProblemError
        unavailable."""

        async def attempt() -> Any:
            return (await namespace.getByName(name).fetch(self.request.js_object)).js_object

        kind = binding_name(self.env, namespace)
        return await UPSTREAMS.call(kind, name, attempt, idempotent=True, deadline=self.deadline)

    def _rpc_options(self, namespace: Any, idempotent: bool | None) -> dict[str, Any]:
        if idempotent is None:
            idempotent = self.method in _SAFE or self.idempotency_key is not None
        return {
            "kind": binding_name(self.env, namespace),
            "idempotent": idempotent,
            "context": self.passed_on,
        }


@dataclass(slots=True)
class Reply:
    """What goes back. `body`: a model, JSON-able data, text or bytes (with `media_type`), or a platform Response as is."""

    status: int = 200
    body: BaseModel | dict[str, Any] | list[Any] | str | bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    media_type: str = "application/json"
    response: Any = None  # a platform Response passed through untouched (streams, WebSockets)
    cookies: tuple[str, ...] = ()  # Set-Cookie values
