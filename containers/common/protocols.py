"""The protocol version that a request was settled on, as a FastAPI dependency: `speaks: CurrentProtocol`.

A handler whose answer differs between versions asks for it, and goes on answering the older one as before.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

PROTOCOL_SCOPE_KEY = "storemax.protocol"


def current_protocol(connection: HTTPConnection) -> int:
    version: int = connection.scope[PROTOCOL_SCOPE_KEY]
    return version


CurrentProtocol = Annotated[int, Depends(current_protocol)]
