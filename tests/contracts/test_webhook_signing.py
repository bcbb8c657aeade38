"""Standard Webhooks 1.0: the specification's own example, and what must not pass."""

import base64

import pytest

from contracts.webhook_signing import ID, SIGNATURE, TIMESTAMP, new_secret, sign, verify

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = '{"test": 2432232314}'


def test_the_specifications_example_is_signed_as_it_says() -> None:
    headers = sign(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, BODY)
    assert headers[SIGNATURE] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert verify(SECRET, headers, BODY, 1614265330 + 299)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"body": BODY + " "}, "another body"),
        ({ID: "msg_other"}, "another message"),
        ({TIMESTAMP: "1614265331"}, "another time"),
        ({TIMESTAMP: "soon"}, "no time"),
        ({SIGNATURE: ""}, "no signature"),
        ({"now": 1614265330 + 301}, "too old: a recorded delivery that is played back"),
        ({"secret": new_secret(b"x" * 32)}, "another secret"),
    ],
)
def test_a_delivery_that_was_changed_or_is_old_does_not_pass(change: dict, why: str) -> None:
    headers = sign(SECRET, "msg_1", 1614265330, BODY)
    headers |= {name: value for name, value in change.items() if name in headers}
    secret, body, now = change.get("secret", SECRET), change.get("body", BODY), change.get("now", 1614265330)
    assert not verify(secret, headers, body, now), why


def test_one_right_signature_among_several_is_enough() -> None:
    headers = sign(SECRET, "msg_1", 1614265330, BODY)
    headers[SIGNATURE] = f"v1,{base64.b64encode(b'old').decode()} {headers[SIGNATURE]}"
    assert verify(SECRET, headers, BODY, 1614265330)


def test_a_secret_holds_at_least_24_bytes() -> None:
    assert new_secret(b"y" * 24).startswith("whsec_")
    with pytest.raises(ValueError, match="24 to 64"):
        new_secret(b"short")
