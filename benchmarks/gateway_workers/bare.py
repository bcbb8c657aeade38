"""The yardstick: a Python Worker that does nothing."""

from workers import Response, WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def fetch(self, _request):
        return Response("hello")
