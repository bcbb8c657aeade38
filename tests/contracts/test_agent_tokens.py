"""An agent's token acts for its tenant for some minutes; nobody without the signing key makes or changes one."""

from __future__ import annotations

import base64
import json

import pytest

from contracts.agent_tokens import LIFETIME_S, PREFIX, make, verify
from contracts.errors import ProblemError
from contracts.redact import redact

KEY, NOW = "k" * 32, 1_800_000_000.0


def token(key: str = KEY, **changes: object) -> str:
    claims = {"tenant": "acme", "subject": "agent:sync:s1", "warehouses": None, "now": NOW, **changes}
    return make(key, **claims)  # type: ignore[arg-type]


def test_a_genuine_token_gives_tenant_subject_warehouses_and_end() -> None:
    found = verify([KEY], token(warehouses=frozenset({"berlin"})), NOW + 60)
    assert (found.tenant, found.subject, found.warehouses) == ("acme", "agent:sync:s1", frozenset({"berlin"}))
    assert found.expires == NOW + LIFETIME_S


def test_the_key_before_the_last_rotation_still_counts() -> None:
    assert verify(["new" * 12, KEY], token(), NOW).tenant == "acme"


@pytest.mark.parametrize("later", [LIFETIME_S + 6, 86_400])
def test_a_token_ends(later: float) -> None:
    with pytest.raises(ProblemError, match="expired"):
        verify([KEY], token(), NOW + later)


def test_every_changed_character_and_every_other_key_is_refused() -> None:
    good = token()
    for index in range(len(PREFIX), len(good) - 1):  # the last character of base64 holds unused bits
        changed = good[:index] + ("A" if good[index] != "A" else "B") + good[index + 1 :]
        with pytest.raises(ProblemError, match="no agent token"):
            verify([KEY], changed, NOW)
    for keys in (["x" * 32], [""], []):
        with pytest.raises(ProblemError, match="no agent token"):
            verify(keys, good, NOW)


def test_claims_without_a_signature_are_refused() -> None:
    body = base64.urlsafe_b64encode(json.dumps({"t": "acme", "s": "x", "e": NOW + 60}).encode()).decode().rstrip("=")
    for text in (f"{PREFIX}{body}.", f"{PREFIX}{body}", PREFIX, f"{PREFIX}..", f"{PREFIX}{body}.ü"):
        with pytest.raises(ProblemError, match="no agent token"):
            verify([KEY], text, NOW)


def test_none_is_made_without_a_key_or_for_days() -> None:
    with pytest.raises(ValueError, match="signing key"):
        token("")
    with pytest.raises(ValueError, match="lifetime"):
        token(lifetime_s=86_400)


def test_logs_hold_none() -> None:
    assert token()[10:] not in redact(f'{{"authorization":"{token()}"}}')
