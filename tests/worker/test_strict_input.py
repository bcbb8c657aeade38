"""Bodies, keys, cookies, headers and paths that are wrong are refused with a reason; those that are right are read."""

from __future__ import annotations

import pytest

from contracts.errors import ProblemError
from contracts.redact import redact
from contracts.trace import trace_id_of
from worker.auth import api_keys, cookies
from worker.body import depth_of, parse_json
from worker.etags import matches
from worker.media import acceptable
from worker.routing import _clean
from worker.urls import split_url


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{", "not JSON"),
        (b'{"a":1,"a":2}', "stands twice"),
        (b'{"a":NaN}', "NaN"),
        (b'{"a":-Infinity}', "Infinity"),
        (b'"\xff"', "UTF-8"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        (b"[" * 100 + b"]" * 100, "nested deeper"),
        (b"[" * 200_000, "nested deeper"),
        (b"9" * 500, "digits"),
        (b"", "not JSON"),
    ],
)
def test_a_body_that_two_parsers_could_read_differently_is_malformed(body: bytes, reason: str) -> None:
    with pytest.raises(ProblemError, match=reason) as caught:
        parse_json(body)
    assert caught.value.status == 400


def test_brackets_inside_strings_do_not_count_as_depth() -> None:
    text = '{"a":"' + "[" * 500 + '\\"' + "{" * 500 + '"}'
    assert depth_of(text) == 1
    assert parse_json(text.encode())["a"].startswith("[[")


def test_a_made_key_parses_and_any_changed_character_does_not() -> None:
    key = api_keys.make("acme_east", bytes(range(60)))
    assert api_keys.parse(key.text) == key
    assert key.tenant == "acme_east"
    for index in range(len(key.text)):
        changed = key.text[:index] + ("x" if key.text[index] != "x" else "y") + key.text[index + 1 :]
        assert api_keys.parse(changed) is None, index


def test_a_session_cookie_that_stands_twice_is_none() -> None:
    assert cookies.read("a=1; smx_session=s", secure=False) == "s"
    assert cookies.read("smx_session=a; smx_session=b", secure=False) is None
    assert cookies.read("smx_session=s", secure=True) is None


@pytest.mark.parametrize("segment", ["..", "a%2Fb", "a%5Cb", "%00", "%ff", "a" * 300, "%0d%0aset-cookie:x"])
def test_a_path_parameter_that_could_climb_or_split_is_refused(segment: str) -> None:
    with pytest.raises(ProblemError):
        _clean(segment)


def test_logs_hold_no_credentials() -> None:
    line = redact('{"h":"Bearer abc.def","k":"smx_acme_Zk3q_secret","j":"eyJhbGciOiJub25lIn0.e30.x"}')
    assert "secret" not in line and "abc" not in line and "eyJ" not in line


def test_the_best_of_what_is_offered_is_chosen() -> None:
    assert acceptable("text/html;q=0.5, application/json", ("text/html", "application/json")) == "application/json"
    assert acceptable("image/*", ("application/json",)) is None
    assert acceptable("application/json;q=0, */*", ("application/json",)) is None
    assert acceptable("", ("application/json",)) == "application/json"


def test_conditions_trace_ids_and_urls_are_read_by_the_letter() -> None:
    assert matches('W/"a", "b"', '"a"') and matches("*", '"a"') and not matches('"c"', '"a"')
    assert trace_id_of("00-" + "0" * 32 + "-b7ad6b7169203331-01") is None
    assert trace_id_of("00-" + "a" * 32 + "-b7ad6b7169203331-01") == "a" * 32
    assert split_url("https://h.example/a/b?c=d") == ("https://h.example", "/a/b", "c=d")
