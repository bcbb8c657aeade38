"""Beam search for loading one container with blocks (compiled).

The method is that of Araya & Riff 2014 (beam search, general blocks, maximal spaces chosen by their distance from the
container's corners) with the block value of Araya, Guerrero & Nunez 2017: volume, lost volume, contact, number of boxes.
Full support holds by construction: the space above a block is cut to the rectangle at its top that is full, so every
space has a full floor. A block with something on top that bears no load has no such rectangle.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, assignment"
from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from containers.optimizer.jit import kernel

MAX_SPACES = 600
ALPHA = 4  # weight of lost volume
NEAR = 0.04  # of an edge: so far off another still counts as touching
GAMMA = 0.2  # weight of the number of boxes


class Blocks(NamedTuple):
    """B blocks in falling order of `size`: volume or worth, over number of boxes to the power GAMMA."""

    dims: Any  # [B, 3]
    top: Any  # [B, 2] full rectangle on top, at the block's own origin
    worth: Any  # [B] float
    size: Any  # [B] float
    weight: Any  # [B]
    parts: Any  # [B] how many kinds it holds
    kind: Any  # [B, most] those kinds
    count: Any  # [B, most] boxes of each
    least: Any  # [3] the shortest edge along each axis
    reach: Any  # [3, longest + 1] largest sum of edges that is not longer
    container: Any  # [3]


class Load(NamedTuple):
    """States of partial loads, S of them."""

    left: Any  # [S, K] boxes of each kind not yet loaded
    spaces: Any  # [S, E, 6]
    n_spaces: Any  # [S]
    placed: Any  # [S, P, 5] block, x, y, z, mirrored (1 in x, 2 in y)
    n_placed: Any  # [S]
    worth: Any  # [S] float
    weight: Any  # [S] grams still free


@kernel
def copy_load(a, i, b, j):
    """State j of b becomes state i of a."""
    a.left[i] = b.left[j]
    n = b.n_spaces[j]
    a.n_spaces[i] = n
    a.spaces[i, :n] = b.spaces[j, :n]
    m = b.n_placed[j]
    a.n_placed[i] = m
    a.placed[i, :m] = b.placed[j, :m]
    a.worth[i] = b.worth[j]
    a.weight[i] = b.weight[j]


@kernel
def _contact(load, s, blocks, b, x, y, z):
    """The share of the block's surface that has the container or another block within NEAR of its edge before it."""
    l = blocks.dims[b, 0]  # noqa: E741
    w = blocks.dims[b, 1]
    h = blocks.dims[b, 2]
    c = blocks.container
    nl = np.int64(NEAR * l)
    nw = np.int64(NEAR * w)
    nh = np.int64(NEAR * h)
    touch = 0.0
    if x <= nl:
        touch += w * h
    if x + l + nl >= c[0]:
        touch += w * h
    if y <= nw:
        touch += l * h
    if y + w + nw >= c[1]:
        touch += l * h
    if z == 0:
        touch += l * w
    if z + h + nh >= c[2]:
        touch += l * w
    for i in range(load.n_placed[s]):
        q = load.placed[s, i]
        d = blocks.dims[q[0]]
        ox = min(x + l, q[1] + d[0]) - max(x, q[1])
        oy = min(y + w, q[2] + d[1]) - max(y, q[2])
        oz = min(z + h, q[3] + d[2]) - max(z, q[3])
        if ox < -nl or oy < -nw or oz < -nh:
            continue
        if ox <= 0:
            if oy > 0 and oz > 0:
                touch += oy * oz
        elif oy <= 0:
            if oz > 0:
                touch += ox * oz
        elif oz <= 0:
            touch += ox * oy
    return touch / (2.0 * (l * w + l * h + w * h))


