"""Tokens of trusted issuers, by the clauses of RFC 8725; and key sets that rotate and fail."""

from __future__ import annotations

import jwt as pyjwt
import pytest

from contracts.errors import ProblemError
from worker.auth.jwks import AT_ONCE, PAUSE_S, KeySets
from worker.auth.jwt import Issuer, check_claims, hs256_genuine, take_apart

SECRET = "s" * 40
NOW = 1_800_000_000.0
ISSUER = Issuer("https://id.example", "storemax", "HS256", "acme", secret="ACME_SECRET")
CLAIMS = {"iss": ISSUER.issuer, "aud": "storemax", "sub": "ann", "role": "operator", "exp": NOW + 300}


def made(secret: str = SECRET, algorithm: str = "HS256", **changes: object) -> str:
    claims = {name: value for name, value in {**CLAIMS, **changes}.items() if value is not None}
    return pyjwt.encode(claims, secret, algorithm=algorithm)


def test_a_genuine_token_gives_subject_role_and_expiry_with_skew() -> None:
    token = take_apart(made())
    assert hs256_genuine(token, SECRET)
    assert check_claims(token, ISSUER, NOW) == ("ann", "operator", NOW + 360)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"aud": "other"}, "audience"),
        ({"exp": NOW - 61}, "expired"),
        ({"exp": None}, "expired"),
        ({"exp": "soon"}, "no instant"),
        ({"nbf": NOW + 120}, "not valid yet"),
        ({"sub": ""}, "no subject"),
        ({"role": "agent"}, "no role"),
        ({"role": None}, "no role"),
    ],
)
def test_a_wrong_claim_is_refused_by_name(changes: dict[str, object], reason: str) -> None:
    # Encoded by hand where the library itself would refuse to.
    import base64
    import json

    claims = {name: value for name, value in {**CLAIMS, **changes}.items() if value is not None}
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in ({"alg": "HS256"}, claims)
    ]
    with pytest.raises(ProblemError, match=reason):
        check_claims(take_apart(".".join([*parts, "AA"])), ISSUER, NOW)


def test_alg_none_and_another_algorithm_than_the_issuers_are_refused() -> None:
    with pytest.raises(ProblemError, match="algorithm"):
        check_claims(take_apart(made("", "none")), ISSUER, NOW)
    with pytest.raises(ProblemError, match="algorithm"):
        check_claims(take_apart(made("x" * 64, "HS512")), ISSUER, NOW)


def test_a_changed_token_and_a_short_secret_are_not_genuine() -> None:
    assert not hs256_genuine(take_apart(made("t" * 40)), SECRET)
    assert not hs256_genuine(take_apart(made("short" * 4)), "short" * 4)


async def test_a_rotated_key_is_found_at_once_and_made_up_ids_do_not_hammer_the_issuer() -> None:
    sets, fetched = KeySets(), []
    published = [{"kid": "old"}]

    async def fetch(url: str) -> dict:
        fetched.append(url)
        return {"keys": list(published)}

    assert await sets.find("u", "old", 0.0, fetch) == {"kid": "old"}
    published.append({"kid": "new"})
    assert await sets.find("u", "new", 1.0, fetch) == {"kid": "new"}
    for number in range(50):
        assert await sets.find("u", f"made-up-{number}", 2.0, fetch) is None
    assert len(fetched) == AT_ONCE  # two for the real ones, the rest for made-up ones, and then no more
    published.append({"kid": "newest"})
    assert await sets.find("u", "newest", 2.0 + PAUSE_S / 2, fetch) is None
    assert await sets.find("u", "newest", 2.0 + PAUSE_S, fetch) == {"kid": "newest"}


async def test_known_keys_serve_while_the_issuer_is_away() -> None:
    sets = KeySets()

    async def fetch(_url: str) -> dict:
        return {"keys": [{"kid": "a"}]}

    async def away(_url: str) -> dict:
        raise ProblemError("unavailable", "away")

    await sets.find("u", "a", 0.0, fetch)
    assert await sets.find("u", "a", 4000.0, away) == {"kid": "a"}
    with pytest.raises(ProblemError, match="unavailable"):
        await sets.find("u", "a", 90_000.0, away)


async def test_an_issuer_that_never_answered_is_unavailable_also_when_it_may_not_be_asked_again() -> None:
    sets = KeySets()

    async def away(_url: str) -> dict:
        raise ProblemError("unavailable", "away")

    for _ in range(AT_ONCE + 3):
        with pytest.raises(ProblemError, match="unavailable"):
            await sets.find("u", "a", 0.0, away)


async def test_a_key_set_of_another_shape_holds_no_keys() -> None:
    for found in ([], {"keys": None}, {"keys": ["a", {"kty": "RSA"}]}, "x"):

        async def fetch(_url: str, found: object = found) -> object:
            return found

        assert await KeySets().find("u", "a", 0.0, fetch) is None
