"""`python -m containers.common.last_words COMMAND…`: runs a program, and when it dies, tells on its port how its log ended.

The platform says with which code a container ended and nothing else. This relays what the program writes (relay.py) and
keeps its last lines; when it ends by itself with a failure, it answers the next HTTP request on $PORT with them (503 and
the header `x-container-last-words`), and then ends with the program's own exit code. Nobody asks: it ends after
LINGER_SECONDS. Signals are passed on; a program that was told to end, or that ended with 0, is not spoken for.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

HEADER = "x-container-last-words"
LINGER_SECONDS = 2.0
PASSED_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def main(command: list[str]) -> int:
    told_to_end = False
    # -u: what a dying program wrote must not be lost in its buffers.
    child = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    )

    def pass_on(number: int, _frame: object) -> None:
        nonlocal told_to_end
        told_to_end = told_to_end or number in ENDING
        child.send_signal(number)

    for number in PASSED_ON:
        signal.signal(number, pass_on)
    from containers.common.relay import Relay  # while the program starts, not before it

    relay = Relay(sys.stdout.buffer, os.environ)
    reader = threading.Thread(target=relay.run, args=(child.stdout,), daemon=True)
    reader.start()
    code = child.wait()
    reader.join(timeout=0.5)  # a grandchild may hold the pipe open
    status = 128 - code if code < 0 else code
    if status and not told_to_end:
        _speak(relay.last_lines(), status)
    return status


def _speak(text: str, status: int) -> None:
    from http.server import BaseHTTPRequestHandler, HTTPServer

    body = (text or f"(it wrote nothing; exit code {status})\n").encode()

    class LastWords(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(503)
            self.send_header("content-type", "text/plain; charset=utf-8")
            self.send_header("content-length", str(len(body)))
            self.send_header("connection", "close")
            self.send_header(HEADER, str(status))
            self.end_headers()
            self.wfile.write(body)
            self.server.heard = True  # type: ignore[attr-defined]

        do_POST = do_PUT = do_DELETE = do_GET

        def log_message(self, format: str, *args: object) -> None:
            pass

    try:
        server = HTTPServer((os.environ.get("HOST") or "0.0.0.0", int(os.environ.get("PORT") or 0)), LastWords)
    except (OSError, ValueError):
        return  # the port is taken or is none: the exit code has to do
    server.heard = False  # type: ignore[attr-defined]
    deadline = time.monotonic() + LINGER_SECONDS
    with server:
        while time.monotonic() < deadline and not server.heard:  # type: ignore[attr-defined]
            server.timeout = max(0.01, deadline - time.monotonic())
            server.handle_request()


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: python -m containers.common.last_words COMMAND [ARGUMENT…]")
    sys.exit(main(sys.argv[1:]))
