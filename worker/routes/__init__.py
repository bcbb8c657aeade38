"""One module per resource; importing this package registers them all."""

from worker.routes import (
    agents,
    configuration,
    jobs,
    keys,
    openapi,
    sessions,
    stock,
    system,
    tasks,
    transfers,
    uploads,
    warehouses,
)

__all__ = [
    "agents",
    "configuration",
    "jobs",
    "keys",
    "openapi",
    "sessions",
    "stock",
    "system",
    "tasks",
    "transfers",
    "uploads",
    "warehouses",
]
