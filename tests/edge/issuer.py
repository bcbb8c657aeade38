"""An issuer of JSON Web Tokens on this machine: it signs, publishes its keys, rotates them, and goes away."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

AUDIENCE = "storemax"


class Issuer:
    """`url` is both its name and where its keys are. One algorithm, as the gateway wants it."""

    def __init__(self, algorithm: str) -> None:
        self.algorithm = algorithm
        self.fetched = 0  # how often its keys were asked for
        self.away = False
        self._keys: dict[str, Any] = {}
        self.rotate("first")
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.fetched += 1
                body = json.dumps({"keys": outer._published()}).encode()
                self.send_response(503 if outer.away else 200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/keys"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def rotate(self, kid: str) -> None:
        """From now on `kid` signs, and it alone is published."""
        self._keys = {kid: self.new_key()}

    def new_key(self) -> PrivateKeyTypes:
        if self.algorithm == "ES256":
            return ec.generate_private_key(ec.SECP256R1())
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def _published(self) -> list[dict[str, Any]]:
        shown = jwt.algorithms.get_default_algorithms()[self.algorithm]
        return [
            {**shown.to_jwk(key.public_key(), as_dict=True), "kid": kid, "use": "sig"}
            for kid, key in self._keys.items()
        ]  # type: ignore[attr-defined]

    def token(self, *, kid: str | None = None, key: Any = None, algorithm: str | None = None, **changes: Any) -> str:
        """A good token, unless `changes` (None takes a claim away), another kid, key or algorithm make it a bad one."""
        known, own = next(iter(self._keys.items()))
        claims = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": "ann",
            "role": "operator",
            "exp": time.time() + 300,
            **changes,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(claims, key or own, algorithm or self.algorithm, headers={"kid": kid or known})
