"""An independent reading of a batching plan: from the request's data and the plan alone, without the solver's code.

Every walked segment must follow the layout's aisles, every stop must lie on its walk, every piece must exist in stock
and belong to an order of the batch, and no cart may be overfull.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from containers.optimizer.batching.baseline import baseline_distance
from containers.optimizer.batching.problem import Instance
from containers.optimizer.family import CheckReport
from containers.optimizer.reading import locks_of, plan_of, untrue
from containers.optimizer.walk_check import EPSILON, METRES_EPSILON, WalkCheck, same
from contracts.errors import Fault
from contracts.layout import locations
from contracts.optimize import Objective, Unassigned
from contracts.problems.batching import Batch, BatchingProblem, BatchingSolution, BatchLocks


def check(instance: Instance, solution: Mapping[str, Any], locks: Mapping[str, Any] | None) -> CheckReport:
    """What is wrong with a plan, and what it is worth."""
    problem = instance.source
    plan, pinned = plan_of(BatchingSolution, solution), locks_of(BatchLocks, locks)
    faults: list[Fault] = []
    reader = WalkCheck(problem.layout)
    walked = [_check_walk(reader, batch, i, faults) for i, batch in enumerate(plan.batches)]
    _check_contents(problem, plan, reader.places(line.location for line in problem.stock), faults)
    _check_carts(problem, plan, faults)
    _check_locks(plan, pinned, faults)
    moved = _check_extension(problem, plan, sum(walked), faults)
    planned = {order for batch in plan.batches for order in batch.orders}
    refused = {one.id for one in instance.left_out}
    missing = [order.id for order in problem.orders if order.id not in planned and order.id not in refused]
    left_out = instance.left_out + tuple(
        Unassigned(id=name, reason="not-planned", detail="the plan leaves this order out although it could be picked")
        for name in missing
    )
    objective = _objective(problem, plan, walked, reader, faults)
    if problem.extend is not None:
        parts = {**objective.parts, "disturbance": problem.extend.moved_order_cost * moved}
        objective = objective.model_copy(update={"value": sum(parts.values()), "parts": parts})
    return CheckReport(objective, tuple(faults), left_out, tuple(_untrue(instance, plan, walked, reader)))


def _untrue(instance: Instance, plan: BatchingSolution, walked: list[float], reader: WalkCheck) -> Iterator[Fault]:
    """Loads, times and sums that the plan tells."""
    problem = instance.source
    items, totes = problem.item_of, {order.id: order.totes for order in problem.orders}
    seconds = _seconds(problem, plan, walked, reader)
    for i, (batch, needed) in enumerate(zip(plan.batches, seconds, strict=True)):
        found: dict[str, Any] = {
            "seconds": needed,
            "items": sum(stop.quantity for stop in batch.stops),
            "totes": sum(totes.get(order, 0) for order in batch.orders),
        }
        for name in ("volume_mm3", "weight_g"):
            if getattr(batch, name) is not None:
                each = [(stop.quantity, getattr(items.get(stop.sku), name, None)) for stop in batch.stops]
                found[name] = sum(pieces * (one or 0) for pieces, one in each)
        yield from untrue(batch, f"/batches/{i}", found)
    metres, before = sum(walked), baseline_distance(instance)
    sums = {
        "distance_m": metres,
        "seconds": sum(seconds),
        "baseline_distance_m": before,
        "saved_m": before - metres,
        "saved_share": (before - metres) / before if before else 0.0,
    }
    yield from untrue(plan, "", sums, size=before)


def _seconds(problem: BatchingProblem, plan: BatchingSolution, walked: list[float], reader: WalkCheck) -> list[float]:
    """How long each batch takes."""
    pace = problem.pace
    found = []
    for batch, metres in zip(plan.batches, walked, strict=True):
        halts = {reader.halt_of(stop.location, (stop.x_m, stop.y_m)) for stop in batch.stops}
        pieces = sum(stop.quantity for stop in batch.stops)
        handling = pace.setup_s + len(halts) * pace.stop_s + pieces * pace.piece_s
        found.append(metres / pace.walk_m_per_s + handling)
    return found


def _objective(
    problem: BatchingProblem, plan: BatchingSolution, walked: list[float], reader: WalkCheck, faults: list[Fault]
) -> Objective:
    seconds = _seconds(problem, plan, walked, reader)
    parts = {"walking": sum(walked)}
    if problem.objective == "time":
        parts = {"walking": sum(walked) / problem.pace.walk_m_per_s}
        parts["handling"] = sum(seconds) - parts["walking"]
    if problem.due != "ignore":
        late = _check_times(problem, plan, seconds, faults)
        if problem.due == "soft":
            parts["lateness"] = late * problem.tardiness_weight
    unit = "m" if problem.objective == "distance" else "s"
    return Objective(value=sum(parts.values()), unit=unit, parts=parts)


def _check_times(problem: BatchingProblem, plan: BatchingSolution, seconds: list[float], faults: list[Fault]) -> float:
    """Seconds late over all orders, having looked that each picker does one batch after another, each long enough."""
    by_picker: dict[int, list[tuple[float, float]]] = defaultdict(list)
    due = {order.id: order.due_at for order in problem.orders}
    late = 0.0
    for i, (batch, needed) in enumerate(zip(plan.batches, seconds, strict=True)):
        if batch.picker is None or batch.start_s is None or batch.finish_s is None:
            faults.append(Fault(f"/batches/{i}", "with due times each batch needs picker, start_s and finish_s"))
            continue
        if not 0 <= batch.picker < problem.pickers:
            faults.append(Fault(f"/batches/{i}/picker", f"there are {problem.pickers} pickers, counted from 0"))
        if batch.start_s < -EPSILON or batch.finish_s - batch.start_s < needed - METRES_EPSILON:
            faults.append(Fault(f"/batches/{i}/finish_s", f"the batch takes {needed} s"))
        by_picker[batch.picker].append((batch.start_s, batch.finish_s))
        for order in batch.orders:
            due_at = due.get(order)
            if due_at is None or problem.start_at is None:
                continue
            over = batch.finish_s - (due_at - problem.start_at).total_seconds()
            late += max(0.0, over)
            if problem.due == "hard" and over > METRES_EPSILON:
                faults.append(Fault(f"/batches/{i}", f"order {order!r} would be {over:.0f} s late"))
    for picker, shifts in by_picker.items():
        shifts.sort()
        faults += [
            Fault("/batches", f"picker {picker} would work on two batches at once")
            for one, other in itertools.pairwise(shifts)
            if other[0] < one[1] - METRES_EPSILON
        ]
    return late


def _check_walk(reader: WalkCheck, batch: Batch, number: int, faults: list[Fault]) -> float:
    """Metres of the walk, having looked that it is possible and passes every stop."""
    where = f"/batches/{number}"
    metres = reader.length(batch.path, batch.nodes, where, faults)
    if batch.stops and not batch.path:
        faults.append(Fault(f"{where}/path", "the walk must start at the depot and end at the end depot"))
    missed = set(reader.unpassed(batch.path, [(stop.x_m, stop.y_m) for stop in batch.stops]))
    missed |= {i for i, stop in enumerate(batch.stops) if not reader.passes_node(batch.nodes, stop.location)}
    faults += [Fault(f"{where}/stops/{i}", "the walk does not pass this stop") for i in sorted(missed)]
    if abs(metres - batch.distance_m) > METRES_EPSILON:
        faults.append(Fault(f"{where}/distance_m", f"the walk is {metres} m long, not {batch.distance_m}"))
    return metres


def _check_contents(
    problem: BatchingProblem, plan: BatchingSolution, places: dict[str, tuple[float, float]], faults: list[Fault]
) -> None:
    stock: Counter[tuple[str, str]] = Counter()
    for line in problem.stock:
        stock[(line.location, line.sku)] += line.quantity
    orders = {order.id: order for order in problem.orders}
    taken: Counter[tuple[str, str]] = Counter()
    got: dict[str, Counter[str]] = defaultdict(Counter)  # per order, or per batch when it holds several
    times: Counter[str] = Counter()
    names: Counter[str] = Counter(batch.id for batch in plan.batches)
    faults += [Fault("/batches", f"{n} batches are called {name!r}") for name, n in names.items() if n > 1]
    zone_of = _zones(problem)
    for i, batch in enumerate(plan.batches):
        faults += [
            Fault(f"/batches/{i}/orders", f"{order!r} is named {n} times")
            for order, n in Counter(batch.orders).items()
            if n > 1
        ]
        zones = {zone_of[stop.location] for stop in batch.stops if stop.location in zone_of}
        if len(zones) > 1:
            faults.append(Fault(f"/batches/{i}/stops", f"orders are picked zone by zone; these lie in {sorted(zones)}"))
        elif zones and batch.zone is not None and batch.zone not in zones:
            faults.append(Fault(f"/batches/{i}/zone", f"its stops lie in {zones.pop()!r}, not in {batch.zone!r}"))
        picked: Counter[str] = Counter()
        for j, stop in enumerate(batch.stops):
            taken[(stop.location, stop.sku)] += stop.quantity
            picked[stop.sku] += stop.quantity
            place = places.get(stop.location)
            if place is None or not same(place, (stop.x_m, stop.y_m)):
                faults.append(Fault(f"/batches/{i}/stops/{j}", f"{stop.location} is at {place}"))
        for order in batch.orders:
            if order not in orders:
                faults.append(Fault(f"/batches/{i}/orders", f"{order!r} is no order of this problem"))
            times[order] += 1
        got[f"batch {i}"] = picked
    faults += [
        Fault("/batches", f"{amount} of {sku!r} are taken from {location}, which holds {stock[(location, sku)]}")
        for (location, sku), amount in taken.items()
        if amount > stock[(location, sku)]
    ]
    if problem.zone_picking:
        _check_totals(plan, orders, got, faults)
        return
    faults += [Fault("/batches", f"order {order!r} is in {n} batches") for order, n in times.items() if n > 1]
    for i, batch in enumerate(plan.batches):
        need = _need(orders[order] for order in batch.orders if order in orders)
        if need != got[f"batch {i}"]:
            faults.append(Fault(f"/batches/{i}/stops", "the pieces picked are not those that the batch's orders need"))


def _zones(problem: BatchingProblem) -> dict[str, str]:
    """The zone of each place with stock, where orders are picked zone by zone."""
    if not problem.zone_picking:
        return {}
    lying = {line.location for line in problem.stock}
    return {place.id: place.zone for place in locations(problem.layout) if place.id in lying}


def _check_totals(plan: BatchingSolution, orders: Any, got: dict[str, Counter[str]], faults: list[Fault]) -> None:
    """With zone picking an order spans batches: compare over the whole plan."""
    planned = {order for batch in plan.batches for order in batch.orders if order in orders}
    total: Counter[str] = Counter()
    for picked in got.values():
        total += picked
    if total != _need(orders[name] for name in planned):
        faults.append(Fault("/batches", "the pieces picked are not those that the planned orders need"))


def _need(orders: Any) -> Counter[str]:
    need: Counter[str] = Counter()
    for order in orders:
        for line in order.lines:
            need[line.sku] += line.quantity
    return need


def _check_carts(problem: BatchingProblem, plan: BatchingSolution, faults: list[Fault]) -> None:
    cart = problem.cart
    items = {item.sku: item for item in problem.items}
    totes = {order.id: order.totes for order in problem.orders}
    for i, batch in enumerate(plan.batches):
        loads: dict[str, float] = {
            "items": sum(stop.quantity for stop in batch.stops),
            "orders": len(batch.orders),
            "totes": sum(totes.get(order, 0) for order in batch.orders),
        }
        for name in ("volume_mm3", "weight_g"):
            if getattr(cart, name):
                each = [getattr(items[s.sku], name) if s.sku in items else None for s in batch.stops]
                faults += [
                    Fault(f"/batches/{i}/stops/{j}", f"the cart limits {name}, and that of {stop.sku!r} is not known")
                    for j, (stop, one) in enumerate(zip(batch.stops, each, strict=True))
                    if one is None
                ]
                loads[name] = sum(stop.quantity * (one or 0) for stop, one in zip(batch.stops, each, strict=True))
        for name, load in loads.items():
            limit = getattr(cart, name)
            if limit is not None and load > limit:
                faults.append(Fault(f"/batches/{i}", f"the cart takes {limit} {name} and is given {load}"))
        labels = [{*items[s.sku].attributes, items[s.sku].family} for s in batch.stops if s.sku in items]
        for left, right in problem.incompatible:
            if any(left in label for label in labels) and any(right in label for label in labels):
                faults.append(Fault(f"/batches/{i}", f"{left!r} and {right!r} may not share a cart"))


def _check_locks(plan: BatchingSolution, locks: BatchLocks, faults: list[Fault]) -> None:
    batches = [frozenset(batch.orders) for batch in plan.batches]
    for group in locks.together:
        if not any(set(group) <= batch for batch in batches):
            faults.append(Fault("/batches", f"locked together, but not in one batch: {', '.join(group[:5])}"))
    faults += [
        Fault("/batches", f"sealed, but not a batch of exactly these orders: {', '.join(group[:5])}")
        for group in locks.sealed
        if frozenset(group) not in batches
    ]


def _check_extension(problem: BatchingProblem, plan: BatchingSolution, metres: float, faults: list[Fault]) -> int:
    """Orders that had to move, having looked that released batches stay and that the plan tells its disturbance as it is."""
    extension = problem.extend
    if extension is None:
        return 0
    batches = [frozenset(batch.orders) for batch in plan.batches]
    planned = {order for orders in batches for order in orders}
    was = [frozenset(batch.orders) & planned for batch in extension.batches]
    for i, batch in enumerate(extension.batches):
        if batch.released and was[i] and was[i] not in batches:
            faults.append(Fault("/batches", f"released, but not a batch as it was: {', '.join(batch.orders[:5])}"))
    known = {order for orders in was for order in orders}
    moved = len(known) - _most_that_stay(was, batches)
    if extension.max_moved_orders is not None and moved > extension.max_moved_orders:
        faults.append(Fault("/batches", f"{moved} orders moved; at most {extension.max_moved_orders} may"))
    told = plan.disturbance
    if told is None:
        faults.append(Fault("/disturbance", "a plan that was extended tells what changed"))
        return moved
    found = {
        "late_orders": len(planned - known),
        "moved_orders": moved,
        "changed_batches": sum(bool(orders) and orders not in batches for orders in was),
    }
    claimed = {
        "late_orders": told.late_orders,
        "moved_orders": len(set(told.moved_orders) & known),
        "changed_batches": told.changed_batches,
    }
    faults += [
        Fault(f"/disturbance/{name}", f"it is {value}, not {claimed[name]}")
        for name, value in found.items()
        if claimed[name] != value
    ]
    if abs(told.replanned_m + told.over_replanned_m - metres) > METRES_EPSILON:
        faults.append(Fault("/disturbance/over_replanned_m", f"the plan walks {metres} m"))
    return moved


def _most_that_stay(was: list[frozenset[str]], batches: list[frozenset[str]]) -> int:
    """The largest sum of common orders over pairs of an earlier batch and a new one, each in one pair at most.

    As a perfect assignment: every batch has a double on the other side for staying alone, and the doubles of a pair pair up.
    """
    from ortools.graph.python.linear_sum_assignment import SimpleLinearSumAssignment

    now = {order: b for b, orders in enumerate(batches) for order in orders}
    common = Counter((e, now[order]) for e, orders in enumerate(was) for order in orders)
    pairs = SimpleLinearSumAssignment()
    for (e, b), orders in common.items():
        pairs.add_arc_with_cost(e, b, -orders)
        pairs.add_arc_with_cost(len(was) + b, len(batches) + e, 0)
    for e in range(len(was)):
        pairs.add_arc_with_cost(e, len(batches) + e, 0)
    for b in range(len(batches)):
        pairs.add_arc_with_cost(len(was) + b, b, 0)
    pairs.solve()
    return -int(pairs.optimal_cost())
