"""A Durable Object class that owns one container: start, readiness, proxying, sleep, wake, schedules, healing.

The package depends on the Workers runtime alone, so that it can be taken out and used elsewhere. The names are loaded
when first asked for: the pure modules below stay importable on CPython, where `js` and `workers` do not exist.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING
from typing import Any as _Anything

if TYPE_CHECKING:
    from durable_objects.container.container import Container
    from durable_objects.container.faults import ContainerFault
    from durable_objects.container.helpers import get_container, get_random, switch_port
    from durable_objects.container.outbound import ContainerProxy
    from durable_objects.container.readiness import All, Any, Check, Http, Port
    from durable_objects.container.states import State, Status

__all__ = [
    "All",
    "Any",
    "Check",
    "Container",
    "ContainerFault",
    "ContainerProxy",
    "Http",
    "Port",
    "State",
    "Status",
    "get_container",
    "get_random",
    "switch_port",
]

_HOMES = {
    "Container": "container",
    "ContainerProxy": "outbound",
    "ContainerFault": "faults",
    "All": "readiness",
    "Any": "readiness",
    "Check": "readiness",
    "Http": "readiness",
    "Port": "readiness",
    "State": "states",
    "Status": "states",
    "get_container": "helpers",
    "get_random": "helpers",
    "switch_port": "helpers",
}


def __getattr__(name: str) -> _Anything:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
