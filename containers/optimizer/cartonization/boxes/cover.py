"""Set covering over the cartons that the search has seen (Monaci & Toth 2006), solved by HiGHS.

A column is a filled carton: its type and how many pieces of each kind it holds. The cheapest set of columns that holds
everything may combine cartons of many different plans.
"""

from __future__ import annotations

import time

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csc_matrix, vstack

from containers.optimizer.cartonization.boxes.data import Bin, Box, Model, unlimited
from containers.optimizer.cartonization.boxes.search import Log

MAX_COLUMNS = 12_000
MAX_ROWS = 1_500
MAX_WHOLE = 1_500  # columns of the integer program


class Pool:
    """Distinct columns, bounded in number: when full, the half with the better fill per cost stays."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.columns: dict[tuple[int, bytes], tuple[Box, ...] | np.ndarray] = {}
        data = model.data
        self.counts = np.bincount(data.kind, minlength=len(model.problem.kinds)) if data.kind.size else np.zeros(0, int)
        # Groups, pieces pinned elsewhere and objectives of value need the whole plan at once.
        self.useful = (
            not model.problem.has_groups
            and not len(data.begun_type)
            and not data.rules[3]
            and 1 < len(np.flatnonzero(self.counts)) <= MAX_ROWS
        )

    def add(self, log: Log) -> None:
        """Take over what one chunk of the search logged."""
        if not self.useful:
            return
        kind = self.model.data.kind
        for n in range(int(log.count[0])):
            lo, hi = int(log.start[n]), int(log.start[n + 1])
            if hi == lo:
                continue
            pieces = kind[log.piece[lo:hi]]
            order = np.argsort(pieces, kind="stable")
            key = (int(log.type[n]), pieces[order].tobytes())
            if key not in self.columns:
                self.columns[key] = log.box[lo:hi][order].copy()
        if len(self.columns) > MAX_COLUMNS:
            self._shrink()

    def _shrink(self) -> None:
        """Keep the half with the best fill per cost."""
        data = self.model.data

        def merit(key: tuple[int, bytes]) -> float:
            volume = float(data.volume[np.frombuffer(key[1], dtype=np.int64)].sum())
            return -volume / max(float(data.cost[key[0]]), 1e-9)

        best = sorted(self.columns, key=merit)[: MAX_COLUMNS // 2]
        self.columns = {key: self.columns[key] for key in best}

    def solve(self, seconds: float, value: float) -> list[Bin] | None:
        """The cheapest cover cheaper than `value` that is found in the time, or None.

        The linear relaxation comes first: it may show that nothing is to be gained, and its reduced costs tell which
        columns no better cover can use.
        """
        if not self.columns:
            return None
        deadline = time.perf_counter() + seconds
        data = self.model.data
        keys = list(self.columns)
        rows_of = np.flatnonzero(self.counts)
        row = np.full(len(self.counts), -1)
        row[rows_of] = np.arange(len(rows_of))
        types = np.array([key[0] for key in keys])
        contents = [np.frombuffer(key[1], dtype=np.int64) for key in keys]
        start = np.cumsum([0] + [len(content) for content in contents])
        matrix = csc_matrix((np.ones(start[-1]), row[np.concatenate(contents)], start), shape=(len(rows_of), len(keys)))
        matrix.sum_duplicates()
        need = self.counts[rows_of].astype(float)
        limited = [t for t in range(len(data.dims)) if not unlimited(int(data.available[t]))]
        stock = csc_matrix(np.array([(types == t).astype(float) for t in limited]).reshape(len(limited), len(keys)))
        left = data.available[limited].astype(float)
        cost = data.cost[types]
        step = 1.0 if np.allclose(data.cost, np.round(data.cost)) else 1e-6 * self.model.scale
        relaxed = linprog(
            cost,
            A_ub=vstack([-matrix, stock], format="csc"),
            b_ub=np.concatenate([-need, left]),
            bounds=(0, None),
            method="highs",
            options={"time_limit": seconds},
        )
        if relaxed.status != 0 or relaxed.fun > value - step + 1e-6 * value:
            return None
        reduced = relaxed.lower.marginals
        keep = np.flatnonzero(reduced <= value - step - relaxed.fun + 1e-6 * value)
        if len(keep) > MAX_WHOLE:
            keep = keep[np.argsort(reduced[keep], kind="stable")[:MAX_WHOLE]]
        seconds = deadline - time.perf_counter()
        if seconds <= 0:
            return None
        flat = self.model.problem.dimensions < 3
        found = milp(
            cost[keep],
            constraints=[
                LinearConstraint(matrix[:, keep], need, np.inf if flat else need),
                LinearConstraint(stock[:, keep], 0, left),
                LinearConstraint(cost[None, keep], 0, value - step),
            ],
            integrality=np.ones(len(keep)),
            bounds=Bounds(0, np.inf),
            options={"time_limit": seconds, "mip_rel_gap": 0.0},
        )
        if found.x is None:
            return None
        missing = self.counts.copy()
        bins = []
        for n in np.flatnonzero(found.x > 0.5):
            j = keep[n]
            for _ in range(round(found.x[n])):
                pieces = []
                for kind, box in zip(contents[j], self.columns[keys[j]], strict=True):
                    if missing[kind] > 0:
                        missing[kind] -= 1
                        x, y, z, x2, y2, z2 = (int(v) for v in box)
                        pieces.append((int(kind), (x, y, z, x2, y2, z2)))
                bins.append(Bin(int(types[j]), -1, tuple(pieces)))
        return bins if not missing.any() else None
