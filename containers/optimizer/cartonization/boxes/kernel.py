"""Fill one carton, piece by piece, over its maximal empty spaces, every rule respected (compiled).

A maximal empty space is an empty cuboid that cannot grow; a piece is put into one of its lower corners, and the spaces
that it cuts are replaced by what remains of them (Lai & Chan 1997; the difference process as in Goncalves & Resende
2013). Two dimensions are the case of height 1. Rules: size, weight, volume limit, categories kept apart, support share,
load-bearing with the load passed on by contact area, and the order in which pieces are put in.

`Data` and `Space` are named tuples of arrays, because numba passes those at no cost.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, assignment"
from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from containers.optimizer.jit import kernel

MAX_SPACES = 4000
ALREADY_IN = -2  # sequence of a content: everything new comes after it
LOAD_SLACK = 1e-6
# Which space and corner a piece takes.
LOWEST, NEAREST, SHORT_SIDE, TIGHTEST, TOUCHING = range(5)
RULES = 5

# Scalars of a space, in Space.state.
N_PIECES, N_SPACES, WEIGHT, VOLUME = range(4)


class Data(NamedTuple):
    """The problem as the kernel reads it; K kinds, N pieces, U units (pieces that move together), T types, B begun."""

    orient: Any  # [K, 6, 3] l, w, h
    n_orient: Any  # [K]
    weight: Any  # [K] grams
    max_load: Any  # [K]
    category: Any  # [K], -1 none
    sequence: Any  # [K], -1 none
    volume: Any  # [K]
    kind: Any  # [N] kind of each piece
    unit_start: Any  # [U + 1]
    unit_pieces: Any  # [N]
    dims: Any  # [T, 3]
    cost: Any  # [T] float
    max_weight: Any  # [T]
    available: Any  # [T]
    max_volume: Any  # [T]
    door: Any  # [T] bool
    fits: Any  # [K, T] bool
    conflicts: Any  # [C, C] bool
    begun_type: Any  # [B]
    begun_cost: Any  # [B] float, 0 when paid
    begun_closed: Any  # [B] bool
    fixed_start: Any  # [B + 1]
    fixed_box: Any  # [F, 6] x1 y1 z1 x2 y2 z2
    fixed_weight: Any
    fixed_load: Any
    fixed_category: Any
    fixed_sequence: Any
    rules: Any  # int64: [has loads, has sequence, smallest edge, objective is value]
    support: Any  # float64 [1]
    worth: Any  # [K] float: value of a piece (objective value) or volume


class Space(NamedTuple):
    """One carton being filled. Arrays are as long as the largest carton needs."""

    box: Any  # [P, 6]
    piece: Any  # [P] piece number, -1 for fixed ones
    weight: Any  # [P]
    max_load: Any  # [P]
    load: Any  # [P] float: what rests on it now
    sequence: Any  # [P]
    empty: Any  # [E, 6]
    spare: Any  # [E, 6] scratch
    categories: Any  # [C] pieces of each category in it
    state: Any  # int64 [4]
    stack: Any  # [P] scratch of the load propagation
    amount: Any  # [P] float scratch


@kernel
def _gain(e, l, w, h, x, y, z, rule, sp, dims):  # noqa: E741
    """How bad this place is: smaller is better."""
    if rule == LOWEST:
        return float(z) * 1e12 + float(x) * 1e6 + float(y)
    if rule == NEAREST:
        a = float(x + l)
        b = float(y + w)
        c = float(z + h)
        return a * a + b * b + c * c
    a = e[3] - e[0] - l
    b = e[4] - e[1] - w
    if rule == SHORT_SIDE:
        short = min(a, b)
        if dims[2] > 1:
            short = min(short, e[5] - e[2] - h)
        return float(short) * 1e6 + float(a + b) + float(z) * 1e-3
    if rule == TIGHTEST:
        return float(e[3] - e[0]) * float(e[4] - e[1]) * float(e[5] - e[2]) - float(l) * float(w) * float(h)
    touch = 0.0
    if x == 0:
        touch += float(w) * h
    if x + l == dims[0]:
        touch += float(w) * h
    if y == 0:
        touch += float(l) * h
    if y + w == dims[1]:
        touch += float(l) * h
    if dims[2] > 1:
        if z == 0:
            touch += float(l) * w
        if z + h == dims[2]:
            touch += float(l) * w
    for i in range(sp.state[N_PIECES]):
        q = sp.box[i]
        ox = min(x + l, q[3]) - max(x, q[0])
        oy = min(y + w, q[4]) - max(y, q[1])
        oz = min(z + h, q[5]) - max(z, q[2])
        if ox == 0 and oy > 0 and oz > 0:
            touch += float(oy) * oz
        elif oy == 0 and ox > 0 and oz > 0:
            touch += float(ox) * oz
        elif oz == 0 and ox > 0 and oy > 0:
            touch += float(ox) * oy
    surface = 2.0 * (float(l) * w * (1 if dims[2] > 1 else 0) + float(l) * h + float(w) * h)
    return -touch / surface


@kernel
def _supported(sp, x, y, z, l, w, share):  # noqa: E741
    if z == 0 or share <= 0.0:
        return True
    need = share * float(l) * float(w) - 1e-6
    area = 0.0
    for i in range(sp.state[N_PIECES]):
        q = sp.box[i]
        if q[5] != z:
            continue
        ox = min(x + l, q[3]) - max(x, q[0])
        oy = min(y + w, q[4]) - max(y, q[1])
        if ox > 0 and oy > 0:
            area += float(ox) * oy
            if area >= need:
                return True
    return area >= need


@kernel
def _add_load(sp, x, y, z, l, w, weight, commit):  # noqa: E741
    """Pass `weight` down from a base at height z. Returns False when something would bear too much."""
    n = sp.state[N_PIECES]
    for i in range(n):
        sp.amount[i] = 0.0
    # Pieces are visited from the top down: a piece's share is complete before it is passed on.
    total = 0.0
    for i in range(n):
        q = sp.box[i]
        if q[5] == z and z > 0:
            ox = min(x + l, q[3]) - max(x, q[0])
            oy = min(y + w, q[4]) - max(y, q[1])
            if ox > 0 and oy > 0:
                total += float(ox) * oy
    if total == 0.0:
        return True
    for i in range(n):
        q = sp.box[i]
        if q[5] == z:
            ox = min(x + l, q[3]) - max(x, q[0])
            oy = min(y + w, q[4]) - max(y, q[1])
            if ox > 0 and oy > 0:
                sp.amount[i] = weight * (float(ox) * oy) / total
    top = z
    while True:
        # the highest top below or at `top` whose piece has something to pass on
        best = -1
        for i in range(n):
            if (
                sp.amount[i] > 0.0
                and sp.stack[i] == 0
                and sp.box[i, 5] <= top
                and (best < 0 or sp.box[i, 5] > sp.box[best, 5])
            ):
                best = i
        if best < 0:
            break
        sp.stack[best] = 1
        q = sp.box[best]
        if q[2] > 0:
            total = 0.0
            for j in range(n):
                r = sp.box[j]
                if r[5] == q[2]:
                    ox = min(q[3], r[3]) - max(q[0], r[0])
                    oy = min(q[4], r[4]) - max(q[1], r[1])
                    if ox > 0 and oy > 0:
                        total += float(ox) * oy
            if total > 0.0:
                for j in range(n):
                    r = sp.box[j]
                    if r[5] == q[2]:
                        ox = min(q[3], r[3]) - max(q[0], r[0])
                        oy = min(q[4], r[4]) - max(q[1], r[1])
                        if ox > 0 and oy > 0:
                            sp.amount[j] += sp.amount[best] * (float(ox) * oy) / total
    ok = True
    for i in range(n):
        sp.stack[i] = 0
        if sp.amount[i] > 0.0 and sp.load[i] + sp.amount[i] > float(sp.max_load[i]) + LOAD_SLACK:
            ok = False
    if ok and commit:
        for i in range(n):
            sp.load[i] += sp.amount[i]
    return ok


@kernel
def _in_order(sp, sequence, door, x, y, z, l, w, h):  # noqa: E741
    for i in range(sp.state[N_PIECES]):
        other = sp.sequence[i]
        if other == ALREADY_IN:
            later = True
        elif other < 0 or sequence < 0 or other == sequence:
            continue
        else:
            later = sequence > other
        q = sp.box[i]
        xy = min(x + l, q[3]) > max(x, q[0]) and min(y + w, q[4]) > max(y, q[1])
        yz = door and min(y + w, q[4]) > max(y, q[1]) and min(z + h, q[5]) > max(z, q[2])
        if later:
            if (xy and z + h <= q[2]) or (yz and x + l <= q[0]):
                return False
        elif (xy and q[5] <= z) or (yz and q[3] <= x):
            return False
    return True


@kernel
def _inside(a, b):
    return a[0] >= b[0] and a[1] >= b[1] and a[2] >= b[2] and a[3] <= b[3] and a[4] <= b[4] and a[5] <= b[5]


@kernel
def cut_spaces(sp, b, smallest):
    """Take box `b` out of the empty spaces; keep only spaces that are maximal and at least `smallest` wide."""
    ne = sp.state[N_SPACES]
    kept = 0
    fresh = 0
    for i in range(ne):
        e = sp.empty[i]
        if b[0] >= e[3] or b[3] <= e[0] or b[1] >= e[4] or b[4] <= e[1] or b[2] >= e[5] or b[5] <= e[2]:
            if kept != i:
                for a in range(6):
                    sp.empty[kept, a] = e[a]
            kept += 1
            continue
        for side in range(6):
            axis = side % 3
            if side < 3:
                if b[axis] - e[axis] < smallest:
                    continue
            elif e[axis + 3] - b[axis + 3] < smallest:
                continue
            if fresh >= sp.spare.shape[0]:
                continue
            for a in range(6):
                sp.spare[fresh, a] = e[a]
            if side < 3:
                sp.spare[fresh, axis + 3] = b[axis]
            else:
                sp.spare[fresh, axis] = b[axis + 3]
            fresh += 1
    for i in range(fresh):
        c = sp.spare[i]
        dominated = False
        for j in range(kept):
            if _inside(c, sp.empty[j]):
                dominated = True
                break
        if dominated:
            continue
        for j in range(i + 1, fresh):
            if _inside(c, sp.spare[j]):
                dominated = True
                break
        if dominated or kept >= sp.empty.shape[0]:
            continue
        # Later spares may still dominate nothing here: `c` is final, because larger ones come from the loop above.
        for a in range(6):
            sp.empty[kept, a] = c[a]
        kept += 1
    sp.state[N_SPACES] = kept


@kernel
def _append(sp, d, piece, weight, max_load, category, sequence, b):
    n = sp.state[N_PIECES]
    for a in range(6):
        sp.box[n, a] = b[a]
    sp.piece[n] = piece
    sp.weight[n] = weight
    sp.max_load[n] = max_load
    sp.load[n] = 0.0
    sp.sequence[n] = sequence
    sp.stack[n] = 0
    sp.state[N_PIECES] = n + 1
    sp.state[WEIGHT] += weight
    sp.state[VOLUME] += (b[3] - b[0]) * (b[4] - b[1]) * (b[5] - b[2])
    if category >= 0:
        sp.categories[category] += 1
    cut_spaces(sp, b, d.rules[2])


@kernel
def open_bin(sp, d, t, begun):
    """An empty carton of type t, or begun carton number `begun` with what lies in it."""
    sp.state[:] = 0
    sp.categories[:] = 0
    for a in range(3):
        sp.empty[0, a] = 0
        sp.empty[0, a + 3] = d.dims[t, a]
    sp.state[N_SPACES] = 1
    if begun < 0:
        return
    # from the floor up, so that the loads are passed on through what is there already
    lo = d.fixed_start[begun]
    hi = d.fixed_start[begun + 1]
    for f in range(lo, hi):
        b = d.fixed_box[f]
        if d.rules[0]:
            _add_load(sp, b[0], b[1], b[2], b[3] - b[0], b[4] - b[1], float(d.fixed_weight[f]), True)
        _append(sp, d, -1, d.fixed_weight[f], d.fixed_load[f], d.fixed_category[f], d.fixed_sequence[f], b)


@kernel
def try_place(sp, d, t, piece, rule, noise, rng):
    """Put the piece into the best place of the carton; False when there is none."""
    k = d.kind[piece]
    if not d.fits[k, t]:
        return False
    if sp.state[WEIGHT] + d.weight[k] > d.max_weight[t] or sp.state[VOLUME] + d.volume[k] > d.max_volume[t]:
        return False
    c = d.category[k]
    if c >= 0:
        for other in range(d.conflicts.shape[0]):
            if d.conflicts[c, other] and sp.categories[other] > 0:
                return False
    dims = d.dims[t]
    flat = dims[2] == 1
    share = d.support[0]
    best = np.inf
    bx = by = bz = bl = bw = bh = np.int64(0)
    for o in range(d.n_orient[k]):
        l = d.orient[k, o, 0]  # noqa: E741
        w = d.orient[k, o, 1]
        h = d.orient[k, o, 2]
        for i in range(sp.state[N_SPACES]):
            e = sp.empty[i]
            if e[3] - e[0] < l or e[4] - e[1] < w or e[5] - e[2] < h:
                continue
            z = e[2]
            for corner in range(4):
                if corner > 0 and (flat or share <= 0.0 or z == 0):
                    break
                x = e[0] if corner & 1 == 0 else e[3] - l
                y = e[1] if corner & 2 == 0 else e[4] - w
                if corner > 0 and x == e[0] and y == e[1]:
                    continue
                value = _gain(e, l, w, h, x, y, z, rule, sp, dims)
                if noise > 0.0:
                    rng[0] = rng[0] * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)
                    value += abs(value) * noise * (float(rng[0] >> np.uint64(40)) / 16777216.0)
                if value >= best:
                    continue
                if not flat:
                    if not _supported(sp, x, y, z, l, w, share):
                        continue
                    if d.rules[0] and z > 0 and not _add_load(sp, x, y, z, l, w, float(d.weight[k]), False):
                        continue
                    if d.rules[0] and _rests_on(sp, x, y, z + h, l, w):
                        continue
                if d.rules[1] and not _in_order(sp, d.sequence[k], d.door[t], x, y, z, l, w, h):
                    continue
                best = value
                bx, by, bz, bl, bw, bh = x, y, z, l, w, h
                if corner == 0:
                    break
    if best == np.inf:
        return False
    b = np.empty(6, dtype=np.int64)
    b[0] = bx
    b[1] = by
    b[2] = bz
    b[3] = bx + bl
    b[4] = by + bw
    b[5] = bz + bh
    if d.rules[0]:
        _add_load(sp, bx, by, bz, bl, bw, float(d.weight[k]), True)
    _append(sp, d, piece, d.weight[k], d.max_load[k], c, d.sequence[k], b)
    return True


@kernel
def _rests_on(sp, x, y, top, l, w):  # noqa: E741
    """Would something that is there already touch the top of a new piece? Then its load cannot be told: refuse."""
    for i in range(sp.state[N_PIECES]):
        q = sp.box[i]
        if q[2] == top and min(x + l, q[3]) > max(x, q[0]) and min(y + w, q[4]) > max(y, q[1]):
            return True
    return False


@kernel
def try_unit(sp, d, t, unit, rule, noise, rng, backup):
    """Place all pieces of a unit, or none."""
    lo = d.unit_start[unit]
    hi = d.unit_start[unit + 1]
    if hi - lo == 1:
        return try_place(sp, d, t, d.unit_pieces[lo], rule, noise, rng)
    state = sp.state.copy()
    categories = sp.categories.copy()
    load = sp.load[: state[N_PIECES]].copy()
    ne = state[N_SPACES]
    backup[:ne] = sp.empty[:ne]
    for at in range(lo, hi):
        if not try_place(sp, d, t, d.unit_pieces[at], rule, noise, rng):
            sp.state[:] = state
            sp.categories[:] = categories
            sp.load[: state[N_PIECES]] = load
            sp.empty[:ne] = backup[:ne]
            return False
    return True


def new_space(pieces: int, categories: int, flat: bool) -> Space:
    """Room for a carton with up to `pieces` pieces."""
    p = pieces + 1
    e = min(MAX_SPACES, 64 + 8 * p if flat else 256 + 24 * p)
    return Space(
        box=np.zeros((p, 6), dtype=np.int64),
        piece=np.zeros(p, dtype=np.int64),
        weight=np.zeros(p, dtype=np.int64),
        max_load=np.zeros(p, dtype=np.int64),
        load=np.zeros(p, dtype=np.float64),
        sequence=np.zeros(p, dtype=np.int64),
        empty=np.zeros((e, 6), dtype=np.int64),
        spare=np.zeros((4 * e, 6), dtype=np.int64),
        categories=np.zeros(max(1, categories), dtype=np.int64),
        state=np.zeros(4, dtype=np.int64),
        stack=np.zeros(p, dtype=np.int64),
        amount=np.zeros(p, dtype=np.float64),
    )
