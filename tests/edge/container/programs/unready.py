"""Listens at once, and says 503 on /ready until it has loaded."""

import os
import time

from _http import STARTED, Handler, serve


class Unready(Handler):
    def do_GET(self) -> None:
        left = STARTED + float(os.environ["UNREADY_SECONDS"]) - time.time()
        if self.path == "/ready" and left > 0:
            self.answer(503, b"loading the distance matrix")
            return
        super().do_GET()


serve(Unready, 8080)
