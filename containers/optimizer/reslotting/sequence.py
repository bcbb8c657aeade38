"""A safe order of moves: no slot ever holds more than it may, articles that wait for each other go by a free place."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from containers.optimizer.reslotting.problem import Instance
from containers.optimizer.slotting import board
from containers.optimizer.slotting.costs import Chain

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Step:
    """Unit from slot to slot; -1 is the staging place. temporary: it moves on later."""

    unit: int
    here: int
    there: int
    temporary: bool = False


def chains_of(home: Ints, target: Ints) -> list[list[int]]:
    """Moved units in groups that share no slot, from or to: each group can be carried out or left on its own."""
    parent: dict[int, int] = {}

    def root(slot: int) -> int:
        while parent.setdefault(slot, slot) != slot:
            parent[slot] = parent[parent[slot]]
            slot = parent[slot]
        return slot

    moved = np.flatnonzero(home != target).tolist()
    for u in moved:
        parent[root(int(home[u]))] = root(int(target[u]))
    groups: dict[int, list[int]] = defaultdict(list)
    for u in moved:
        groups[root(int(home[u]))].append(u)
    return list(groups.values())


class Mover:
    """Carries out moves on a chain's state, one by one, each checked against capacity and rules."""

    def __init__(self, instance: Instance, chain: Chain) -> None:
        self.instance, self.chain = instance, chain
        self.staged = 0

    def _go(self, unit: int, slot: int) -> None:
        chain = self.chain
        if chain.state[0][unit] >= 0:
            board.take(chain.units, chain.slots, chain.rules, chain.state, unit)
        if slot >= 0:
            board.put(chain.units, chain.slots, chain.rules, chain.state, unit, slot)

    def carry_out(self, units: Iterable[int], target: Ints) -> list[Step] | None:
        """The steps that bring the units to their targets; None (and nothing changed) when no way is found."""
        place = self.chain.state[0]
        pending = np.array(list(units), dtype=np.int64)
        before = {u: int(place[u]) for u in pending.tolist()}
        steps: list[Step] = []
        while len(pending):
            ready = self.chain.first_that_fits(pending, target[pending])
            if ready >= 0:
                u = int(pending[ready])
                steps.append(Step(u, int(place[u]), int(target[u])))
                self.staged -= int(place[u] < 0)
                self._go(u, int(target[u]))
                pending = np.delete(pending, ready)
                continue
            aside = self._set_aside(pending, target)
            if aside is None:
                self._undo(before, steps)
                return None
            steps.append(aside)
            self.staged += aside.there < 0
            self._go(aside.unit, aside.there)
        return steps

    def _set_aside(self, pending: Ints, target: Ints) -> Step | None:
        """A unit that blocks another goes to the nearest free slot that nobody is waiting for, or to the staging place."""
        place = self.chain.state[0]
        wanted = np.zeros(self.instance.building.places.count, dtype=np.bool_)
        wanted[target[pending]] = True
        blocking = [int(u) for u in pending if place[u] >= 0 and wanted[place[u]]]
        for u in blocking:
            slot = self.chain.nearest_free(u, wanted)
            if slot >= 0:
                return Step(u, int(place[u]), slot, True)
        if blocking and self.staged < self.instance.source.staging_places:
            return Step(blocking[0], int(place[blocking[0]]), -1, True)
        return None

    def _undo(self, before: dict[int, int], steps: list[Step]) -> None:
        touched = {step.unit for step in steps}
        place = self.chain.state[0]
        for u in touched:
            self.staged -= place[u] < 0
            if place[u] >= 0:
                self._go(u, -1)
        for u in touched:
            self._go(u, before[u])
