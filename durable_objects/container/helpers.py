"""Finding a container's object, and naming the port that a request is for."""

from __future__ import annotations

import random
from typing import Any

SINGLETON = "cf-singleton-container"
TARGET_PORT_HEADER = "cf-container-target-port"


def get_container(binding: Any, name: str = SINGLETON) -> Any:
    """The stub of the container object of that name."""
    return binding.getByName(name)


def get_random(binding: Any, instances: int = 3) -> Any:
    """The stub of one of `instances` container objects, each as likely. They are named instance-0, instance-1, …"""
    if instances < 1:
        raise ValueError("there must be at least one instance to choose from")
    return binding.getByName(f"instance-{random.randrange(instances)}")


def switch_port(request: Any, port: int) -> Any:
    """The same request, to be sent to another port of the container: `stub.fetch(switch_port(request, 9000))`.

    Takes the SDK's Request or a JavaScript one and gives the same kind back. The body is handed over, not copied.
    """
    if not 0 < port < 65536:
        raise ValueError(f"not a port: {port}")
    import js

    raw = getattr(request, "js_object", request)
    headers = js.Headers.new(raw.headers)
    headers.set(TARGET_PORT_HEADER, str(port))
    switched = js.Request.new(raw, headers=headers)
    return type(request)(switched) if raw is not request else switched
