"""The catalogue of event types is what the objects write: filters are checked against it."""

from __future__ import annotations

import re
from pathlib import Path

from contracts.events import EVENT_TYPES, FAMILIES, known_type

OBJECTS = Path(__file__).resolve().parents[2] / "durable_objects"
# A dotted name in quotation marks whose family the catalogue knows: that is how every event type is written here.
NAME = re.compile(r'"((?:' + "|".join(sorted(FAMILIES)) + r')\.[a-z][a-z-]*)"')
# Families whose second part is a state: f"job.{state}".
STATES = {"job": {"queued", "running", "succeeded", "failed", "cancelled"}, "orders": {"completed", "cancelled"}}
STATES["transfer"] = {"completed", "refused"}


def test_every_event_type_in_the_objects_is_in_the_catalogue_and_the_other_way_round() -> None:
    text = "\n".join(path.read_text() for path in OBJECTS.rglob("*.py"))
    written = set(NAME.findall(text))
    made = {f"{family}.{state}" for family, states in STATES.items() for state in states}
    for family in STATES:
        assert f'f"{family}.{{' in text, f"{family} events are no longer made from a state"
    assert written | made == set(EVENT_TYPES)


def test_a_filter_may_name_types_and_families_and_nothing_else() -> None:
    assert known_type("stock") and known_type("stock.picked")
    assert not known_type("stock.stolen") and not known_type("stock.") and not known_type("")
