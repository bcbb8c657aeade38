"""The dashboard's types are made from the contracts."""

from __future__ import annotations

import pytest

from tools.typescript_types import TARGET, declarations, to_type


def test_the_committed_types_are_what_the_contracts_say() -> None:
    assert TARGET.read_text() == declarations(), "run `npm run types` and commit frontend/src/api/types.gen.ts"


def test_a_received_field_with_a_default_is_always_there_and_a_sent_one_may_be_left_out() -> None:
    text = declarations()
    assert "  label?: string;" in text.split("export interface JobCreate {")[1].split("}")[0]
    assert "  label: string;" in text.split("export interface JobStatus {")[1].split("}")[0]


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "string | null"),
        ({"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "null"}]}}, "(string | null)[]"),
        ({"type": "array", "prefixItems": [{"type": "number"}, {"type": "number"}]}, "[number, number]"),
        ({"enum": ["a", 1, None]}, '"a" | 1 | null'),
    ],
)
def test_a_schema_becomes_its_typescript_form(schema: dict[str, object], expected: str) -> None:
    assert to_type(schema) == expected


def test_an_unknown_form_is_refused_rather_than_guessed() -> None:
    with pytest.raises(ValueError, match="no TypeScript form"):
        to_type({"not": {"type": "string"}})
