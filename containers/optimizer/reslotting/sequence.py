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

    def _fits(self, unit: int, slot: int) -> bool:
        chain = self.chain
        return bool(board.fits(chain.units, chain.slots, chain.rules, chain.state, unit, slot, -1))

    def _go(self, unit: int, slot: int) -> None:
        chain = self.chain
        if chain.state[0][unit] >= 0:
            board.take(chain.units, chain.slots, chain.rules, chain.state, unit)
        if slot >= 0:
            board.put(chain.units, chain.slots, chain.rules, chain.state, unit, slot)

    def carry_out(self, units: Iterable[int], target: Ints) -> list[Step] | None:
        """The steps that bring the units to their targets; None (and nothing changed) when no way is found."""
        place = self.chain.state[0]
        pending = list(units)
        before = {u: int(place[u]) for u in pending}
        steps: list[Step] = []
        while pending:
            ready = next((u for u in pending if self._fits(u, int(target[u]))), None)
            if ready is not None:
                steps.append(Step(ready, int(place[ready]), int(target[ready])))
                self.staged -= place[ready] < 0
                self._go(ready, int(target[ready]))
                pending.remove(ready)
                continue
            aside = self._set_aside(pending, target)
            if aside is None:
                self._undo(before, steps)
                return None
            steps.append(aside)
            self.staged += aside.there < 0
            self._go(aside.unit, aside.there)
        return steps

    def _set_aside(self, pending: list[int], target: Ints) -> Step | None:
        """A unit that blocks another goes to the nearest free slot that nobody is waiting for, or to the staging place."""
        place = self.chain.state[0]
        wanted = {int(target[u]) for u in pending}
        blocking = [u for u in pending if int(place[u]) in wanted]
        for u in blocking:
            slot = self._nearest_free(u, wanted)
            if slot is not None:
                return Step(u, int(place[u]), slot, True)
        if blocking and self.staged < self.instance.source.staging_places:
            return Step(blocking[0], int(place[blocking[0]]), -1, True)
        return None

    def _nearest_free(self, unit: int, wanted: set[int]) -> int | None:
        """Nearer than the depot, else the staging place is as good, if there is any."""
        places, head = self.instance.building.places, self.chain.state[1]
        here = int(self.chain.state[0][unit])
        free = np.flatnonzero(head < 0)
        near = free[np.argsort(np.abs(places.metres[free] - places.metres[here]), kind="stable")][:200]
        fitting = [int(slot) for slot in near if int(slot) not in wanted and self._fits(unit, int(slot))]
        return min(fitting, key=lambda slot: (self.instance.metres(here, slot), slot), default=None)

    def _undo(self, before: dict[int, int], steps: list[Step]) -> None:
        touched = {step.unit for step in steps}
        place = self.chain.state[0]
        for u in touched:
            self.staged -= place[u] < 0
            if place[u] >= 0:
                self._go(u, -1)
        for u in touched:
            self._go(u, before[u])
