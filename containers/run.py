"""The image's entrypoint: `python -m containers.run optimizer|sync|warehouse-manager`.

Imports only what the chosen agent needs, so that a container is ready within a second of its start.
"""

from __future__ import annotations

import gc
import os
import sys

AGENTS = {
    "optimizer": ("containers.optimizer.app", 8000),
    "sync": ("containers.sync.app", 8001),
    "warehouse-manager": ("containers.warehouse_manager.app", 8002),
}
USAGE = "usage: python -m containers.run " + "|".join(AGENTS) + "   (PORT and HOST choose where it listens)"


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or arguments[0] not in AGENTS:
        sys.stderr.write(USAGE + "\n")
        return 2
    module_name, default_port = AGENTS[arguments[0]]
    port = os.environ.get("PORT", "") or str(default_port)
    if not port.isdigit() or int(port) > 65535:
        sys.stderr.write(f"PORT={port!r} is not a port number\n")
        return 2
    # Importing makes many objects and no garbage: collecting meanwhile costs a sixth of the start-up.
    gc.disable()
    _limit_threads()
    _match_kernels()
    from importlib import import_module

    app = import_module(module_name).app
    from containers.common.server import serve

    gc.enable()
    gc.freeze()
    return serve(app, os.environ.get("HOST", "") or "0.0.0.0", int(port))


def _limit_threads() -> None:
    """Numeric libraries read these when they load; without them they count the machine's cores, not the container's."""
    from containers.common.limits import worker_count

    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ.setdefault(name, str(worker_count()))


def _match_kernels() -> None:
    """Kernels that an image brings along are compiled for the processor named beside them; numba finds them only when
    it compiles for the same."""
    named = os.path.join(os.environ.get("NUMBA_CACHE_DIR", ""), "cpu-name")
    if os.path.isfile(named):
        with open(named, encoding="ascii") as file:
            os.environ.setdefault("NUMBA_CPU_NAME", file.read().strip())


if __name__ == "__main__":
    status = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    # A solve that did not heed the stop may still hold a thread; the grace is over, so its thread must not keep us.
    os._exit(status)
