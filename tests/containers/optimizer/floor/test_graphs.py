"""Floors drawn as graphs: the same tours as brute force finds, whatever the shape of the floor."""

from __future__ import annotations

import itertools
import random
from typing import Any

import numpy as np
import pytest

from containers.optimizer.floor import matrix
from containers.optimizer.floor.aisles import AisleFloor
from containers.optimizer.floor.graph_ladder import neighbours_of
from containers.optimizer.floor.graphs import GraphFloor
from containers.optimizer.floor.many_blocks import ManyBlocksFloor
from containers.optimizer.floor.matrix import MatrixTours, shortest_walks
from containers.optimizer.walk_check import WalkCheck
from contracts.errors import Fault
from contracts.layout import GraphLayout, ParametricLayout, parametric_locations

SEED = 4711


def ladder_graph(rng: random.Random, aisles: int, blocks: int, hanging: str = "corner", **more: Any) -> GraphLayout:
    """A drawn rectangular floor: two picks per aisle and block at random heights; x and y are swapped now and then."""
    heights = [0.0]
    for _ in range(blocks):
        heights.append(heights[-1] + rng.choice([8.0, 10.5]))
    nodes = {f"c{a}.{r}": (4.0 * a, heights[r]) for a in range(aisles) for r in range(blocks + 1)}
    edges = []
    locations = []
    for a in range(aisles):
        for r in range(blocks):
            at = sorted(rng.sample([1.0, 2.0, 3.5, 5.0, 6.0, 7.5], 2))
            names = [f"p{a}.{r}.{i}" for i in range(2)]
            nodes |= {name: (4.0 * a, heights[r] + y) for name, y in zip(names, at, strict=True)}
            locations += [{"id": name.upper(), "node": name} for name in names]
            chain = [f"c{a}.{r}", *names, f"c{a}.{r + 1}"]
            edges += [(one, two, abs(nodes[one][1] - nodes[two][1])) for one, two in itertools.pairwise(chain)]
    edges += [(f"c{a}.{r}", f"c{a + 1}.{r}", 4.0) for a in range(aisles - 1) for r in range(blocks + 1)]
    depot = "c0.0"
    if hanging == "stub":
        depot, nodes["d"] = "d", (0.0, -3.0)
        edges.append(("d", "c0.0", 3.0))
    elif hanging == "everywhere":
        depot, nodes["d"] = "d", (-2.0, -3.0)
        edges += [("d", f"c{a}.0", ((4.0 * a + 2.0) ** 2 + 9.0) ** 0.5) for a in range(aisles)]
    elif hanging == "between":
        edges.remove(("c0.0", "c1.0", 4.0))
        depot, nodes["d"] = "d", (1.0, 0.0)
        edges += [("c0.0", "d", 1.0), ("d", "c1.0", 3.0)]
    turned = rng.random() < 0.5
    return GraphLayout.model_validate(
        {
            "nodes": [{"id": n, "x_m": y if turned else x, "y_m": x if turned else y} for n, (x, y) in nodes.items()],
            "edges": [{"from_node": a, "to_node": b, "length_m": metres} for a, b, metres in edges],
            "locations": locations,
            "depot": depot,
            **more,
        }
    )


def _shortest(layout: GraphLayout, chosen: list[str]) -> float:
    """Over all orders of visiting, on shortest walks."""
    node_of = {place.id: place.node for place in layout.locations}
    ends = [layout.depot, layout.end_depot or layout.depot]
    walks = shortest_walks(neighbours_of(layout), [*(node_of[one] for one in chosen), *ends])
    tours = MatrixTours.numbered(walks)
    return tours.tour(range(len(chosen)))[0]


def _walk_is_sound(floor: GraphFloor, layout: GraphLayout, chosen: list[str]) -> None:
    walk = floor.tour([floor.position(name) for name in chosen])
    faults: list[Fault] = []
    assert WalkCheck(layout).length(walk.path, walk.nodes, "", faults) == pytest.approx(walk.length_m)
    assert not faults
    assert sorted(walk.order) == sorted({floor.position(name) for name in chosen})
    assert {place.node for place in layout.locations if place.id in chosen} <= set(walk.nodes)


