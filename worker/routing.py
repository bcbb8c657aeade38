"""Routes, declared once next to their handlers: dispatch, the OpenAPI document and the tests read this one table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import unquote

from pydantic import BaseModel

from contracts.errors import ProblemError

if TYPE_CHECKING:
    from worker.call import Call, Reply

Role = Literal["public", "viewer", "operator", "admin", "agent"]
Priority = Literal["critical", "normal", "background"]  # who is shed first under load, and who may use the rate reserve
# What happens to an Idempotency-Key: the gateway remembers the answer ("store"), or does so sealed because it shows a secret
# ("sealed"), or whoever does the work knows a repeat (the handler passes call.idempotency_key on: "object").
Idempotent = Literal["store", "sealed", "object"]
Handler = Callable[["Call"], Awaitable["Reply"]]


@dataclass(frozen=True, slots=True)
class Caching:
    """How long answers of a GET may be reused. Keys begin with tenant and path, so an event invalidates by prefix."""

    isolate_s: float = 2.0  # in the isolate's memory
    kv_s: int = 0  # in KV, shared between isolates; 0: not there. KV itself keeps nothing below 60 s
    stale_s: float = 300.0  # how long after that a stale copy may answer for a truth that fails
    negative_s: float = 1.0  # for 404 answers


@dataclass(frozen=True, slots=True)
class Route:
    """One operation of the API."""

    method: str
    path: str  # with {parameters}
    handler: Handler
    role: Role
    cost: int  # tokens that one request takes from the client's bucket
    body: type[BaseModel] | Literal["stream"] | None  # "stream": the handler reads the raw body itself
    query: type[BaseModel] | Literal["any"] | None  # "any": it is passed on as it came
    answers: Mapping[int, type[BaseModel] | str | None]  # status → model, media type, or nothing
    problems: tuple[str, ...]  # codes of contracts.errors.CATALOGUE beyond those that any route may answer
    tag: str
    summary: str
    accepts: tuple[str, ...] = ("application/json",)  # media types of the body
    priority: Priority = "normal"
    cache: Caching | None = None
    idempotent: Idempotent = "store"
    examples: Mapping[str, Any] = field(default_factory=dict)  # name → example of the body
    max_body_bytes: int = 32 * 1024 * 1024
    description: str = ""
    produces: tuple[str, ...] = ()  # media types of a 2xx, told from `answers` when empty
    upgrade: bool = False  # a WebSocket
    lines: str = ""  # the body's list that an application/x-ndjson body fills, one element a line

    @property
    def name(self) -> str:
        return self.handler.__name__

    @property
    def media_types(self) -> tuple[str, ...]:
        """What a successful answer may be written in; empty: it has no body, or anything goes."""
        if self.produces:
            return self.produces
        models = [answer for status, answer in self.answers.items() if 200 <= status < 300 and answer is not None]
        return tuple(dict.fromkeys(answer if isinstance(answer, str) else "application/json" for answer in models))


@dataclass(slots=True)
class _Node:
    literal: dict[str, _Node] = field(default_factory=dict)
    parameter: _Node | None = None
    rest: _Node | None = None  # {name*}: everything that is left
    routes: dict[str, tuple[Route, tuple[str, ...]]] = field(default_factory=dict)


class Table:
    """A tree of path segments: finding a route costs one dictionary look-up per segment, however many routes exist."""

    def __init__(self) -> None:
        self.routes: list[Route] = []
        self._root = _Node()

    def add(self, route: Route) -> None:
        node, names = self._root, []
        for segment in route.path.strip("/").split("/"):
            if segment.endswith("*}"):
                names.append(segment[1:-2])
                node.rest = node.rest or _Node()
                node = node.rest
            elif segment.startswith("{"):
                names.append(segment[1:-1])
                node.parameter = node.parameter or _Node()
                node = node.parameter
            else:
                node = node.literal.setdefault(segment, _Node())
        if route.method in node.routes:
            raise ValueError(f"{route.method} {route.path} is declared twice")
        node.routes[route.method] = (route, tuple(names))
        self.routes.append(route)

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]]:
        """The route and its decoded path parameters.

        Raises ProblemError not-found, bad-request for a parameter that is no clean text, or method-not-allowed with `Allow`.
        """
        node, values = self._walk(path)
        found = node.routes.get(method) or (node.routes.get("GET") if method == "HEAD" else None)
        if found is None:
            allow = ", ".join(sorted(_methods(node)))
            raise ProblemError("method-not-allowed", f"{path!r} knows {allow}", headers={"allow": allow})
        route, names = found
        return route, dict(zip(names, values, strict=True)) if names else {}

    def allowed(self, path: str) -> list[str]:
        """The methods of a path in order. Raises ProblemError not-found."""
        return sorted(_methods(self._walk(path)[0]))

    def _walk(self, path: str) -> tuple[_Node, list[str]]:
        node, values = self._root, []
        segments = path[1:].split("/")
        for index, segment in enumerate(segments):
            following = node.literal.get(segment)
            if following is None and node.parameter is not None and segment:
                values.append(_clean(segment))
                following = node.parameter
            if following is None and node.rest is not None:
                values.append("/".join(segments[index:]))  # as sent: whoever forwards it must not decode it twice
                node = node.rest
                break
            if following is None:
                raise _no_resource(path)
            node = following
        if not node.routes:
            raise _no_resource(path)
        return node, values


def _methods(node: _Node) -> set[str]:
    return set(node.routes) | {"OPTIONS"} | ({"HEAD"} if "GET" in node.routes else set())


def _no_resource(path: str) -> ProblemError:
    return ProblemError("not-found", f"there is no resource {path!r}; see /v1/openapi.json for the paths")


def _clean(segment: str) -> str:
    """A path parameter, decoded once. An encoded slash or dot-dot could climb out of where the name is used."""
    if "%" in segment:
        try:
            segment = unquote(segment, errors="strict")
        except UnicodeDecodeError:
            raise ProblemError("bad-request", "the path is not UTF-8") from None
    if segment in (".", "..") or not segment.isprintable() or "/" in segment or "\\" in segment or len(segment) > 256:
        raise ProblemError("bad-request", "a path parameter holds characters that no identifier has")
    return segment


TABLE = Table()


def route(
    method: str,
    path: str,
    *,
    role: Role,
    summary: str,
    tag: str,
    cost: int = 1,
    body: type[BaseModel] | Literal["stream"] | None = None,
    query: type[BaseModel] | Literal["any"] | None = None,
    answers: Mapping[int, type[BaseModel] | str | None],
    problems: tuple[str, ...] = (),
    accepts: tuple[str, ...] = ("application/json",),
    priority: Priority = "normal",
    cache: Caching | None = None,
    idempotent: Idempotent = "store",
    examples: Mapping[str, Any] | None = None,
    max_body_bytes: int = 32 * 1024 * 1024,
    description: str = "",
    produces: tuple[str, ...] = (),
    upgrade: bool = False,
    lines: str = "",
) -> Callable[[Handler], Handler]:
    """Declare a handler's route. `call.body` and `call.query` hold instances of the models named here."""
    if cache is not None and method != "GET":
        raise ValueError(f"{method} {path}: only a GET can be cached")

    def register(handler: Handler) -> Handler:
        TABLE.add(
            Route(
                method,
                path,
                handler,
                role,
                cost=cost,
                body=body,
                query=query,
                answers=answers,
                problems=problems,
                tag=tag,
                summary=summary,
                accepts=(*accepts, "application/x-ndjson") if lines else accepts,
                priority=priority,
                cache=cache,
                idempotent=idempotent,
                examples=examples or {},
                max_body_bytes=max_body_bytes,
                description=description,
                produces=produces,
                upgrade=upgrade,
                lines=lines,
            )
        )
        return handler

    return register
