"""Raw HTTP, straight into workerd: requests that no well-behaved client sends.

    python -m tests.fuzz.raw --cases 5000 --seed 1        (part of make fuzz; it starts a stack of its own)

Each answer is a 2xx to 4xx; those that the Worker gives are problem documents without a trace of its inside. What is not
HTTP at all is answered by workerd itself, or the connection is closed.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import json
import random
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from local.processes import free_port
from local.stack import Stack

TIMEOUT_S = 20.0
MIB = 1024 * 1024


@dataclass(frozen=True)
class Answer:
    """`status` is 0 when the connection was closed without one."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def by_the_worker(self) -> bool:
        return "x-trace-id" in self.headers


def exchange(port: int, request: bytes, *, head: bool = False) -> Answer:
    """Send bytes, say that no more will come, and read the first answer to its end."""
    data = b""
    with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S) as connection:
        with contextlib.suppress(OSError):  # refused in the middle of a large request: its answer is there to be read
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionResetError):
            while part := connection.recv(65536):
                data += part
                if head or _complete(data):
                    break
    return parse(data)


def _complete(data: bytes) -> bool:
    """Has the whole first answer come? (workerd keeps connections open for another request.)"""
    head, separator, rest = data.partition(b"\r\n\r\n")
    if not separator:
        return False
    lower = head.lower()
    if b"transfer-encoding: chunked" in lower:
        return rest.endswith(b"0\r\n\r\n")
    length = lower.partition(b"content-length:")[2].split(b"\r\n")[0].strip()
    return length.isdigit() and len(rest) >= int(length)


def parse(data: bytes) -> Answer:
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    words = lines[0].split(" ", 2)
    if not lines[0].startswith("HTTP/1.") or len(words) < 2 or not words[1].isdigit():
        return Answer(0, {}, data)
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    if headers.get("transfer-encoding") == "chunked":
        body = _unchunked(body)
    elif headers.get("content-length", "").isdigit():
        body = body[
            : int(headers["content-length"])
        ]  # a changed request may hold a second one, and get a second answer
    return Answer(int(words[1]), headers, body)


def _unchunked(data: bytes) -> bytes:
    whole = b""
    while data:
        size, _, data = data.partition(b"\r\n")
        length = int(size, 16)
        if not length:
            break
        whole, data = whole + data[:length], data[length + 2 :]
    return whole


def faults(answer: Answer) -> Iterator[str]:
    """What is wrong with an answer to a request that is not right."""
    if answer.status >= 500 and (answer.by_the_worker or answer.status != 501):  # 501: workerd knows no such method
        yield f"answered {answer.status}"
    if b"Traceback" in answer.body or b"PythonError" in answer.body or b"/session/metadata" in answer.body:
        yield "the answer tells of the Worker's inside"
    if answer.by_the_worker and answer.status >= 400 and answer.body:
        if answer.headers.get("content-type") != "application/problem+json":
            yield "an error that is no problem document"
        elif json.loads(answer.body)["status"] != answer.status:
            yield "the document's status is not the answer's"


# --- requests that are known to hurt --------------------------------------------------------------------------------


def message(
    method: str, target: str, key: str, headers: str = "", body: bytes = b"", length: str | None = None
) -> bytes:
    """A request with credentials. `headers`: further lines, each with its CRLF."""
    size = str(len(body)) if length is None else length
    told = f"content-length: {size}\r\n" if size and (body or length is not None) else ""
    return (
        f"{method} {target} HTTP/1.1\r\nhost: edge\r\nauthorization: Bearer {key}\r\n{told}{headers}\r\n".encode(
            "latin-1"
        )
        + body
    )


JSON = "content-type: application/json\r\n"
WAREHOUSES = "/v1/warehouses"


