"""How long routes take, and what that leaves for choosing places."""

from __future__ import annotations

from containers.optimizer.family import Run

# So many lists tell how long all of them take. The check, the baseline and writing take a share of what the routes took.
PROBED, FINISH_OF_ROUTES = 100, 0.65
# Of what a route takes, choosing near places; and what choosing by search takes at least.
NEAR_OF_ROUTE, SHORTEST_SEARCH_S = 0.8, 0.004


class Pace:
    """Told of every route made. lists: how many are to be routed. to_choose: how often places are chosen for one."""

    def __init__(self, run: Run, lists: int, to_choose: int) -> None:
        self._run, self._lists, self._to_choose = run, lists, to_choose
        self._done, self._seconds = 0, 0.0

    @property
    def _each(self) -> float:
        return self._seconds / max(1, self._done)

    @property
    def _ahead(self) -> float:
        """Seconds that the routes still to be made take."""
        return max(0, self._lists - self._done) * self._each

    @property
    def hurried(self) -> bool:
        """Whether the routes alone take all the time that is left."""
        return self._run.budget.iterations is None and self._done > PROBED and self._run.remaining_s < self._ahead

    def for_search(self) -> float:
        """Seconds for choosing one list's places; 0 where there is only time for near ones."""
        many = max(1, self._to_choose)
        self._to_choose -= 1
        if self._run.budget.iterations is not None:
            return max(SHORTEST_SEARCH_S, self._run.remaining_s / many)
        free = self._run.remaining_s - self._ahead - many * NEAR_OF_ROUTE * self._each
        return free / many if free > many * SHORTEST_SEARCH_S else 0.0

    def routed(self, seconds: float) -> None:
        """One more route was made in so many seconds. Raises too-large-to-solve once it shows that all would take too long."""
        self._done += 1
        self._seconds += seconds
        if self._done == min(PROBED, self._lists):
            near = 1.0 + NEAR_OF_ROUTE if self._to_choose > 0 else 1.0
            self._run.finishing(FINISH_OF_ROUTES * self._lists * self._each, near * self._ahead)