@kernel
def _best_space(load, s, container, widest):
    """The space nearest to a corner of the container, of those the largest. widest [3]: the longest edges of all spaces."""
    best = -1
    near = np.int64(1) << 60
    size = 0.0
    widest[:] = 0
    for i in range(load.n_spaces[s]):
        e = load.spaces[s, i]
        d = min(e[0], container[0] - e[3]) + min(e[1], container[1] - e[4]) + min(e[2], container[2] - e[5])
        l = e[3] - e[0]  # noqa: E741
        w = e[4] - e[1]
        h = e[5] - e[2]
        widest[0] = max(widest[0], l)
        widest[1] = max(widest[1], w)
        widest[2] = max(widest[2], h)
        v = float(l) * float(w) * float(h)
        if d < near or (d == near and v > size):
            near = d
            size = v
            best = i
    return best


@kernel
def choose(load, s, blocks, want, out_block, out_value, alive):
    """The space to fill next and its `want` best blocks. Returns (space, how many); spaces that fit nothing go.

    alive[0] blocks, listed from alive[1] on, may still be placed; those for which no space is large enough, or no boxes
    are left, are struck off. Nothing is chosen for a load that holds as many blocks as there is room to note.
    """
    if load.n_placed[s] >= load.placed.shape[1]:
        return np.int64(0), np.int64(0)
    left = load.left[s]
    free = load.weight[s]
    widest = np.empty(3, dtype=np.int64)
    while load.n_spaces[s] > 0:
        at = _best_space(load, s, blocks.container, widest)
        e = load.spaces[s, at]
        sl = e[3] - e[0]
        sw = e[4] - e[1]
        sh = e[5] - e[2]
        room = float(sl) * float(sw) * float(sh)
        right = e[0] > blocks.container[0] - e[3]
        back = e[1] > blocks.container[1] - e[4]
        found = 0
        listed = alive[0]
        kept_alive = 0
        for place_ in range(listed):
            b = alive[place_ + 1]
            if found == want and blocks.size[b] <= out_value[found - 1]:
                if kept_alive == place_:
                    kept_alive = listed
                else:
                    for rest in range(place_, listed):
                        kept_alive += 1
                        alive[kept_alive] = alive[rest + 1]
                break
            l = blocks.dims[b, 0]  # noqa: E741
            w = blocks.dims[b, 1]
            h = blocks.dims[b, 2]
            if l > widest[0] or w > widest[1] or h > widest[2]:
                continue
            enough = blocks.weight[b] <= free
            for i in range(blocks.parts[b]):
                if blocks.count[b, i] > left[blocks.kind[b, i]]:
                    enough = False
                    break
            if not enough:
                continue
            kept_alive += 1
            alive[kept_alive] = b
            if l > sl or w > sw or h > sh:
                continue
            above = blocks.reach[2, sh - h]
            lost = float(l * w - blocks.top[b, 0] * blocks.top[b, 1]) * float(above)
            kept = (
                float(l + blocks.reach[0, sl - l]) * float(w + blocks.reach[1, sw - w]) * float(h + above) - lost
            ) / room
            value = blocks.size[b] * kept * kept * kept * kept
            if found == want and value <= out_value[found - 1]:
                continue
            x = e[3] - l if right else e[0]
            y = e[4] - w if back else e[1]
            value *= _contact(load, s, blocks, b, x, y, e[2])
            if found == want:
                if value <= out_value[found - 1]:
                    continue
                i = found - 1
            else:
                i = found
                found += 1
            while i > 0 and out_value[i - 1] < value:
                out_value[i] = out_value[i - 1]
                out_block[i] = out_block[i - 1]
                i -= 1
            out_value[i] = value
            out_block[i] = b
        alive[0] = kept_alive
        if found > 0:
            return at, found
        last = load.n_spaces[s] - 1
        load.spaces[s, at] = load.spaces[s, last]
        load.n_spaces[s] = last
    return -1, 0


@kernel
def _covers(a, b):
    return a[0] <= b[0] and a[1] <= b[1] and a[2] <= b[2] and a[3] >= b[3] and a[4] >= b[4] and a[5] >= b[5]


