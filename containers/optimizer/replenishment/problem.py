"""The validated form of a replenishment problem: per pick face its demand by period, its stock and its reserve."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import ValidationError

from containers.optimizer.floor.places import Floor, floor_of
from containers.optimizer.reading import locks_of
from containers.optimizer.replenishment.forecast import daily_demand
from containers.optimizer.replenishment.picks import Moments, Period
from contracts.errors import Fault, ProblemError, from_validation
from contracts.optimize import Unassigned
from contracts.problems.replenishment import (
    Pack,
    PickFace,
    ReplenishmentLocks,
    ReplenishmentProblem,
)

REST_HOURS = 8
FAR = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Lot:
    """Pieces at a reserve location; metres from there to the face."""

    location: str
    pieces: int
    expires_s: float  # infinity: never
    rank: tuple[float, float, str]  # the policy's order, least first
    metres: float


@dataclass(frozen=True, slots=True)
class Face:
    """One pick face. demand: pieces per period; moments: when they are picked, where that is known. lots: in the policy's
    order, without what expires before the last wave."""

    source: PickFace
    begin: int
    demand: tuple[int, ...]
    moments: tuple[Moments, ...]
    multiple: int
    case: int
    lots: tuple[Lot, ...]

    @property
    def reserve(self) -> int:
        return sum(lot.pieces for lot in self.lots)

    @property
    def nearest(self) -> float:
        return min((lot.metres for lot in self.lots), default=0.0)


@dataclass(frozen=True)
class Instance:
    source: ReplenishmentProblem
    floor: Floor
    periods: tuple[Period, ...]
    faces: tuple[Face, ...]
    without_face: tuple[Unassigned, ...]
    skip: frozenset[str] = frozenset()


def read(data: Mapping[str, Any]) -> Instance:
    """Raises ProblemError "invalid" with every fault's pointer."""
    try:
        problem = ReplenishmentProblem.model_validate(data)
    except ValidationError as error:
        raise from_validation(error, "/data") from error
    floor = floor_of(problem.layout)
    faults = _unknown(problem, floor)
    if faults:
        raise ProblemError("invalid", f"{faults[0].pointer}: {faults[0].detail}", errors=tuple(faults[:50]))
    periods, demand, moments = _demand(problem)
    packs = {pack.sku: pack for pack in problem.packs}
    reserve = _reserve(problem)
    lying = Counter[tuple[str, str]]()
    for line in problem.stock:
        lying[line.sku, line.location] += line.quantity
    last = max((p.due_s for p in periods if not p.id.startswith("day-")), default=0.0)
    faces = []
    for face in problem.faces:
        pack = packs.get(face.sku, Pack(sku=face.sku))
        begin = lying[face.sku, face.location]
        lots = _lots(problem, floor, face, reserve.get(face.sku, []), last)
        wanted = tuple(demand[p.id][face.sku] for p in periods)
        known_times = tuple(_in_time(moments[p.id], face.sku) for p in periods)
        faces.append(Face(face, begin, wanted, known_times, _multiple(problem, pack), pack.case_pieces, lots))
    known = {face.sku for face in problem.faces}
    asked = Counter[str]()
    for of_period in demand.values():
        asked.update(of_period)
    without = tuple(
        Unassigned(
            id=sku,
            reason="no-pick-face",
            detail=f"{pieces} pieces are asked for, and the article has no pick face",
            smallest_change=f"give {sku!r} a pick face, or pick it from reserve",
        )
        for sku, pieces in sorted(asked.items())
        if sku not in known and pieces > 0
    )
    return Instance(problem, floor, periods, tuple(faces), without)


def pin(instance: Instance, locks: Mapping[str, Any] | None) -> Instance:
    """The instance in which locked SKUs get nothing. Raises ProblemError for SKUs without a pick face."""
    pinned = locks_of(ReplenishmentLocks, locks)
    unknown = sorted(pinned.skip - {face.source.sku for face in instance.faces})
    if unknown:
        detail = f"{unknown[0]!r} has no pick face, so nothing is brought down for it; leave it out"
        raise ProblemError("invalid", f"/locks/skip: {detail}", errors=(Fault("/locks/skip", detail),))
    return Instance(
        instance.source, instance.floor, instance.periods, instance.faces, instance.without_face, pinned.skip
    )


def trip_seconds(problem: ReplenishmentProblem, metres: float) -> float:
    """A trip to a lot and back, without the handling."""
    return problem.work.fixed_s + 2.0 * metres / problem.work.travel_m_per_s


