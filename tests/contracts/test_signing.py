"""The signed identity that the edge hands to an agent."""

from __future__ import annotations

import pytest

from contracts.errors import ProblemError
from contracts.signing import EXPIRES, ROLE, SIGNATURE, SUBJECT, TENANT, Identity, sign, verify

KEY = "a-key-of-some-length"
NOW = 1_800_000_000.0
WHO = Identity("acme", "anna@exämple.org/ops", "operator")


def headers(**changes: object) -> dict[str, str]:
    arguments = {"method": "POST", "path": "/sync?kind=orders", "identity": WHO, "now": NOW} | changes
    return sign(KEY, **arguments)  # type: ignore[arg-type]


def check(given: dict[str, str], keys: tuple[str, ...] = (KEY,), now: float = NOW, **changes: str) -> Identity:
    return verify(keys, headers=given, now=now, **({"method": "POST", "path": "/sync?kind=orders"} | changes))


def test_what_was_signed_comes_back_as_it_was_even_with_characters_that_headers_cannot_hold() -> None:
    given = headers()
    assert check(given) == WHO
    assert all(value.isascii() and "\n" not in value for value in given.values())


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"method": "GET"}, "another method"),
        ({"path": "/sync?kind=stock"}, "another query"),
        ({"path": "/manage?kind=orders"}, "another path"),
        ({"now": NOW + 60 + 6}, "after the minute and the skew"),
        ({"now": NOW - 3600}, "a lifetime that nobody signs"),
        ({"keys": ("another-key",)}, "another key"),
        ({"keys": ()}, "no key"),
        ({"keys": ("",)}, "an empty key"),
    ],
)
def test_a_signature_holds_for_one_request_one_key_and_a_minute(changes: dict[str, object], why: str) -> None:
    with pytest.raises(ProblemError) as caught:
        check(headers(), **changes)  # type: ignore[arg-type]
    assert caught.value.code == "unauthenticated", why


@pytest.mark.parametrize("name", [TENANT, SUBJECT, ROLE, EXPIRES, SIGNATURE])
def test_each_header_is_needed_and_none_can_be_changed(name: str) -> None:
    given = headers()
    without = {key: value for key, value in given.items() if key != name}
    with pytest.raises(ProblemError, match=name):
        check(without)
    with pytest.raises(ProblemError):
        check(given | {name: given[name] + "1"})


def test_values_cannot_be_moved_from_one_field_to_the_next() -> None:
    one = headers(identity=Identity("a\nb", "c", "viewer"))
    two = headers(identity=Identity("a", "b\nc", "viewer"))
    assert one[SIGNATURE] != two[SIGNATURE]


def test_the_previous_key_is_accepted_while_a_rotation_overlaps() -> None:
    assert check(headers(), keys=("the-new-key", KEY)) == WHO


@pytest.mark.parametrize(
    ("key", "changes"),
    [("", {}), (KEY, {"identity": Identity("t", "s", "root")}), (KEY, {"lifetime_s": 0}), (KEY, {"lifetime_s": 3601})],
)
def test_signing_refuses_what_no_agent_would_accept(key: str, changes: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        sign(key, **({"method": "GET", "path": "/", "identity": WHO, "now": NOW} | changes))  # type: ignore[arg-type]
