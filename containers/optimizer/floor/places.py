"""What the families ask of any floor, and the right floor for a layout."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Protocol

from containers.optimizer.floor.aisles import AisleFloor
from containers.optimizer.floor.graphs import GraphFloor
from containers.optimizer.floor.ladder import Ladder
from containers.optimizer.floor.many_blocks import ManyBlocksFloor
from containers.optimizer.floor.walk import Point, Walk
from contracts.layout import GraphLayout, ParametricLayout, locations

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


class Floor(Protocol):
    """Locations are reached at walking positions, which are integers below `positions`."""

    @property
    def positions(self) -> int:
        """How many walking positions there are."""

    @property
    def exact(self) -> bool:
        """Whether `tour` is proven to be the shortest."""

    @property
    def frame(self) -> tuple[Any, ...]:
        """The floor as the kernels' arrays: see tours.py."""

    def scratch(self) -> tuple[Any, ...]:
        """Fresh scratch arrays for one thread's calls of the kernels."""

    @property
    def stub(self) -> float:
        """Metres in every tour that the kernels leave out."""

    def on_ladder(self, positions: Iterable[int]) -> tuple[Ladder, list[int]] | None:
        """The floor's aisles and cross aisles, and these positions as the ladder numbers them; None for other shapes."""

    def has(self, location: str) -> bool:
        """Whether the layout has a location of that id."""

    def reachable(self, location: str) -> bool:
        """Whether a picker can walk there from the depot and on to the end depot."""

    def position(self, location: str) -> int:
        """The walking position of a location. Raises KeyError for an unknown id."""

    def zone(self, location: str) -> str:
        """The zone of a location."""

    def xy(self, position: int) -> Point:
        """Where a position is, in metres."""

    def distance(self, here: int, there: int) -> float:
        """Metres of the shortest walk between two positions."""

    def distances(self, here: npt.NDArray[np.int64], there: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """The same for many pairs at once: (n,) and (n,) to (n,)."""

    def from_start(self, position: int) -> float:
        """Metres from the start depot to a position."""

    def tour_length(self, positions: Iterable[int]) -> float:
        """Metres of a short (the shortest, if `exact`) tour from start depot to end depot through the positions."""

    def tour(self, positions: Iterable[int]) -> Walk:
        """That tour."""

    def walks(self, positions: Iterable[int]) -> npt.NDArray[np.float64] | None:
        """(n + 2, n + 2) metres between the positions, start and end, where tours are searched; None where they are exact."""


def floor_of(layout: ParametricLayout | GraphLayout, wanted: Iterable[str] | None = None) -> Floor:
    """The floor of a layout, ready for walks between the locations in `wanted` (all of them when left out).

    Raises ProblemError too-large-to-solve for a graph with more places than walks can be kept for.
    """
    if isinstance(layout, ParametricLayout):
        floor = AisleFloor(layout)
        if floor.exact:
            return floor
    names = frozenset((place.id for place in locations(layout)) if wanted is None else wanted)
    if isinstance(layout, GraphLayout):
        return GraphFloor(layout, names)
    return ManyBlocksFloor(layout, names)
