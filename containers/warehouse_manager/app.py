"""The warehouse manager agent: turns plans into tasks, and what happened into figures and reports."""

from __future__ import annotations

from containers.common.app_factory import create_app
from containers.warehouse_manager.api import router

app = create_app("warehouse-manager", routers=[router])
