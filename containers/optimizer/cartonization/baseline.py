"""What a packing station does without a plan: largest pieces first, layer by layer, into the carton at hand.

First-fit decreasing by volume. A carton is filled in rows, rows form layers, layers go on top of each other; voids are
stuffed, so a layer counts as a floor for the next. The carton is the largest on hand; a finished one is swapped for the
cheapest type in which the same pieces go by the same method.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from containers.optimizer.cartonization.problem import NO_LIMIT, Kind, PackingProblem
from contracts.optimize import Reference

OPEN_AT_ONCE = 20


@dataclass
class _Layered:
    """One carton in layers: the current row and layer, what is used of each direction."""

    size: tuple[int, int, int]
    weight_left: int
    volume_left: float
    kinds: list[int] = field(default_factory=list)
    categories: set[int] = field(default_factory=set)
    z: int = 0  # floor of the current layer
    layer: int = 0  # its height
    y: int = 0  # start of the current row
    row: int = 0  # its depth
    x: int = 0
    refused: set[int] = field(default_factory=set)  # kinds that did not fit as it is now

    def put(self, k: int, kind: Kind, conflicts: list[set[int]]) -> bool:
        if k in self.refused or kind.weight > self.weight_left or kind.volume > self.volume_left:
            return False
        if kind.category >= 0 and conflicts[kind.category] & self.categories:
            return False
        for length, width, height in kind.orientations:
            if self._lay(length, width, height):
                self.weight_left -= kind.weight
                self.volume_left -= kind.volume
                self.kinds.append(k)
                if kind.category >= 0:
                    self.categories.add(kind.category)
                self.refused.clear()
                return True
        self.refused.add(k)
        return False

    def _lay(self, length: int, width: int, height: int) -> bool:
        if length > self.size[0] or width > self.size[1]:
            return False
        x, y, z = self.x, self.y, self.z
        row, layer = self.row, self.layer
        if x + length > self.size[0] or (row and width > row and y + width > self.size[1]):
            x, y, row = 0, y + row, 0
        if y + width > self.size[1]:
            x, y, z, row, layer = 0, 0, z + layer, 0, 0
        if z + max(layer, height) > self.size[2]:
            return False
        self.x, self.y, self.z = x + length, y, z
        self.row, self.layer = max(row, width), max(layer, height)
        return True


def baseline(problem: PackingProblem) -> Reference:
    """The cost (or the value loaded) that the packing station reaches, as the objective counts it."""
    method = (
        "largest first, in layers, into the largest carton at hand; finished cartons swapped for the cheapest that does"
    )
    value = _pack(problem)
    return Reference(value=value, method=method)


def _pack(problem: PackingProblem) -> float:
    conflicts = [set(map(int, row.nonzero()[0])) for row in problem.conflicts]
    units = _units(problem)
    volumes = problem.type_dims.astype(float).prod(axis=1)
    largest_first = sorted(range(len(problem.types)), key=lambda t: (-volumes[t], problem.type_cost[t]))
    cheapest_first = sorted(range(len(problem.types)), key=lambda t: (problem.type_cost[t], volumes[t]))
    left = [int(a) for a in problem.type_available]
    open_now: list[tuple[int, _Layered]] = []
    done: list[tuple[int, _Layered]] = []
    missing: list[int] = []
    for unit in units:
        if any(_put_all(carton, unit, problem, conflicts) for _, carton in open_now):
            continue
        for t in largest_first:
            if left[t] <= 0:
                continue
            carton = _empty(problem, t)
            if _put_all(carton, unit, problem, conflicts):
                left[t] -= left[t] < NO_LIMIT
                open_now.append((t, carton))
                if len(open_now) > OPEN_AT_ONCE:
                    done.append(open_now.pop(0))
                break
        else:
            missing.extend(unit)
    if problem.source.objective == "value":
        return float(
            sum(problem.kinds[k].value for unit in units for k in unit) - sum(problem.kinds[k].value for k in missing)
        )
    cost = 0
    for t, carton in [*done, *open_now]:
        for other in cheapest_first:
            if problem.type_cost[other] >= problem.type_cost[t]:
                cost += int(problem.type_cost[t])
                break
            trial = _empty(problem, other)
            if left[other] > 0 and all(trial.put(k, problem.kinds[k], conflicts) for k in carton.kinds):
                left[other] -= left[other] < NO_LIMIT
                left[t] += left[t] < NO_LIMIT
                cost += int(problem.type_cost[other])
                break
    return float(cost) + len(missing) * problem.leave_price


def _empty(problem: PackingProblem, t: int) -> _Layered:
    a, b, c = (int(edge) for edge in problem.type_dims[t])
    return _Layered((a, b, c), int(problem.type_weight[t]), float(a) * b * c * problem.source.fill_limit + 1e-6)


def _put_all(carton: _Layered, unit: list[int], problem: PackingProblem, conflicts: list[set[int]]) -> bool:
    if len(unit) == 1:
        return carton.put(unit[0], problem.kinds[unit[0]], conflicts)
    saved = (list(carton.kinds), set(carton.categories), carton.weight_left, carton.volume_left)
    place = (carton.z, carton.layer, carton.y, carton.row, carton.x)
    if all(carton.put(k, problem.kinds[k], conflicts) for k in unit):
        return True
    carton.kinds, carton.categories, carton.weight_left, carton.volume_left = saved
    carton.z, carton.layer, carton.y, carton.row, carton.x = place
    carton.refused.clear()
    return False


def _units(problem: PackingProblem) -> list[list[int]]:
    """What moves together, largest first; fragile pieces last, so that they end on top."""
    groups: dict[int, list[int]] = {}
    units: list[list[int]] = []
    for k, kind in enumerate(problem.kinds):
        for _ in range(len(kind.members)):
            if kind.group < 0:
                units.append([k])
            elif kind.group in groups:
                groups[kind.group].append(k)
            else:
                groups[kind.group] = [k]
                units.append(groups[kind.group])

    def order(unit: list[int]) -> tuple[bool, int, int]:
        fragile = all(problem.kinds[k].max_load < problem.kinds[k].weight for k in unit)
        return fragile, -sum(problem.kinds[k].volume for k in unit), unit[0]

    return sorted(units, key=order)
