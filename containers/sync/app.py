"""The sync agent: reads what other systems export, and says what it could not take, and why."""

from __future__ import annotations

from containers.common.app_factory import create_app
from containers.sync.api import router

app = create_app("sync", routers=[router])