@pytest.mark.parametrize("hanging", ["corner", "stub", "everywhere", "between"])
def test_tours_on_a_drawn_ladder_are_exact_wherever_the_depot_hangs(hanging: str) -> None:
    rng = random.Random(f"{SEED}{hanging}")
    for trial in range(12):
        layout = ladder_graph(rng, rng.randint(2, 5), rng.randint(1, 3), hanging)
        chosen = rng.sample([place.id for place in layout.locations], rng.randint(1, 4))
        floor = GraphFloor(layout, frozenset(chosen))
        assert floor.exact
        positions = [floor.position(name) for name in chosen]
        assert floor.tour_length(positions) == pytest.approx(_shortest(layout, chosen)), (SEED, hanging, trial)
        _walk_is_sound(floor, layout, chosen)


def test_one_way_aisles_are_walked_in_their_direction() -> None:
    rng = random.Random(SEED)
    for _ in range(6):
        drawn = ladder_graph(rng, 4, 1)
        edges = [
            edge.model_copy(update={"one_way": edge.from_node.startswith(("p1", "c1")) and edge.length_m != 4.0})
            for edge in drawn.edges
        ]
        layout = drawn.model_copy(update={"edges": tuple(edges)})
        chosen = rng.sample([place.id for place in layout.locations], 5)
        floor = GraphFloor(layout, frozenset(chosen))
        assert not floor.exact
        assert floor.tour_length([floor.position(name) for name in chosen]) == pytest.approx(_shortest(layout, chosen))
        _walk_is_sound(floor, layout, chosen)


def test_a_place_that_no_way_leads_back_from_is_not_reachable() -> None:
    layout = GraphLayout.model_validate(
        {
            "nodes": [{"id": name, "x_m": i, "y_m": 0} for i, name in enumerate("dabc")],
            "edges": [
                {"from_node": "d", "to_node": "a", "length_m": 1},
                {"from_node": "a", "to_node": "b", "length_m": 1, "one_way": True},
            ],
            "locations": [{"id": name.upper(), "node": name} for name in "abc"],
            "depot": "d",
        }
    )
    floor = GraphFloor(layout, frozenset("ABC"))
    assert [floor.reachable(name) for name in "ABC"] == [True, False, False]


def test_search_comes_within_a_hundredth_of_exact_tours() -> None:
    """The same layout with four blocks, once as aisles and once through its matrix of walks."""
    rng = random.Random(SEED)
    layout = ParametricLayout(aisles=8, blocks=4, bays_per_block=8)
    names = [place.id for place in parametric_locations(layout)]
    exact = searched = 0.0
    for _ in range(4):
        chosen = rng.sample(names, 30)
        aisles, matrix = ManyBlocksFloor(layout, frozenset(chosen))._aisles, ManyBlocksFloor(layout, frozenset(chosen))
        exact += aisles.tour_length(aisles.position(name) for name in chosen)
        searched += matrix.tour_length({matrix.position(name) for name in chosen})
        walk = matrix.tour({matrix.position(name) for name in chosen})
        faults: list[Fault] = []
        assert WalkCheck(layout).length(walk.path, (), "", faults) == pytest.approx(walk.length_m)
        assert not faults
    assert exact - 1e-6 <= searched <= 1.01 * exact, SEED


def test_many_distances_at_once_are_the_distances_one_by_one_on_every_kind_of_floor() -> None:
    rng = random.Random(SEED)
    graph = ladder_graph(rng, 3, 2)
    plans = [ParametricLayout(aisles=3, blocks=blocks, bays_per_block=4) for blocks in (2, 6)]
    floors: list[Any] = [GraphFloor(graph, frozenset(place.id for place in graph.locations)), AisleFloor(plans[0])]
    floors.append(ManyBlocksFloor(plans[1], frozenset(place.id for place in parametric_locations(plans[1]))))
    for floor in floors:
        known = sorted(floor._node_of) if isinstance(floor, GraphFloor) else range(floor.positions)
        pairs = np.array([(a, b) for a in known for b in known], dtype=np.int64)
        found = floor.distances(pairs[:, 0], pairs[:, 1])
        assert found.tolist() == pytest.approx([floor.distance(int(a), int(b)) for a, b in pairs])


def test_walks_are_the_same_however_many_stops_are_looked_at_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    layout = ladder_graph(random.Random(SEED), 4, 2)
    stops = [place.node for place in layout.locations] + [layout.depot, layout.depot]
    whole = shortest_walks(neighbours_of(layout), stops)
    monkeypatch.setattr(matrix, "STOPS_AT_ONCE", 3)
    assert np.array_equal(shortest_walks(neighbours_of(layout), stops), whole)
    assert whole.shape == (len(stops), len(stops))
    assert (np.diag(whole) == 0).all()
