"""Locks and warm starts: routes and pieces that stay as they are, and earlier routes that a list may keep."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from containers.optimizer.reading import locks_of, plan_of
from containers.optimizer.routing.check import RouteCheck
from containers.optimizer.routing.problem import Instance, need_of, unpickable
from containers.optimizer.walk_check import METRES_EPSILON
from contracts.errors import Fault, ProblemError
from contracts.problems.routing import LockedRoute, PickList, PinnedTake, Route, RoutingLocks, RoutingSolution, Take

CURE = "send the route as it was answered for this problem, or leave this lock out"


def pin(instance: Instance, locks: Mapping[str, Any] | None) -> Instance:
    """The instance in which locked routes and pieces stay. Raises ProblemError for locks that cannot be kept."""
    pinned = locks_of(RoutingLocks, locks)
    if not pinned.routes and not pinned.takes:
        return instance
    lists = {one.id: one for one in instance.source.lists}
    faults = _route_faults(instance, pinned, lists) + _take_faults(pinned, lists)
    faults += _stock_faults(instance, pinned)
    found = replace(instance, left_out=unpickable(instance.source, instance.floor, pinned), locks=pinned)
    if not faults:
        faults = _left_out_faults(found)
    if faults:
        raise ProblemError("invalid", f"{faults[0].pointer}: {faults[0].detail}", errors=tuple(faults[:50]))
    return found


def _route_faults(instance: Instance, locks: RoutingLocks, lists: Mapping[str, PickList]) -> list[Fault]:
    """Locked routes that are nobody's, the same list's twice, or no walk that picks its list."""
    faults: list[Fault] = []
    reader = RouteCheck(instance.source, locks.routes)
    first: dict[str, int] = {}
    for i, route in enumerate(locks.routes):
        where = f"/locks/routes/{i}"
        if route.id not in lists:
            faults.append(Fault(f"{where}/id", f"there is no list {route.id!r}; name one of /data/lists"))
            continue
        if first.setdefault(route.id, i) != i:
            earlier = f"/locks/routes/{first[route.id]}"
            faults.append(Fault(f"{where}/id", f"list {route.id!r} is locked at {earlier} too; keep one"))
            continue
        wrong: list[Fault] = []
        reader.read(route, lists[route.id], where, wrong)
        faults += [Fault(fault.pointer, f"{fault.detail}: {CURE}") for fault in wrong]
    return faults


def _take_faults(locks: RoutingLocks, lists: Mapping[str, PickList]) -> list[Fault]:
    """Pinned pieces that their list does not ask for."""
    faults = []
    locked = {route.id for route in locks.routes}
    need = {name: need_of(lists[name]) for name in {one.pick_list for one in locks.takes} & set(lists)}
    for i, one in enumerate(locks.takes):
        where = f"/locks/takes/{i}"
        if one.pick_list not in lists:
            detail = f"there is no list {one.pick_list!r}; name one of /data/lists"
            faults.append(Fault(f"{where}/pick_list", detail))
            continue
        if one.pick_list in locked:
            detail = f"the route of {one.pick_list!r} is locked whole; keep one of the two"
            faults.append(Fault(f"{where}/pick_list", detail))
            continue
        left = need[one.pick_list]
        left[one.sku] -= one.quantity
        if left[one.sku] < 0:
            asked = left[one.sku] + one.quantity
            detail = f"list {one.pick_list!r} asks for {asked} more of {one.sku!r} there, not {one.quantity}; take less"
            faults.append(Fault(f"{where}/quantity", detail))
    return faults


def _stock_faults(instance: Instance, locks: RoutingLocks) -> list[Fault]:
    """Where locks together take more than lies in stock within a picker's reach."""
    left: Counter[tuple[str, str]] = Counter()
    floor = instance.floor
    for line in instance.source.stock:
        if floor.reachable(line.location):
            left[line.location, line.sku] += line.quantity
    named: list[tuple[str, Take]] = [
        (f"/locks/routes/{i}/takes/{j}", take)
        for i, route in enumerate(locks.routes)
        for j, take in enumerate(route.takes)
    ]
    named += [(f"/locks/takes/{i}", take) for i, take in enumerate(locks.takes)]
    faults = []
    for where, take in named:
        held = max(0, left[take.location, take.sku])
        left[take.location, take.sku] -= take.quantity
        if take.quantity > held:
            detail = f"{held} of {take.sku!r} are left within reach at {take.location}, not {take.quantity}"
            faults.append(Fault(where, f"{detail}; take less, or leave this lock out"))
    return faults


def _left_out_faults(instance: Instance) -> list[Fault]:
    """Pinned pieces of lists whose rest cannot be picked."""
    why = {one.id: one.detail for one in instance.left_out}
    return [
        Fault(
            f"/locks/takes/{i}", f"list {one.pick_list!r} cannot be picked: {why[one.pick_list]}; leave this lock out"
        )
        for i, one in enumerate(instance.locks.takes)
        if one.pick_list in why
    ]


def pinned_takes(instance: Instance) -> dict[str, list[PinnedTake]]:
    """The pinned pieces by list."""
    found: dict[str, list[PinnedTake]] = defaultdict(list)
    for one in instance.locks.takes:
        found[one.pick_list].append(one)
    return found


def earlier_routes(
    instance: Instance, warm_start: Mapping[str, Any] | None
) -> tuple[dict[str, Route], tuple[str, ...]]:
    """(an earlier plan's routes that still pick their list, each with its true length; notes on the others).

    Routes of lists that are locked or no longer there are passed over. Whether stock suffices for all of them is not looked at.
    Raises ProblemError for what is no plan.
    """
    if warm_start is None:
        return {}, ()
    plan = plan_of(RoutingSolution, warm_start)
    locked = {route.id for route in instance.locks.routes}
    lists = {one.id: one for one in instance.lists if one.id not in locked}
    pinned = pinned_takes(instance)
    reader = RouteCheck(instance.source, plan.routes)
    kept: dict[str, Route] = {}
    wrong: list[Fault] = []
    dropped = 0
    for i, route in enumerate(plan.routes):
        if route.id not in lists:
            continue
        faults: list[Fault] = []
        walk = LockedRoute(
            id=route.id, locations=route.locations, path=route.path, nodes=route.nodes, takes=route.takes
        )
        walked = reader.read(walk, lists[route.id], f"/warm_start/routes/{i}", faults)
        if _takes_less(route, pinned.get(route.id, [])):
            faults.append(Fault(f"/warm_start/routes/{i}/takes", "they are not those that the locks pin"))
        if faults:
            wrong += faults
            dropped += 1
        elif route.id not in kept or walked < kept[route.id].distance_m - METRES_EPSILON:
            kept[route.id] = route.model_copy(update={"distance_m": walked})
    if not dropped:
        return kept, ()
    return kept, (
        f"{dropped} routes of the warm start do not pick their list, e.g. {wrong[0].pointer}: {wrong[0].detail}",
    )


def _takes_less(route: Route, pinned: list[PinnedTake]) -> bool:
    """Whether the route takes less somewhere than is pinned."""
    left: Counter[tuple[str, str]] = Counter()
    for take in route.takes:
        left[take.location, take.sku] += take.quantity
    for one in pinned:
        left[one.location, one.sku] -= one.quantity
    return any(pieces < 0 for pieces in left.values())
