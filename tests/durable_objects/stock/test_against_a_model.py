"""Random calls against a plain model in Python: after each, state, outcomes, totals and ledger agree."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from durable_objects.state import zone_setup
from durable_objects.stock import answers, outbox, reading, transfers
from durable_objects.stock.posting import LinesRefused
from tests.durable_objects.stock.zones import NOW, differences, line, new_zone, run

PLACES = ("A01-L-001-1", "A01-R-001-1", "A01-L-002-1")
SKUS = ("apple", "pear")
WEIGHTS = {"apple": 100, "pear": 200}
LIMIT_G = 2500  # what a location bears


@dataclass
class Held:
    quantity: int = 0
    version: int = 0
    reserved: dict[str, int] = field(default_factory=dict)  # reference → pieces

    @property
    def all_reserved(self) -> int:
        return sum(self.reserved.values())

    def state(self) -> dict[str, int]:
        return {"quantity": self.quantity, "reserved": self.all_reserved, "version": self.version}


class Model:
    """The rules as a warehouseman would say them, one line after the other."""

    def __init__(self) -> None:
        self.held = {(place, sku): Held() for place in PLACES for sku in SKUS}
        self.allow_negative = False
        self.travelling: dict[str, tuple[str, int]] = {}  # transfer → from where, and how many

    def apply(self, entry: dict[str, Any]) -> tuple[str, str] | None:
        """Carry a line out; or (code, location) of the end that refuses it, with nothing changed."""
        op, sku, reference = entry["op"], entry["sku"], entry.get("reference", "")
        amount = entry.get("quantity", entry.get("delta"))
        held = self.held[(entry["location"], sku)]
        taken = amount if op == "release" or entry.get("reserved") else 0
        given = amount if op == "reserve" else 0
        delta = {"receive": amount, "adjust": amount, "pick": -amount, "transfer": -amount}.get(op, 0)
        if op == "count":
            delta = amount - held.quantity
        code = self.refused(entry, held, delta, given, taken)
        if code:
            return code, entry["location"]
        if op == "transfer":
            target = self.held[(entry["to"], sku)]
            if not self.bears(entry["to"], sku, amount):
                return "capacity-exceeded", entry["to"]
            target.quantity += amount
            target.version += 1
        held.quantity += delta
        held.reserved[reference] = held.reserved.get(reference, 0) + given - taken
        held.version += 1
        return None

    def refused(self, entry: dict[str, Any], held: Held, delta: int, given: int, taken: int) -> str:
        """Why the line's own place refuses it."""
        free = held.quantity - held.all_reserved
        if entry.get("version", held.version) != held.version:
            return "version-conflict"
        if taken > held.reserved.get(entry.get("reference", ""), 0) or (given and given > free):
            return "insufficient-stock"
        if delta < 0 and not self.allow_negative and held.quantity + delta < 0:
            return "insufficient-stock"
        if delta + taken < 0 and not self.allow_negative and free + delta + taken < 0:
            return "insufficient-stock"
        if delta > 0 and entry["op"] != "count" and not self.bears(entry["location"], entry["sku"], delta):
            return "capacity-exceeded"
        return ""

    def bears(self, place: str, sku: str, more: int) -> bool:
        load = sum(self.held[(place, name)].quantity * WEIGHTS[name] for name in SKUS)
        return load + more * WEIGHTS[sku] <= LIMIT_G

    def snapshot(self) -> dict[tuple[str, str], tuple[int, int, dict[str, int]]]:
        return {key: (held.quantity, held.version, dict(held.reserved)) for key, held in self.held.items()}

    def restore(self, snapshot: dict[tuple[str, str], tuple[int, int, dict[str, int]]]) -> None:
        self.held = {key: Held(quantity, version, dict(names)) for key, (quantity, version, names) in snapshot.items()}


@st.composite
def operations(draw: st.DrawFn) -> dict[str, Any]:
    op = draw(st.sampled_from(["receive", "adjust", "reserve", "release", "pick", "count", "transfer"]))
    place, sku = draw(st.sampled_from(PLACES)), draw(st.sampled_from(SKUS))
    if op == "adjust":
        amount = draw(st.integers(-6, 6).filter(bool))
    else:
        amount = draw(st.integers(0 if op == "count" else 1, 9))
    entry = line(op, amount, place, sku)
    if draw(st.booleans()):
        entry["reference"] = draw(st.sampled_from(["a", "b"]))
    if draw(st.integers(0, 4)) == 0:
        entry["version"] = draw(st.integers(0, 4))
    if op == "pick" and draw(st.booleans()):
        entry["reserved"] = True
    if op == "transfer":
        entry["to"] = draw(st.sampled_from([other for other in PLACES if other != place]))
    return entry


