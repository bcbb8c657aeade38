"""A tiny HTTP server for the misbehaving programs: standard library alone, so that it starts in a few hundredths of a second."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

STARTED = time.time()


def port(number: int) -> int:
    """Where the container's port `number` is to be listened on: as it is in a container, remapped by the process engine."""
    return int(os.environ.get(f"PORT_{number}", number))


def host() -> str:
    return os.environ.get("HOST", "0.0.0.0")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # an answer in two parts would wait 40 ms for an acknowledgement

    def log_message(self, format: str, *args: object) -> None:
        pass

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.send_header("x-incarnation", os.environ.get("CONTAINER_INCARNATION", ""))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self) -> None:
        body = json.dumps(
            {
                "path": self.path,
                "pid": os.getpid(),
                "message": os.environ.get("MESSAGE", ""),
                "incarnation": os.environ.get("CONTAINER_INCARNATION", ""),
                "port": self.server.server_address[1],
                "host": self.headers.get("host", ""),
                "header": self.headers.get("x-test", ""),
            }
        ).encode()
        self.answer(200, body)

    do_HEAD = do_GET


def serve(handler: type[Handler], number: int, on_term: Any = None) -> None:
    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

    server = Server((host(), port(number)), handler)
    signal.signal(signal.SIGTERM, on_term or (lambda *_: os._exit(0)))
    print(f"listening on {server.server_address[1]}", file=sys.stderr, flush=True)
    server.serve_forever()
