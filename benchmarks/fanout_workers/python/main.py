"""The yardstick: a Python object that stores a message and sends it to every hibernating WebSocket, nothing else."""

import js
from workers import DurableObject, Response, WorkerEntrypoint

__all__ = ["Default", "Room"]


class Room(DurableObject):
    def __init__(self, ctx, env):
        super().__init__(ctx, env)
        self._raw = ctx._ctx
        self._raw.storage.sql.exec("CREATE TABLE IF NOT EXISTS message (n INTEGER PRIMARY KEY, text TEXT NOT NULL)")

    async def fetch(self, request):
        if request.headers.get("upgrade") == "websocket":
            client, server = js.WebSocketPair.new().object_values()
            self._raw.acceptWebSocket(server)
            return js.Response.new(None, status=101, webSocket=client)
        text = await request.text()
        self._raw.storage.sql.exec("INSERT INTO message (text) VALUES (?)", text)
        for socket in self._raw.getWebSockets():
            socket.send(text)
        return Response("sent")

    async def webSocketClose(self, socket, _code, _reason, _was_clean):
        socket.close(1000, "bye")


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        if request.method == "GET" and not request.headers.get("upgrade"):
            return Response("ready")
        response = await self.env.ROOM.getByName("room").fetch(request.js_object)
        return response.js_object
