"""A generalised assignment problem as arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Generalised:
    """Minimise sum_j cost[j, a(j)] so that sum of weight[d, j, i] over the jobs j of agent i stays within capacity[d, i].

    cost: (jobs, agents), infinite where a job may not go. weight: (resources, jobs, agents), not negative. capacity:
    (resources, agents).
    """

    cost: Floats
    weight: Floats
    capacity: Floats

    def __post_init__(self) -> None:
        jobs, agents = self.cost.shape
        if self.weight.shape[1:] != (jobs, agents) or self.capacity.shape != (self.weight.shape[0], agents):
            raise ValueError("cost (jobs, agents), weight (resources, jobs, agents), capacity (resources, agents)")
        if np.isnan(self.cost).any() or (self.cost == -np.inf).any() or not np.isfinite(self.weight).all():
            raise ValueError("costs must be numbers or plus infinity, weights finite")
        if (self.weight < 0).any() or np.isnan(self.capacity).any():
            raise ValueError("weights and capacities must be numbers, weights not negative")

    @property
    def jobs(self) -> int:
        return int(self.cost.shape[0])

    @property
    def agents(self) -> int:
        return int(self.cost.shape[1])

    def value(self, agent: Ints) -> float:
        """The objective of an assignment."""
        return float(self.cost[np.arange(self.jobs), agent].sum())

    def feasible(self, agent: Ints) -> bool:
        """Whether every agent's capacity holds and nobody is where he may not be."""
        every = np.arange(self.jobs)
        for weight, capacity in zip(self.weight, self.capacity, strict=True):
            load = np.bincount(agent, weights=weight[every, agent], minlength=self.agents)
            if (load > capacity * (1 + 1e-12) + 1e-9).any():
                return False
        return bool(np.isfinite(self.cost[every, agent]).all())
