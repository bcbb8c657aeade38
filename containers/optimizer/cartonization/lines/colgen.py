"""One-dimensional bin packing and cutting stock by column generation (Gilmore & Gomory 1961) with diving.

The linear program over patterns gives a bound that is nearly always, rounded up, the optimum. A dive fixes patterns of
the fractional solution, prices new ones for what remains, and goes on until everything is packed; further dives take
other patterns first. Where a dive fails, all patterns whose reduced cost leaves room for them in a plan at the bound are
listed, from the earliest step at which they are few, and an integer program chooses among them; after some dives it does
so from the beginning. Several types with their costs are priced one by one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from containers.optimizer.cartonization.boxes.data import Bin, Box
from containers.optimizer.cartonization.lines.knapsack import completions, fillings, largest_first, list_fillings
from containers.optimizer.cartonization.lines.master import Master, Pattern
from containers.optimizer.cartonization.lines.program import choose
from containers.optimizer.cartonization.problem import NO_LIMIT, Floats, Ints, PackingProblem

EPS = 1e-7
MOST_KINDS = 3_000  # lengths of their own; beyond, the linear program takes longer than any budget
MOST_ENTRIES = 20_000_000  # of all patterns, eight bytes each
CELLS = (1_000_000, 16_000_000)  # of the pricing's table; of the one for when the search under the first does not end
COLUMNS = (40, 200)  # patterns of one round of pricing, each with another longest piece: a fifth of the kinds, within
NODES = 200_000  # of its search, a few milliseconds
LEAN = 0.5  # of the prices towards the best proven
NOISE = 0.3  # of the order in which dives after the first fix patterns
GREEDY_SHARE, ROOT_SHARE = 0.15, 0.5  # of the time, at most, for the first plan and for the first linear program
# A dive that failed is taken up again where at most so many patterns are open: a number that grows with every so many dives.
ENDS, SLOWER, END_NODES, END_SHARE = (200, 400, 800), 4, 100, 0.1  # nodes, and the share of the time, of one program
# When dives have failed so often, the program gets all patterns that a plan at the bound may use, if they are so few.
DIVES, PROGRAM_NODES, PROGRAM_SHARE = (4, 16, 64, 256), 5_000, 0.7
MOST_PATTERNS, LIST_NODES, END_LIST_NODES = 5_000, 2_000_000, 200_000
LONGER = (1.5e-3, 5e-4, 1.5e-4, 5e-5)  # of a bar, at most, is added to the demand in each length for further duals


def suits(problem: PackingProblem) -> bool:
    """Plain lengths at a cost: no rule beyond the size, and as many cartons as needed."""
    return (
        problem.dimensions == 1
        and len(problem.kinds) <= MOST_KINDS
        and problem.source.objective != "value"
        and not problem.has_groups
        and not problem.has_sequence
        and not problem.conflicts.size
        and not problem.begun
        and bool((problem.type_available >= NO_LIMIT).all())
        and (bool((problem.type_weight >= NO_LIMIT).all()) or all(kind.weight == 0 for kind in problem.kinds))
    )


@dataclass(frozen=True)
class Step:
    """Where a dive stands: how many patterns are fixed, what may be spent beyond them, what is left to serve, duals for it."""

    fixed: int
    budget: float
    left: Ints
    duals: Floats


@dataclass
class Cutting:
    """The best plan and the bound so far. Patterns are (type, copies of each used kind), kinds with size falling."""

    problem: PackingProblem
    counts: Ints
    seed: int
    bound: float = 0.0
    cost: float = math.inf
    patterns: list[Pattern] = field(default_factory=list)
    rounds: int = 0
    lifted: bool = False  # the bound is above the linear program's

    def __post_init__(self) -> None:
        used = np.flatnonzero(self.counts)
        sizes = np.array([self.problem.kinds[k].orientations[0][0] for k in used], dtype=np.int64)
        falling = np.argsort(-sizes, kind="stable")
        self.used = used[falling]
        limits = [math.floor(int(d[0]) * self.problem.source.fill_limit + 1e-9) for d in self.problem.type_dims]
        divisor = int(np.gcd.reduce(sizes))
        self.sizes = sizes[falling] // divisor
        self.room = [limit // divisor for limit in limits]
        self.prices = self.problem.type_cost.astype(float)
        self.demand = self.counts[self.used].astype(np.int64)
        longest = max(self.room)
        rows = len(self.sizes) + 1
        self.grains = sorted({-(-longest // max(1, cells // rows)) for cells in CELLS}, reverse=True)
        self.tables = [np.zeros((rows, longest // grain + 1)) for grain in self.grains]
        self.level = 0  # of them in use
        columns = min(max(COLUMNS[0], len(self.sizes) // 5), COLUMNS[1])
        self.found = np.zeros((columns, len(self.sizes)), dtype=np.int64)
        self.found_worth = np.zeros(columns)
        self.master = Master(self.prices, self.demand)
        # Duals for the whole demand under which no pattern is worth more than its type costs, the best found: lengths at first
        per_length = min(p / room for p, room in zip(self.prices, self.room, strict=True) if room >= self.sizes[-1])
        self.center: Floats = self.sizes.astype(np.float64) * float(per_length)
        self.random = np.random.default_rng(self.seed)

    def run(
        self,
        stop: Callable[[int], bool],
        report: Callable[[float, float], None],
        remaining: Callable[[], float] = lambda: math.inf,
    ) -> None:
        """Dive until the plan costs no more than the bound, or `stop`. remaining: seconds that are left."""
        self.stop, self.remaining = stop, remaining
        self.bound = self._rounded(float(self.center @ self.demand))
        self._take(self._completed([], self.demand))
        self._take(self._greedy(remaining() * (1.0 - GREEDY_SHARE)))
        self.master.add([*self.patterns, *self._alone()])
        report(self.cost, self.bound)
        dives = 0
        while self._open() and not self.stop(self.rounds):
            found = self.choose_among_all() if dives in DIVES else None
            if self._open() and found is None:
                found = self._dive(dives)
            dives += 1
            if found is not None and self._take(found):
                report(self.cost, self.bound)

    def _open(self) -> bool:
        return self.cost > self.bound + 1e-6

    def _alone(self) -> list[Pattern]:
        """One piece of each kind alone, in the cheapest type that holds it: they serve whatever is left."""
        found = []
        for k, size in enumerate(self.sizes):
            t = min((t for t, room in enumerate(self.room) if room >= size), key=lambda t: self.prices[t])
            copies = np.zeros(len(self.sizes), dtype=np.int64)
            copies[k] = 1
            found.append((t, copies))
        return found

    def _price(self, left: Ints, duals: Floats) -> tuple[float, list[Pattern]]:
        """(what every pattern's worth is at most, over its type's price; patterns worth more than that price)."""
        while True:
            grain, table = self.grains[self.level], self.tables[self.level]
            completions(self.sizes, left, duals, grain, table)
            most, unsure = 0.0, False
            patterns: list[Pattern] = []
            for t, (room, price) in enumerate(zip(self.room, self.prices, strict=True)):
                above = price + EPS * max(1.0, price)
                count, limit = fillings(
                    self.sizes, left, duals, room, grain, table, above, NODES, self.found, self.found_worth
                )
                unsure |= limit > above
                if price > 0:
                    most = max(most, limit / price)
                elif limit > above:
                    most = math.inf
                patterns += [(t, self.found[row].copy()) for row in range(count)]
            if patterns or not unsure or self.level == len(self.grains) - 1:
                return most, patterns
            self.level += 1

    def _take(self, patterns: list[Pattern]) -> bool:
        cost = float(sum(self.prices[t] for t, _ in patterns))
        if cost < self.cost - 1e-9:
            self.cost, self.patterns = cost, patterns
            return True
        return False

    def _rounded(self, value: float) -> float:
        """Prices are whole, so a bound is too."""
        return float(np.ceil(value - 1e-6 * max(1.0, value)))

    def _relax(self, left: Ints, spent: float, center: Floats, closely: bool, until: float) -> bool:
        """Solve the linear program for `left`; False when it costs too much beside what is spent, or at the stop.

        Prices lean to `center`, duals under which no pattern is worth more than its type costs (smoothing, Wentges 1997);
        it moves, in place, to what proves most. Unless `closely`, the end comes as soon as the rounded bound is final, or
        with `until` seconds remaining.
        """
        master, lean = self.master, LEAN
        master.serve(left)
        duals = master.solve(self.remaining())
        proven = float(center @ left)
        while duals is not None and spent + self._rounded(proven) < self.cost - 1e-6:
            if self.remaining() < until or (not closely and self._rounded(proven) >= self._rounded(master.value)):
                return True
            asked = lean * center + (1.0 - lean) * duals
            most, patterns = self._price(left, asked)
            self.rounds += 1
            bound = float(asked @ left) / max(1.0, most)  # Farley 1990
            if bound > proven:
                proven = bound
                center[:] = asked / max(1.0, most)
            if self.stop(self.rounds):
                return False
            room = len(master.patterns) * len(left) < MOST_ENTRIES
            better = any(float(copies @ duals) > self.prices[t] * (1.0 + EPS) for t, copies in patterns)
            if room and better and master.add(patterns):
                duals, lean = master.solve(self.remaining()), LEAN
            elif lean == 0.0 or not room:
                return True
            else:
                lean = 0.0
        return False

    def _dive(self, before: int) -> list[Pattern] | None:
        """Fix patterns until all is served; None when that gets too dear. The first one takes no care to end the program."""
        first = before == 0
        left = self.demand.copy()
        fixed: list[Pattern] = []
        spent = 0.0
        until = self.remaining() * (1.0 - ROOT_SHARE) if first else -math.inf
        solved = self._relax(left, spent, self.center, not first, until)
        if not self.lifted:
            self.bound = max(self.bound, self._rounded(float(self.center @ left)))
        center = self.center.copy()
        steps: list[Step] = []
        while solved:
            x = self.master.x
            whole = np.floor(x + 1e-6).astype(np.int64)
            if not whole.any():
                part = x * (1.0 + (0.0 if first else NOISE) * (self.random.random(len(x)) - 0.5))
                whole[int(np.argmax(part))] = 1
            left = self._fix(whole, left, fixed)
            if not left.any():
                return fixed
            spent = float(sum(self.prices[t] for t, _ in fixed))
            solved = self._relax(left, spent, center, False, -math.inf)
            steps.append(Step(len(fixed), self.cost - 1.0 - spent, left, center.copy()))
        if self.stop(self.rounds):
            return self._completed(fixed, left)
        return self._other_end(fixed, steps, ENDS[min(before // SLOWER, len(ENDS) - 1)])

    def _fix(self, whole: Ints, left: Ints, fixed: list[Pattern]) -> Ints:
        """Take patterns as often as told, so far as what is left has them; what is left then."""
        for j in np.flatnonzero(whole):
            t, copies = self.master.patterns[j]
            times = int(min(whole[j], np.min(left[copies > 0] // copies[copies > 0])))
            fixed += [(t, copies)] * times
            left = left - times * copies
        return left

    def _completed(self, fixed: list[Pattern], left: Ints) -> list[Pattern]:
        """A plan in haste: the linear program's patterns in order of their values, then the longest first."""
        fixed = list(fixed)
        x = self.master.x
        left = self._fix(np.floor(x + 1e-6).astype(np.int64), left, fixed)
        for j in np.argsort(np.floor(x) - x, kind="stable")[: int(np.count_nonzero(x > 1e-6))]:
            left = self._fix(np.arange(len(x)) == j, left, fixed)
        while left.any():
            choice = [(t, largest_first(self.sizes, left, room)) for t, room in enumerate(self.room)]
            found = min(choice, key=lambda one: self._ratio(one, left))
            fixed.append(found)
            left = left - found[1]
        return fixed

    def _ratio(self, pattern: Pattern, left: Ints) -> float:
        """Cost for what is served; less when it is all that is left."""
        t, copies = pattern
        filled = float(copies @ self.sizes)
        if filled == 0:
            return math.inf
        return float(self.prices[t] + 1e-9) / filled * (0.9 if (copies == left).all() else 1.0)

    def _greedy(self, until: float) -> list[Pattern]:
        """The fullest carton for its cost, again and again, from what is left; large pieces count a little more."""
        left = self.demand.copy()
        fixed: list[Pattern] = []
        values = self.sizes.astype(float) ** 1.05
        grain, table = self.grains[0], self.tables[0]
        fullest, worth = np.zeros((1, len(self.sizes)), dtype=np.int64), np.zeros(1)
        while left.any():
            if self.stop(self.rounds) or self.remaining() < until:
                return self._completed(fixed, left)
            completions(self.sizes, left, values, grain, table)
            choice = []
            for t, room in enumerate(self.room):
                copies = largest_first(self.sizes, left, room)
                above = float(copies @ values)
                if fillings(self.sizes, left, values, room, grain, table, above, NODES, fullest, worth)[0]:
                    copies = fullest[0].copy()
                choice.append((t, copies))
            t, copies = min(choice, key=lambda one: self._ratio(one, left))
            times = int(np.min(left[copies > 0] // copies[copies > 0]))
            fixed += [(t, copies)] * times
            left = left - times * copies
        return fixed

    def choose_among_all(self) -> list[Pattern] | None:
        """A plan at the bound, if one exists and is found in time; when none exists the bound is raised."""
        listed = self._all_of_a_plan()
        if listed is None:
            return None
        patterns, most = listed
        seconds = PROGRAM_SHARE * self.remaining()
        plan, impossible = choose(
            patterns, self.prices, self.demand, most, self.bound, seconds, PROGRAM_NODES, self.seed
        )
        if impossible:
            self.bound, self.lifted = self.bound + 1.0, True
        return plan

    def _other_end(self, fixed: list[Pattern], steps: list[Step], most: int) -> list[Pattern] | None:
        """Another end for a dive that failed, from the earliest step at which at most so many patterns are open."""
        low, high = 0, len(steps)
        while low < high:
            if self.stop(self.rounds):
                return None
            middle = (low + high) // 2
            best = self._with_best_duals(steps[middle])
            listed = self._within_spare(best, most, END_LIST_NODES)
            if listed is None:
                low = middle + 1
            else:
                step, patterns, high = best, listed, middle
        if low == len(steps) or not patterns:
            return None
        seconds = END_SHARE * self.remaining()
        end, _ = choose(patterns, self.prices, step.left, self._most(step), step.budget, seconds, END_NODES, self.seed)
        self.rounds += 1
        return None if end is None else fixed[: step.fixed] + end

    def _with_best_duals(self, step: Step) -> Step:
        """The dive went on as soon as it knew enough; the best duals leave far fewer patterns open."""
        duals = step.duals.copy()
        self._relax(step.left, self.cost - 1.0 - step.budget, duals, True, -math.inf)
        return Step(step.fixed, step.budget, step.left, duals)

    def _all_of_a_plan(self) -> tuple[list[Pattern], Floats] | None:
        """All full patterns that a plan at the bound can have, and how many pieces of each kind they can have together.

        None when the patterns are too many. The best duals may be a few values alike, which rule out little (0, a half and
        1, where large pieces alone make the bound); those of a slightly larger demand tell lengths apart, at next to no
        loss in value. The shortest list is taken, and the other duals rule out more of it.
        """
        tried = [Step(0, self.bound, self.demand, self.center)]
        shortest = self._within_spare(tried[0], MOST_PATTERNS, LIST_NODES)
        for share in LONGER:
            duals = self._nearby(share)
            if duals is None:
                break
            tried.append(Step(0, self.bound, self.demand, duals))
            listed = self._within_spare(tried[-1], MOST_PATTERNS if shortest is None else len(shortest), LIST_NODES)
            shortest = shortest if listed is None else listed
        if shortest is None:
            return None
        for root in tried:
            shortest = [(t, copies) for t, copies in shortest if float(copies @ root.duals) > self._least(t, root)]
        return shortest, np.min([self._most(root) for root in tried], axis=0)

    def _nearby(self, share: float) -> Floats | None:
        """Duals of a demand longer by up to this share of a bar in pieces of each length; None at the stop."""
        longer = share * max(self.room) * self.random.random(len(self.demand))
        self.master.serve(self.demand, self.demand + longer / self.sizes)
        while True:
            duals = self.master.solve(self.remaining())
            if duals is None or self.stop(self.rounds):
                return None
            most, patterns = self._price(self.demand, duals)
            self.rounds += 1
            if not self.master.add(patterns):
                return duals / max(1.0, most)

    def _spare(self, step: Step) -> float:
        """What the reduced costs of all patterns of a plan within the budget sum up to at most, whatever the duals.

        That is what lies between the duals' value and the budget. A piece in excess of what is left costs its dual of it.
        """
        return step.budget - float(step.duals @ step.left)

    def _least(self, t: int, step: Step) -> float:
        """A pattern of type t in a plan within the budget is worth more than this."""
        price = float(self.prices[t])
        return price - self._spare(step) - 1e-5 * max(1.0, price)

    def _most(self, step: Step) -> Floats:
        """How many pieces of each kind full patterns of a plan within the budget can have together.

        Nearly all are cut no more often than asked, and with rows that say so the program is far quicker.
        """
        spare = self._spare(step) + 1e-5 * max(1.0, step.budget)
        excess = np.divide(spare, step.duals, out=np.full(len(step.duals), np.inf), where=step.duals > 0)
        return np.asarray(step.left + np.floor(excess))

    def _within_spare(self, step: Step, most: int, nodes: int) -> list[Pattern] | None:
        """All full patterns that a plan within the budget can have; None when they are more than `most`."""
        grain, table = self.grains[self.level], self.tables[self.level]
        completions(self.sizes, step.left, step.duals, grain, table)
        listed = np.zeros((most, len(self.sizes)), dtype=np.int64)
        patterns: list[Pattern] = []
        for t, room in enumerate(self.room):
            least = self._least(t, step)
            count, finished = list_fillings(self.sizes, step.left, step.duals, room, grain, table, least, nodes, listed)
            if not finished or len(patterns) + count > most:
                return None
            patterns += [(t, listed[row].copy()) for row in range(count)]
        return patterns

    def bins(self) -> list[Bin]:
        """The plan's cartons, pieces laid end to end, long ones first."""
        found = []
        left = self.demand.copy()
        for t, copies in self.patterns:
            take = np.minimum(copies, left)
            left -= take
            at = 0
            pieces: list[tuple[int, Box]] = []
            for n in sorted(np.flatnonzero(take), key=lambda n: -self.sizes[n]):
                kind = int(self.used[n])
                length = self.problem.kinds[kind].orientations[0][0]
                for _ in range(int(take[n])):
                    pieces.append((kind, (at, 0, 0, at + length, 1, 1)))
                    at += length
            if pieces:
                found.append(Bin(t, -1, tuple(pieces)))
        return found
