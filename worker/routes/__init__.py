"""One module per resource; importing this package registers them all."""

from worker.routes import (
    agents,
    alerts,
    configuration,
    events,
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
    waves,
    webhooks,
)

__all__ = [
    "agents",
    "alerts",
    "configuration",
    "events",
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
    "waves",
    "webhooks",
]
