"""The least cost of giving every unit a slot of its own, exactly, as a flow between units alike and slots alike.

Many slots are equally far and many articles equally asked for, so the flow network stays small (thousands of arcs where
the assignment problem has millions). Solved by OR-Tools' cost-scaling push-relabel; the same method as an assignment
problem (Goldberg & Kennedy 1995), on merged rows and columns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from containers.optimizer.slotting.problem import Instance

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

MAX_ARCS = 4_000_000
# Costs become integers of at most this size: the flow multiplies them by the number of nodes, within 64 bits.
LARGEST = 2**42


@dataclass(frozen=True, eq=False)
class Assignment:
    """place: slot per unit, -1 for those left out. bound: no assignment costs less; within `slack` of the true least."""

    place: Ints
    bound: float
    slack: float = 0.0


def assign(
    instance: Instance,
    linear: Floats,
    leave: Floats,
    must: Ints,
    owner: Ints | None = None,
    share: bool = False,
    most_arcs: int = MAX_ARCS,
) -> Assignment | None:
    """Least sum of linear x metres + visits x extra (+ leave), under the rules that speak of single units.

    owner: (rules of `apart`, regions) the side that may use each region (0: either). share: slots take as many units as
    SKUs are allowed in them, whatever their volume and weight: a relaxation, in which fixed units are never left out. None
    when the network would be too large.
    """
    from ortools.graph.python import min_cost_flow

    units, places = instance.units, instance.places
    if units.count == 0 or places.count == 0:
        return Assignment(np.full(units.count, -1, dtype=np.int64), float(leave.sum()))
    rows, row_of = _rows(instance, linear, leave, must, owner)
    columns, column_of = _columns(instance, must, owner)
    capacity = np.bincount(column_of, weights=places.max_skus if share else None).astype(np.int64)
    allowed = _allowed(instance, rows, columns, must, owner)
    source, target = np.nonzero(allowed)
    if len(source) > most_arcs:
        return None
    cost = linear[rows[source]] * places.metres[columns[target]]
    cost += instance.visits[rows[source]] * places.extra[columns[target]]
    scale = LARGEST / max(1.0, float(np.abs(cost).max(initial=0.0)), float(leave.max()))
    if scale > 1:
        scale = float(min(10.0 ** np.floor(np.log10(scale)), 1e6))
    supply = np.bincount(row_of)
    r, c = len(rows), len(columns)
    flow = min_cost_flow.SimpleMinCostFlow()
    many = np.minimum(supply[source], capacity[target])
    arcs = flow.add_arcs_with_capacity_and_unit_cost(source, r + target, many, np.rint(cost * scale).astype(np.int64))
    out = np.rint(leave[rows] * scale).astype(np.int64)
    rounded = max(_off(cost * scale), _off(leave[rows] * scale)) / scale
    leaving = np.where(units.fixed[rows] >= 0, 0, supply) if share else supply
    flow.add_arcs_with_capacity_and_unit_cost(np.arange(r), np.full(r, r + c), leaving, out)
    flow.add_arcs_with_capacity_and_unit_cost(
        r + np.arange(c), np.full(c, r + c), capacity, np.zeros(c, dtype=np.int64)
    )
    nodes = np.arange(r + c + 1)
    flow.set_nodes_supplies(nodes, np.concatenate([supply, np.zeros(c, dtype=np.int64), [-units.count]]))
    if flow.solve() != flow.OPTIMAL:
        return None
    place = _spread(flow.flows(arcs), source, target, row_of, column_of)
    # What rounding took from the cost of every unit, in the plan found and in the best one.
    slack = 2.0 * rounded * units.count
    return Assignment(place, float(flow.optimal_cost()) / scale - slack, slack)


def _off(values: Floats) -> float:
    """How far the values are from integers, at most."""
    away = float(np.abs(values - np.rint(values)).max(initial=0.0))
    return away if away > 1e-6 else 0.0


def slots_of(instance: Instance) -> Flags:
    """(units, slots) where each unit may lie, were it alone; one that is fixed lies where it lies."""
    units, places = instance.units, instance.places
    allowed: Flags = units.allowed[units.klass][:, places.kind]
    stays = np.flatnonzero(units.fixed >= 0)
    allowed[stays] = False
    allowed[stays, units.fixed[stays]] = True
    return allowed


def _rows(instance: Instance, linear: Floats, leave: Floats, must: Ints, owner: Ints | None) -> tuple[Ints, Ints]:
    """(a representative per group of units alike, group per unit)."""
    units = instance.units
    side = units.side if owner is not None else units.side[:, :0]
    fixed = np.where(units.fixed >= 0, np.arange(units.count) + 1, 0)
    scope = np.where(must >= 0, units.scope[units.group] if len(units.scope) else 0, 0)
    keys = np.column_stack([units.klass, must, scope, linear, instance.visits, leave, fixed, side])
    _, first, group = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    return first.astype(np.int64), group.reshape(-1).astype(np.int64)


def _columns(instance: Instance, must: Ints, owner: Ints | None) -> tuple[Ints, Ints]:
    """(a representative per group of slots alike, group per slot)."""
    units, places = instance.units, instance.places
    keys = [places.kind, places.metres, places.extra]
    used = set(units.scope[np.unique(units.group[must >= 0])].tolist()) if (must >= 0).any() else set()
    keys += [places.region[row] for row in sorted(used)]
    if owner is not None:
        keys += [owner[r][places.region[row]] for r, row in enumerate(apart_rows(instance))]
    single = np.zeros(places.count, dtype=np.int64)
    fixed = units.fixed[units.fixed >= 0]
    single[fixed] = fixed + 1
    keys.append(single)
    _, first, group = np.unique(np.column_stack(keys), axis=0, return_index=True, return_inverse=True)
    return first.astype(np.int64), group.reshape(-1).astype(np.int64)


def apart_rows(instance: Instance) -> list[int]:
    """The region row that each rule of `apart` speaks of."""
    rows = {"slot": 0, "bay": 1, "aisle": 2, "zone": 3}
    return [rows[rule.within] for rule in instance.source.rules.apart]


def _allowed(instance: Instance, rows: Ints, columns: Ints, must: Ints, owner: Ints | None) -> Flags:
    units, places = instance.units, instance.places
    allowed = units.allowed[units.klass[rows]][:, places.kind[columns]]
    for i, u in enumerate(rows):
        if must[u] >= 0:
            allowed[i] &= places.region[units.scope[units.group[u]], columns] == must[u]
        if units.fixed[u] >= 0:
            allowed[i] = columns == units.fixed[u]
    taken = np.zeros(places.count, dtype=np.bool_)
    taken[units.fixed[units.fixed >= 0]] = True
    free = np.flatnonzero(units.fixed[rows] < 0)
    full = taken[columns] & (places.max_skus[columns] == 1)
    allowed[np.ix_(free, np.flatnonzero(full))] = False
    if owner is not None:
        for r, row in enumerate(apart_rows(instance)):
            theirs = owner[r][places.region[row, columns]]
            mine = units.side[rows, r]
            allowed &= ~((mine[:, None] > 0) & (theirs[None, :] != mine[:, None]))
    return allowed


def _spread(flows: Ints, source: Ints, target: Ints, row_of: Ints, column_of: Ints) -> Ints:
    """Flows between groups as slots of single units."""
    place = np.full(len(row_of), -1, dtype=np.int64)
    members = [list(part) for part in np.split(np.argsort(row_of, kind="stable"), np.cumsum(np.bincount(row_of))[:-1])]
    order = np.argsort(column_of, kind="stable")
    free = [list(part) for part in np.split(order, np.cumsum(np.bincount(column_of))[:-1])]
    for e in np.flatnonzero(flows):
        for _ in range(int(flows[e])):
            slot_group = free[target[e]]
            unit = members[source[e]].pop(0)
            if slot_group:
                place[unit] = slot_group.pop(0)
    return place
