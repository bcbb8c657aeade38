"""Each fault of a layout at its own JSON pointer, all of them at once."""

from __future__ import annotations

import time
from typing import Any

import pytest
from pydantic import ValidationError

from contracts.errors import from_validation
from contracts.layout import GraphLayout
from contracts.warehouse import WarehouseCreate

# depot D - A - B in a line, a location on each; C hangs on B.
GRAPH: dict[str, Any] = {
    "type": "graph",
    "nodes": [{"id": name, "x_m": float(x), "y_m": 0.0} for x, name in enumerate("DABC")],
    "edges": [{"from_node": a, "to_node": b, "length_m": 1.0} for a, b in ("DA", "AB", "BC")],
    "locations": [{"id": f"L{name}", "node": name} for name in "ABC"],
    "depot": "D",
}
PARAMETRIC: dict[str, Any] = {"type": "parametric", "aisles": 4, "blocks": 2, "bays_per_block": 5}


def edges(*pairs: str, one_way: str = "") -> list[dict[str, Any]]:
    return [
        {"from_node": pair[0], "to_node": pair[1], "length_m": 1.0, "one_way": pair in one_way.split()}
        for pair in pairs
    ]


def faults(layout: dict[str, Any]) -> dict[str, str]:
    """Pointer → detail, as the API answers them for a new warehouse."""
    body = {"id": "wh", "layout": layout}
    try:
        WarehouseCreate.model_validate(body)
    except ValidationError as error:
        return {fault.pointer: fault.detail for fault in from_validation(error, data=body).errors}
    return {}


def zone(name: str, first: int, last: int) -> dict[str, Any]:
    return {"id": name, "first_aisle": first, "last_aisle": last}


def test_sound_layouts_have_no_fault() -> None:
    assert faults(GRAPH) == {}
    assert faults({**PARAMETRIC, "zones": [zone("a", 0, 1), zone("b", 2, 3)]}) == {}
    loop = edges("DA", "AB", "BC", "CD", one_way="DA AB BC CD")
    assert faults({**GRAPH, "edges": loop}) == {}, "one-way all around is a way there and back"


@pytest.mark.parametrize(
    ("change", "pointers", "why"),
    [
        ({"aisles": 500, "blocks": 20, "bays_per_block": 500}, ["/layout"], "more locations than the limit"),
        ({"depot": {"aisle": 4}}, ["/layout/depot/aisle"], "aisles count from 0"),
        ({"depot": {"cross_aisle": 2}}, [], "two blocks have three cross aisles"),
        ({"end_depot": {"aisle": 9, "cross_aisle": 3}}, ["/layout/end_depot/aisle", "/layout/end_depot/cross_aisle"], "both"),
        ({"zones": [zone("a", 0, 4)]}, ["/layout/zones/0/last_aisle"], "beyond the floor"),
        ({"zones": [zone("a", 2, 1)]}, ["/layout/zones/0/last_aisle"], "backwards"),
        ({"zones": [zone("a", 0, 2), zone("b", 2, 3), zone("c", 1, 1)]}, ["/layout/zones/1", "/layout/zones/2"], "they meet"),
        ({"zones": [zone("a", 0, 0), zone("a", 1, 1)]}, ["/layout/zones/1/id"], "the same name"),
    ],
)  # fmt: skip
def test_faults_of_a_parametric_layout(change: dict[str, Any], pointers: list[str], why: str) -> None:
    assert sorted(faults({**PARAMETRIC, **change})) == pointers, why


@pytest.mark.parametrize(
    ("change", "pointers", "why"),
    [
        ({"depot": "X", "end_depot": "Y"}, ["/layout/depot", "/layout/end_depot"], "nodes that are not there"),
        (
            {"edges": edges("DA", "AX", "YB", "BB", "BC")},
            ["/layout/edges/1/to_node", "/layout/edges/2/from_node", "/layout/edges/3/to_node"],
            "edges from and to nowhere, and one that ends where it begins",
        ),
        (
            {"locations": [{"id": "L", "node": "A"}, {"id": "L", "node": "Z"}]},
            ["/layout/locations/1/id", "/layout/locations/1/node"],
            "a location that comes twice, at a node that is not there",
        ),
        ({"nodes": [*GRAPH["nodes"], GRAPH["nodes"][1]]}, ["/layout/nodes/4/id"], "a node that comes twice"),
        ({"edges": edges("DA", "BC")}, ["/layout/locations/1/node", "/layout/locations/2/node"], "an island"),
        (
            {"edges": edges("DA", "AB", "BC", one_way="AB")},
            ["/layout/edges/1", "/layout/locations/1/node", "/layout/locations/2/node"],
            "a one-way edge into a part with no way back",
        ),
        (
            {"edges": edges("DA", "BA", "BC", one_way="BA")},
            ["/layout/locations/1/node", "/layout/locations/2/node"],
            "a one-way edge out of a part with no way in",
        ),
        ({"edges": edges("DA", "AB", "CB", one_way="CB"), "end_depot": "C"}, ["/layout/end_depot"], "the end is out of reach"),
        ({"end_depot": "C"}, [], "routes may end elsewhere"),
        ({"edges": edges("DA", "AB", "BC", one_way="DA AB BC"), "end_depot": "C"}, [], "one way through, end to end"),
    ],
)  # fmt: skip
def test_faults_of_a_graph(change: dict[str, Any], pointers: list[str], why: str) -> None:
    assert sorted(faults({**GRAPH, **change})) == pointers, why


def test_a_fault_says_what_is_wrong() -> None:
    found = faults({**GRAPH, "edges": edges("DA", "AB", "BC", one_way="AB")})
    assert found["/layout/edges/1"] == "a one-way edge into a dead end: from node 'B' no way leads to 'D'"
    assert found["/layout/locations/2/node"] == "from node 'C' no way leads to 'D'"


def test_a_graph_alone_is_checked_for_its_references_not_for_its_ways() -> None:
    """The optimizer takes a floor of which a problem needs a part."""
    GraphLayout.model_validate({**GRAPH, "edges": edges("DA")})


def test_a_large_graph_is_searched_in_linear_time() -> None:
    n = 20_000
    nodes = [{"id": f"n{i}", "x_m": float(i), "y_m": 0.0} for i in range(n)]
    links = [{"from_node": f"n{i}", "to_node": f"n{i + 1}", "length_m": 1.0} for i in range(n - 1)]
    places = [{"id": f"l{i}", "node": f"n{i}"} for i in range(n)]
    layout = {"type": "graph", "nodes": nodes, "edges": links, "locations": places, "depot": "n0"}
    body = {"id": "wh", "layout": layout}
    started = time.process_time()
    WarehouseCreate.model_validate(body)
    assert time.process_time() - started < 10  # seconds; a search per location would take minutes
    layout["edges"] = links[: n // 2]
    with pytest.raises(ValidationError) as caught:
        WarehouseCreate.model_validate(body)
    assert caught.value.error_count() == 1_000, "as many as one answer tells"
