"""Load one container as well as possible: blocks of boxes, a beam that widens while time lasts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from containers.optimizer.cartonization.blocks.kernel import (
    GAMMA,
    MAX_SPACES,
    Blocks,
    Load,
    combine,
    expand,
)
from containers.optimizer.cartonization.boxes.data import Bin, Box
from containers.optimizer.cartonization.problem import NO_LIMIT, Ints, PackingProblem

MAX_SIMPLE = 6_000  # blocks of one kind
MAX_PAIRED = 4_000  # blocks of several
LEAST_FILL = 0.98  # of a block's bounding box
MAX_KINDS = 400
MAX_PLACED = 1_000  # blocks of a load
WIDEN = 1.4


@dataclass(frozen=True)
class _Built:
    """Blocks in the order of making, with how each was made."""

    dims: Ints
    kind: Ints  # of single boxes, -1 for pairs
    left: Ints
    right: Ints
    axis: Ints


def suits(problem: PackingProblem) -> bool:
    """Whether blocks respect all rules of the problem: not those that tie pieces together, apart or to an order."""
    return (
        problem.dimensions == 3
        and not problem.has_groups
        and not problem.has_sequence
        and not problem.begun
        and not problem.conflicts.size
        and problem.source.fill_limit == 1.0
        and len(problem.kinds) <= MAX_KINDS
    )


class Loader:
    """Blocks of one carton type for the given pieces, and the search over them."""

    def __init__(self, problem: PackingProblem, t: int, counts: Ints) -> None:
        self.problem = problem
        self.t = t
        self.used = np.flatnonzero(np.where(problem.fits[:, t], counts, 0))
        self.counts = np.asarray(counts)[self.used].astype(np.int64)
        self.blocks, self.built, self.order = self._make_blocks()
        kinds = len(self.used)
        self.best = _loads(1, kinds, int(self.counts.sum()))
        self.best.worth[0] = -1.0
        self.iterations = 0

    def _make_blocks(self) -> tuple[Blocks, _Built, Ints]:
        problem, container = self.problem, self.problem.type_dims[self.t]
        kinds = len(self.used)
        room = MAX_SIMPLE + MAX_PAIRED + 6 * kinds
        dims = np.zeros((room, 3), dtype=np.int64)
        top = np.zeros((room, 2), dtype=np.int64)
        boxes = np.ones(room, dtype=np.int64)
        volume = np.zeros(room)
        count = np.zeros((room, kinds), dtype=np.int64)
        weight = np.zeros(room, dtype=np.int64)
        kind_of = np.full(room, -1, dtype=np.int64)
        left = np.full(room, -1, dtype=np.int64)
        right = np.full(room, -1, dtype=np.int64)
        axis = np.zeros(room, dtype=np.int64)
        n = 0
        share = max(1, MAX_SIMPLE // max(1, sum(len(problem.kinds[k].orientations) for k in self.used)))
        for k, number in enumerate(self.used):
            kind = problem.kinds[number]
            for size in kind.orientations:
                if (np.array(size) > container).any():
                    continue
                bears = kind.max_load >= NO_LIMIT
                for shape, parts, along in _grids(size, container, int(self.counts[k]), bears, share):
                    boxes[n] = int(np.prod(shape))
                    dims[n] = np.array(size) * shape
                    if bears:
                        top[n] = dims[n, :2]
                    volume[n] = float(kind.volume) * boxes[n]
                    count[n, k] = boxes[n]
                    weight[n] = kind.weight * boxes[n]
                    if parts is None:
                        kind_of[n] = k
                        first = n
                    else:
                        left[n], right[n], axis[n] = first + parts[0], first + parts[1], along
                    n += 1
        hashes = np.zeros(1 << 17, dtype=np.uint64)
        n = int(
            combine(
                dims,
                top,
                boxes,
                volume,
                count,
                weight,
                left,
                right,
                axis,
                n,
                min(room, n + MAX_PAIRED),
                LEAST_FILL,
                container,
                hashes,
                self.counts,
            )
        )
        value = np.array([problem.kinds[k].value for k in self.used])
        own = problem.source.objective == "value"
        worth = (count[:n] @ value) if own else volume[:n]
        merit = worth / boxes[:n] ** GAMMA
        order = np.argsort(-merit, kind="stable")
        reach = np.zeros((3, int(container.max()) + 1), dtype=np.int64)
        for a in range(3):
            reach[a] = self._reach(a, int(container.max()))
        held = count[order]
        parts = np.count_nonzero(held, axis=1)
        which = np.ascontiguousarray(np.argsort(held == 0, axis=1, kind="stable")[:, : int(parts.max(initial=1))])
        blocks = Blocks(
            dims=np.ascontiguousarray(dims[order]),
            top=np.ascontiguousarray(top[order]),
            worth=np.ascontiguousarray(worth[order].astype(np.float64)),
            size=np.ascontiguousarray(merit[order].astype(np.float64)),
            weight=np.ascontiguousarray(weight[order]),
            parts=parts,
            kind=which,
            count=np.take_along_axis(held, which, axis=1),
            least=dims[order].min(axis=0, initial=int(container.max())),
            reach=reach,
            container=np.ascontiguousarray(container),
        )
        return blocks, _Built(dims[:n], kind_of[:n], left[:n], right[:n], axis[:n]), order

    def _reach(self, axis: int, longest: int) -> Ints:
        """For each length the largest sum of edges along the axis that does not exceed it (bounded knapsack)."""
        able = np.zeros(longest + 1, dtype=np.bool_)
        able[0] = True
        for k, number in enumerate(self.used):
            for edge in {size[axis] for size in self.problem.kinds[number].orientations if size[axis] <= longest}:
                times = min(int(self.counts[k]), longest // edge)
                part = 1
                while times > 0:
                    step = min(part, times) * edge
                    if step <= longest:
                        able[step:] |= able[:-step].copy()
                    times -= part
                    part *= 2
        return np.maximum.accumulate(np.where(able, np.arange(longest + 1), 0)).astype(np.int64)

    @property
    def worth(self) -> float:
        return float(max(0.0, self.best.worth[0]))

    def run(self, stop: Callable[[int], bool], report: Callable[[float, int], None], widest: int | None = None) -> None:
        """Beam searches of growing width, until `stop`, a perfect load, or `widest`."""
        if not len(self.blocks.dims):
            return
        width = 1.0
        perfect = self._all_worth() - 1e-9
        while not (self.iterations and stop(self.iterations)) and self.worth < perfect:
            whole = self._beam(max(1, round(width)), stop, report)
            if not whole or (widest is not None and round(width) >= widest) or width > 200:
                return
            width *= WIDEN

    def _all_worth(self) -> float:
        own = self.problem.source.objective == "value"
        each = [self.problem.kinds[k].value if own else float(self.problem.kinds[k].volume) for k in self.used]
        room = float(np.prod(self.blocks.container.astype(float)))
        everything = float(np.dot(self.counts, each))
        volumes = all(self.problem.kinds[k].value == self.problem.kinds[k].volume for k in self.used)
        return min(everything, room) if volumes or not own else everything

    def _beam(self, width: int, stop: Callable[[int], bool], report: Callable[[float, int], None]) -> bool:
        kinds = len(self.used)
        beam, children, trial = (_loads(many, kinds, int(self.counts.sum())) for many in (width, width, 2))
        spare = np.zeros((6 * MAX_SPACES, 6), dtype=np.int64)
        out_block = np.zeros(width + 1, dtype=np.int64)
        out_value = np.zeros(width + 1)
        values = np.zeros(width)
        alive = np.zeros((2, len(self.blocks.dims) + 1), dtype=np.int64)
        beam.left[0] = self.counts
        beam.spaces[0, 0, 3:] = self.blocks.container
        beam.n_spaces[0] = 1
        beam.weight[0] = self.problem.type_weight[self.t]
        states = 1
        while states:
            n = 0
            for s in range(states):
                before = self.worth
                n, found = expand(
                    beam,
                    s,
                    self.blocks,
                    width,
                    children,
                    n,
                    values,
                    trial,
                    self.best,
                    spare,
                    out_block,
                    out_value,
                    alive,
                )
                n = int(n)
                self.iterations += int(found)
                if self.worth > before:
                    report(self.worth, self.iterations)
                if stop(self.iterations):
                    return False
            beam, children = children, beam
            states = n
        return True

    def bin(self) -> Bin:
        """The best load as a carton."""
        pieces: list[tuple[int, Box]] = []
        for i in range(int(self.best.n_placed[0])):
            b, x, y, z, mirrored = (int(v) for v in self.best.placed[0, i])
            made = int(self.order[b])
            size = self.built.dims[made]
            for k, (u, v, w), box in self._inside(made):
                if mirrored & 1:
                    u = int(size[0]) - u - box[0]
                if mirrored & 2:
                    v = int(size[1]) - v - box[1]
                low = (x + u, y + v, z + w)
                kind = int(self.used[k])
                pieces.append((kind, (*low, low[0] + box[0], low[1] + box[1], low[2] + box[2])))
        return Bin(self.t, -1, tuple(pieces))

    def _inside(self, block: int) -> list[tuple[int, tuple[int, int, int], tuple[int, int, int]]]:
        """(kind, place, size) of each box of a block."""
        found: list[Any] = []
        todo = [(block, 0, 0, 0)]
        while todo:
            b, x, y, z = todo.pop()
            if self.built.kind[b] >= 0:
                a, c, d = (int(v) for v in self.built.dims[b])
                found.append((int(self.built.kind[b]), (x, y, z), (a, c, d)))
                continue
            p, q, axis = int(self.built.left[b]), int(self.built.right[b]), int(self.built.axis[b])
            shift = [0, 0, 0]
            shift[axis] = int(self.built.dims[p, axis])
            todo.append((p, x, y, z))
            todo.append((q, x + shift[0], y + shift[1], z + shift[2]))
        return found


def _grids(
    size: tuple[int, int, int], container: Ints, count: int, bears: bool, most: int
) -> list[tuple[tuple[int, int, int], tuple[int, int] | None, int]]:
    """Grids of equal boxes: (shape, the two earlier grids that it joins, along which axis), the single box first."""
    longest = [int(container[a]) // size[a] for a in range(3)]
    shapes = [
        (a, b, c)
        for a in range(1, longest[0] + 1)
        for b in range(1, min(longest[1], count // a) + 1)
        for c in range(1, (min(longest[2], count // (a * b)) if bears else 1) + 1)
    ]
    at = {shape: n for n, shape in enumerate(shapes)}
    if len(shapes) > most:
        keep = set(sorted(shapes, key=lambda s: s[0] * s[1] * s[2])[:most])
        at = {}
        for shape in shapes:
            if shape in keep:
                at[shape] = len(at)
    found: list[tuple[tuple[int, int, int], tuple[int, int] | None, int]] = []
    for a, b, c in at:
        if a > 1:
            found.append(((a, b, c), (at[(a - 1, b, c)], at[(1, b, c)]), 0))
        elif b > 1:
            found.append(((a, b, c), (at[(1, b - 1, c)], at[(1, 1, c)]), 1))
        elif c > 1:
            found.append(((a, b, c), (at[(1, 1, c - 1)], at[(1, 1, 1)]), 2))
        else:
            found.append(((a, b, c), None, 0))
    return found


def _loads(states: int, kinds: int, pieces: int) -> Load:
    return Load(
        left=np.zeros((states, kinds), dtype=np.int64),
        spaces=np.zeros((states, MAX_SPACES, 6), dtype=np.int64),
        n_spaces=np.zeros(states, dtype=np.int64),
        placed=np.zeros((states, min(MAX_PLACED, pieces), 5), dtype=np.int64),
        n_placed=np.zeros(states, dtype=np.int64),
        worth=np.zeros(states),
        weight=np.zeros(states, dtype=np.int64),
    )
