from __future__ import annotations

from typing import Any

import pytest

from contracts.errors import ProblemError
from durable_objects.job.admission import check

FACTS: dict[str, Any] = {
    "items": [{"sku": "A", "length_mm": 10, "width_mm": 10, "height_mm": 10, "weight_g": 7}],
    "orders": [
        {"id": "O1", "lines": [{"sku": "A", "quantity": 3}]},
        {"id": "O2", "lines": [{"sku": "A", "quantity": 5}]},
    ],
}


def test_a_cart_that_holds_the_largest_line_is_accepted() -> None:
    check("batching", FACTS, {"cart": {"items": 5, "volume_mm3": 5000, "weight_g": 35}})


@pytest.mark.parametrize(
    ("cart", "pointer", "need"),
    [
        ({"items": 4}, "/parameters/cart/items", "5"),  # the largest line has 5 pieces
        ({"volume_mm3": 4999}, "/parameters/cart/volume_mm3", "5000"),  # 5 x 10 x 10 x 10
        ({"weight_g": 34}, "/parameters/cart/weight_g", "35"),  # 5 x 7
    ],
)
def test_a_cart_below_the_largest_line_is_refused_with_the_capacity_that_is_needed(
    cart: dict[str, int], pointer: str, need: str
) -> None:
    with pytest.raises(ProblemError) as caught:
        check("batching", FACTS, {"cart": cart})
    assert caught.value.errors[0].pointer == pointer
    assert f"at least {need}" in caught.value.errors[0].detail
    assert "'O2'" in caught.value.errors[0].detail


def test_no_open_order_is_refused_with_the_cure() -> None:
    with pytest.raises(ProblemError) as caught:
        check("batching", {**FACTS, "orders": []}, {})
    assert caught.value.errors[0].pointer == "/orders"
    assert "import or post orders" in caught.value.errors[0].detail


def test_no_open_order_is_refused_where_a_plan_needs_orders_and_accepted_where_others_tell_the_demand() -> None:
    nothing: dict[str, Any] = {**FACTS, "orders": []}
    for problem in ("batching", "slotting", "reslotting"):
        with pytest.raises(ProblemError) as caught:
            check(problem, nothing, {})
        assert caught.value.errors[0].pointer == "/orders"
    check("replenishment", nothing, {})
    check("slotting", nothing, {"needs": [{"sku": "A", "picks": 3}]})