@kernel
def place(load, s, blocks, at, b, spare):
    """Put block b into the corner of space `at` that is nearest to the container's corner, and cut the spaces."""
    e = load.spaces[s, at]
    l = blocks.dims[b, 0]  # noqa: E741
    w = blocks.dims[b, 1]
    h = blocks.dims[b, 2]
    right = e[0] > blocks.container[0] - e[3]
    back = e[1] > blocks.container[1] - e[4]
    x = e[3] - l if right else e[0]
    y = e[4] - w if back else e[1]
    z = e[2]
    m = load.n_placed[s]
    load.placed[s, m, 0] = b
    load.placed[s, m, 1] = x
    load.placed[s, m, 2] = y
    load.placed[s, m, 3] = z
    load.placed[s, m, 4] = (1 if right else 0) + (2 if back else 0)
    load.n_placed[s] = m + 1
    load.worth[s] += blocks.worth[b]
    load.weight[s] -= blocks.weight[b]
    for i in range(blocks.parts[b]):
        load.left[s, blocks.kind[b, i]] -= blocks.count[b, i]
    tx = x + l - blocks.top[b, 0] if right else x
    ty = y + w - blocks.top[b, 1] if back else y
    box = (x, y, z, x + l, y + w, z + h)
    spaces = load.spaces[s]
    kept = 0
    fresh = 0
    for i in range(load.n_spaces[s]):
        q = spaces[i]
        if box[0] >= q[3] or box[3] <= q[0] or box[1] >= q[4] or box[4] <= q[1] or box[2] >= q[5] or box[5] <= q[2]:
            if kept != i:
                spaces[kept] = q
            kept += 1
            continue
        for side in range(6):
            axis = side % 3
            if side < 3:
                if box[axis] <= q[axis]:
                    continue
            elif box[axis + 3] >= q[axis + 3]:
                continue
            if fresh >= spare.shape[0]:
                break
            spare[fresh] = q
            if side < 3:
                spare[fresh, axis + 3] = box[axis]
            else:
                spare[fresh, axis] = box[axis + 3]
            if side == 5:
                spare[fresh, 0] = max(q[0], tx)
                spare[fresh, 1] = max(q[1], ty)
                spare[fresh, 3] = min(q[3], tx + blocks.top[b, 0])
                spare[fresh, 4] = min(q[4], ty + blocks.top[b, 1])
            useful = True
            for a in range(3):
                if spare[fresh, a + 3] - spare[fresh, a] < blocks.least[a]:
                    useful = False
                    break
            if useful:
                fresh += 1
    for i in range(fresh):
        c = spare[i]
        inside = False
        for j in range(kept):
            if _covers(spaces[j], c):
                inside = True
                break
        if not inside:
            for j in range(i + 1, fresh):
                if _covers(spare[j], c):
                    inside = True
                    break
        if not inside and kept < spaces.shape[0]:
            spaces[kept] = c
            kept += 1
    load.n_spaces[s] = kept


@kernel
def complete(load, s, blocks, spare, out_block, out_value, alive):
    """Greedily load the rest; the worth that is reached."""
    while True:
        at, found = choose(load, s, blocks, 1, out_block, out_value, alive)
        if found == 0:
            return load.worth[s]
        place(load, s, blocks, at, out_block[0], spare)


@kernel
def expand(beam, s, blocks, want, children, n_children, values, trial, best, spare, out_block, out_value, alive):
    """Children of state s of the beam, each with the worth of its greedy completion. Returns (children, completions).

    The children's list keeps the best `want` of different worth. `best` keeps the best completed load.
    """
    for b in range(alive.shape[1] - 1):
        alive[0, b + 1] = b
    alive[0, 0] = alive.shape[1] - 1
    at, found = choose(beam, s, blocks, want, out_block, out_value, alive[0])
    picks = out_block[:found].copy()
    for i in range(found):
        copy_load(trial, 0, beam, s)
        place(trial, 0, blocks, at, picks[i], spare)
        copy_load(trial, 1, trial, 0)
        listed = alive[0, 0] + 1
        alive[1, :listed] = alive[0, :listed]
        worth = complete(trial, 1, blocks, spare, out_block, out_value, alive[1])
        if worth > best.worth[0]:
            copy_load(best, 0, trial, 1)
        twin = False
        for j in range(n_children):
            if values[j] == worth and children.worth[j] == trial.worth[0]:
                twin = True
                break
        if twin:
            continue
        if n_children < want:
            slot = n_children
            n_children += 1
        else:
            slot = 0
            for j in range(1, n_children):
                if values[j] < values[slot]:
                    slot = j
            if values[slot] >= worth:
                continue
        copy_load(children, slot, trial, 0)
        values[slot] = worth
    return n_children, found


