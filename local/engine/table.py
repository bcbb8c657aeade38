"""All containers of the engine, by name and by id."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from local.engine.container import Container, Setting
from local.engine.images import ImageStore
from local.engine.ports import PortPool
from local.engine.processes import Processes
from local.engine.sidecar import Sidecar

Entry = Container | Sidecar


class NameInUseError(RuntimeError):
    """Another container has this name."""


class NoSuchImageError(RuntimeError):
    """No image under this reference."""


class Table:
    def __init__(self, setting: Setting, images: ImageStore, processes: Processes) -> None:
        self.images = images
        self._setting, self._processes = setting, processes
        self._pool = PortPool()
        self._entries: dict[str, Entry] = {}

    def create(self, name: str, config: Mapping[str, Any]) -> Entry:
        """Raises NoSuchImageError, NameInUseError, NoFreePortError."""
        image = self.images.find(str(config.get("Image", "")))
        if image is None:
            raise NoSuchImageError(f"No such image: {config.get('Image')}")
        if name and any(entry.name == name for entry in self._entries.values()):
            raise NameInUseError(f'Conflict. The container name "/{name}" is already in use')
        entry: Entry
        if image.is_sidecar and not config.get("Entrypoint"):
            entry = Sidecar(name, image, config, self.joined)
        else:
            entry = Container(name, image, config, self._setting, self._processes, self._pool)
            network = entry.network_of
            if network is not None and isinstance(sidecar := self.find(network), Sidecar):
                entry.egress = sidecar.egress
        self._entries[entry.id] = entry
        return entry

    def find(self, reference: str) -> Entry | None:
        """By name, by id, or by an unambiguous beginning of the id."""
        for entry in self._entries.values():
            if reference in (entry.name, entry.id, "/" + entry.name):
                return entry
        matches = [entry for key, entry in self._entries.items() if len(reference) >= 4 and key.startswith(reference)]
        return matches[0] if len(matches) == 1 else None

    def joined(self, sidecar: Sidecar) -> list[Container]:
        return [
            entry
            for entry in self._entries.values()
            if isinstance(entry, Container) and entry.network_of in (sidecar.name, sidecar.id)
        ]

    async def remove(self, entry: Entry) -> None:
        await entry.remove()
        self._entries.pop(entry.id, None)

    def select(self, every: bool, filters: str) -> list[Entry]:
        """Docker's list filters: JSON, name → list of values (or a map of value → true); label, name, status, id.

        Raises ValueError for malformed filters and for those that are not known here.
        """
        wanted: dict[str, list[str]] = {key: list(values) for key, values in json.loads(filters or "{}").items()}
        if unknown := set(wanted) - {"label", "name", "status", "id"}:
            raise ValueError(f"unknown filters: {sorted(unknown)}")
        every = every or "status" in wanted
        return [entry for entry in self._entries.values() if (every or entry.running) and _matches(entry, wanted)]

    async def clear(self) -> None:
        """End and remove everything, programs first: their sidecars are of no use afterwards."""
        for kind in (Container, Sidecar):
            await asyncio.gather(
                *(self.remove(entry) for entry in [*self._entries.values()] if isinstance(entry, kind))
            )


def _matches(entry: Entry, wanted: Mapping[str, list[str]]) -> bool:
    labels = [*entry.labels, *(f"{key}={value}" for key, value in entry.labels.items())]
    return (
        all(label in labels for label in wanted.get("label", ()))
        and ("name" not in wanted or any(name in "/" + entry.name for name in wanted["name"]))
        and ("status" not in wanted or str(entry.status) in wanted["status"])
        and ("id" not in wanted or any(entry.id.startswith(key) for key in wanted["id"]))
    )
