"""The same route as the product's, written the usual way with FastAPI on Workers: authenticated, rate-limited, from memory."""

import hashlib
import json
import time

import asgi
from fastapi import Depends, FastAPI, Header, HTTPException, Response
from workers import WorkerEntrypoint

KEY = hashlib.sha256(b"smx_dev_benchmark").hexdigest()
DOCUMENT = {"type": "parametric", "aisles": 4, "bays_per_block": 5, "levels": 1}
BUCKET = {"level": 1e9, "at": 0.0}
app = FastAPI(openapi_url=None)


async def principal(authorization: str = Header("")) -> str:
    scheme, _, token = authorization.partition(" ")
    if scheme != "Bearer" or hashlib.sha256(token.encode()).hexdigest() != KEY:
        raise HTTPException(401)
    return "admin"


async def limited(response: Response, who: str = Depends(principal)) -> str:
    now = time.time()
    BUCKET["level"] = min(1e9, BUCKET["level"] + (now - BUCKET["at"]) * 1e6) - 1
    BUCKET["at"] = now
    if BUCKET["level"] < 0:
        raise HTTPException(429)
    response.headers["ratelimit"] = f'"client";r={int(BUCKET["level"])};t=1'
    return who


@app.get("/v1/warehouses/{warehouse_id}/layout")
async def layout(warehouse_id: str, response: Response, who: str = Depends(limited)):
    response.headers["etag"] = '"v1"'
    print(json.dumps({"event": "request", "path": warehouse_id, "tenant": who, "status": 200}))
    return DOCUMENT


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return await asgi.fetch(app, request.js_object, self.env, self.ctx)
