"""The yardstick: a Python Worker that calls a Durable Object, which does one upsert and nothing else.

POST / adds one line, POST /bulk adds many in one statement; bodies are as small as they can be.
"""

import json
from urllib.parse import urlsplit

from workers import DurableObject, Response, WorkerEntrypoint

__all__ = ["Default", "Shelf"]

UPSERT = " ON CONFLICT (location, sku) DO UPDATE SET quantity = quantity + excluded.quantity"


class Shelf(DurableObject):
    def __init__(self, ctx, env):
        super().__init__(ctx, env)
        self._exec = ctx._ctx.storage.sql.exec
        self._exec(
            "CREATE TABLE IF NOT EXISTS stock (location TEXT, sku TEXT, quantity INTEGER NOT NULL,"
            " PRIMARY KEY (location, sku)) WITHOUT ROWID"
        )

    async def add(self, text):
        line = json.loads(text)
        row = self._exec(
            f"INSERT INTO stock VALUES (?, ?, ?){UPSERT} RETURNING quantity",
            line["location"],
            line["sku"],
            line["delta"],
        ).one()
        return json.dumps({"quantity": row.quantity})

    async def add_all(self, text):
        self._exec(
            "INSERT INTO stock SELECT value ->> 'location', value ->> 'sku', value ->> 'delta'"
            f" FROM json_each(?, '$.lines') WHERE true{UPSERT}",
            text,
        )
        return "{}"


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        if request.method == "GET":
            return Response("ready")
        shelf = self.env.SHELF.getByName("shelf")
        text = await request.text()
        answer = await (shelf.add_all(text) if urlsplit(request.url).path == "/bulk" else shelf.add(text))
        return Response(answer, headers={"content-type": "application/json"})
