"""Large neighbourhoods: some items' places, or some places, are chosen anew while the tour keeps passing the others.

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
from containers.optimizer.routing.scattered.network import FloatArray, Network, Place
from containers.optimizer.routing.scattered.relaxation import Relaxation

STEPS = 25
WIDTH = 400
# Items that are chosen together: at first, and at most so many labels before fewer are.
GROUP = 6
MANY_LABELS = 20_000
FEW_LABELS = 4000
# What a move costs beside its labels, in labels.
MOVE = 1000
# How much longer, in parts, a kicked tour may be.
KICK = 1.1


class Neighbourhood:
    """A tour and the places that it is walked for. length: metres, infinite before the first tour."""

    def __init__(self, network: Network, choice: Choice, prices: FloatArray, random: np.random.Generator) -> None:
        self.network = network
        self.choice = choice
        self.prices = prices
        self.random = random
        self.alive = np.ones(len(network.cost), dtype=np.bool_)
        self.length = float("inf")
        self.passed: list[Place] = []
        self.size = GROUP  # items, or
        self.span = GROUP  # places that are chosen anew together
        self._serving: dict[int, list[Place]] = {}
        number = {article: i for i, article in enumerate(network.articles)}
        self._held: dict[Place, dict[int, int]] = {
            (s, x): {number[a]: pieces for a, pieces in choice.supply.get(position, {}).items()}
            for s, places in enumerate(network.places)
            for x, position in enumerate(places)
        }

    def take(self, length: float, passed: list[Place]) -> None:
        """Go on from this tour, whose places hold everything."""
        self.length, self.passed = length, passed
        self._serving = self._serve(passed, range(len(self.network.demand)))

    def build(self, clock: Clock) -> None:
        """A first tour: items enter one by one, each where it lengthens the tour least, those of few places first."""
        places = Counter(i for held in self._held.values() for i in held)
        entered: set[int] = set()
        for i in sorted(range(len(self.network.demand)), key=lambda i: (places[i], i)):
            fixed = {place for served in self._serving.values() for place in served}
            seen = self._choose(fixed, float("inf"), clock, {i})
            if seen.length == float("inf"):
                return
            entered.add(i)
            self._serving = self._serve(self.network.passed(seen.options), entered)
        self.take(seen.length, self.network.passed(seen.options))

    def pass_by(self, positions: frozenset[int], clock: Clock) -> bool:
        """Take the shortest tour past those of these positions that are needed for the demand; whether there is one.

        There is none where they do not hold the demand, or where a place is needed only because of others that every way to
        it leads past: such ways are not in the network.
        """
        left, needed = Counter({i: int(pieces) for i, pieces in enumerate(self.network.demand)}), set[Place]()
        mine = [(place, held) for place, held in self._held.items() if self._position(place) in positions]
        for place, held in sorted(mine, key=lambda one: (-sum(one[1].values()), one[0])):
            if any(left[i] > 0 for i in held):
                needed.add(place)
                left.subtract(held)
        if any(pieces > 0 for pieces in left.values()):
            return False
        seen = self._choose(needed, float("inf"), clock)
        if seen.length == float("inf"):
            return False
        self.take(seen.length, self.network.passed(seen.options))
        return True

    def _position(self, place: Place) -> int:
        stage, index = place
        return self.network.places[stage][index]

    def improve(self, clock: Clock, patience: int, work: int) -> None:
        """Moves until so many in a row have found nothing shorter, and so many labels are made: then from a kicked tour."""
        best = self.length, self.passed
        waited = made = 0
        while (waited < patience or made < work) and not clock.over():
            if waited >= patience:
                self.take(*best)
                made += self._kick(clock)
                waited = 0
            waited += 1
            of_places = self.random.random() < 0.5
            fixed = self._far_places(self.span) if of_places else self._other_items()
            seen = self._choose(fixed, self.length, clock)
            made += MOVE + seen.labels
            change = (seen.labels < FEW_LABELS) - (seen.labels > MANY_LABELS)
            if of_places:
                self.span = min(max(2, self.span + change), len(self._places()))
            else:
                self.size = min(len(self.network.demand), max(2, self.size + change))
            if seen.length < self.length - 1e-6:
                self.take(seen.length, self.network.passed(seen.options))
                waited = 0
                if self.length < best[0] - 1e-6:
                    best = self.length, self.passed
        self.take(*best)

    def _kick(self, clock: Clock) -> int:
        """Go on from a tour without some of these places or, every sixth time, one found at other prices: labels made."""
        limit = KICK * self.length
        if self.random.random() < 1 / 6:
            prices = self.prices * self.random.uniform(0.5, 1.5, len(self.prices))
            seen = extend_labels(Relaxation(self.network, alive=self.alive), prices, limit, WIDTH, clock, spread=True)
        else:
            fixed = self._far_places(2 * self.span)
            free = sorted(set(self._places()) - fixed)
            banned = [free[i] for i in self.random.permutation(len(free))[: max(1, len(free) // 3)]]
            seen = self._choose(fixed, limit, clock, banned=banned)
        if seen.length < float("inf"):
            self.take(seen.length, self.network.passed(seen.options))
        return MOVE + seen.labels

    def _places(self) -> list[Place]:
        return sorted({place for served in self._serving.values() for place in served})

    def _far_places(self, span: int) -> set[Place]:
        """All places but so many that lie one after the other, or, every third time, any."""
        every = self._places()
        span = min(span, len(every))
        if self.random.random() < 1 / 3:
            return {every[i] for i in self.random.permutation(len(every))[span:]}
        low = int(self.random.integers(1 - span, len(every)))
        return set(every[: max(0, low)] + every[max(0, low) + span :])

    def _other_items(self) -> set[Place]:
        """What serves the items that are not near to a random one's places, or, every third time, any others."""
        count = len(self.network.demand)
        size = min(self.size, count)
        if self.random.random() < 1 / 3:
            free = self.random.permutation(count)[:size]
        else:
            middle = [float(np.mean([s for s, _ in self._serving[i]])) for i in range(count)]
            center = middle[int(self.random.integers(count))]
            spread = np.abs(np.array(middle) - center) * self.random.uniform(0.5, 1.5, count)
            free = np.argsort(spread, kind="stable")[:size]
        left = set(range(count)) - set(free.tolist())
        return {place for i in left for place in self._serving[i]}

    def _choose(
        self,
        fixed: set[Place],
        limit: float,
        clock: Clock,
        also: Iterable[int] | None = None,
        banned: Iterable[Place] = (),
    ) -> Labelled:
        """The best tour that passes the fixed places, none that are banned, and takes what the former do not hold of `also`,
        by default of everything."""
        network = self.network
        alive, final_of = self._allowed(fixed, banned)
        held: Counter[int] = Counter()
        for place in fixed:
            held.update(self._held[place])
        items = range(len(network.demand)) if also is None else also
        wanted = np.zeros(len(network.demand), dtype=np.bool_)
        wanted[[i for i in items if held[i] < network.demand[i]]] = True
        relaxation = Relaxation(network, (), wanted, alive, final_of)
        if limit == float("inf"):  # room for every label
            width = network.nodes * (1 + int(network.demand[wanted].sum()))
            return extend_labels(relaxation, self.prices, limit, width, clock)
        bound, prices, _ = relaxation.ascend(self.prices, limit, STEPS, 0.5)
        if bound >= limit - 1e-6:
            return Labelled(float("inf"), [], bound, 0)
        return extend_labels(relaxation, prices, limit, WIDTH, clock)

    def _allowed(
        self, fixed: set[Place], banned: Iterable[Place]
    ) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.int64]]:
        """(options that pass all fixed places and no banned one, stages after which the tour may be whole)."""
        network = self.network
        alive = self.alive.copy()
        for s, x in fixed:
            low, high = network.act_first[s, 0], network.act_first[s, -1]
            alive[low:high] &= (network.prefix[low:high] > x) | (network.suffix[low:high] <= x)
        for s, x in banned:
            low, high = network.act_first[s, 0], network.act_first[s, -1]
            alive[low:high] &= (network.prefix[low:high] <= x) & (network.suffix[low:high] > x)
        last = max((s for s, _ in fixed), default=-1)
        return alive, np.where(np.arange(network.stages) >= last, network.final_of, -1)

    def _serve(self, passed: list[Place], items: Iterable[int]) -> dict[int, list[Place]]:
        """Few of the places that are passed, to take the items from."""
        network = self.network
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
