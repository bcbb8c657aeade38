"""A batching instance as the flat arrays that the kernels read. A unit is what moves as one: a part, or parts locked
together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from containers.optimizer.batching.problem import UNLIMITED, Instance
from containers.optimizer.floor.bits import words_of

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Units:
    """parts: which parts each unit holds. places: the walking positions of each. arrays, weights: see measure.py."""

    parts: tuple[tuple[int, ...], ...]
    places: tuple[IntArray, ...]
    arrays: tuple[Any, ...]
    weights: npt.NDArray[np.float64]

    @property
    def count(self) -> int:
        return len(self.parts)

    def batches(self, assignment: IntArray) -> list[list[int]]:
        """Part numbers per batch from batch numbers per unit."""
        found: dict[int, list[int]] = {}
        for unit, batch in enumerate(assignment.tolist()):
            found.setdefault(batch, []).extend(self.parts[unit])
        return list(found.values())

    def assignment(self, batches: list[list[int]]) -> IntArray:
        """Batch numbers per unit from part numbers per batch; a unit goes where its first part is."""
        of_part = {part: number for number, batch in enumerate(batches) for part in batch}
        return np.array([of_part[parts[0]] for parts in self.parts], dtype=np.int64)


def units_of(instance: Instance, groups: list[list[int]]) -> Units:
    """Flatten the parts, each group of part numbers as one unit."""
    lists, demand, tags, zones, due, pieces = [], [], [], [], [], []
    zone_numbers: dict[str | None, int] = {}
    limited = np.flatnonzero(instance.capacity < UNLIMITED)
    for group in groups:
        parts = [instance.parts[i] for i in group]
        lists.append(np.array(sorted({pick.position for part in parts for pick in part.picks}), dtype=np.int64))
        total = [sum(column) for column in zip(*(part.demand for part in parts), strict=True)]
        demand.append(total)
        pieces.append(total[0])
        mask = 0
        for part in parts:
            mask |= part.tags
        tags.append(mask)
        zones.append(zone_numbers.setdefault(parts[0].zone, len(zone_numbers)))
        due.append(min(part.due_s for part in parts))
    shape = instance.floor.frame[0]
    arrays = (
        words_of(lists, int(shape[2]), int(shape[1])),
        np.ascontiguousarray(np.array(demand, dtype=np.int64).reshape(len(lists), len(instance.capacity))[:, limited]),
        instance.capacity[limited],
        np.array(tags, dtype=np.uint64),
        np.array([instance.clash_of(mask) for mask in tags], dtype=np.uint64),
        np.array(zones, dtype=np.int64),
        np.array(due, dtype=np.float64),
        np.array(pieces, dtype=np.float64),
    )
    return Units(tuple(tuple(group) for group in groups), tuple(lists), arrays, weights_of(instance))


def weights_of(instance: Instance) -> npt.NDArray[np.float64]:
    """[per metre, per batch, per halt] of the objective, [per metre, per batch, per halt, per piece] in seconds, and
    the objective per second late (0 when deadlines do not count)."""
    source = instance.source
    pace = source.pace
    seconds = [1.0 / pace.walk_m_per_s, pace.setup_s, pace.stop_s, pace.piece_s]
    objective = [1.0, 0.0, 0.0] if source.objective == "distance" else seconds[:3]
    stub = instance.floor.stub  # metres in every tour are a price of the batch
    objective[1] += objective[0] * stub
    seconds[1] += seconds[0] * stub
    late = {"ignore": 0.0, "soft": source.tardiness_weight, "hard": HARD_LATENESS}[source.due]
    return np.array([*objective, *seconds, late], dtype=np.float64)


# With hard deadlines the search may pass through late plans, at a price far above any walking saved per second.
HARD_LATENESS = 100.0
