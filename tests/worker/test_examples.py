"""The OpenAPI document shows what each operation takes and gives, and what it shows is right by its own schemas."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from contracts.errors import CATALOGUE

# What an agent makes of other methods is its own affair, a WebSocket has no body, and the document and its page are shown
# by themselves.
OWN = {"put_to_agent", "patch_at_agent", "delete_at_agent", "follow_job", "openapi", "reference"}


@pytest.fixture(scope="module")
def document(gateway: Any) -> dict[str, Any]:
    from worker.openapi.document import document

    return document(gateway.TABLE.routes)


def operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for methods in document["paths"].values():
        yield from methods.values()
    for hook in document["webhooks"].values():
        yield hook["post"]


def faults(document: dict[str, Any], media: dict[str, Any]) -> list[str]:
    """What is wrong with the examples of a body, by its schema."""
    schema = {**media["schema"], "components": document["components"]}
    validator = jsonschema_rs.Draft202012Validator(schema)
    return [
        f"{name}: {error.message}"
        for name, entry in media["examples"].items()
        for error in validator.iter_errors(entry["value"])
    ]


def test_every_body_that_an_operation_takes_has_an_example_that_fits(document: dict[str, Any]) -> None:
    checked = 0
    for operation in operations(document):
        if "requestBody" not in operation or operation["operationId"] in OWN:
            continue
        content = operation["requestBody"]["content"]
        shown = [media for media in content.values() if media.get("examples")]
        assert shown, f"{operation['operationId']} shows no request"
        for media in shown:
            assert not faults(document, media), operation["operationId"]
            checked += 1
    assert checked > 25


def test_every_answer_with_a_body_has_an_example_that_fits(document: dict[str, Any]) -> None:
    checked = 0
    for operation in operations(document):
        for status, answer in operation["responses"].items():
            if not status.startswith("2") or operation["operationId"] in OWN or not answer.get("content"):
                continue
            if (operation["operationId"], status) == ("create_transfer", "202"):
                continue  # only while the other zone cannot be reached
            shown = [media for media in answer["content"].values() if media.get("examples")]
            assert shown, f"{operation['operationId']} shows no {status}"
            for media in shown:
                assert not faults(document, media), operation["operationId"]
                checked += 1
    assert checked > 60


def test_every_problem_that_an_operation_may_answer_is_explained_by_an_example(document: dict[str, Any]) -> None:
    assert set(document["components"]["examples"]) == set(CATALOGUE)
    problem = {"$ref": "#/components/schemas/Problem", "components": document["components"]}
    validator = jsonschema_rs.Draft202012Validator(problem)
    for code, entry in document["components"]["examples"].items():
        assert not list(validator.iter_errors(entry["value"])), code
        assert entry["value"]["status"] == CATALOGUE[code][0]
    for operation in operations(document):
        if operation["operationId"].startswith("deliver_"):
            continue
        found = operation["responses"]
        listed = [
            code
            for answer in found.values()
            for code in answer.get("content", {}).get("application/problem+json", {}).get("examples", ())
        ]
        assert "rate-limited" in listed and "internal" in listed, operation["operationId"]
        for status, answer in found.items():
            for code in answer.get("content", {}).get("application/problem+json", {}).get("examples", ()):
                assert str(CATALOGUE[code][0]) == status


def test_no_example_holds_a_secret(document: dict[str, Any]) -> None:
    from contracts.redact import redact
    from contracts.rpc import dumps
    from worker.openapi.examples import EXAMPLES

    shown = EXAMPLES.replace("smx_default_…", "").replace("whsec_…", "")
    assert redact(shown) == shown
    assert "smx_dev_" not in dumps(document)
