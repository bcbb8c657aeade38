"""One carton as binary glTF 2.0: a unit cube, scaled and moved once per box; the carton as a frame of lines.

Units are metres and y is up, as glTF wants it. Node names are "<step> <item>", so that a viewer can show the order.
"""

from __future__ import annotations

import json
import struct
from typing import Any

from containers.optimizer.cartonization.pictures.scene import scene
from contracts.problems.cartonization import CartonizationProblem, PackedCarton

MAGIC, JSON_CHUNK, BINARY_CHUNK = 0x46546C67, 0x4E4F534A, 0x004E4942
FLOAT, UNSIGNED_SHORT = 5126, 5123
TRIANGLES, LINES = 4, 1


def glb(problem: CartonizationProblem, carton: PackedCarton) -> bytes:
    """A GLB file. x is the carton's length, y its height, z its width mirrored (glTF is right-handed)."""
    shown = scene(problem, carton)
    positions, normals, triangles = _cube()
    corners = [(float(n & 1), float(n >> 1 & 1), float(n >> 2 & 1)) for n in range(8)]
    edges = [e for a in range(8) for bit in (1, 2, 4) if not a & bit for e in (a, a | bit)]
    chunks = [
        struct.pack(f"<{len(positions) * 3}f", *(v for p in positions for v in p)),
        struct.pack(f"<{len(normals) * 3}f", *(v for p in normals for v in p)),
        struct.pack(f"<{len(triangles)}H", *triangles),
        struct.pack("<24f", *(v for p in corners for v in p)),
        struct.pack(f"<{len(edges)}H", *edges),
    ]
    views, offset = [], 0
    for chunk in chunks:
        views.append({"buffer": 0, "byteOffset": offset, "byteLength": len(chunk)})
        offset += len(chunk)  # every chunk is a multiple of four bytes long
    colours = sorted({box.colour for box in shown.boxes})
    materials: list[dict[str, Any]] = [_material(colour) for colour in (*colours, (0.2, 0.2, 0.2))]
    cube = {"POSITION": 0, "NORMAL": 1}
    meshes: list[dict[str, Any]] = [
        {"primitives": [{"attributes": cube, "indices": 2, "material": n, "mode": TRIANGLES}]}
        for n in range(len(colours))
    ]
    meshes.append(
        {"primitives": [{"attributes": {"POSITION": 3}, "indices": 4, "material": len(colours), "mode": LINES}]}
    )
    nodes = [_node(f"{b.step} {b.label}", colours.index(b.colour), b.low, b.size, shown.size[1]) for b in shown.boxes]
    nodes.append(_node(shown.title, len(colours), (0, 0, 0), shown.size, shown.size[1]))
    unit = {"min": [0, 0, 0], "max": [1, 1, 1]}
    document = {
        "asset": {"version": "2.0", "generator": "StoreMax"},
        "scene": 0,
        "scenes": [{"nodes": list(range(len(nodes)))}],
        "nodes": nodes,
        "meshes": meshes,
        "materials": materials,
        "accessors": [
            {"bufferView": 0, "componentType": FLOAT, "count": len(positions), "type": "VEC3", **unit},
            {"bufferView": 1, "componentType": FLOAT, "count": len(normals), "type": "VEC3"},
            {"bufferView": 2, "componentType": UNSIGNED_SHORT, "count": len(triangles), "type": "SCALAR"},
            {"bufferView": 3, "componentType": FLOAT, "count": 8, "type": "VEC3", **unit},
            {"bufferView": 4, "componentType": UNSIGNED_SHORT, "count": len(edges), "type": "SCALAR"},
        ],
        "bufferViews": views,
        "buffers": [{"byteLength": offset}],
    }
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=True).encode()
    text += b" " * (-len(text) % 4)
    body = b"".join(chunks)
    return b"".join(
        (
            struct.pack("<III", MAGIC, 2, 12 + 8 + len(text) + 8 + len(body)),
            struct.pack("<II", len(text), JSON_CHUNK),
            text,
            struct.pack("<II", len(body), BINARY_CHUNK),
            body,
        )
    )


def _node(name: str, mesh: int, low: tuple[int, ...], size: tuple[int, ...], width: int) -> dict[str, Any]:
    move = [low[0] / 1000, low[2] / 1000, (width - low[1] - size[1]) / 1000]
    return {"name": name, "mesh": mesh, "translation": move, "scale": [size[0] / 1000, size[2] / 1000, size[1] / 1000]}


def _material(colour: tuple[float, ...]) -> dict[str, Any]:
    return {"pbrMetallicRoughness": {"baseColorFactor": [*colour, 1.0], "metallicFactor": 0.0, "roughnessFactor": 0.9}}


def _cube() -> tuple[list[tuple[float, ...]], list[tuple[float, ...]], list[int]]:
    """Four corners a face, so that each face has its own normal; counter-clockwise seen from outside."""
    positions: list[tuple[float, ...]] = []
    normals: list[tuple[float, ...]] = []
    triangles: list[int] = []
    for axis in range(3):
        for end in (0, 1):
            base = len(positions)
            for u, v in ((0, 0), (1, 0), (1, 1), (0, 1)):
                point = [0.0, 0.0, 0.0]
                point[axis], point[(axis + 1) % 3], point[(axis + 2) % 3] = float(end), float(u), float(v)
                positions.append(tuple(point))
                normal = [0.0, 0.0, 0.0]
                normal[axis] = 2.0 * end - 1.0
                normals.append(tuple(normal))
            order = (0, 1, 2, 0, 2, 3) if end else (0, 2, 1, 0, 3, 2)
            triangles.extend(base + n for n in order)
    return positions, normals, triangles
