"""The tokens with which agents call back, on real workerd: what they reach, and what is refused."""

from __future__ import annotations

import time
from typing import Any

import pytest

from contracts import agent_tokens
from tests.edge.apart import OLD_SIGNING_KEY, SIGNING_KEY, Apart
from tests.edge.warehouses import body, fresh_id


def token(key: str = SIGNING_KEY, **changes: Any) -> str:
    about = {"tenant": "default", "subject": "agent:sync:key:x", "warehouses": None, "now": time.time(), **changes}
    return agent_tokens.make(key, **about)


def test_an_agent_acts_for_its_tenant_like_an_operator_and_is_no_admin(apart: Apart) -> None:
    with apart.client(token()) as http:
        who = http.get("/v1/me").json()
        assert (who["tenant"], who["role"], who["via"]) == ("default", "agent", "agent-token")
        assert who["subject"] == "agent:sync:key:x"
        assert http.get("/v1/warehouses").status_code == 200
        assert http.get("/v1/keys").status_code == 403
        assert http.post("/v1/keys", json={"name": "x", "role": "admin"}).status_code == 403


def test_it_reaches_the_warehouses_of_whoever_asked_and_no_other(apart: Apart) -> None:
    mine, other = fresh_id("apart"), fresh_id("apart")
    with apart.client(apart.key(role="admin")) as admin:
        for name in (mine, other):
            assert admin.post("/v1/warehouses", json=body(name)).status_code == 201
    with apart.client(token(warehouses=frozenset({mine}))) as http:
        assert http.get(f"/v1/warehouses/{mine}").status_code == 200
        assert http.get(f"/v1/warehouses/{other}").status_code == 403
    with apart.client(token(tenant="rival")) as http:
        assert http.get(f"/v1/warehouses/{mine}").status_code == 404


def test_a_token_signed_with_the_key_before_the_rotation_still_counts(apart: Apart) -> None:
    with apart.client(token(OLD_SIGNING_KEY)) as http:
        assert http.get("/v1/me").status_code == 200


@pytest.mark.parametrize("fault", ["expired", "another key", "changed claims", "no signature", "not base64"])
def test_what_is_not_genuine_or_over_is_401(apart: Apart, fault: str) -> None:
    good = token()
    head, _, signature = good.rpartition(".")
    bad = {
        "expired": token(now=time.time() - agent_tokens.LIFETIME_S - 10),
        "another key": token("another-signing-key-altogether-xx"),
        "changed claims": f"{token(tenant='rival').rpartition('.')[0]}.{signature}",
        "no signature": f"{head}.",
        "not base64": f"{agent_tokens.PREFIX}~.~",
    }[fault]
    with apart.client(bad) as http:
        answer = http.get("/v1/me")
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
