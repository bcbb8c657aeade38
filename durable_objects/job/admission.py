"""What a job must satisfy before it is accepted: the mistakes that are cheap to see at once, with their cure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contracts.errors import Fault, ProblemError
from contracts.problems.parameters import facts_of


def check(problem: str, facts: Mapping[str, Any], parameters: Mapping[str, Any]) -> None:
    """Raises ProblemError `invalid` with every fault found. `facts`: layout, items, stock, orders."""
    faults: list[Fault] = []
    if "orders" in facts_of(problem) and not facts["orders"] and not _plans_without_orders(problem, parameters):
        faults.append(Fault("/orders", "the warehouse has no open order: import or post orders first"))
    if problem == "batching":
        faults += _cart_faults(facts, parameters.get("cart") or {})
    if faults:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise ProblemError("invalid", f"{faults[0].pointer}: {faults[0].detail}{more}", errors=tuple(faults))


def _plans_without_orders(problem: str, parameters: Mapping[str, Any]) -> bool:
    """Pick faces have a min, and a forecast perhaps; articles to be slotted may be told by their needs."""
    return problem == "replenishment" or (problem in ("slotting", "reslotting") and bool(parameters.get("needs")))


def _cart_faults(facts: Mapping[str, Any], cart: Mapping[str, Any]) -> list[Fault]:
    """A cart that cannot even hold the largest order line is a mistake, not a plan with thousands left out."""
    sizes = {item["sku"]: item for item in facts["items"]}

    def largest(measure: Any) -> tuple[int, str]:
        return max(
            (
                (measure(line), f"order {order['id']!r}, SKU {line['sku']!r}")
                for order in facts["orders"]
                for line in order["lines"]
            ),
            default=(0, ""),
        )

    def volume(line: Mapping[str, Any]) -> int:
        item = sizes.get(line["sku"], {})
        edges = [item.get(name) or 0 for name in ("length_mm", "width_mm", "height_mm")]
        return int(line["quantity"]) * edges[0] * edges[1] * edges[2]

    def weight(line: Mapping[str, Any]) -> int:
        return int(line["quantity"]) * int(sizes.get(line["sku"], {}).get("weight_g") or 0)

    measures = {"items": lambda line: int(line["quantity"]), "volume_mm3": volume, "weight_g": weight}
    faults = []
    for name, measure in measures.items():
        limit = cart.get(name)
        if limit is None:
            continue
        need, where = largest(measure)
        if need > limit:
            faults.append(
                Fault(
                    f"/parameters/cart/{name}",
                    f"{limit} is below the largest line ({where}: {need}): give at least {need}",
                )
            )
    return faults
