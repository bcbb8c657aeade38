"""Tokens of issuers that publish their keys, on real workerd: genuine ones open the door, others do not, keys rotate."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import jwt as pyjwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.edge.apart import HS_ISSUER, HS_SECRET, Apart
from tests.edge.issuer import Issuer

ALGORITHMS = ("RS256", "ES256")


def me(apart: Apart, token: str, isolate: int = 0) -> tuple[int, Any]:
    with apart.client(token, isolate) as http:
        answer = http.get("/v1/me")
        return answer.status_code, answer.json()


@pytest.fixture(params=ALGORITHMS)
def issuer(request: pytest.FixtureRequest, apart: Apart) -> Issuer:
    return apart.issuers[request.param]


def test_a_genuine_token_is_its_subject_with_the_claimed_role_in_the_issuers_tenant(
    apart: Apart, issuer: Issuer
) -> None:
    status, who = me(apart, issuer.token(sub="ann", role="viewer", tenant="default"))
    assert status == 200, who
    tenant = f"of-{issuer.algorithm.lower()}"  # configured, never the token's word
    assert who == {"tenant": tenant, "subject": "jwt:ann", "role": "viewer", "warehouses": None, "via": "jwt"}


def test_an_expired_early_foreign_or_nameless_token_is_401_within_60_s_of_skew(apart: Apart, issuer: Issuer) -> None:
    now = time.time()
    for wrong in (
        {"exp": now - 90},
        {"exp": None},
        {"nbf": now + 90},
        {"iat": now + 90},
        {"aud": "another-service"},
        {"aud": None},
        {"iss": "https://elsewhere.example"},
        {"sub": None},
        {"role": "agent"},
        {"role": None},
    ):
        token = issuer.token(**wrong)
        status, problem = me(apart, token)
        assert (status, problem["code"]) == (401, "unauthenticated"), wrong
    assert me(apart, issuer.token(exp=now - 30))[0] == 200
    assert me(apart, issuer.token(nbf=now + 30))[0] == 200
    assert me(apart, issuer.token(aud=["x", "storemax"]))[0] == 200


def test_a_forged_signature_and_a_confused_algorithm_are_401(apart: Apart, issuer: Issuer) -> None:
    assert me(apart, issuer.token())[0] == 200
    public = next(iter(issuer._keys.values())).public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    head, claims, signature = issuer.token().split(".")
    kid = next(iter(issuer._keys))
    none = pyjwt.encode(pyjwt.decode(issuer.token(), options={"verify_signature": False}), "", "none", {"kid": kid})
    other = "RS256" if issuer.algorithm == "ES256" else "ES256"
    forged = {
        "another key under the known id": issuer.token(key=issuer.new_key()),
        "the other algorithm's issuer's key": apart.issuers[other].token(iss=issuer.url, kid=kid),
        "alg none": none,
        "no signature": f"{head}.{claims}.",
        "claims of another token": f"{head}.{issuer.token(role='admin').split('.')[1]}.{signature}",
        "the public key as an HMAC secret": _hmac(head, claims, pem),
    }
    for name, token in forged.items():
        status, problem = me(apart, token)
        assert (status, problem["code"]) == (401, "unauthenticated"), name


def _hmac(head: str, claims: str, secret: bytes) -> str:
    """A token signed by hand: libraries refuse to use a public key for this."""
    header = json.loads(base64.urlsafe_b64decode(head + "=="))
    header["alg"] = "HS256"
    first = base64.urlsafe_b64encode(json.dumps(header).encode()).decode().rstrip("=")
    signature = hmac.new(secret, f"{first}.{claims}".encode(), hashlib.sha256).digest()
    return f"{first}.{claims}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


def test_keys_are_fetched_once_a_rotated_one_is_found_at_once_and_made_up_ids_cost_few_fetches(
    apart: Apart, issuer: Issuer
) -> None:
    assert me(apart, issuer.token(), isolate=1)[0] == 200
    before = issuer.fetched
    for number in range(5):  # other tokens, so that the isolate's memory of credentials does not answer
        assert me(apart, issuer.token(sub=f"user-{number}"), isolate=1)[0] == 200
    assert issuer.fetched == before
    old = issuer.token(sub="old")
    issuer.rotate("second")
    assert me(apart, issuer.token(), isolate=1)[0] == 200
    assert issuer.fetched == before + 1
    assert me(apart, old, isolate=1)[0] == 401  # no longer published
    fetched = issuer.fetched
    for number in range(12):
        assert me(apart, issuer.token(kid=f"made-up-{number}"), isolate=1)[0] == 401
    assert issuer.fetched - fetched <= 4
    issuer.away = True  # the issuer goes: what is known serves on
    try:
        assert me(apart, issuer.token(sub="while away"), isolate=1)[0] == 200
    finally:
        issuer.away = False


def test_a_token_by_a_shared_secret_opens_the_door_and_by_another_secret_does_not(apart: Apart) -> None:
    claims = {"iss": HS_ISSUER, "aud": "storemax", "sub": "eve", "role": "viewer", "exp": time.time() + 300}
    status, who = me(apart, pyjwt.encode(claims, HS_SECRET, "HS256"))
    assert (status, who["tenant"], who["subject"], who["via"]) == (200, "of-hs256", "jwt:eve", "jwt")
    assert me(apart, pyjwt.encode(claims, "x" * 40, "HS256"))[0] == 401
    assert me(apart, pyjwt.encode(claims, HS_SECRET, "HS512"))[0] == 401
    assert me(apart, pyjwt.encode({**claims, "exp": time.time() - 90}, HS_SECRET, "HS256"))[0] == 401


def test_with_an_issuer_that_was_never_reached_a_token_is_503_with_retry_after(apart: Apart) -> None:
    """Not 401: the token may be good."""
    lost = apart.issuers["lost"]
    with apart.client(lost.token()) as http:
        answer = http.get("/v1/me")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert int(answer.headers["retry-after"]) >= 1
