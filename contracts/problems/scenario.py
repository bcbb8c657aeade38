"""Scenarios: a chain of improvements on one warehouse and the same orders, each step priced, the outcome simulated."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from contracts.base import Identifier, Model
from contracts.catalogue import Item, StockLine
from contracts.layout import Layout
from contracts.problems.batching import MAX_ORDERS, MAX_STOCK_LINES, BatchLocks, BatchOrder, Cart, Pace
from contracts.problems.labour import Window
from contracts.problems.reslotting import MAX_MOVES, Move, MoveWork
from contracts.problems.slotting import MAX_SKUS, SlottingRules

Step = Literal["reslot", "route", "batch", "labour"]


class Crew(Model):
    """Who picks: so many people with the same shift. Breaks are not worked through."""

    pickers: Annotated[int, Field(ge=1, le=200)] = 1
    shift_s: Annotated[int, Field(ge=60, le=604_800)] = 28_800
    breaks: Annotated[tuple[Window, ...], Field(max_length=16)] = ()


class Reslotting(Model):
    """The step "reslot": how many moves or minutes may be spent, what a move costs, and the rules of the building."""

    max_moves: Annotated[int, Field(ge=0, le=MAX_MOVES)] | None = None
    max_minutes: Annotated[float, Field(ge=0, le=1e6)] | None = None
    payback_days: Annotated[float, Field(gt=0, le=3660)] = 30.0
    work: MoveWork = MoveWork()
    rules: SlottingRules = SlottingRules()


class SimulationSettings(Model):
    """How unevenly people work. cv: standard deviation over mean. `aisle_people`: so many fit into an aisle at once."""

    runs: Annotated[int, Field(ge=0, le=1000)] = 30
    walk_cv: Annotated[float, Field(ge=0, le=1)] = 0.1
    handling_cv: Annotated[float, Field(ge=0, le=2)] = 0.3
    aisle_people: Annotated[int, Field(ge=1, le=100)] | None = None


class ScenarioProblem(Model):
    """`orders` are the real ones of `days` days. `wage_per_hour` in minor units of money, 0 when money is of no interest."""

    layout: Layout
    items: Annotated[tuple[Item, ...], Field(max_length=MAX_STOCK_LINES)] = ()
    stock: Annotated[tuple[StockLine, ...], Field(max_length=MAX_STOCK_LINES)]
    orders: Annotated[tuple[BatchOrder, ...], Field(max_length=MAX_ORDERS)]
    cart: Cart = Cart()
    pace: Pace = Pace()
    crew: Crew = Crew()
    steps: Annotated[tuple[Step, ...], Field(min_length=1, max_length=8)] = ("reslot", "route", "batch", "labour")
    reslotting: Reslotting = Reslotting()
    days: Annotated[float, Field(gt=0, le=3660)] = 1.0
    days_per_year: Annotated[float, Field(gt=0, le=366)] = 250.0
    wage_per_hour: Annotated[int, Field(ge=0, le=100_000_000)] = 0
    simulation: SimulationSettings = SimulationSettings()

    @model_validator(mode="after")
    def _steps_once(self) -> ScenarioProblem:
        if len(set(self.steps)) != len(self.steps):
            raise ValueError("steps: name each step once")
        if "reslot" in self.steps[1:]:
            raise ValueError("steps: reslot comes first, for every later step plans on its slots")
        return self


class Stage(Model):
    """The warehouse after a step, the same orders replayed. `saved_*` are against the stage before."""

    step: str  # "today", then the steps in their order
    method: str
    batches: int
    metres: float
    seconds: float  # of work, all pickers together
    finish_s: float  # when the last batch is done, with the crew
    cost: int | None = None  # minor units; None without a wage
    saved_metres: float = 0.0
    saved_seconds: float = 0.0
    saved_cost: int | None = None


class Forecast(Model):
    """The last stage, simulated: seconds until the last batch is done, over all runs."""

    runs: int
    seed: int
    predicted_finish_s: float
    mean_finish_s: float
    p5_finish_s: float
    p95_finish_s: float
    mean_wait_s: float  # for room in an aisle, all pickers together
    error_share: float  # (mean - predicted) / predicted
    holds: bool  # the prediction lies between the 5th and the 95th percentile, or within 5 % of the mean


class ScenarioSolution(Model):
    stages: tuple[Stage, ...]
    saved_metres: float
    saved_share: float  # of today's metres
    saved_seconds: float
    saved_cost_per_year: int | None = None  # the moves of a re-slotting are paid once, and not in it
    moves: tuple[Move, ...] = ()  # of the re-slotting, in their safe order
    moves_minutes: float = 0.0
    batches: tuple[dict[str, Any], ...]  # the last stage's, as in BatchingSolution, with picker and start
    forecast: Forecast | None = None


class ScenarioLocks(BatchLocks):
    """`keep`: these SKUs do not move when the chain re-slots; `together` and `sealed` hold when it batches."""

    keep: Annotated[frozenset[Identifier], Field(max_length=MAX_SKUS)] = frozenset()
