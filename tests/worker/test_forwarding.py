"""What passes the gateway on its way to an agent and back."""

from __future__ import annotations

from types import SimpleNamespace

from contracts import agent_tokens
from contracts.signing import verify
from worker.call import Call, Principal
from worker.forwarding import (
    exchanged,
    lost_on_the_way_in,
    lost_on_the_way_out,
    named_by_connection,
    said_by_the_gateway,
    signed,
)


def call(**changes: object) -> Call:
    env = SimpleNamespace(STOREMAX_SIGNING_KEY="k" * 32)
    known = {"method": "POST", "now": 1000.0, "limit_headers": (("ratelimit", "r"),), **changes}
    params = known.pop("params", {})
    return Call(env, None, None, Principal("acme", "key:1", "operator"), params, "a" * 32, **known)  # type: ignore[arg-type]


def test_a_connection_header_takes_the_headers_that_it_names_along() -> None:
    assert named_by_connection("close, X-Once ,,x-twice") == ("close", "x-once", "x-twice")
    assert named_by_connection(None) == ()
    assert "x-once" in lost_on_the_way_in("X-Once", upgrade=False)
    assert "x-once" in lost_on_the_way_out("x-once")


def test_hop_by_hop_headers_pass_neither_way() -> None:
    for names in (lost_on_the_way_in(None, upgrade=False), lost_on_the_way_out(None)):
        assert {"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"} <= set(names)
        assert {"proxy-authenticate", "proxy-authorization", "proxy-connection"} <= set(names)


def test_an_upgrade_keeps_what_asks_for_it_and_nothing_else() -> None:
    names = lost_on_the_way_in("upgrade, x-once", upgrade=True)
    assert "upgrade" not in names and "connection" not in names
    assert {"x-once", "te", "authorization"} <= set(names)


def test_a_client_can_tell_an_agent_neither_credentials_nor_identity_nor_port() -> None:
    names = set(lost_on_the_way_in(None, upgrade=False))
    assert {"authorization", "cookie", "x-csrf-token"} <= names
    assert {"x-storemax-tenant", "x-storemax-role", "x-storemax-signature", "cf-container-target-port"} <= names


def test_the_identity_is_signed_for_this_request_and_trace_and_deadline_go_along() -> None:
    headers = signed(call(deadline=1002.5), "/optimize?x=1")
    who = verify(["k" * 32], method="POST", path="/optimize?x=1", headers=headers, now=1001.0)
    assert (who.tenant, who.subject, who.role) == ("acme", "key:1", "operator")
    assert headers["traceparent"].startswith("00-" + "a" * 32 + "-")
    assert headers["x-deadline"] == "1002.500"


def test_an_agent_gets_a_token_to_call_back_with_that_reaches_no_further_than_who_asked() -> None:
    asking = call(params={"agent_type": "sync"})
    asking.principal = Principal("acme", "key:1", "operator", frozenset({"berlin"}))
    token = agent_tokens.verify(["k" * 32], signed(asking, "/sync")[agent_tokens.HEADER], 1001.0)
    assert (token.tenant, token.subject, token.warehouses) == ("acme", "agent:sync:key:1", frozenset({"berlin"}))
    assert agent_tokens.HEADER in lost_on_the_way_in(None, upgrade=False)
    assert agent_tokens.HEADER in lost_on_the_way_out(None)


def test_every_answer_of_an_agent_carries_this_origins_headers_and_a_page_its_policy() -> None:
    cors = {"access-control-allow-origin": "https://a.example"}
    plain = dict(said_by_the_gateway(call(), "application/json", cors))
    page = dict(said_by_the_gateway(call(), "text/html; charset=utf-8", {}))
    assert plain["x-content-type-options"] == "nosniff"
    assert (plain["x-trace-id"], plain["ratelimit"]) == ("a" * 32, "r")
    assert plain["access-control-allow-origin"] == "https://a.example"
    assert "style-src" not in plain["content-security-policy"]
    assert "style-src 'unsafe-inline'" in page["content-security-policy"]
    assert "script-src" not in page["content-security-policy"]


def test_what_the_gateway_says_replaces_what_was_said_and_the_rest_passes_in_order() -> None:
    pairs = [("accept", "a/b"), ("cookie", "secret"), ("x-trace-id", "forged"), ("x-own", "1")]
    assert exchanged(pairs, ("cookie",), {"x-trace-id": "real"}) == [
        ("accept", "a/b"),
        ("x-own", "1"),
        ("x-trace-id", "real"),
    ]
