"""A line of stock as a model for the linearizability check: quantity, reserved, version."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class State(NamedTuple):
    quantity: int
    reserved: int
    version: int


@dataclass(frozen=True, slots=True)
class Call:
    """op: read, receive, adjust, pick, reserve, release, count, out or in (a transfer's ends)."""

    op: str
    amount: int = 0
    version: int | None = None  # that the caller expects


@dataclass(frozen=True, slots=True)
class Answer:
    """The state that was told, and the code when it was a refusal."""

    state: State
    refused: str = ""


class StockLine:
    """Stock must not go below zero, nor below what is reserved."""

    def __init__(self, start: State = State(0, 0, 0)) -> None:  # noqa: B008 - immutable
        self._start = start

    def start(self) -> State:
        return self._start

    def step(self, state: State, call: Call, answer: Answer | None) -> State | None:
        following, refused = self.outcome(state, call)
        if answer is None or (answer.state, answer.refused) == (following, refused):
            return following
        return None

    def outcome(self, state: State, call: Call) -> tuple[State, str]:
        """The state afterwards, and why it is refused ("" when it is not)."""
        quantity, reserved, version = state
        if call.op == "read":
            return state, ""
        if call.version is not None and call.version != version:
            return state, "version-conflict"
        if call.op == "count":
            quantity = call.amount
        elif call.op in ("receive", "adjust", "in"):
            quantity += call.amount
        elif call.op in ("pick", "out"):
            quantity -= call.amount
        elif call.op == "reserve":
            reserved += call.amount
        else:
            reserved -= call.amount
        if quantity < reserved or reserved < 0:
            return state, "insufficient-stock"
        return State(quantity, reserved, version + 1), ""
