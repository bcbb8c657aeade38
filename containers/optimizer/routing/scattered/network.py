"""The network of one pick list: its paths are the tours on a ladder, its arcs through sub-aisles carry what they pick."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from containers.optimizer.floor import states
from containers.optimizer.floor.ladder import Ladder
from containers.optimizer.routing.scattered.demand import Choice
from containers.optimizer.routing.scattered.options import list_options
from containers.optimizer.routing.scattered.shelves import Shelves
from containers.optimizer.routing.scattered.worth import Worth

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
WordArray = npt.NDArray[np.uint64]
Place = tuple[int, int]  # stage, index within the stage's places

# A relaxation walks over all options some hundred times.
MAX_OPTIONS = 200_000


def options_at_most(ladder: Ladder, choice: Choice) -> int:
    """How many options the sub-aisles can have together."""
    count: dict[int, int] = {}
    for position in choice.supply:
        count[position // ladder.slots] = count.get(position // ladder.slots, 0) + 1
    return sum(3 + 2 * n + n * (n - 1) // 2 for n in count.values())


@dataclass(frozen=True)
class Network:
    """As arrays for the kernels. Nodes are classes, once for each layer (how many of a floating depot's ends are placed).

    arcs: (moves, seg_first, seg_low, seg_high, seg_from, seg_to, seg_extra): stage s leads over the segments
        seg_first[s]:seg_first[s + 1], each a range of moves with node offsets and metres to add.
    act_first: (stages, 7) options of a sub-aisle by action; -1 on stages along a cross aisle. step: metres there.
    final_of: (stages,) row of final_extra (rows, nodes) that says where a tour may be whole after the stage, or -1.
    options: (cost, first, item, quantity). prefix, suffix: as in options.py. places: positions per stage, as `shelves` has
        them.
    demand: (items,) pieces. word, shift, mask: where an item's count lies in a label's words.
    """

    articles: tuple[str, ...]
    demand: IntArray
    arcs: tuple[Any, ...]
    act_first: IntArray
    step: FloatArray
    final_of: IntArray
    final_extra: FloatArray
    cost: FloatArray
    first: IntArray
    item: IntArray
    quantity: IntArray
    prefix: IntArray
    suffix: IntArray
    stage_of: IntArray
    places: tuple[tuple[int, ...], ...]
    shelves: Shelves
    word: IntArray
    shift: IntArray
    mask: WordArray
    words: int

    @property
    def stages(self) -> int:
        return len(self.step)

    @property
    def nodes(self) -> int:
        return int(self.final_extra.shape[1])

    @cached_property
    def full(self) -> WordArray:
        """(words,) what a label that has picked everything holds."""
        return self.full_of(np.ones(len(self.demand), dtype=np.bool_))

    def full_of(self, wanted: npt.NDArray[np.bool_]) -> WordArray:
        """The same for some of the items."""
        words = np.zeros(self.words, dtype=np.uint64)
        for i in np.flatnonzero(wanted):
            words[self.word[i]] |= np.uint64(int(self.demand[i]) << int(self.shift[i]))
        return words

    @cached_property
    def bits(self) -> WordArray:
        """(options, words) the bits of items of which one piece is wanted."""
        found = np.zeros((len(self.cost), self.words), dtype=np.uint64)
        single = self.demand[self.item] == 1
        item = self.item[single]
        bit = np.left_shift(np.uint64(1), self.shift[item].astype(np.uint64))
        np.bitwise_or.at(found, (self.owner[single], self.word[item]), bit)
        return found

    @cached_property
    def group(self) -> IntArray:
        """(options,) stage x ACTIONS + action, ascending."""
        inside = np.flatnonzero(self.act_first[:, 0] >= 0)
        sizes = np.diff(self.act_first[inside], axis=1).ravel()
        return np.repeat((inside[:, None] * states.ACTIONS + np.arange(states.ACTIONS)).ravel(), sizes)

    @cached_property
    def owner(self) -> IntArray:
        """The option of each entry of `item` and `quantity`."""
        return np.repeat(np.arange(len(self.cost)), np.diff(self.first))

    @cached_property
    def worth(self) -> Worth:
        """Which prices the items have."""
        return Worth.of(self.demand)

    @cached_property
    def at(self) -> IntArray:
        """Where in the table of worths each entry of `item` and `quantity` is found, to be taken `times`."""
        return self.worth.base[self.item] + np.where(self.worth.tabled[self.item], self.quantity, 0)

    @cached_property
    def times(self) -> FloatArray:
        """(entries,) see `at`."""
        return np.where(self.worth.tabled[self.item], 1.0, self.quantity)

    @cached_property
    def grain(self) -> float:
        """Metres of which every tour's length is a multiple, 0 if there is no such measure."""
        parts = np.concatenate([self.cost, self.step, self.arcs[6], self.final_extra[np.isfinite(self.final_extra)]])
        millimetres = np.rint(parts * 1000)
        if len(parts) == 0 or np.abs(parts * 1000 - millimetres).max() > 1e-6:
            return 0.0
        return float(np.gcd.reduce(millimetres.astype(np.int64))) / 1000

    def passed(self, options: Iterable[int]) -> list[Place]:
        """The places that these options pass."""
        found = []
        for o in options:
            s = int(self.stage_of[o])
            found += [(s, x) for x in range(self.prefix[o])]
            found += [(s, x) for x in range(self.suffix[o], len(self.places[s]))]
        return found

    def passable(self, alive: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """(places,) whether one of these options passes it."""
        first = self.shelves.first
        below, above = np.zeros(self.stages, dtype=np.int64), np.diff(first)
        np.maximum.at(below, self.stage_of[alive], self.prefix[alive])
        np.minimum.at(above, self.stage_of[alive], self.suffix[alive])
        stage = np.repeat(np.arange(self.stages), np.diff(first))
        index = np.arange(first[-1]) - first[stage]
        passable: npt.NDArray[np.bool_] = (index < below[stage]) | (index >= above[stage])
        return passable

    def positions(self, places: Iterable[Place]) -> set[int]:
        """Where on the ladder these places are."""
        return {self.places[s][x] for s, x in places}


def network_of(ladder: Ladder, choice: Choice) -> Network:
    """The network of a list's choice on a ladder."""
    blocks = ladder.blocks
    cells: dict[int, list[int]] = {}
    for position in choice.forced | set(choice.supply):
        cells.setdefault(position // ladder.slots, []).append(position)
    for inside_cell in cells.values():
        inside_cell.sort(key=lambda p: (ladder.offset[p], p))
    aisles = sorted({cell // blocks for cell in cells} | set(ladder.depot_aisles))
    stages = ladder.stages(aisles)
    articles = tuple(choice.demand)
    demand = np.array([choice.demand[article] for article in articles], dtype=np.int64)
    last_forced = max((aisles.index(p // ladder.slots // blocks) for p in choice.forced), default=0)

    inside = [s for s, (_, part) in enumerate(stages) if part < blocks]
    places_at = [tuple(cells.get(aisles[stages[s][0]] * blocks + stages[s][1], ())) for s in inside]
    shelves = _shelves(ladder, stages, dict(zip(inside, places_at, strict=True)), choice, articles)
    listed = _options(shelves, inside, demand)
    act_first = np.full((len(stages), states.ACTIONS + 1), -1, dtype=np.int64)
    act_first[inside] = listed[0]
    stage_of = np.repeat(np.array(inside, dtype=np.int64), np.diff(listed[0][:, [0, -1]], axis=1)[:, 0])
    steps = [
        float(ladder.across[aisles[k + 1]] - ladder.across[aisles[k]]) if part >= blocks else 0.0 for k, part in stages
    ]
    final_of = np.full(len(stages), -1, dtype=np.int64)
    finals: list[FloatArray] = []
    for s, (k, part) in enumerate(stages):
        if part == blocks - 1 and k >= max(last_forced, _last_depot(ladder, aisles)):
            final_of[s] = len(finals)
            finals.append(_final(ladder, aisles[k]))
    places: list[tuple[int, ...]] = [()] * len(stages)
    for s, found in zip(inside, places_at, strict=True):
        places[s] = found
    word, shift, mask, words = _packing(demand)
    return Network(
        articles, demand, _arcs(ladder, aisles, stages), act_first, np.array(steps), final_of, np.array(finals),
        listed[1], listed[4], listed[5], listed[6], listed[2], listed[3], stage_of, tuple(places), shelves, word, shift, mask, words,
    )  # fmt: skip


def _shelves(
    ladder: Ladder,
    stages: list[tuple[int, int]],
    places_at: dict[int, tuple[int, ...]],
    choice: Choice,
    articles: tuple[str, ...],
) -> Shelves:
    number = {article: i for i, article in enumerate(articles)}
    each = [places_at.get(s, ()) for s in range(len(stages))]
    flat = [position for places in each for position in places]
    held = [sorted((number[a], q) for a, q in choice.supply.get(position, {}).items()) for position in flat]
    return Shelves(
        np.cumsum([0, *(len(places) for places in each)]),
        np.array([float(ladder.offset[position]) for position in flat], dtype=np.float64),
        np.array([float(ladder.length[part]) if part < ladder.blocks else 0.0 for _, part in stages]),
        np.array([position in choice.forced for position in flat], dtype=np.bool_),
        np.cumsum([0, *(len(one) for one in held)]),
        np.array([i for one in held for i, _ in one], dtype=np.int64),
        np.array([q for one in held for _, q in one], dtype=np.int64),
    )


def _options(shelves: Shelves, inside: list[int], demand: IntArray) -> tuple[Any, ...]:
    return list_options(  # type: ignore[no-any-return]
        len(inside), shelves.length[inside], np.append(shelves.first[inside], shelves.first[-1]), shelves.height,
        shelves.forced, shelves.held_first, shelves.item, shelves.quantity, demand,
    )  # fmt: skip


def _last_depot(ladder: Ladder, aisles: list[int]) -> int:
    """The index of the aisle before which no tour is whole."""
    return 0 if ladder.floating else max(aisles.index(ladder.start[0]), aisles.index(ladder.end[0]))


def _arcs(ladder: Ladder, aisles: list[int], stages: list[tuple[int, int]]) -> tuple[Any, ...]:
    tables, blocks = ladder.tables, ladder.blocks
    classes = len(tables.components)
    first = [0]
    segments: list[tuple[int, int, int, int, float]] = []

    def add(group: int, layer: int, parity: int, ends: int, extra: float) -> None:
        low, high = tables.first[group, parity, 0], tables.first[group, parity, states.ACTIONS]
        segments.append((int(low), int(high), layer * classes, (layer + ends) * classes, extra))

    parity = 0
    for k, part in stages:
        aisle, row = aisles[k], part - blocks
        if ladder.floating:
            for layer in range(3):
                for ends in range(3 - layer) if row >= 0 else (0,):
                    extra = float(ladder.entry[row, aisle]) * ends if ends else 0.0
                    if np.isfinite(extra):
                        add(part if row < 0 else blocks + 3 * row + ends, layer, layer & 1, ends, extra)
        elif row < 0:
            add(part, 0, parity, 0, 0.0)
        else:
            need = ((aisle, row) == ladder.start) + ((aisle, row) == ladder.end)
            add(blocks + 3 * row + need, 0, parity, 0, 0.0)
            parity ^= need == 1
        first.append(len(segments))
    columns = list(zip(*segments, strict=True))
    whole = [np.array(column, dtype=np.int64) for column in columns[:4]]
    return (
        tables.moves.astype(np.int64),
        np.array(first, dtype=np.int64),
        *whole,
        np.array(columns[4], dtype=np.float64),
    )


def _final(ladder: Ladder, aisle: int) -> FloatArray:
    """(nodes,) metres to add where a tour is whole when this aisle is its last; infinite elsewhere."""
    tables = ladder.tables
    classes = len(tables.components)
    layers = 3 if ladder.floating else 1
    found = np.full(layers * classes, np.inf)
    for layer in range(layers):
        for state in np.flatnonzero(tables.components <= 1):
            degrees = tables.degrees[state]
            if ladder.floating:
                odd = [row for row, degree in enumerate(degrees) if degree == states.ODD]
                even = [row for row, degree in enumerate(degrees) if degree == states.EVEN]
                if not odd and layer == 0:
                    found[state] = 2 * min((float(ladder.entry[row, aisle]) for row in even), default=np.inf)
                elif len(odd) + layer == 2:
                    found[layer * classes + state] = sum(float(ladder.entry[row, aisle]) for row in odd)
                continue
            ends = [((aisle, row) == ladder.start) + ((aisle, row) == ladder.end) for row in range(len(degrees))]
            wrong = [
                (degree == states.ODD) != (end == 1) or (end == 2 and degree == states.ZERO)
                for degree, end in zip(degrees, ends, strict=True)
            ]
            if not any(wrong):
                found[state] = 0.0
    return found


def _packing(demand: IntArray) -> tuple[IntArray, IntArray, WordArray, int]:
    """Where each item's count lies: (word, shift, mask, words)."""
    word, shift = np.zeros(len(demand), dtype=np.int64), np.zeros(len(demand), dtype=np.int64)
    mask = np.zeros(len(demand), dtype=np.uint64)
    at, used = 0, 0
    for i, pieces in enumerate(demand.tolist()):
        size = pieces.bit_length()
        if used + size > 64:
            at, used = at + 1, 0
        word[i], shift[i], mask[i] = at, used, (1 << size) - 1
        used += size
    return word, shift, mask, at + 1
