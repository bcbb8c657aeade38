"""TypeScript types of what crosses the API, from the pydantic models in contracts/: `npm run types`.

`--check` changes nothing and fails when frontend/src/api/types.gen.ts is not what the models say.
A model that the dashboard sends comes in its validation form (fields with defaults are optional), one that it receives
in its serialization form (every field is there).
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from contracts import agents, catalogue, events, jobs, layout, optimize, stock, tasks, warehouse  # noqa: E402
from contracts.problems import batching, labour  # noqa: E402

TARGET = ROOT / "frontend" / "src" / "api" / "types.gen.ts"

SENT: tuple[type[BaseModel], ...] = (
    warehouse.WarehouseCreate,
    warehouse.ImportCreate,
    jobs.JobCreate,
    batching.Cart,
    batching.Pace,
)
RECEIVED: tuple[type[BaseModel], ...] = (
    warehouse.WarehouseSummary,
    warehouse.ImportResult,
    warehouse.Upload,
    catalogue.Order,
    catalogue.StockLine,
    layout.ParametricLayout,
    layout.GraphLayout,
    jobs.JobStatus,
    jobs.JobEvent,
    optimize.OptimizeResult,
    agents.AgentList,
    events.Event,
    stock.StockLineState,
    tasks.TaskSummary,
    tasks.TaskStatistics,
    tasks.WaveReleased,
    labour.LabourSolution,
    batching.BatchingSolution,
)
HEADER = "// Made by tools/typescript_types.py from contracts/: run `npm run types`, never edit.\n"


class _EveryFieldIsSent(GenerateJsonSchema):
    """Serialized models hold their defaults too, so a receiver may rely on every field."""

    def field_is_required(self, field: Any, total: bool) -> bool:
        return self.mode == "serialization" or super().field_is_required(field, total)


def declarations() -> str:
    """The whole generated file."""
    wanted: list[tuple[type[BaseModel], Literal["validation", "serialization"]]] = [
        *((model, "validation") for model in SENT),
        *((model, "serialization") for model in RECEIVED),
    ]
    _, schema = models_json_schema(wanted, schema_generator=_EveryFieldIsSent)
    definitions: Mapping[str, Any] = schema["$defs"]
    blocks = [_declare(name, definitions[name]) for name in sorted(definitions)]
    return HEADER + "\n" + "\n".join(blocks)


def _declare(name: str, schema: Mapping[str, Any]) -> str:
    note = _comment(schema.get("description", ""))
    if schema.get("type") != "object" or "properties" not in schema:
        return f"{note}export type {_type_name(name)} = {to_type(schema)};\n"
    required = set(schema.get("required", ()))
    lines = [
        f"  {key}{'' if key in required else '?'}: {to_type(value)};" for key, value in schema["properties"].items()
    ]
    return f"{note}export interface {_type_name(name)} {{\n" + "\n".join(lines) + "\n}\n"


def to_type(schema: Mapping[str, Any]) -> str:
    """A JSON schema as a TypeScript type. Raises ValueError on a form that it does not know, rather than guess."""
    if "$ref" in schema:
        return _type_name(schema["$ref"].rsplit("/", 1)[1])
    if "const" in schema:
        return _literal(schema["const"])
    if "enum" in schema:
        return " | ".join(_literal(value) for value in schema["enum"])
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return " | ".join(dict.fromkeys(to_type(option) for option in schema[union]))
    kind = schema.get("type")
    if kind == "array":
        return _array(schema)
    if kind == "object":
        values = schema.get("additionalProperties", True)
        return f"Record<string, {'unknown' if values is True else to_type(values)}>"
    simple = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}
    if isinstance(kind, str) and kind in simple:
        return simple[kind]
    if not set(schema) - {"title", "description", "default"}:
        return "unknown"
    raise ValueError(f"no TypeScript form is known for {dict(schema)}")


def _array(schema: Mapping[str, Any]) -> str:
    if "prefixItems" in schema:
        return f"[{', '.join(to_type(item) for item in schema['prefixItems'])}]"
    item = to_type(schema.get("items", {}))
    return f"({item})[]" if "|" in item else f"{item}[]"


def _type_name(name: str) -> str:
    """`ParametricLayout-Output` is ParametricLayout, `…-Input` is ParametricLayoutInput."""
    return re.sub(r"\W", "", name.removesuffix("-Output"))


def _literal(value: Any) -> str:
    return json.dumps(value)  # JSON's scalars are TypeScript's


def _comment(text: str) -> str:
    first = text.strip().split("\n\n")[0].replace("\n", " ").replace("*/", "")
    return f"/** {first} */\n" if first else ""


def main(arguments: list[str]) -> int:
    text = declarations()
    if "--check" in arguments:
        current = TARGET.read_text() if TARGET.exists() else ""
        if current != text:
            print(f"{TARGET.relative_to(ROOT)} is not what contracts/ says: run `npm run types`", file=sys.stderr)
            return 1
        return 0
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(text)
    print(f"wrote {TARGET.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
