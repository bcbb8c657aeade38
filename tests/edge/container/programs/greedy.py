"""Takes more memory with each request, and stops answering /health when it holds more than 64 MB."""

import os

from _http import Handler, serve

held: list[bytearray] = []


class Greedy(Handler):
    def do_GET(self) -> None:
        if self.path.endswith("/eat"):
            held.append(bytearray(os.urandom(16) * (1024 * 1024)))
        if self.path == "/health" and len(held) > 4:
            self.answer(500, b"no memory left")
            return
        super().do_GET()


serve(Greedy, 8080)