class ZoneAgainstModel(RuleBasedStateMachine):
    @initialize()
    def start(self) -> None:
        self.sql = new_zone({"max_weight_g": LIMIT_G})
        self.model = Model()
        self.deliveries = 10
        self.ever_allowed = False

    @rule(lines=st.lists(operations(), min_size=1, max_size=6))
    def all_or_nothing(self, lines: list[dict[str, Any]]) -> None:
        before = self.model.snapshot()
        outcomes = self.outcomes(lines)
        codes = {n: outcome["refused"] for n, outcome in enumerate(outcomes) if "refused" in outcome}
        if codes:
            self.model.restore(before)
            with pytest.raises(LinesRefused) as caught:
                run(self.sql, *lines)
            assert {refused.line: refused.code for refused in caught.value.refused} == codes
        else:
            done = run(self.sql, *lines)
            assert json.loads(answers.posting_text(self.sql, done.id))["lines"] == outcomes

    @rule(lines=st.lists(operations(), min_size=1, max_size=6))
    def partial(self, lines: list[dict[str, Any]]) -> None:
        outcomes = self.outcomes(lines)
        done = run(self.sql, *lines, partial=True)
        found = json.loads(answers.posting_text(self.sql, done.id))["lines"]
        for outcome in found:
            outcome.pop("detail", None)
        assert found == outcomes

    @rule(allowed=st.booleans())
    def the_configuration_changes(self, allowed: bool) -> None:
        self.model.allow_negative = allowed
        self.deliveries += 1
        message = {"delivery": self.deliveries, "kind": "settings", "body": {"allow_negative": allowed}}
        zone_setup.take(self.sql, "main", message, NOW)

    @rule(quantity=st.integers(1, 9), place=st.sampled_from(PLACES))
    def pieces_leave_for_another_zone(self, quantity: int, place: str) -> None:
        name = f"t{len(self.model.travelling)}-{self.deliveries}"
        self.deliveries += 1
        move = {"sku": "apple", "location": place, "to": "elsewhere", "quantity": quantity}
        body = {"id": name, "to_zone": "b", "lines": [move]}

        def write() -> None:
            transfers.begin(self.sql, "main", body, fingerprint="f", author="tester", now=NOW)

        if self.model.apply(line("pick", quantity, place)) is None:  # it leaves as if it was picked
            self.sql.transaction(write)
            self.model.travelling[name] = (place, quantity)
        else:
            with pytest.raises(LinesRefused):
                self.sql.transaction(write)

    @precondition(lambda self: self.model.travelling)
    @rule(data=st.data(), arrives=st.booleans())
    def the_other_zone_answers(self, data: st.DataObject, arrives: bool) -> None:
        name = data.draw(st.sampled_from(sorted(self.model.travelling)))
        place, quantity = self.model.travelling.pop(name)
        answer = {"state": "completed"} if arrives else {"state": "refused", "problem": {}}
        for _ in range(2):
            transfers.settle(self.sql, "main", name, answer, NOW)
        if not arrives:
            held = self.model.held[(place, "apple")]
            held.quantity += quantity
            held.version += 1

    def outcomes(self, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """What the model makes of the lines, as the zone's answer says it."""
        found: list[dict[str, Any]] = []
        for entry in lines:
            refusal = self.model.apply(entry)
            if refusal is not None:
                code, place = refusal
                found.append({**self.model.held[(place, entry["sku"])].state(), "refused": code})
                continue
            outcome: dict[str, Any] = self.model.held[(entry["location"], entry["sku"])].state()
            if entry["op"] == "transfer":
                outcome["to"] = self.model.held[(entry["to"], entry["sku"])].state()
            found.append(outcome)
        return found

    @invariant()
    def lines_totals_and_reservations_agree(self) -> None:
        for (place, sku), held in self.model.held.items():
            found = reading.line(self.sql, "main", place, sku)
            assert {name: found[name] for name in ("quantity", "reserved", "version")} == held.state()
        expected = {
            "stock_lines": sum(held.quantity != 0 for held in self.model.held.values()),
            "stock_quantity": sum(held.quantity for held in self.model.held.values()),
            "reserved_quantity": sum(held.all_reserved for held in self.model.held.values()),
            "in_transit_quantity": sum(quantity for _, quantity in self.model.travelling.values()),
        }
        assert outbox.totals(self.sql) == expected
        reservations = {
            (place, sku, name): quantity
            for (place, sku), held in self.model.held.items()
            for name, quantity in held.reserved.items()
            if quantity
        }
        assert {tuple(row[:3]): row[3] for row in self.sql.rows("SELECT * FROM reservation")} == reservations

    @invariant()
    def the_ledger_gives_it_all(self) -> None:
        assert differences(self.sql) == []

    @invariant()
    def never_below_zero_unless_allowed(self) -> None:
        if not self.ever_allowed:
            assert self.sql.rows("SELECT * FROM stock WHERE quantity < 0 OR quantity < reserved") == []
        self.ever_allowed = self.ever_allowed or self.model.allow_negative


TestZoneAgainstModel = ZoneAgainstModel.TestCase
TestZoneAgainstModel.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
