"""HiGHS without a word on stdout, where an agent writes its log as JSON lines.

Its first solver in a process prints a banner from the constructor, before any option can forbid it.
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

_first = threading.Lock()
_greeted = False


def solver(threads: int = 1, options: Mapping[str, Any] | None = None) -> Any:
    """A new highspy.Highs that prints nothing. options: HiGHS options by name."""
    import highspy

    global _greeted
    with _first:
        if _greeted:
            made = highspy.Highs()
        else:
            with _stdout_closed():
                made = highspy.Highs()
            _greeted = True
    made.setOptionValue("output_flag", False)
    made.setOptionValue("threads", threads)
    for name, value in (options or {}).items():
        made.setOptionValue(name, value)
    return made


@contextmanager
def _stdout_closed() -> Iterator[None]:
    """What C code prints meanwhile is dropped. Its buffer is emptied before and after, so that it holds no other words."""
    flush = ctypes.CDLL(None).fflush
    sys.stdout.flush()
    flush(None)
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        yield
        flush(None)
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)
