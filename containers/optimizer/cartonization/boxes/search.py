"""Large neighbourhood search over a packing plan (compiled): empty a few cartons, fill cartons anew with their pieces.

The energy of a plan is its cost, lowered a little for every well filled carton, so that equal costs still have a
direction: one carton empties while others fill up. Worse plans are taken with the probability of simulated annealing,
in temperature cycles that depend on the iteration alone; so the same seed and number of iterations give the same plan.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, assignment"
from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from containers.optimizer.cartonization.boxes.kernel import N_PIECES, RULES, VOLUME, open_bin, try_unit
from containers.optimizer.jit import kernel

UNPLACED = -1
CYCLE = 4000  # iterations of one temperature cycle
FILL_WEIGHT = 0.3  # share of a carton's cost that a perfect fill takes off its energy
SORT_KEYS = 6
BY_CHANCE = 10  # types of carton that an iteration may use by chance, where there are too many to try all

# Scalars in Plan.scalars
N_BINS, ENERGY, LEFT_OUT, COST = range(4)


class Plan(NamedTuple):
    """A whole plan. Bins 0..B-1 are the begun cartons and always exist; the others are in no order."""

    type: Any  # [M]
    energy: Any  # [M] float
    of_unit: Any  # [U] bin of each unit, UNPLACED
    box: Any  # [N, 6] place of each piece
    bins: Any  # int64 [1] how many bins
    total: Any  # float64 [3]: energy, pieces or value left out, cost of cartons


class Log(NamedTuple):
    """Cartons seen on the way, for the set-covering step: type, pieces and their places."""

    type: Any  # [R]
    start: Any  # [R + 1]
    piece: Any  # [S]
    box: Any  # [S, 6]
    count: Any  # int64 [1]


@kernel
def random(rng):
    """Uniform in [0, 1): a 64-bit congruential generator, its high bits scrambled (PCG)."""
    rng[0] = rng[0] * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)
    x = rng[0]
    x ^= x >> np.uint64(33)
    x *= np.uint64(0xFF51AFD7ED558CCD)
    x ^= x >> np.uint64(33)
    return float(x >> np.uint64(11)) / 9007199254740992.0


@kernel
def bin_energy(d, t, paid, volume, pieces, scale):
    """Cost of a carton, less what its fill earns. An empty one costs nothing."""
    if pieces == 0:
        return 0.0
    fill = float(volume) / float(d.max_volume[t])
    cost = 0.0 if paid else d.cost[t]
    return cost - FILL_WEIGHT * max(cost, 1e-3 * scale) * fill * fill


@kernel
def unit_worth(d, unit, penalty):
    """What leaving the unit out costs."""
    worth = 0.0
    for at in range(d.unit_start[unit], d.unit_start[unit + 1]):
        worth += d.worth[d.kind[d.unit_pieces[at]]] if d.rules[3] else penalty
    return worth


@kernel
def sort_units(units, d, key, noise, rng):
    """Order the units by falling size under one of several measures, blurred by noise."""
    n = units.shape[0]
    values = np.empty(n, dtype=np.float64)
    for i in range(n):
        value = 0.0
        lo = d.unit_start[units[i]]
        hi = d.unit_start[units[i] + 1]
        for at in range(lo, hi):
            k = d.kind[d.unit_pieces[at]]
            a = float(d.orient[k, 0, 0])
            b = float(d.orient[k, 0, 1])
            c = float(d.orient[k, 0, 2])
            volume = a * b * c
            if key == 0:
                size = volume
            elif key == 1:
                size = max(a, max(b, c)) * 1e3 + volume ** (1.0 / 3.0)
            elif key == 2:
                size = a * b + b * c + a * c
            elif key == 3:
                size = a + 1e-3 * b
            elif key == 4:
                size = b + 1e-3 * a
            else:
                size = volume * (0.2 + random(rng))
            value += size
        if d.rules[3]:
            value = unit_worth(d, units[i], 1.0) if key == 0 else value
        values[i] = -value * (1.0 + noise * (random(rng) - 0.5))
    order = np.argsort(values)
    out = np.empty(n, dtype=np.int64)
    for i in range(n):
        out[i] = units[order[i]]
    if d.rules[0]:
        # what bears nothing goes in last, so that it ends up on top
        m = 0
        again = np.empty(n, dtype=np.int64)
        for strong in (True, False):
            for i in range(n):
                k = d.kind[d.unit_pieces[d.unit_start[out[i]]]]
                if (d.max_load[k] >= d.weight[k]) == strong:
                    again[m] = out[i]
                    m += 1
        out = again
    return out


@kernel
def fill_bin(sp, d, t, begun, units, n_units, rule, noise, rng, backup, placed):
    """Fill a carton with the units in their order; placed[i] tells which went in.

    Equal pieces after one that failed are skipped while nothing else goes in.
    """
    open_bin(sp, d, t, begun)
    failed_kind = np.int64(-1)
    free = d.max_volume[t] - sp.state[VOLUME]
    count = 0
    for i in range(n_units):
        placed[i] = False
        unit = units[i]
        first = d.unit_pieces[d.unit_start[unit]]
        k = d.kind[first]
        if k == failed_kind or d.volume[k] > free:
            continue
        if try_unit(sp, d, t, unit, rule, noise, rng, backup):
            placed[i] = True
            count += 1
            free = d.max_volume[t] - sp.state[VOLUME]
            failed_kind = np.int64(-1)
        else:
            failed_kind = k if d.unit_start[unit + 1] - d.unit_start[unit] == 1 else np.int64(-1)
    return count


@kernel
def _copy_plan(a, b):
    m = b.bins[0]
    a.bins[0] = m
    a.type[:m] = b.type[:m]
    a.energy[:m] = b.energy[:m]
    a.of_unit[:] = b.of_unit
    a.box[:] = b.box
    a.total[:] = b.total


@kernel
def recount(plan, d, penalty, scale):
    """Set the totals of a plan from its parts."""
    m = plan.bins[0]
    begun = d.begun_type.shape[0]
    volume = np.zeros(m, dtype=np.int64)
    pieces = np.zeros(m, dtype=np.int64)
    left = 0.0
    for unit in range(plan.of_unit.shape[0]):
        b = plan.of_unit[unit]
        if b < 0:
            left += unit_worth(d, unit, penalty)
            continue
        for at in range(d.unit_start[unit], d.unit_start[unit + 1]):
            volume[b] += d.volume[d.kind[d.unit_pieces[at]]]
            pieces[b] += 1
    cost = 0.0
    energy = left
    for b in range(m):
        paid = b < begun
        if paid:
            for f in range(d.fixed_start[b], d.fixed_start[b + 1]):
                q = d.fixed_box[f]
                volume[b] += (q[3] - q[0]) * (q[4] - q[1]) * (q[5] - q[2])
        plan.energy[b] = bin_energy(d, plan.type[b], paid, volume[b], pieces[b], scale)
        energy += plan.energy[b]
        if not paid and pieces[b] > 0:
            cost += d.cost[plan.type[b]]
    plan.total[0] = energy
    plan.total[1] = left
    plan.total[2] = cost


@kernel
def _log_bin(log, sp, t):
    n = log.count[0]
    if n + 1 >= log.start.shape[0]:
        return
    at = log.start[n]
    m = sp.state[N_PIECES]
    if at + m > log.piece.shape[0]:
        return
    for i in range(m):
        if sp.piece[i] >= 0:
            log.piece[at] = sp.piece[i]
            log.box[at] = sp.box[i]
            at += 1
    log.type[n] = t
    log.start[n + 1] = at
    log.count[0] = n + 1


@kernel
def build(
    pool,
    d,
    sp,
    begun_bins,
    used,
    limit,
    penalty,
    scale,
    rule,
    noise,
    greedy,
    rng,
    backup,
    out_type,
    out_bin,
    out_box,
    log,
):
    """Fill cartons one after another with the pool, in its order. Returns (bins, energy, cost, left out).

    out_bin[i] is the number of the new bin of pool unit i: first the begun ones, in their order, then fresh ones.
    """
    n = pool.shape[0]
    types = d.dims.shape[0]
    rest = pool.copy()
    index = np.arange(n)
    left = n
    placed = np.empty(n, dtype=np.bool_)
    bins = 0
    energy = 0.0
    cost = 0.0
    for i in range(n):
        out_bin[i] = UNPLACED
    while left > 0 or bins < begun_bins.shape[0]:
        begun = begun_bins[bins] if bins < begun_bins.shape[0] else np.int64(-1)
        if begun >= 0:
            t = d.begun_type[begun]
            if d.begun_closed[begun]:
                open_bin(sp, d, t, begun)
                placed[:left] = False
            else:
                fill_bin(sp, d, t, begun, rest, left, rule, noise, rng, backup, placed)
        else:
            t = np.int64(-1)
            if types == 1:
                if used[0] < d.available[0]:
                    t = np.int64(0)
            elif greedy:
                # the type with the least cost per volume put in; when all goes in, the cheapest type
                best = np.inf
                total = 0.0
                for i in range(left):
                    for at in range(d.unit_start[rest[i]], d.unit_start[rest[i] + 1]):
                        total += float(d.volume[d.kind[d.unit_pieces[at]]])
                for c in range(types):
                    if used[c] >= d.available[c] or d.cost[c] + energy > limit + scale:
                        continue
                    if fill_bin(sp, d, c, -1, rest, left, rule, noise, rng, backup, placed) == 0:
                        continue
                    ratio = (d.cost[c] + 1e-6 * scale) / max(float(sp.state[VOLUME]), 1e-9)
                    if float(sp.state[VOLUME]) >= total - 0.5:
                        ratio *= 0.9
                    if ratio < best:
                        best = ratio
                        t = np.int64(c)
            else:
                t = np.int64(random(rng) * types)
                for _ in range(types):
                    if used[t] < d.available[t] and d.fits[d.kind[d.unit_pieces[d.unit_start[rest[0]]]], t]:
                        break
                    t = (t + 1) % types
                if used[t] >= d.available[t]:
                    t = np.int64(-1)
            if t < 0:
                break
            if fill_bin(sp, d, t, -1, rest, left, rule, noise, rng, backup, placed) == 0:
                break
            used[t] += 1
            cost += d.cost[t]
        for i in range(sp.state[N_PIECES]):
            p = sp.piece[i]
            if p >= 0:
                out_box[p] = sp.box[i]
        free_pieces = 0
        m = 0
        for i in range(left):
            if placed[i]:
                out_bin[index[i]] = bins
                free_pieces += 1
            else:
                rest[m] = rest[i]
                index[m] = index[i]
                m += 1
        left = m
        out_type[bins] = t
        energy += bin_energy(d, t, begun >= 0, sp.state[VOLUME], free_pieces, scale)
        bins += 1
        if begun < 0:
            _log_bin(log, sp, t)
        if energy > limit and bins >= begun_bins.shape[0]:
            break
    out_left = 0.0
    for i in range(left):
        out_left += unit_worth(d, rest[i], penalty)
    return bins, energy + out_left, cost, out_left


@kernel
def improve(d, sp, backup, plan, best, log, rng, clock, iterations, penalty, scale, heat, always):
    """Run a number of iterations. `clock[0]` counts them over all calls. Returns how often the best cost fell.

    always: (types,) whether each iteration may use this type of carton; of the others it may use those that it empties and some by
    chance, for to try a thousand types for every carton takes a thousand times as long.
    """
    units = plan.of_unit.shape[0]
    begun = d.begun_type.shape[0]
    room = plan.type.shape[0]
    members = np.empty(units, dtype=np.int64)
    victim = np.zeros(room, dtype=np.bool_)
    new_type = np.empty(room, dtype=np.int64)
    new_bin = np.empty(units, dtype=np.int64)
    new_box = np.empty((d.kind.shape[0], 6), dtype=np.int64)
    number = np.empty(room, dtype=np.int64)
    falls = 0
    some_only = not always.all()
    offered = np.empty(always.shape[0], dtype=np.bool_)
    for _ in range(iterations):
        phase = float(clock[0] % CYCLE) / CYCLE
        if clock[0] % CYCLE == 0 and clock[0] > 0:
            _copy_plan(plan, best)
        clock[0] += 1
        temperature = heat * scale * (1.0 - phase) ** 2
        m = plan.bins[0]
        if m == 0:
            return falls
        want = 1 + int(random(rng) * 3.999)
        want = min(want, m)
        victim[:m] = False
        chosen = 0
        # the first victim tends to be the worst filled of three
        worst = np.int64(random(rng) * m)
        for _try in range(2):
            other = np.int64(random(rng) * m)
            if plan.energy[other] > plan.energy[worst]:
                worst = other
        victim[worst] = True
        chosen = 1
        tries = 0
        while chosen < want and tries < 20:
            b = np.int64(random(rng) * m)
            tries += 1
            if not victim[b]:
                victim[b] = True
                chosen += 1
        count = 0
        old = 0.0
        for u in range(units):
            b = plan.of_unit[u]
            if b < 0:
                old += unit_worth(d, u, penalty)
                members[count] = u
                count += 1
            elif victim[b]:
                members[count] = u
                count += 1
        old_cost = 0.0
        used = np.zeros(d.dims.shape[0], dtype=np.int64)
        nb = 0
        for b in range(m):
            if victim[b]:
                old += plan.energy[b]
                if b >= begun:
                    old_cost += d.cost[plan.type[b]]
                else:
                    nb += 1
            elif b >= begun:
                used[plan.type[b]] += 1
        if some_only:
            offered[:] = always
            for b in range(begun, m):
                if victim[b]:
                    offered[plan.type[b]] = True
            for _ in range(BY_CHANCE):
                offered[np.int64(random(rng) * offered.shape[0])] = True
            for t in range(offered.shape[0]):
                if not offered[t]:
                    used[t] = d.available[t]
        begun_bins = np.empty(nb, dtype=np.int64)
        nb = 0
        for b in range(min(begun, m)):
            if victim[b]:
                begun_bins[nb] = b
                nb += 1
        if count == 0:
            continue
        noise = 0.0 if random(rng) < 0.1 else 0.05 + 0.5 * random(rng)
        pool = sort_units(members[:count], d, int(random(rng) * SORT_KEYS), noise, rng)
        limit = old - temperature * np.log(random(rng) + 1e-12)
        bins, energy, _, _ = build(
            pool,
            d,
            sp,
            begun_bins,
            used,
            limit,
            penalty,
            scale,
            int(random(rng) * RULES),
            0.0,
            random(rng) < 0.5,
            rng,
            backup,
            new_type,
            new_bin,
            new_box,
            log,
        )
        if energy > limit + 1e-12:
            continue
        # take it: begun bins keep their numbers, other victims' slots are reused, the last ones close the gaps
        for i in range(count):
            plan.of_unit[pool[i]] = UNPLACED
        slot = 0
        for b in range(bins):
            if b < nb:
                number[b] = begun_bins[b]
                continue
            while slot < m and not (victim[slot] and slot >= begun):
                slot += 1
            if slot < m:
                number[b] = slot
                slot += 1
            else:
                number[b] = plan.bins[0]
                plan.bins[0] += 1
            plan.type[number[b]] = new_type[b]
        for i in range(count):
            if new_bin[i] >= 0:
                plan.of_unit[pool[i]] = number[new_bin[i]]
                for at in range(d.unit_start[pool[i]], d.unit_start[pool[i] + 1]):
                    plan.box[d.unit_pieces[at]] = new_box[d.unit_pieces[at]]
        _drop_empty(plan, begun)
        recount(plan, d, penalty, scale)
        if plan.total[0] < best.total[0] - 1e-9 * scale:
            if plan.total[1] + plan.total[2] < best.total[1] + best.total[2] - 1e-9 * scale:
                falls += 1
            if plan.total[1] + plan.total[2] <= best.total[1] + best.total[2] + 1e-9 * scale:
                _copy_plan(best, plan)
        elif plan.total[1] + plan.total[2] < best.total[1] + best.total[2] - 1e-9 * scale:
            falls += 1
            _copy_plan(best, plan)
    return falls


@kernel
def _drop_empty(plan, begun):
    m = plan.bins[0]
    counts = np.zeros(m, dtype=np.int64)
    for u in range(plan.of_unit.shape[0]):
        if plan.of_unit[u] >= 0:
            counts[plan.of_unit[u]] += 1
    number = np.empty(m, dtype=np.int64)
    kept = 0
    for b in range(m):
        if b < begun or counts[b] > 0:
            plan.type[kept] = plan.type[b]
            plan.energy[kept] = plan.energy[b]
            number[b] = kept
            kept += 1
    plan.bins[0] = kept
    for u in range(plan.of_unit.shape[0]):
        if plan.of_unit[u] >= 0:
            plan.of_unit[u] = number[plan.of_unit[u]]
