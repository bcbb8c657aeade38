"""Pictures show every piece, and their files are well formed."""

from __future__ import annotations

import json
import struct
from xml.etree import ElementTree

from containers.optimizer.cartonization.pictures import glb, svg
from contracts.problems.cartonization import CartonizationProblem, CartonizationSolution
from tests.containers.optimizer.cartonization.helpers import pack

DATA = {
    "items": [
        {"id": "a", "quantity": 3, "length_mm": 100, "width_mm": 100, "height_mm": 100},
        {"id": "b", "length_mm": 200, "width_mm": 100, "height_mm": 50},
    ],
    "cartons": [{"id": "t", "length_mm": 300, "width_mm": 200, "height_mm": 150}],
}


def packed() -> tuple[CartonizationProblem, CartonizationSolution]:
    plan = CartonizationSolution.model_validate(pack(DATA).solution)
    return CartonizationProblem.model_validate(DATA), plan


def test_the_drawing_numbers_every_piece_in_packing_order() -> None:
    problem, plan = packed()
    root = ElementTree.fromstring(svg(problem, plan.cartons[0]))
    space = "{http://www.w3.org/2000/svg}"
    numbers = sorted(group.find(f"{space}text").text for group in root.iter(f"{space}g"))  # type: ignore[union-attr]
    assert numbers == ["1", "2", "3", "4"]


def test_the_model_is_a_glb_file_with_a_node_per_piece_in_metres() -> None:
    problem, plan = packed()
    data = glb(problem, plan.cartons[0])
    magic, version, total = struct.unpack_from("<III", data)
    assert (magic, version, total) == (0x46546C67, 2, len(data))
    size, kind = struct.unpack_from("<II", data, 12)
    assert kind == 0x4E4F534A
    document = json.loads(data[20 : 20 + size])
    assert len(document["nodes"]) == 5
    frame = document["nodes"][-1]
    assert frame["scale"] == [0.3, 0.15, 0.2]
    body = len(data) - 20 - size - 8
    assert document["buffers"][0]["byteLength"] == body
    for view in document["bufferViews"]:
        assert view["byteOffset"] % 4 == 0
        assert view["byteOffset"] + view["byteLength"] <= body
