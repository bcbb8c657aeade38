"""Equivalence classes of partial tours in a warehouse with parallel aisles and any number of cross aisles.

Sweeping the aisles from left to right, a partial tour is known, for all that can still be added, by the degree parity
of each cross-aisle vertex at the frontier and by which of these vertices hang together: Ratliff & Rosenthal (1983) for
two cross aisles, Roodbergen & de Koster (2001) for three, Cambazard & Catusse (2018) for any number. The classes and
the moves between them depend on the number of cross aisles alone, so they are built once and the compiled kernel
(tours.py) walks over tables. Start and end may differ: their vertices then need an odd degree.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int32]

# What a sub-aisle between cross aisles r and r + 1 can hold. Edges at the lower and the upper vertex, joined or not.
NONE, ONE_PASS, TWO_PASSES, FROM_BELOW, FROM_ABOVE, GAP = range(6)
ACTIONS = 6
_VERTICAL = {
    NONE: (0, 0, False),
    ONE_PASS: (1, 1, True),
    TWO_PASSES: (2, 2, True),
    FROM_BELOW: (2, 0, False),
    FROM_ABOVE: (0, 2, False),
    GAP: (2, 2, False),
}

# What a vertex needs: an even degree; an odd one (one end of a route); an even one above zero (both ends in one place).
PLAIN, ENDPOINT, DEPOT = range(3)

# Above this the tables take seconds to build and a tour takes more than a local search would.
MAX_CROSS_AISLES = 5

ZERO, ODD, EVEN = range(3)
State = tuple[tuple[int, int], ...]  # per cross aisle: (degree class, component, 0 without edges)


@dataclass(frozen=True, slots=True)
class Tables:
    """Moves between classes, as flat arrays that the kernel reads.

    Classes with an even number of odd vertices come first (`even` of them; class 0 is the empty one): a closed tour, and
    an open one before its start and after its end, knows only these, and between start and end only the others.

    moves: (M, 3) int32 rows (from, action, to). Group g's moves by action a from classes of parity p (0 even, 1 odd) are
    moves[first[g, p, a]:first[g, p, a + 1]]. Groups 0..R-2 are the sub-aisles, then R groups of three: cross aisle r with
    a PLAIN, ENDPOINT or DEPOT vertex, whose action is the number of edges (0..2) to the next aisle.
    degrees: (S, R) degree class per class; components: (S,) how many components.
    """

    cross_aisles: int
    even: int
    first: IntArray
    moves: IntArray
    degrees: IntArray
    components: IntArray

    @property
    def arrays(self) -> tuple[Any, ...]:
        return (self.first, self.moves, self.degrees, self.components)

    def need_of(self, move: int) -> int:
        """How many ends of a route the move places at its corner: 0, 1 (ENDPOINT) or 2 (DEPOT)."""
        group = int(np.searchsorted(self.first[:, 0, 0], move, side="right")) - 1
        return (group - (self.cross_aisles - 1)) % 3 if group >= self.cross_aisles - 1 else 0


def _canonical(state: list[tuple[int, int]]) -> State:
    names: dict[int, int] = {}
    return tuple(
        (degree, 0) if degree == ZERO else (degree, names.setdefault(component, len(names) + 1))
        for degree, component in state
    )


def _plus(degree: int, edges: int) -> int:
    if edges == 0:
        return degree
    odd = (degree == ODD) != (edges % 2 == 1)
    return ODD if odd else EVEN


def _after_sub_aisle(state: State, row: int, action: int) -> State:
    low_edges, high_edges, joined = _VERTICAL[action]
    new = list(state)
    fresh = 100
    for vertex, edges in ((row, low_edges), (row + 1, high_edges)):
        degree, component = new[vertex]
        if edges:
            new[vertex] = (_plus(degree, edges), component or fresh)
            fresh += 1
    if joined:
        keep, drop = new[row][1], new[row + 1][1]
        new = [(degree, keep if component == drop else component) for degree, component in new]
    return _canonical(new)


def _after_cross_aisle(state: State, row: int, edges: int, need: int) -> State | None:
    """The class once vertex `row` has sent `edges` to the next aisle; None if the vertex or its part is left wrong."""
    degree, component = state[row]
    total = _plus(degree, edges)
    if (total == ODD) != (need == ENDPOINT) or (need == DEPOT and total == ZERO):
        return None
    new = list(state)
    if edges == 0:
        new[row] = (ZERO, 0)
        if component and component not in (other for _, other in new):
            return None  # the part would be cut off from what is still to come
    else:
        new[row] = (ODD if edges == 1 else EVEN, component or 100)
    return _canonical(new)


@lru_cache(maxsize=MAX_CROSS_AISLES)
def tables(cross_aisles: int) -> Tables:
    """The classes for this many cross aisles (2..MAX_CROSS_AISLES)."""
    if not 2 <= cross_aisles <= MAX_CROSS_AISLES:
        raise ValueError(f"exact tours need 2 to {MAX_CROSS_AISLES} cross aisles, not {cross_aisles}")
    rows = range(cross_aisles)
    empty: State = tuple((ZERO, 0) for _ in rows)
    numbers: dict[State, int] = {empty: 0}
    groups = cross_aisles - 1 + 3 * cross_aisles
    found: list[list[tuple[int, int, int]]] = [[] for _ in range(groups)]
    # Which stage a class can stand before: 0..R-2 the sub-aisles, R-1..2R-2 the cross aisles.
    stages = 2 * cross_aisles - 1
    seen: set[tuple[int, State]] = {(0, empty)}
    open_list: list[tuple[int, State]] = [(0, empty)]
    while open_list:
        stage, state = open_list.pop()
        for group, action, after in _moves(stage, state, cross_aisles):
            number = numbers.setdefault(after, len(numbers))
            found[group].append((numbers[state], action, number))
            item = ((stage + 1) % stages, after)
            if item not in seen:
                seen.add(item)
                open_list.append(item)
    return _numbered(cross_aisles, list(numbers), found)


def _numbered(cross_aisles: int, states: list[State], found: list[list[tuple[int, int, int]]]) -> Tables:
    odd = [sum(degree == ODD for degree, _ in state) % 2 for state in states]
    order = sorted(range(len(states)), key=lambda s: (odd[s], s))
    number = {old: new for new, old in enumerate(order)}
    first = np.zeros((len(found), 2, ACTIONS + 1), dtype=np.int32)
    flat: list[tuple[int, int, int]] = []
    for g, group in enumerate(found):
        for parity in range(2):
            for action in range(ACTIONS):
                first[g, parity, action] = len(flat)
                flat += sorted((number[a], how, number[b]) for a, how, b in group if odd[a] == parity and how == action)
            first[g, parity, ACTIONS] = len(flat)
    sorted_states = [states[s] for s in order]
    return Tables(
        cross_aisles=cross_aisles,
        even=odd.count(0),
        first=first,
        moves=np.array(flat, dtype=np.int32),
        degrees=np.array([[degree for degree, _ in state] for state in sorted_states], dtype=np.int32),
        components=np.array([len({part for _, part in state if part}) for state in sorted_states], dtype=np.int32),
    )


def _moves(stage: int, state: State, cross_aisles: int) -> list[tuple[int, int, State]]:
    if stage < cross_aisles - 1:
        return [(stage, action, _after_sub_aisle(state, stage, action)) for action in _VERTICAL]
    row = stage - (cross_aisles - 1)
    moves = []
    for need in (PLAIN, ENDPOINT, DEPOT):
        group = cross_aisles - 1 + 3 * row + need
        for edges in range(3):
            after = _after_cross_aisle(state, row, edges, need)
            if after is not None:
                moves.append((group, edges, after))
    return moves
