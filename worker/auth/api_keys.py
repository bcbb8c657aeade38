"""API keys: `smx_<tenant>_<key id>_<secret>`, where the secret ends in a check sum.

The check sum (as in GitHub's tokens) lets the gateway refuse what was never a key without asking the registry object, so
that a flood of made-up keys costs no hop. It proves nothing: the registry compares the hash of the whole key.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from dataclasses import dataclass

PREFIX = "smx_"
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHECK_DIGITS = 6
SECRET_CHARACTERS = 40  # base 62: 238 bits
KEY_ID_CHARACTERS = 12

_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._\-]{0,63}")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key that has the right form: nothing is known yet about whether it exists."""

    tenant: str
    key_id: str
    text: str

    @property
    def digest(self) -> str:
        """What the registry stores: SHA-256, enough for a secret of 238 random bits (no dictionary can hold it)."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def make(tenant: str, entropy: bytes) -> ApiKey:
    """A new key from at least 52 random bytes."""
    if len(entropy) < SECRET_CHARACTERS + KEY_ID_CHARACTERS:
        raise ValueError("52 random bytes are needed")
    number = int.from_bytes(entropy, "big")
    characters = []
    for _ in range(SECRET_CHARACTERS + KEY_ID_CHARACTERS):
        number, digit = divmod(number, 62)
        characters.append(_ALPHABET[digit])
    key_id, secret = "".join(characters[:KEY_ID_CHARACTERS]), "".join(characters[KEY_ID_CHARACTERS:])
    body = f"{PREFIX}{tenant}_{key_id}_{secret}"
    return ApiKey(tenant, key_id, body + _check(body))


def parse(text: str) -> ApiKey | None:
    """The parts of a key whose form and check sum are right, else None."""
    if not text.startswith(PREFIX) or len(text) > 256 or not text.isascii():
        return None
    parts = text[len(PREFIX) :].rsplit("_", 2)  # a tenant may hold underscores, ids and secrets never do
    if len(parts) != 3 or not _TENANT.fullmatch(parts[0]):
        return None
    if len(parts[1]) != KEY_ID_CHARACTERS or len(parts[2]) != SECRET_CHARACTERS + _CHECK_DIGITS:
        return None
    if not (parts[1] + parts[2]).isalnum() or _check(text[:-_CHECK_DIGITS]) != text[-_CHECK_DIGITS:]:
        return None
    return ApiKey(parts[0], parts[1], text)


def _check(body: str) -> str:
    number = zlib.crc32(body.encode())
    digits = []
    for _ in range(_CHECK_DIGITS):
        number, digit = divmod(number, 62)
        digits.append(_ALPHABET[digit])
    return "".join(digits)
