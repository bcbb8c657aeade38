"""Adapt Pyodide's generated JavaScript to a Worker, where no code may be compiled at run time.

workerd offers replacements for what it forbids in its module `pyodide-internal:builtin_wrappers`; each rewrite below
routes one forbidden call there. A rewrite that finds nothing is an error: a silent miss would be a bundle that breaks
far from its cause.
"""

from __future__ import annotations

from dataclasses import dataclass

PRELUDE = """\
import {
  addEventListener, getRandomValues, location, monotonicDateNow, newWasmModule, patchedLoadLibData, wasmInstantiate
} from "pyodide-internal:builtin_wrappers";
"""


@dataclass(frozen=True)
class Rewrite:
    """Replace `old` by `new`; `count` is how often `old` must occur, None for at least once."""

    old: str
    new: str
    count: int | None
    why: str


REWRITES = (
    Rewrite("new WebAssembly.Module(", "newWasmModule(", None, "WebAssembly may not be compiled from bytes"),
    Rewrite("WebAssembly.instantiate(", "wasmInstantiate(", None, "likewise"),
    Rewrite("Date.now", "monotonicDateNow", None, "the clock stands still within a request; directories need to age"),
    Rewrite("crypto.getRandomValues(", "getRandomValues(Module,", 1, "no entropy before the snapshot is taken"),
    Rewrite("eval(", "refuseEval(", None, "strings may not be evaluated"),
    Rewrite(
        "getMemory(metadata.memorySize+memAlign)",
        "Module.getMemoryPatched(Module,libName,metadata.memorySize+memAlign)",
        1,
        "a snapshot must find each dynamic library at the address that it had",
    ),
    Rewrite("reportUndefinedSymbols()", "Module.reportUndefinedSymbols()", None, "workerd wraps this one"),
    Rewrite(
        "export default _createPyodideModule",
        "export{_createPyodideModule}",
        1,
        "workerd imports the factory by name",
    ),
)

LOADER_HEAD = "function loadLibData(){"
LOADER_BODY = "return patchedLoadLibData(Module,libName,flags.rpath)"


class PatternMissing(RuntimeError):
    """The Pyodide release does not look as expected: the rewrites need an update for it."""


def adapt(source: str) -> str:
    """Return `pyodide.asm.mjs` in the form that workerd runs.

    Raises PatternMissing when an expected piece of code is not there.
    """
    for rewrite in REWRITES:
        found = source.count(rewrite.old)
        if found == 0 or (rewrite.count is not None and found != rewrite.count):
            raise PatternMissing(
                f"{rewrite.old!r} occurs {found} times in pyodide.asm.mjs, expected {rewrite.count or 'some'} "
                f"({rewrite.why}): use the pinned pyodide release, or update local/bundle/adapt.py"
            )
        source = source.replace(rewrite.old, rewrite.new)
    refuse = 'function refuseEval(){throw new Error("eval is not available in a Worker")}\n'
    return PRELUDE + refuse + _replace_body(source, LOADER_HEAD, LOADER_BODY)


def _replace_body(source: str, head: str, body: str) -> str:
    """Replace what stands between the braces of the one function that begins with `head`."""
    if source.count(head) != 1:
        raise PatternMissing(f"{head!r} occurs {source.count(head)} times in pyodide.asm.mjs, expected 1")
    start = source.index(head) + len(head)
    depth, end = 1, start
    while depth:
        depth += {"{": 1, "}": -1}.get(source[end], 0)
        end += 1
    return source[:start] + body + source[end - 1 :]
