"""One module per resource; importing this package registers them all."""

from worker.routes import agents, configuration, jobs, keys, openapi, sessions, system, tasks, uploads, warehouses

__all__ = ["agents", "configuration", "jobs", "keys", "openapi", "sessions", "system", "tasks", "uploads", "warehouses"]
