"""Is a concurrent history linearizable? A search for an order of its operations that one after the other would give.

Wing and Gong (1993), "Testing and verifying concurrent objects", with the memory of visited configurations by Lowe (2017),
"Testing for linearizability", in the iterative form that Porcupine made known. The operations of a history all concern
one object: linearizability is local (Herlihy and Wing 1990), so each location is checked alone.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

S = TypeVar("S", bound=Hashable)


class Model(Protocol[S]):
    """The object as it behaves when nobody else is there."""

    def start(self) -> S: ...

    def step(self, state: S, call: Any, answer: Any) -> S | None:
        """The state after `call`; None when in this state it would not have been answered so. `answer` None: not known."""


@dataclass(frozen=True, slots=True)
class Operation:
    """A call with its answer, and when each was seen by the caller (seconds of one clock)."""

    call: Any
    answer: Any
    began: float
    ended: float = math.inf  # inf: no answer came; it may have taken effect at any time since, or never
    client: int = 0


@dataclass(eq=False)
class _Event:
    """A call or a return in the list of what is not linearized yet. A call knows its return."""

    operation: int
    returns: _Event | None = None
    before: _Event | None = field(default=None, repr=False)
    after: _Event | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Verdict(Generic[S]):
    """`order`: positions in the history, in an order that explains it; when there is none, the longest that was found."""

    linearizable: bool
    order: tuple[int, ...]
    steps: int

    def __bool__(self) -> bool:
        return self.linearizable


def check(history: Sequence[Operation], model: Model[S]) -> Verdict[S]:
    """Search for an order. Operations without an answer need not be part of it."""
    head = _listed(history)
    waited_for = sum(operation.ended < math.inf for operation in history)
    state, done = model.start(), 0
    seen: set[tuple[int, S]] = set()
    taken: list[tuple[_Event, S]] = []
    best: tuple[int, ...] = ()
    steps = 0
    event = head.after
    while waited_for:
        steps += 1
        if event is not None and event.returns is not None:
            operation = history[event.operation]
            following = model.step(state, operation.call, operation.answer)
            mark = done | 1 << event.operation
            if following is not None and (mark, following) not in seen:
                seen.add((mark, following))
                taken.append((event, state))
                state, done = following, mark
                waited_for -= operation.ended < math.inf
                _lift(event)
                event = head.after
                continue
            event = event.after
            continue
        # A return whose call was not taken, or the end of the list: the last choice was wrong.
        if len(taken) > len(best):
            best = tuple(choice.operation for choice, _ in taken)
        if not taken:
            return Verdict(False, best, steps)
        choice, state = taken.pop()
        done &= ~(1 << choice.operation)
        waited_for += history[choice.operation].ended < math.inf
        _unlift(choice)
        event = choice.after
    return Verdict(True, tuple(choice.operation for choice, _ in taken), steps)


def _listed(history: Sequence[Operation]) -> _Event:
    """The history's calls and returns in the order of time, behind a head. What touches counts as overlapping."""
    moments: list[tuple[float, int, int, _Event]] = []
    for number, operation in enumerate(history):
        end = _Event(number)
        moments.append((operation.began, 0, number, _Event(number, end)))
        moments.append((operation.ended, 1, number, end))
    head = last = _Event(-1)
    for *_, event in sorted(moments, key=lambda moment: moment[:3]):
        last.after, event.before = event, last
        last = event
    return head


def _lift(call: _Event) -> None:
    for event in (call, call.returns):
        assert event is not None and event.before is not None
        event.before.after = event.after
        if event.after is not None:
            event.after.before = event.before


def _unlift(call: _Event) -> None:
    for event in (call.returns, call):
        assert event is not None and event.before is not None
        event.before.after = event
        if event.after is not None:
            event.after.before = event
