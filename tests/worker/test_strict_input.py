"""Bodies, keys, cookies, headers and paths that are wrong are refused with a reason; those that are right are read."""

from __future__ import annotations

from typing import Annotated

import pytest
from pydantic import Field

from contracts.base import Model
from contracts.errors import ProblemError
from contracts.redact import redact
from contracts.trace import trace_id_of
from worker.auth import api_keys, cookies
from worker.body import depth_of, parse_json, validated, validated_lines
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


class _Order(Model):
    id: str
    quantity: Annotated[int, Field(ge=1)]


class _Orders(Model):
    orders: Annotated[tuple[_Order, ...], Field(min_length=1, max_length=3)]


def test_ndjson_is_the_list_line_by_line_and_blank_lines_do_not_count() -> None:
    body = validated_lines(_Orders, "orders", b'{"id":"a","quantity":1}\n\n  \r\n{"id":"b","quantity":2}')
    assert body == _Orders(orders=(_Order(id="a", quantity=1), _Order(id="b", quantity=2)))


def test_every_fault_of_every_line_is_told_in_one_go_at_the_line_that_it_is_in() -> None:
    lines = [b'{"id":"a","quantity":0}', b"{", b'{"id":1,"id":2}', b'{"id":"d","quantity":1,"x":1}', b'"\xff"']
    with pytest.raises(ProblemError) as caught:
        validated_lines(_Orders, "orders", b"\n".join(lines))
    assert caught.value.code == "malformed-body"
    told = {fault.pointer: fault.detail for fault in caught.value.errors}
    assert list(told) == ["/orders/0/quantity", "/orders/1", "/orders/2", "/orders/3/x", "/orders/4"]
    assert told["/orders/1"].startswith("line 2: the body is not JSON")
    assert "stands twice" in told["/orders/2"]
    assert "UTF-8" in told["/orders/4"]


def test_ndjson_without_a_line_or_with_too_many_is_invalid() -> None:
    for data in (b"", b"\n\n", b'{"id":"a","quantity":1}\n' * 4):
        with pytest.raises(ProblemError) as caught:
            validated_lines(_Orders, "orders", data)
        assert (caught.value.code, caught.value.errors[0].pointer) == ("invalid", "/orders")


def test_a_flood_of_faults_is_counted_and_the_first_thousand_are_listed() -> None:
    with pytest.raises(ProblemError, match="and 4999 more") as caught:
        validated_lines(_Orders, "orders", b"{\n" * 5000)
    assert len(caught.value.errors) == 1000


def test_a_list_of_one_wrong_element_is_not_told_to_be_too_short() -> None:
    with pytest.raises(ProblemError) as caught:
        validated(_Orders, b'{"orders":[{"id":"a","quantity":0}]}')
    assert [fault.pointer for fault in caught.value.errors] == ["/orders/0/quantity"]
    with pytest.raises(ProblemError) as caught:
        validated(_Orders, b'{"orders":[]}')
    assert [fault.pointer for fault in caught.value.errors] == ["/orders"]
