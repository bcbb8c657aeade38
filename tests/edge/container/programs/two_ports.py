"""Opens 8080 at once, and 8081 half a second later."""

import threading
import time

from _http import Handler, host, port, serve


def later() -> None:
    from http.server import ThreadingHTTPServer

    time.sleep(0.5)
    ThreadingHTTPServer((host(), port(8081)), Handler).serve_forever()


threading.Thread(target=later, daemon=True).start()
serve(Handler, 8080)
