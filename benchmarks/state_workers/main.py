"""The yardstick: a Python Worker that calls a Durable Object, which does one upsert and says what is there."""

import json

from workers import DurableObject, Response, WorkerEntrypoint

__all__ = ["Default", "Shelf"]


class Shelf(DurableObject):
    def __init__(self, ctx, env):
        super().__init__(ctx, env)
        self._exec = ctx._ctx.storage.sql.exec
        self._exec("CREATE TABLE IF NOT EXISTS stock (sku TEXT PRIMARY KEY, quantity INTEGER NOT NULL) WITHOUT ROWID")

    async def add(self, text):
        line = json.loads(text)
        row = self._exec(
            "INSERT INTO stock (sku, quantity) VALUES (?, ?)"
            " ON CONFLICT (sku) DO UPDATE SET quantity = quantity + excluded.quantity RETURNING quantity",
            line["sku"],
            line["delta"],
        ).one()
        return json.dumps({"quantity": row.quantity})


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        if request.method == "GET":
            return Response("ready")
        text = await self.env.SHELF.getByName("shelf").add(await request.text())
        return Response(text, headers={"content-type": "application/json"})