def cursor(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def known_cases(key: str, warehouse: str) -> dict[str, tuple[bytes, set[int]]]:
    """name → (request, statuses that are right for it; 0: the connection is closed)."""

    def post(body: bytes, target: str = WAREHOUSES, headers: str = JSON) -> bytes:
        return message("POST", target, key, headers, body)

    def get(target: str, headers: str = "") -> bytes:
        return message("GET", target, key, headers)

    def with_token(token: str) -> bytes:
        return f"GET /v1/me HTTP/1.1\r\nhost: edge\r\nauthorization: {token}\r\n\r\n".encode("latin-1")

    named = b'{"id":"raw","name":"%s","layout":{"type":"parametric","aisles":1,"bays_per_block":1}}'
    here = f"{WAREHOUSES}/{warehouse}"
    none = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    claims = base64.urlsafe_b64encode(b'{"sub":"admin","role":"admin","exp":9999999999}').decode().rstrip("=")
    chunk = b"%x\r\n" % MIB + b" " * MIB + b"\r\n"
    return {
        # bodies
        "a body that is no JSON": (post(b"{"), {400}),
        "an empty body": (post(b"", headers=JSON + "content-length: 0\r\n"), {400}),
        "a body of one NUL": (post(b"\0"), {400}),
        "duplicate names": (post(b'{"id":"a","id":"b"}'), {400}),
        "invalid UTF-8": (post(b'{"id":"\xff\xfe"}'), {400}),
        "an overlong UTF-8 sequence": (post(b'{"id":"\xc0\xaf"}'), {400}),
        "UTF-16": (post('{"id":"a"}'.encode("utf-16")), {400}),
        "a byte order mark": (post(b"\xef\xbb\xbf{}"), {400}),
        "NaN": (post(b'{"id":NaN}'), {400}),
        "a number of 10,000 digits": (post(b'{"id":' + b"9" * 10_000 + b"}"), {400}),
        "a number beyond every float": (post(b'{"id":"a","layout":{"type":"parametric","aisles":1e999}}'), {422}),
        "100,000 open brackets": (post(b"[" * 100_000), {400}),
        "100,000 nested objects": (post(b'{"a":' * 100_000 + b"1" + b"}" * 100_000), {400}),
        "a body that is a list": (post(b"[]"), {422}),
        "a body that is null": (post(b"null"), {422}),
        "a lone surrogate": (post(named % b"\\ud800"), {400, 422}),
        "a NUL inside a name": (post(named % b"\\u0000"), {200, 201, 422}),
        "a name of one megabyte": (post(named % (b"x" * MIB)), {422}),
        "a name that is a path": (post(named.replace(b'"raw"', b'"../../x"') % b""), {422}),
        "a name that splits headers": (post(named.replace(b'"raw"', b'"a\\r\\nset-cookie: x=1"') % b""), {422}),
        "an announced body of 5 GB": (message("POST", WAREHOUSES, key, JSON, b"{}", "5368709120"), {413, 0}),
        "a body of 33 MB in chunks": (
            message("POST", WAREHOUSES, key, JSON + "transfer-encoding: chunked\r\n") + chunk * 33 + b"0\r\n\r\n",
            {413},
        ),
        "a compressed body": (post(b"\x1f\x8b", headers=JSON + "content-encoding: gzip\r\n"), {415}),
        "another charset": (post(b"{}", headers="content-type: application/json; charset=utf-16\r\n"), {415}),
        "no content type": (post(b"{}", headers=""), {415}),
        "a content type of 8,000 letters": (post(b"{}", headers="content-type: " + "a" * 8000 + "\r\n"), {415}),
        # paths
        "a climb": (get("/v1/warehouses/../../etc/passwd"), {400, 404}),
        "an encoded climb": (get("/v1/warehouses/%2e%2e/%2e%2e/keys"), {404, 400}),
        "an encoded slash": (get("/v1/warehouses/a%2fb"), {400}),
        "an encoded backslash": (get("/v1/warehouses/a%5cb"), {400}),
        "a double encoding": (get("/v1/warehouses/%252e%252e"), {404}),
        "an overlong slash": (get("/v1/warehouses/%c0%af"), {400}),
        "an encoded NUL": (get("/v1/warehouses/%00"), {400}),
        "an encoded line break": (get("/v1/warehouses/a%0d%0aset-cookie:%20x=1"), {400}),
        "half an escape": (get("/v1/warehouses/%2"), {404, 400}),
        "a path of 20,000 letters": (get("/v1/" + "a" * 20_000), {400, 414, 431}),
        "2,000 path segments": (get("/v1" + "/a" * 2000), {404, 400}),
        "two slashes": (get("//v1//warehouses"), {404}),
        "bytes beyond ASCII": (b"GET /v1/\xff\xfe HTTP/1.1\r\nhost: edge\r\n\r\n", {400, 404}),
        "the target *": (message("OPTIONS", "*", key), {204, 400, 404}),
        "an agent's path that climbs": (get("/v1/agents/sync/a/../../optimizer/health"), {400, 404}),
        "an agent's path that climbs, encoded": (get("/v1/agents/sync/%2e%2e/%2E%2e/health"), {400, 404}),
        "a name that is two names": (get("/v1/warehouses/:fuzz"), {404}),
        "a zone that is two names": (get(f"{here}/zones/a:b"), {404}),
        "a job that is two names": (get(f"{here}/jobs/a:b"), {404}),
        "a session that climbs": (get("/v1/agents/sync/health", "x-session-id: ../x\r\n"), {400}),
        # queries
        "a parameter twice": (get(f"{here}/items?limit=1&limit=2"), {422}),
        "a limit that is no number": (get(f"{here}/items?limit=%F0%9F%92%A9"), {422}),
        "a limit of 30 digits": (get(f"{here}/items?limit={'9' * 30}"), {422}),
        "5,000 parameters": (get(f"{here}/items?" + "&".join(f"a{n}=1" for n in range(1500))), {400, 422}),
        "300 parameters": (get(f"{here}/items?" + "&".join(f"a{n}=1" for n in range(300))), {400}),
        "a parameter that nobody knows": (get("/v1/me?debug=1"), {422}),
        "a parameter without a name": (get("/v1/me?=1&&"), {422}),
        "a cursor of another shape": (get(f"{here}/orders?cursor={cursor({'a': 1})}"), {400}),
        "a cursor beyond 64 bits": (get(f"{here}/orders?cursor={cursor([10**40])}"), {400}),
        "a negative cursor": (get(f"{here}/orders?cursor={cursor([-1])}"), {200, 400}),
        "a cursor that is true": (get(f"{here}/orders?cursor={cursor([True])}"), {200, 400}),
        "a cursor that is no base64": (get(f"{here}/orders?cursor=%00%ff"), {400, 422}),
        # headers
        "a header of 100 KB": (get("/v1/me", "x-a: " + "a" * 100_000 + "\r\n"), {200, 400, 431, 0}),
        "3,000 headers": (get("/v1/me", "".join(f"x-{n}: 1\r\n" for n in range(3000))), {200, 400, 431, 0}),
        "a header without a colon": (get("/v1/me", "nonsense\r\n"), {400}),
        "a folded header": (get("/v1/me", "x-a: 1\r\n  x-b: 2\r\n"), {200, 400}),
        "a NUL in a header": (get("/v1/me", "x-a: a\0b\r\n"), {200, 400}),
        "bytes beyond ASCII in a header": (get("/v1/me", "x-session-id: \xff\xfe\r\n"), {200, 400}),
        "an origin that splits": (get("/v1/me", "origin: https://a\x0b.example\r\n"), {200, 400}),
        "a trace that is none": (get("/v1/me", "traceparent: 00-zz\r\n"), {200}),
        "a deadline that is none": (get("/v1/me", "x-deadline: NaN\r\n"), {400}),
        "a deadline far away": (get("/v1/me", "x-deadline: +99999999999\r\n"), {200}),
        "a version beyond 64 bits": (
            message("PUT", f"{here}/configuration", key, f'{JSON}if-match: "v{"9" * 40}"\r\n', b"{}"),
            {412},
        ),
        "a version in other digits": (
            message("PUT", f"{here}/configuration", key, f'{JSON}if-match: "v\xb2"\r\n', b"{}"),
            {412},
        ),
        "an idempotency key of 300 letters": (
            post(b"{}", headers=f"{JSON}idempotency-key: {'k' * 300}\r\n"),
            {400, 422},
        ),
        "an Accept of signs": (get("/v1/me", "accept: ;;;,,,q=/;q=nan, */*;q=inf\r\n"), {200, 406}),
        "an Accept of 5,000 ranges": (get("/v1/me", "accept: " + "a/b;q=0.1," * 600 + "*/*\r\n"), {200}),
        # credentials
        "no token": (with_token("Bearer"), {401}),
        "another scheme": (with_token("Digest username=a"), {401}),
        "a token of 8,000 letters": (with_token("Bearer " + "a" * 8000), {401}),
        "a key whose check sum is wrong": (with_token("Bearer smx_default_" + "A" * 12 + "_" + "B" * 46), {401}),
        "a token without a signature": (with_token(f"Bearer {none}.{claims}."), {401}),
        "a token with an empty head": (with_token(f"Bearer e30.{claims}.AA"), {401}),
        "a token that is no base64": (with_token("Bearer ~.~.~"), {401}),
        "bytes for a token": (with_token("Bearer \xff\xfe"), {401}),
        "two sessions": (
            b"GET /v1/me HTTP/1.1\r\nhost: edge\r\ncookie: smx_session=a; smx_session=b\r\n\r\n",
            {401},
        ),
        # methods
        "a method that nobody knows": (message("BREW", "/v1/me", key), {400, 405, 501}),
        "a method in lower case": (message("get", "/v1/me", key), {400, 405, 501}),
        "TRACE": (message("TRACE", "/v1/me", key), {400, 405}),
        "a method that is known elsewhere": (message("PROPFIND", "/v1/me", key), {400, 405}),
        "a GET with a body": (message("GET", "/v1/me", key, JSON, b"{}"), {200}),
        "an upgrade to something else": (get("/v1/me", "connection: upgrade\r\nupgrade: h2c\r\n"), {200, 400, 426}),
        "a WebSocket where there is none": (
            get("/v1/me", "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n"),
            {200, 400, 426},
        ),
        # not HTTP
        "two lengths": (get("/v1/me", "content-length: 1\r\ncontent-length: 2\r\n"), {400}),
        "a negative length": (get("/v1/me", "content-length: -1\r\n"), {400}),
        "a length and chunks": (
            get("/v1/me", "content-length: 5\r\ntransfer-encoding: chunked\r\n") + b"0\r\n\r\n",
            {200, 400},
        ),
        "chunks without a size": (post(b"xyz\r\n", headers=JSON + "transfer-encoding: chunked\r\n"), {400, 0}),
        "HTTP/0.9": (b"GET /v1/me\r\n\r\n", {400, 0}),
        "nothing": (b"\r\n\r\n", {400, 0}),
        "a TLS greeting": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", {400, 0}),
    }


# --- and requests that chance makes of good ones ---------------------------------------------------------------------

_GRAINS = (
    b"\0", b"\r\n", b"\n", b"%00", b"%2e%2e/", b"../", b"\\", b'"', b"{", b"[", b"]", b"}", b"\xff", b"\xc0\x80", b"\xed\xa0\x80",
    b":", b";", b",", b"=", b"&", b"?", b"#", b"*", b"-1", b"1e999", b"NaN", b"null", b"true", b"9" * 25, b"\xe2\x80\xae", b"\\u0000",
    b"\\ud800", b"' OR 1=1 --", b"{{7*7}}", b"${x}", b"<script>", b"A" * 3000, b"transfer-encoding: chunked\r\n", b"content-length: 3\r\n",
)  # fmt: skip


def seeds(key: str, warehouse: str) -> list[bytes]:
    here = f"{WAREHOUSES}/{warehouse}"
    order = b'{"orders":[{"id":"r1","lines":[{"sku":"apple","quantity":1}],"priority":3}]}'
    create = b'{"id":"raw-%d","layout":{"type":"parametric","aisles":2,"bays_per_block":2},"items":[{"sku":"a"}]}'
    job = b'{"problem":"batching","parameters":{"cart":{"orders":2}},"budget":{"seconds":0.1}}'
    return [
        message("GET", here, key, "accept: application/json\r\n"),
        message("GET", f"{here}/orders?limit=2&cursor={cursor([0])}&status=open", key),
        message("GET", f"{here}/layout", key, 'if-none-match: "abc"\r\n'),
        message("POST", WAREHOUSES, key, JSON, create % 1),
        message("POST", f"{here}/orders", key, JSON + "idempotency-key: k1\r\n", order),
        message("POST", f"{here}/jobs", key, JSON + "x-deadline: +5\r\n", job),
        message("PUT", f"{here}/configuration", key, JSON + 'if-match: "v1"\r\n', b'{"name":"x","labels":{"a":"b"}}'),
        message("PATCH", f"{here}/configuration", key, "content-type: application/merge-patch+json\r\n", b'{"name":null}'),
        message("DELETE", f"{here}/orders/o9", key),
        message("POST", "/v1/keys", key, JSON, b'{"name":"raw","role":"viewer","warehouses":["a"]}'),
        message("POST", "/v1/sessions", key, JSON, b'{"api_key":"smx_default_x"}'),
        message("POST", "/v1/uploads", key, "content-type: text/csv\r\n", b"order_id,sku,quantity\n1,apple,1\n"),
        message("GET", "/v1/keys?limit=3", key, "cookie: smx_session=abc\r\ntraceparent: 00-" + "a" * 32 + "-" + "b" * 16 + "-01\r\n"),
    ]  # fmt: skip


def mutated(request: bytes, draw: random.Random) -> bytes:
    """One to four changes anywhere in a request; its length header may become a lie."""
    data = bytearray(request)
    for _ in range(draw.randint(1, 4)):
        at = draw.randrange(len(data) + 1)
        kind = draw.randrange(5)
        if kind == 0 and data:
            data[at % len(data)] = draw.randrange(256)
        elif kind == 1:
            data[at:at] = draw.choice(_GRAINS)
        elif kind == 2:
            del data[at : at + draw.randint(1, 12)]
        elif kind == 3:
            data[at:at] = data[at : at + draw.randint(1, 60)]
        else:
            grain = draw.choice(_GRAINS)
            data[at : at + len(grain)] = grain
    return bytes(data)


def run_mutations(port: int, key: str, warehouse: str, cases: int, seed: int) -> list[str]:
    """Send mutated requests; what was wrong with the answers, each with the request that shows it."""
    draw = random.Random(seed)
    bases = seeds(key, warehouse)
    found = []
    for number in range(cases):
        request = mutated(draw.choice(bases), draw)
        answer = exchange(port, request)
        found += [f"case {number} of seed {seed}: {fault}\n  {request!r}\n  {answer}" for fault in faults(answer)]
    return found


def unexpected(log: Path) -> list[str]:
    """The Worker's own word of faults that it did not expect."""
    return [line for line in log.read_text(errors="replace").splitlines() if line.startswith('{"event": "unexpected"')]


def main(arguments: list[str]) -> int:
    from tests.fuzz.schema import WAREHOUSE, prepare

    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    limits = " ".join(f"{name}=1000000/1000000" for name in ("client", "tenant", "agent", "anonymous", "refused"))
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="smx-raw-") as folder,
        Stack(Path(folder), extra_vars={"RATE_LIMITS": limits}, direct_port=free_port()) as stack,
    ):
        key, _ = prepare(stack.url, stack.admin_key)
        found = []
        cases = known_cases(key, WAREHOUSE)
        for name, (request, right) in cases.items():
            answer = exchange(stack.direct_port, request)
            if answer.status not in right:
                found.append(f"{name}: answered {answer.status}, not one of {sorted(right)}\n  {answer}")
            found += [f"{name}: {fault}\n  {answer}" for fault in faults(answer)]
        found += run_mutations(stack.direct_port, key, WAREHOUSE, options.cases, options.seed)
        found += unexpected(Path(folder) / "logs" / "worker.log")
    for text in found:
        print(text[:3000])
    total = len(cases) + options.cases
    print(f"{total} raw requests in {time.monotonic() - began:.0f} s, seed {options.seed}: {len(found)} findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
