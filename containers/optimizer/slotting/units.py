"""Units: what goes into one slot as a whole. An article that one slot does not hold is several units."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from containers.optimizer.slotting.places import NO_LIMIT, Places
from containers.optimizer.slotting.rules import allowed_kinds, pieces_that_fit, tags_of
from contracts.catalogue import Item
from contracts.problems.slotting import SlottingFacts, SlottingRules

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
MAX_UNITS = 50_000


@dataclass(frozen=True, slots=True)
class Lot:
    """A unit before it is an array entry. today, fixed: slot numbers, -1 for none."""

    sku: str
    pieces: int
    today: int = -1
    fixed: int = -1


@dataclass(frozen=True, eq=False)
class Units:
    """Arrays with one entry per unit.

    allowed: (classes, kinds) whether a unit of the class may lie alone in a slot of the kind; klass: its class.
    side: (U, rules of `apart`) 1 or 2 for the tag that the unit has, 0 for none, 3 for both: it can lie nowhere new.
    group: units of one group (-1: none) share a region; scope: per group, its row of Places.region.
    """

    skus: tuple[str, ...]
    lots: tuple[Lot, ...]
    sku: Ints
    pieces: Ints
    volume: Ints
    weight: Ints
    klass: Ints
    allowed: Flags
    side: npt.NDArray[np.int8]
    group: Ints
    scope: Ints
    today: Ints
    fixed: Ints
    of_sku: Mapping[str, Sequence[int]] = field(default_factory=dict)

    @property
    def count(self) -> int:
        return len(self.lots)


class Fitting:
    """How many pieces of an article each kind of slot takes; remembers what it found per article and per set of tags."""

    def __init__(self, rules: SlottingRules, places: Places) -> None:
        self.rules, self.places = rules, places
        self.slots_of_kind = np.bincount(places.kind, minlength=len(places.kinds))
        self._by_rule: dict[tuple[frozenset[str], bool], Flags] = {}
        self._rooms: dict[tuple[object, ...], Ints] = {}

    def may(self, item: Item) -> Flags:
        """Per kind: whether the rules let the article in."""
        heavy = self.rules.heavy is not None and (item.weight_g or 0) >= self.rules.heavy.from_g
        key = (tags_of(item), heavy)
        if key not in self._by_rule:
            self._by_rule[key] = allowed_kinds(self.rules, item, self.places.kinds)
        return self._by_rule[key]

    def room(self, item: Item) -> Ints:
        """Per kind: pieces that fit, whatever the rules say; -1 when a size is not known."""
        key = (item.length_mm, item.width_mm, item.height_mm, item.weight_g)
        if key not in self._rooms:
            found = [pieces_that_fit(item, kind) for kind in self.places.kinds]
            self._rooms[key] = np.array(found, dtype=np.int64)
        return self._rooms[key]

    def usable(self, item: Item) -> Ints:
        """Per kind: pieces that fit and may lie there."""
        return np.where(self.may(item), self.room(item), 0)

    def lot_size(self, item: Item) -> int:
        """Pieces of one unit: what the kind of slot takes that offers the most room in all. 0 when none takes any."""
        usable = np.maximum(0, self.usable(item))
        if not usable.any():
            return 0
        total = np.minimum(usable, 2**40) * self.slots_of_kind
        return int(usable[int(np.argmax(total))])


def wanted_pieces(facts: SlottingFacts, places: Places) -> dict[str, int]:
    """Pieces to store per SKU: what `needs` says, else what lies in usable or blocked slots today, at least one."""
    lying: Counter[str] = Counter()
    for line in facts.stock:
        if line.location in places.number or line.location in facts.blocked:
            lying[line.sku] += line.quantity
    pieces = {sku: max(1, quantity) for sku, quantity in lying.items()}
    pieces.update({need.sku: need.pieces for need in facts.needs if need.pieces is not None})
    return pieces


def todays_slots(facts: SlottingFacts, places: Places) -> dict[str, list[tuple[int, int]]]:
    """Per SKU: (slot number, pieces) of today, the fullest first."""
    lying: dict[str, Counter[int]] = defaultdict(Counter)
    for line in facts.stock:
        slot = places.number.get(line.location)
        if slot is not None:
            lying[line.sku][slot] += line.quantity
    return {sku: sorted(slots.items(), key=lambda kv: (-kv[1], kv[0])) for sku, slots in lying.items()}


def split(pieces: int, parts: int) -> list[int]:
    """Pieces over parts as evenly as can be, the larger first."""
    return [pieces // parts + (i < pieces % parts) for i in range(parts)]


def units_of(facts: SlottingFacts, fitting: Fitting, lots: Sequence[Lot]) -> Units:
    """The units as arrays. Every lot must fit at least one kind of slot, or be fixed."""
    items = facts.item_of
    places = fitting.places
    rows: dict[bytes, int] = {}
    table: list[Flags] = []
    klass, volume, weight = [], [], []
    for lot in lots:
        item = items.get(lot.sku) or Item(sku=lot.sku)
        row = fitting.usable(item) >= lot.pieces
        key = row.tobytes()
        if key not in rows:
            rows[key] = len(table)
            table.append(row)
        klass.append(rows[key])
        volume.append(lot.pieces * (item.volume_mm3 or 0))
        weight.append(lot.pieces * (item.weight_g or 0))
    skus = tuple(dict.fromkeys(lot.sku for lot in lots))
    number = {sku: i for i, sku in enumerate(skus)}
    tags = [tags_of(items[sku]) if sku in items else frozenset[str]() for sku in skus]
    group, scope = _groups(facts.rules, tags)
    sku = np.array([number[lot.sku] for lot in lots], dtype=np.int64)
    side = np.array(
        [[(rule.tags[0] in own) + 2 * (rule.tags[1] in own) for rule in facts.rules.apart] for own in tags],
        dtype=np.int8,
    ).reshape(len(skus), len(facts.rules.apart))
    of_sku: dict[str, list[int]] = defaultdict(list)
    for i, lot in enumerate(lots):
        of_sku[lot.sku].append(i)
    return Units(
        skus=skus,
        lots=tuple(lots),
        sku=sku,
        pieces=np.array([lot.pieces for lot in lots], dtype=np.int64),
        volume=np.array([min(v, NO_LIMIT) for v in volume], dtype=np.int64),
        weight=np.array([min(w, NO_LIMIT) for w in weight], dtype=np.int64),
        klass=np.array(klass, dtype=np.int64),
        allowed=np.array(table, dtype=np.bool_).reshape(len(table), len(places.kinds)),
        side=side[sku] if len(skus) else np.zeros((0, len(facts.rules.apart)), dtype=np.int8),
        group=group[sku] if len(skus) else np.zeros(0, dtype=np.int64),
        scope=scope,
        today=np.array([lot.today for lot in lots], dtype=np.int64),
        fixed=np.array([lot.fixed for lot in lots], dtype=np.int64),
        of_sku=dict(of_sku),
    )


def _groups(rules: SlottingRules, tags: Sequence[frozenset[str]]) -> tuple[Ints, Ints]:
    """(group per SKU, region row per group). SKUs that two rules tie to others form one group, of the smaller region."""
    group = np.full(len(tags), -1, dtype=np.int64)
    scopes: list[int] = []
    for rule in rules.together:
        members = [i for i, own in enumerate(tags) if rule.tag in own]
        scope = 2 if rule.within == "aisle" else 3
        touched = {int(group[i]) for i in members} - {-1}
        merged = len(scopes)
        scopes.append(min([scope, *(scopes[g] for g in touched)]))
        for i in range(len(tags)):
            if int(group[i]) in touched:
                group[i] = merged
        group[members] = merged
    return group, np.array(scopes, dtype=np.int64)
