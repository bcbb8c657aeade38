"""The moves that anybody would make first: those that save most per second of moving, tried at once, before any search."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from containers.optimizer.slotting.bound import fair_shares
from containers.optimizer.slotting.costs import Chain

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

LARGEST = 1_000_000  # entries of a table of units by slots, of which a pass makes several
TRIES = 3  # slots per unit and pass
CHUNK = 64  # tries between two looks at the clock
LITTLE = 0.03  # of what all passes have saved: a pass that saves less is the last
# Two articles that change places go by a third place: three moves.
DETOUR = 1.5


def make_first_moves(chain: Chain, enough: Callable[[], bool], report: Callable[[], None]) -> int:
    """Improve the chain's plan by moves to free slots and by exchanges, in passes, until little comes of it or `enough`.

    Each pass ranks by what a move would save, were tours as long as the sum of their articles' shares; what it really saves
    is computed when its turn comes. Returns how many moves were tried.
    """
    shares = fair_shares(chain.instance) if chain.costs.with_tours else chain.costs.linear
    begun, tried = chain.value, 0
    while not enough():
        before = chain.value
        who, where = _ranked(chain, shares)
        for first in range(0, len(who), CHUNK):
            chain.descend(who[first : first + CHUNK], where[first : first + CHUNK])
            tried += CHUNK
            report()
            if enough():
                break
        if before - chain.value <= LITTLE * (begun - chain.value):
            break
    return tried


def _ranked(chain: Chain, shares: Floats) -> tuple[Ints, Ints]:
    """(units, slots): what seems to pay, the most per second of moving first."""
    instance, costs = chain.instance, chain.costs
    units, places = instance.units, instance.places
    place, head, after = chain.state[0], chain.state[1], chain.state[2]
    movers = chain.movable[place[chain.movable] >= 0]
    if len(movers) == 0:
        return movers, movers
    # Those with most to gain, as many as the table takes.
    cheapest = float(places.cost.min())
    hope = shares[movers] * (places.metres[place[movers]] - float(places.metres.min()))
    hope += instance.visits[movers] * (places.cost[place[movers]] - cheapest)
    movers = movers[np.argsort(-hope, kind="stable")][: max(1, LARGEST // places.count)]
    here = place[movers]
    # One unit alone in a slot can change places with another; among several, nobody is asked to go.
    lone = np.where((head >= 0) & (after[head] < 0), head, -1)
    every = np.arange(places.count)

    def single(who: Ints, slots: Ints) -> Floats:
        cost: Floats = shares[who] * places.metres[slots] + instance.visits[who] * places.extra[slots]
        return cost

    gain = single(movers, here)[:, None] - single(movers[:, None], every[None, :])
    other = np.maximum(lone, 0)
    back = single(other, every)[None, :] - single(other[None, :], here[:, None])
    moving = costs.burden[1][movers][:, None] + np.where(lone >= 0, DETOUR * costs.burden[1][other], 0.0)[None, :]
    price = _price(costs.home, costs.home_cost, movers[:, None], here[:, None], every[None, :])
    price = price + np.where(
        lone >= 0, _price(costs.home, costs.home_cost, other[None, :], every[None, :], here[:, None]), 0.0
    )
    gain = gain + np.where(lone >= 0, back, 0.0) - price
    if len(costs.pairs[1]) and len(costs.table) and units.count * places.count <= LARGEST:
        near = _near_friends(chain)
        gain += near[movers, here][:, None] - near[movers]
        gain += np.where(lone >= 0, near[other, every][None, :] - near[other][:, here].T, 0.0)
    gain[~units.allowed[units.klass[movers]][:, places.kind]] = -np.inf
    gain[np.arange(len(movers)), here] = -np.inf
    # A full slot of several units takes nobody more.
    full = (head >= 0) & (lone < 0) & (places.max_skus <= 1)
    gain[:, full] = -np.inf
    rate = gain / np.maximum(moving, 1e-9)
    count = min(TRIES, places.count)
    best = np.argpartition(-rate, count - 1, axis=1)[:, :count]
    who, where = np.repeat(movers, count), best.reshape(-1)
    rates = np.take_along_axis(rate, best, axis=1).reshape(-1)
    order = np.argsort(-rates, kind="stable")
    order = order[rates[order] > 0]
    return who[order].astype(np.int64), where[order].astype(np.int64)


def _price(home: Ints, home_cost: Floats, who: Ints, here: Ints, there: Ints) -> Floats:
    """What leaving home costs more there than here."""
    bound: Floats = home_cost[who] * ((there != home[who]).astype(np.float64) - (here != home[who]))
    return np.where(home[who] >= 0, bound, 0.0)


def _near_friends(chain: Chain) -> Floats:
    """(units, slots): metres to all articles that share tours with the unit, were it in the slot."""
    from scipy.sparse import csr_matrix

    offsets, other, flow = chain.costs.pairs
    units, places, place = chain.instance.units.count, chain.instance.places, chain.state[0]
    placed = place >= 0
    flows = csr_matrix((flow * placed[other], other, offsets), shape=(units, units))
    walks = chain.costs.table[places.position[np.maximum(place, 0)]]
    found: Floats = (flows @ walks)[:, places.position]
    return found
