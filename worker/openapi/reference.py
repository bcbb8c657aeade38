"""The API reference as one page without scripts, fonts or links elsewhere, so that it works offline."""

from __future__ import annotations

import json
from html import escape
from typing import Any

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:#1b1f24;background:#fff}
code,pre{font:14px/1.45 ui-monospace,monospace}pre{background:#f3f5f7;padding:.8rem;overflow:auto;border-radius:6px}
details{border:1px solid #d5dae0;border-radius:6px;margin:.4rem 0;padding:.4rem .8rem}summary{cursor:pointer}
b.m{display:inline-block;min-width:4.2rem}td,th{text-align:left;padding:.15rem .8rem .15rem 0;vertical-align:top}
@media(prefers-color-scheme:dark){body{background:#14171a;color:#e6e9ec}pre{background:#1f2429}details{border-color:#3a4149}}
"""


def page(document: dict[str, Any]) -> str:
    """HTML of the whole document: a section per tag, an entry per operation, a table of problem codes."""
    sections: dict[str, list[str]] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            sections.setdefault(operation["tags"][0], []).append(_entry(path, method, operation))
    schemas = "".join(
        f'<details id="schema-{escape(name)}"><summary><code>{escape(name)}</code></summary>{_json(schema)}</details>'
        for name, schema in sorted(document["components"]["schemas"].items())
    )
    body = "".join(f"<h2>{escape(tag)}</h2>{''.join(entries)}" for tag, entries in sections.items())
    info = document["info"]
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(info["title"])} API</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>'
        f"<h1>{escape(info['title'])} API {escape(info['version'])}</h1><p>{escape(info['description'])}</p>"
        f'<p>Machine-readable: <a href="/v1/openapi.json">/v1/openapi.json</a></p>{body}<h2>Schemas</h2>{schemas}</body></html>'
    )


def _entry(path: str, method: str, operation: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(parameter['name'])}</code></td><td>{escape(parameter['in'])}</td>"
        f"<td>{'required' if parameter.get('required') else ''}</td><td><code>{escape(json.dumps(parameter['schema']))}</code></td></tr>"
        for parameter in operation["parameters"]
    )
    answers = "".join(
        f"<tr><td>{escape(status)}</td><td>{escape(answer['description'])}</td><td>{_names(answer)}</td></tr>"
        for status, answer in operation["responses"].items()
    )
    body = operation.get("requestBody")
    sent = f"<h4>Body</h4><p>{_names(body)}</p>{_json(_examples(body))}" if body else ""
    return (
        f'<details><summary><b class="m">{method.upper()}</b> <code>{escape(path)}</code> — {escape(operation["summary"])}'
        f"</summary><p>Role: <code>{escape(operation['x-role'])}</code>, cost {operation['x-cost']}</p>"
        f"{f'<table>{rows}</table>' if rows else ''}{sent}<h4>Answers</h4><table>{answers}</table></details>"
    )


def _names(part: dict[str, Any]) -> str:
    found = []
    for kind, media in part.get("content", {}).items():
        name = media.get("schema", {}).get("$ref", "").rpartition("/")[2]
        link = f' <a href="#schema-{escape(name)}">{escape(name)}</a>' if name else ""
        found.append(f"<code>{escape(kind)}</code>{link}")
    return ", ".join(found)


def _examples(body: dict[str, Any]) -> Any:
    return {
        name: entry["value"] for media in body["content"].values() for name, entry in media.get("examples", {}).items()
    }


def _json(value: Any) -> str:
    return f"<pre>{escape(json.dumps(value, indent=2, ensure_ascii=False))}</pre>" if value else ""
