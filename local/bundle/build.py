"""Build the bundle: `python -m local.bundle.build NODE_MODULES OUT_DIR` writes OUT_DIR/pyodide_dev.capnp.bin."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import capnp

from local.bundle.adapt import adapt

# The Pyodide release that the pinned workerd was built for; another one crashes in ways that are hard to read.
PYODIDE_VERSION = "314.0.6"
BUNDLE_NAME = "pyodide_dev.capnp.bin"  # workerd checks the checksum of every version but the one named "dev"

_SCHEMA = Path(__file__).with_name("pyodide_bundle.capnp")


def build(pyodide: Path, out_dir: Path) -> Path:
    """Write the bundle for the npm package in folder `pyodide`, unless it is there already; return its path."""
    version = json.loads((pyodide / "package.json").read_text())["version"]
    if version != PYODIDE_VERSION:
        raise SystemExit(f"found pyodide {version}, need {PYODIDE_VERSION}: run `npm ci` in the project folder")
    target, stamp = out_dir / BUNDLE_NAME, out_dir / "stamp"
    sources = [pyodide / name for name in ("pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip")]
    recipe = [*sources, _SCHEMA, Path(__file__), Path(__file__).with_name("adapt.py")]
    key = hashlib.sha256(b"".join(hashlib.sha256(path.read_bytes()).digest() for path in recipe)).hexdigest()
    if target.exists() and stamp.exists() and stamp.read_text() == key:
        return target
    out_dir.mkdir(parents=True, exist_ok=True)
    schema = capnp.load(str(_SCHEMA))
    message = schema.Bundle.new_message()
    modules = message.init("modules", 3)
    code, wasm, stdlib = sources
    for module, name, field, value in (
        (modules[0], "pyodide.asm", "src", adapt(code.read_text()).encode()),
        (modules[1], "pyodide.asm.wasm", "wasm", wasm.read_bytes()),
        (modules[2], "python_stdlib.zip", "data", stdlib.read_bytes()),
    ):
        module.name = f"pyodideRuntime-internal:{name}"
        setattr(module, field, value)
        module.type = "internal"
    partial = target.with_suffix(".partial")
    with partial.open("wb") as file:
        message.write(file)
    partial.replace(target)
    stamp.write_text(key)
    return target


if __name__ == "__main__":
    node_modules, out = (Path(argument) for argument in sys.argv[1:3])
    print(build(node_modules / "pyodide", out))
