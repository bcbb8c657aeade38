"""A Worker that does nothing but import pydantic: its share of the product's import."""

import pydantic  # noqa: F401
from workers import Response, WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def fetch(self, _request):
        return Response("hello")
