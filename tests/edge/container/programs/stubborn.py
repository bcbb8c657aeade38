"""Ignores SIGTERM."""

import signal

from _http import Handler, serve

serve(Handler, 8080, on_term=signal.SIG_IGN)
