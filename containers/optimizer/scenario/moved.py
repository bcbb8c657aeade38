"""Where the stock lies after a re-slotting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from contracts.problems.reslotting import Move


def moved_stock(stock: Sequence[dict[str, Any]], moves: Sequence[Move]) -> list[dict[str, Any]]:
    """Where everything lies when the moves are made, lines in the order of today's with new places behind."""
    lying: dict[tuple[str, str | None], int] = {}
    for line in stock:
        place = (line["sku"], line["location"])
        lying[place] = lying.get(place, 0) + line["quantity"]
    for move in moves:
        lying[move.sku, move.from_location] = lying.get((move.sku, move.from_location), 0) - move.pieces
        lying[move.sku, move.to_location] = lying.get((move.sku, move.to_location), 0) + move.pieces
    return [
        {"sku": sku, "location": location, "quantity": pieces}
        for (sku, location), pieces in lying.items()
        if pieces > 0 and location is not None
    ]
