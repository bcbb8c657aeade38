"""Large neighbourhoods: some items' places are chosen anew, exactly, while the tour keeps passing those of the others.

Starting from nothing, items enter a few at a time in the same way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from containers.optimizer.routing.scattered.clock import Clock
from containers.optimizer.routing.scattered.demand import Choice
from containers.optimizer.routing.scattered.labels import Labelled, extend_labels
from containers.optimizer.routing.scattered.network import FloatArray, Network
from containers.optimizer.routing.scattered.relaxation import Relaxation

STEPS = 25
WIDTH = 400
# Items that are chosen together: at first, and at most so many labels before fewer are.
GROUP = 6
MANY_LABELS = 20_000
FEW_LABELS = 4000
Place = tuple[int, int]  # stage, index within the stage's places


class Neighbourhood:
    """A tour and the places that serve each item. length: metres, infinite before the first tour."""

    def __init__(self, network: Network, choice: Choice, prices: FloatArray, random: np.random.Generator) -> None:
        self.network = network
        self.choice = choice
        self.prices = prices
        self.random = random
        self.alive = np.ones(len(network.cost), dtype=np.bool_)
        self.length = float("inf")
        self.options: list[int] = []
        self.size = GROUP
        self._serving: dict[int, list[Place]] = {}
        number = {article: i for i, article in enumerate(network.articles)}
        self._held: dict[Place, dict[int, int]] = {
            (s, x): {number[a]: pieces for a, pieces in choice.supply.get(position, {}).items()}
            for s, places in enumerate(network.places)
            for x, position in enumerate(places)
        }

    def take(self, length: float, options: list[int]) -> None:
        """Go on from this tour, which takes everything."""
        self.length, self.options = length, options
        self._serving = self._serve(options, range(len(self.network.demand)))

    def build(self, clock: Clock) -> None:
        """A first tour: items enter one by one, each where it lengthens the tour least, those of few places first."""
        places = Counter(i for held in self._held.values() for i in held)
        for i in sorted(range(len(self.network.demand)), key=lambda i: (places[i], i)):
            seen = self._choose([i], float("inf"), clock)
            if seen.length == float("inf"):
                return
            self._serving |= self._serve(seen.options, [*self._serving, i])
        self.take(seen.length, seen.options)

    def improve(self, clock: Clock, patience: int) -> None:
        """Moves until so many in a row have found nothing shorter."""
        waited = 0
        while waited < patience and not clock.over():
            waited += 1
            free = self._near_items()
            seen = self._choose(free, self.length, clock)
            self.size = max(2, self.size - 1) if seen.labels > MANY_LABELS else self.size
            self.size = min(len(self.network.demand), self.size + (seen.labels < FEW_LABELS))
            if seen.length < self.length - 1e-6:
                self.take(seen.length, seen.options)
                waited = 0

    def _near_items(self) -> list[int]:
        """Items served near to a random one's places, or, every third time, any."""
        count = len(self.network.demand)
        size = min(self.size, count)
        if self.random.random() < 1 / 3:
            return [int(i) for i in self.random.permutation(count)[:size]]
        middle = [float(np.mean([s for s, _ in self._serving[i]])) for i in range(count)]
        center = middle[int(self.random.integers(count))]
        spread = np.abs(np.array(middle) - center) * self.random.uniform(0.5, 1.5, count)
        return [int(i) for i in np.argsort(spread, kind="stable")[:size]]

    def _choose(self, free: list[int], limit: float, clock: Clock) -> Labelled:
        """The best tour in which `free` items go anywhere and the others stay where they are served."""
        network = self.network
        fixed = {place for i, places in self._serving.items() if i not in free for place in places}
        alive, final_of = self._allowed(fixed)
        wanted = np.zeros(len(network.demand), dtype=np.bool_)
        wanted[free] = True
        relaxation = Relaxation(network, (), wanted, alive, final_of)
        if limit == float("inf"):  # room for every label
            width = network.nodes * (1 + int(network.demand[free].sum()))
            return extend_labels(relaxation, self.prices, limit, width, clock)
        bound, prices, _ = relaxation.ascend(self.prices, limit, STEPS, 0.5)
        if bound >= limit - 1e-6:
            return Labelled(float("inf"), [], bound, 0)
        return extend_labels(relaxation, prices, limit, WIDTH, clock)

    def _allowed(self, fixed: set[Place]) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.int64]]:
        """(options that pass all fixed places, stages after which the tour may be whole)."""
        network = self.network
        alive = self.alive.copy()
        for s, x in fixed:
            low, high = network.act_first[s, 0], network.act_first[s, -1]
            alive[low:high] &= (network.prefix[low:high] > x) | (network.suffix[low:high] <= x)
        last = max((s for s, _ in fixed), default=-1)
        return alive, np.where(np.arange(network.stages) >= last, network.final_of, -1)

    def _serve(self, options: list[int], items: Iterable[int]) -> dict[int, list[Place]]:
        """Few of the places that the options pass, to take the items from."""
        network = self.network
        passed = []
        for o in options:
            s = int(network.stage_of[o])
            passed += [(s, x) for x in range(network.prefix[o])]
            passed += [(s, x) for x in range(network.suffix[o], len(network.places[s]))]
        serving: dict[int, list[Place]] = {}
        used: set[Place] = set()
        for i in items:
            holders = [place for place in passed if self._held[place].get(i, 0)]
            holders.sort(key=lambda place: (place not in used, -self._held[place][i], place))
            left, serving[i] = int(network.demand[i]), []
            for place in holders:
                if left > 0:
                    left -= self._held[place][i]
                    serving[i].append(place)
                    used.add(place)
        return serving