@kernel
def combine(
    dims,
    top,
    boxes,
    volume,
    count,
    weight,
    left_child,
    right_child,
    axis_of,
    n,
    limit,
    need,
    container,
    hashes,
    max_load_free,
):
    """Grow the list of blocks by pairs along each axis until `limit`. Returns how many there are."""
    first = 0
    kinds = count.shape[1]
    total = np.empty(kinds, dtype=np.int64)
    mask = hashes.shape[0] - 1
    while first < n and n < limit:
        end = n
        for j in range(first, end):
            for i in range(end):
                fits = True
                for k in range(kinds):
                    total[k] = count[i, k] + count[j, k]
                    if total[k] > max_load_free[k]:
                        fits = False
                        break
                if not fits:
                    continue
                for turn in range(2):
                    p = i if turn == 0 else j
                    q = j if turn == 0 else i
                    if turn == 1 and i >= first and i >= j:
                        break
                    for axis in range(3):
                        # p lies at the origin, q beyond it; the higher one (in x and y) is p
                        if axis == 2:
                            if dims[q, 0] > top[p, 0] or dims[q, 1] > top[p, 1]:
                                continue
                        elif dims[p, 2] < dims[q, 2]:
                            continue
                        l = dims[p, 0] + dims[q, 0] if axis == 0 else max(dims[p, 0], dims[q, 0])  # noqa: E741
                        w = dims[p, 1] + dims[q, 1] if axis == 1 else max(dims[p, 1], dims[q, 1])
                        h = dims[p, 2] + dims[q, 2] if axis == 2 else max(dims[p, 2], dims[q, 2])
                        if l > container[0] or w > container[1] or h > container[2]:
                            continue
                        v = volume[p] + volume[q]
                        if v < need * float(l) * float(w) * float(h):
                            continue
                        if axis == 2:
                            tl = top[q, 0]
                            tw = top[q, 1]
                        else:
                            tl = top[p, 0]
                            tw = top[p, 1]
                            if dims[p, 2] == dims[q, 2]:
                                if axis == 0 and tl == dims[p, 0] and top[q, 0] > 0:
                                    tw = min(tw, top[q, 1])
                                    tl += top[q, 0]
                                elif axis == 1 and tw == dims[p, 1] and top[q, 1] > 0:
                                    tl = min(tl, top[q, 0])
                                    tw += top[q, 1]
                        code = np.uint64(l) * np.uint64(1000003) + np.uint64(w)
                        code = code * np.uint64(1000003) + np.uint64(h)
                        code = code * np.uint64(1000003) + np.uint64(tl * 7919 + tw)
                        for k in range(kinds):
                            code = (code ^ np.uint64(total[k] + 31 * k)) * np.uint64(0x9E3779B97F4A7C15)
                            code ^= code >> np.uint64(29)
                        if code == 0:
                            code = np.uint64(1)
                        spot = np.int64(code & np.uint64(mask))
                        known = False
                        while hashes[spot] != 0:
                            if hashes[spot] == code:
                                known = True
                                break
                            spot = (spot + 1) & mask
                        if known:
                            continue
                        hashes[spot] = code
                        dims[n, 0] = l
                        dims[n, 1] = w
                        dims[n, 2] = h
                        top[n, 0] = tl
                        top[n, 1] = tw
                        boxes[n] = boxes[p] + boxes[q]
                        volume[n] = v
                        weight[n] = weight[p] + weight[q]
                        count[n] = total
                        left_child[n] = p
                        right_child[n] = q
                        axis_of[n] = axis
                        n += 1
                        if n >= limit:
                            return n
        first = end
    return n
