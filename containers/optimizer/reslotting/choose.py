"""Which groups of moves are carried out: those that pay for themselves, the best first, within the budget."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from containers.optimizer.reslotting.problem import Instance
from containers.optimizer.reslotting.sequence import Mover, Step, chains_of
from containers.optimizer.slotting.costs import Chain

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Chosen:
    """Steps, chain by chain, and where every unit lies after them."""

    steps_by_chain: tuple[tuple[Step, ...], ...]
    place: Ints

    @property
    def steps(self) -> list[Step]:
        return [step for steps in self.steps_by_chain for step in steps]

    def worth(self, instance: Instance, chain: Chain) -> float:
        """The objective over the horizon, each step at its true price."""
        chain.force(instance.home)
        moved = np.flatnonzero(self.place != instance.home).astype(np.int64)
        saved = _walking(chain, moved, self.place)
        return saved + sum(price(instance, step) for step in self.steps)


def price(instance: Instance, step: Step) -> float:
    """Metres over the horizon that a step costs."""
    return instance.seconds(step.unit, step.here, step.there) * instance.metres_per_second * instance.days


def choose(instance: Instance, chain: Chain, target: Ints) -> Chosen:
    """Of the moves from today to `target`, the groups that pay, in a safe order. Leaves the chain at the result."""
    home = instance.home
    groups = chains_of(home, target)
    while True:
        taken = _carry_out(instance, chain, groups, target)
        place = chain.state[0].copy()
        bad = _that_do_not_pay(instance, chain, taken, place)
        if not bad:
            break
        groups = [group for group, _ in taken if tuple(group) not in bad]
    ranked = sorted(taken, key=lambda one: (-_ratio(instance, chain, one, place), one[0]))
    kept = _within_budget(instance, ranked)
    # Ranked anew, a group may need another way, or leave one to another.
    done = _carry_out(instance, chain, [group for group, _ in kept], target)
    done = _within_budget(instance, done)
    if len(done) < len(kept):
        done = _carry_out(instance, chain, [group for group, _ in done], target)
    final = home.copy()
    for group, _ in done:
        final[group] = target[group]
    chain.force(final)
    return Chosen(tuple(tuple(steps) for _, steps in done), final)


Done = list[tuple[list[int], list[Step]]]


def _carry_out(instance: Instance, chain: Chain, groups: list[list[int]], target: Ints) -> Done:
    """Every group that can be carried out from today's slots, with its steps; in the given order as far as possible."""
    chain.force(instance.home)
    mover = Mover(instance, chain)
    waiting, done = list(groups), []
    while waiting:
        stuck = []
        for group in waiting:
            steps = mover.carry_out(group, target)
            if steps is None:
                stuck.append(group)
            else:
                done.append((group, steps))
        if len(stuck) == len(waiting):
            break
        waiting = stuck
    chain.settle()
    return done


def _gain(instance: Instance, chain: Chain, group: list[int], place: Ints) -> float:
    """Metres over the horizon that the building would walk more without this group's moves."""
    back = place.copy()
    back[group] = instance.home[group]
    return _walking(chain, np.array(group, dtype=np.int64), back)


def _walking(chain: Chain, units: Ints, place: Ints) -> float:
    """Chain.change without what the search charges for leaving home."""
    home, price_of = chain.costs.home, chain.costs.home_cost
    now = chain.state[0]
    charged = sum(
        float(price_of[u]) * (int(place[u] != home[u]) - int(now[u] != home[u])) for u in units if home[u] >= 0
    )
    return chain.change(units, place) - charged


def _that_do_not_pay(instance: Instance, chain: Chain, taken: Done, place: Ints) -> set[tuple[int, ...]]:
    """Of the groups that do not pay the worse half: the others may do better without it."""
    losing = []
    for group, steps in taken:
        net = _gain(instance, chain, group, place) - sum(price(instance, step) for step in steps)
        if net <= 1e-9:
            losing.append((net, tuple(group)))
    losing.sort()
    return {group for _, group in losing[: -(-len(losing) // 2)]}


def _ratio(instance: Instance, chain: Chain, one: tuple[list[int], list[Step]], place: Ints) -> float:
    group, steps = one
    seconds = sum(instance.seconds(step.unit, step.here, step.there) for step in steps)
    return _gain(instance, chain, group, place) / max(1e-9, seconds)


def _within_budget(instance: Instance, ranked: Done) -> Done:
    """As many as fit the budget, in order."""
    facts = instance.source
    moves_left = np.inf if facts.max_moves is None else facts.max_moves
    seconds_left = np.inf if facts.max_minutes is None else 60.0 * facts.max_minutes
    kept = []
    for group, steps in ranked:
        seconds = sum(instance.seconds(step.unit, step.here, step.there) for step in steps)
        if len(steps) <= moves_left and seconds <= seconds_left + 1e-9:
            kept.append((group, steps))
            moves_left -= len(steps)
            seconds_left -= seconds
    return kept