def _unknown(problem: ReplenishmentProblem, floor: Floor) -> list[Fault]:
    faults = []
    for name in ("faces", "stock", "lots"):
        for i, row in enumerate(getattr(problem, name)):
            if not floor.has(row.location):
                detail = f"no location {row.location!r} in the layout; use one of its location ids"
                faults.append(Fault(f"/data/{name}/{i}/location", detail))
    return faults


# Per period and SKU (seconds after start_at, pieces); None where a period's picks have no times.
_Times = dict[str, dict[str, list[tuple[float, int]]] | None]


def _in_time(times: dict[str, list[tuple[float, int]]] | None, sku: str) -> Moments:
    return None if times is None else tuple(sorted(times.get(sku, ())))


def _demand(problem: ReplenishmentProblem) -> tuple[tuple[Period, ...], dict[str, Counter[str]], _Times]:
    def after(instant: datetime) -> float:
        return (instant - problem.start_at).total_seconds()

    lines = {order.id: order.lines for order in problem.orders}
    periods: list[Period] = []
    demand: dict[str, Counter[str]] = {}
    moments: _Times = defaultdict(lambda: None)
    waved: set[str] = set()
    for wave in sorted(problem.waves, key=lambda one: (one.start_at, one.id)):
        due = after(wave.start_at)
        periods.append(Period(f"wave {wave.id}", due, due + 60.0 * wave.minutes))
        demand[periods[-1].id] = Counter()
        times: dict[str, list[tuple[float, int]]] = defaultdict(list)
        for order, minute in zip(wave.orders, wave.order_minutes or [0.0] * len(wave.orders), strict=True):
            waved.add(order)
            for line in lines[order]:
                demand[periods[-1].id][line.sku] += line.quantity
                times[line.sku].append((due + 60.0 * minute, line.quantity))
        if wave.order_minutes is not None:
            moments[periods[-1].id] = times
    rest = [order for order in problem.orders if order.id not in waved]
    # Without any demand the faces are still to be brought up to their min, in good time.
    if rest or (not periods and problem.forecast is None):
        due = after(problem.rest_at or problem.start_at + timedelta(hours=REST_HOURS))
        periods.append(Period("rest", due, due + 60.0 * problem.rest_minutes))
        demand["rest"] = Counter()
        for one in rest:
            for line in one.lines:
                demand["rest"][line.sku] += line.quantity
    periods.sort(key=lambda one: (one.due_s, one.id))
    if problem.forecast is not None:
        last = max((period.gone_s for period in periods), default=0.0)
        foreseen = daily_demand(problem.forecast)
        for day in range(problem.forecast.days):
            due = last + 86_400.0 * (day + 1)
            periods.append(Period(f"day-{day + 1}", due, due + 60.0 * problem.forecast.minutes))
            demand[periods[-1].id] = Counter({sku: days[day] for sku, days in foreseen.items()})
    return tuple(periods), demand, moments


def _multiple(problem: ReplenishmentProblem, pack: Pack) -> int:
    if problem.multiple == "piece":
        return 1
    if problem.multiple == "pallet" and pack.pallet_pieces is not None:
        return pack.pallet_pieces
    return pack.case_pieces


def _reserve(problem: ReplenishmentProblem) -> dict[str, list[tuple[str, int, Any, Any]]]:
    """(location, pieces, received, expires) per SKU."""
    faces = {(face.sku, face.location) for face in problem.faces}
    found: dict[str, list[tuple[str, int, Any, Any]]] = defaultdict(list)
    for lot in problem.lots:
        found[lot.sku].append((lot.location, lot.quantity, lot.received_at, lot.expires_at))
    dated = set(found)
    for line in problem.stock:
        if line.sku not in dated and (line.sku, line.location) not in faces and line.quantity > 0:
            found[line.sku].append((line.location, line.quantity, None, None))
    return found


def _lots(
    problem: ReplenishmentProblem,
    floor: Floor,
    face: PickFace,
    rows: list[tuple[str, int, Any, Any]],
    last_wave_s: float,
) -> tuple[Lot, ...]:
    lots: list[Lot] = []
    to = floor.position(face.location)
    for location, pieces, received, expires in rows:
        metres = floor.distance(floor.position(location), to)
        expires_s = float("inf") if expires is None else (expires - problem.start_at).total_seconds()
        received_s = float("inf") if received is None else (received - problem.start_at).total_seconds()
        first = {"fefo": expires_s, "fifo": received_s, "nearest": metres}[problem.policy]
        # Which wave a lot will serve is open until the end, so it must be good for every one of them.
        if expires_s > last_wave_s:
            lots.append(Lot(location, pieces, expires_s, (first, metres, location), metres))
    return tuple(sorted(lots, key=lambda lot: lot.rank))
