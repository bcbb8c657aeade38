"""Read a CSV text through the connector, as the endpoint does, and gather what came out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from containers.sync.connector import BadRow, Quarantine, Records, Summary
from containers.sync.csv_connector import CsvConnector
from containers.sync.options import CsvOptions


@dataclass
class Outcome:
    records: list[dict[str, Any]] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)
    summary: Summary | None = None

    @property
    def reasons(self) -> list[tuple[int, str, str]]:
        return [(row.line, row.reason, row.field) for row in self.bad]


async def pieces(data: bytes, size: int) -> AsyncIterator[bytes]:
    for at in range(0, len(data), size):
        yield data[at : at + size]


async def read(text: str | bytes, size: int = 65_536, **options: Any) -> Outcome:
    data = text.encode() if isinstance(text, str) else text
    connector = CsvConnector(pieces(data, size), CsvOptions(**options))
    await connector.open()
    outcome = Outcome()
    async for event in connector.pull():
        if isinstance(event, Records):
            outcome.records += event.records
        elif isinstance(event, Quarantine):
            outcome.bad += event.rows
        elif isinstance(event, Summary):
            outcome.summary = event
    assert outcome.summary is not None
    return outcome
