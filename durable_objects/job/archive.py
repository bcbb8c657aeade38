"""Where a job's result and report lie: small results in the object's own tables, large ones and reports in R2."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contracts.rpc import Context, dumps
from contracts.signing import Identity
from durable_objects.agent_call import any_instance, call_agent
from durable_objects.job.store import JobStore
from durable_objects.job.view import status

MANAGER = "warehouse-manager"

MAX_SQLITE_RESULT = 1_000_000  # characters; a larger result goes to R2


@dataclass(frozen=True, slots=True)
class Archive:
    env: Any
    store: JobStore

    async def keep_result(self, row: Mapping[str, Any], text: str) -> bool:
        """Put a large result into R2. False for a small one: it is put with the change of state, in one stretch."""
        if len(text) <= MAX_SQLITE_RESULT:
            return False
        await self.env.ARCHIVE.put(result_key(row), text)
        return True

    async def result(self, row: Mapping[str, Any]) -> dict[str, str] | None:
        """{"text"} or {"r2": key}; None when there is none."""
        text = self.store.text("result")
        if text is not None:
            return {"text": text}
        key = result_key(row)
        return {"r2": key} if (await self.env.ARCHIVE.head(key)) is not None else None

    async def result_text(self, row: Mapping[str, Any]) -> str:
        """The OptimizeResult of a job that succeeded."""
        text = self.store.text("result")
        return text if text is not None else str(await (await self.env.ARCHIVE.get(result_key(row))).text())

    async def make_report(self, row: Mapping[str, Any], trace_id: str) -> None:
        """The warehouse manager writes the report; this object puts it into R2, so the agent needs no credentials.

        Raises ProblemError as the agent answers.
        """
        data = json.loads(self.store.text("data") or "{}")
        body = dumps(
            {
                "action": "report",
                "job": status(row),
                "result": json.loads(await self.result_text(row)),
                "layout": data.get("layout"),
                "warehouse": row["warehouse"],
            }
        )
        context = Context(trace_id)
        response = await call_agent(
            self.env,
            agent=MANAGER,
            session=await any_instance(self.env, MANAGER, context),
            method="POST",
            path="/manage",
            identity=Identity(row["tenant"], f"job:{row['id']}", "agent"),
            body=body,
            headers={"content-type": "application/json", "accept": "text/html"},
            context=context,
            idempotent=True,
        )
        html = await response.text()
        await self.env.ARCHIVE.put(report_key(row), html, httpMetadata={"contentType": "text/html; charset=utf-8"})


def result_key(row: Mapping[str, Any]) -> str:
    return f"results/{row['tenant']}/{row['warehouse']}/{row['id']}.json"


def report_key(row: Mapping[str, Any]) -> str:
    return f"reports/{row['tenant']}/{row['warehouse']}/{row['id']}.html"
