"""The API reference as one page without scripts, fonts or links elsewhere, so that it works offline."""

from __future__ import annotations

import json
from html import escape
from typing import Any

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:#1b1f24;background:#fff}
code,pre{font:14px/1.45 ui-monospace,monospace}pre{background:#f3f5f7;padding:.8rem;overflow:auto;border-radius:6px}
details{border:1px solid #d5dae0;border-radius:6px;margin:.4rem 0;padding:.4rem .8rem}summary{cursor:pointer}
b.m{display:inline-block;min-width:4.2rem}h3{font-size:1rem;margin:.8rem 0 .2rem}nav{line-height:2}a{color:#0b57d0}td,th{text-align:left;padding:.15rem .8rem .15rem 0;vertical-align:top}
@media(prefers-color-scheme:dark){a{color:#8ab4f8}body{background:#14171a;color:#e6e9ec}pre{background:#1f2429}details{border-color:#3a4149}}
"""


def page(document: dict[str, Any]) -> str:
    """HTML of the whole document: a section per tag, an entry per operation and webhook, the problem types, the schemas."""
    sections: dict[str, list[str]] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            sections.setdefault(operation["tags"][0], []).append(_entry(path, method, operation))
    components, info = document["components"], document["info"]
    webhooks = "".join(_entry(name, "post", hook["post"]) for name, hook in document["webhooks"].items())
    schemas = "".join(
        f'<details id="schema-{escape(name)}"><summary><code>{escape(name)}</code></summary>{_json(schema)}</details>'
        for name, schema in sorted(components["schemas"].items())
    )
    parts = {tag: "".join(entries) for tag, entries in sections.items()}
    parts |= {"Webhooks": webhooks, "Problem types": _problems(components["examples"]), "Schemas": schemas}
    links = " · ".join(f'<a href="#{_anchor(name)}">{escape(name)}</a>' for name in parts)
    body = "".join(f'<h2 id="{_anchor(name)}">{escape(name)}</h2>{text}' for name, text in parts.items())
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(info["title"])} API</title>'
        f'<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,"><style>{_STYLE}</style></head>'
        f"<body><main><h1>{escape(info['title'])} API {escape(info['version'])}</h1><p>{_coded(info['description'])}</p>"
        f'<p>Machine-readable: <a href="/v1/openapi.json">/v1/openapi.json</a></p><nav aria-label="Sections">{links}</nav>'
        f"{body}</main></body></html>"
    )


def _anchor(name: str) -> str:
    return "section-" + escape(name).lower().replace(" ", "-")


def _problems(examples: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(code)}</code></td><td>{entry['value']['status']}</td><td>{escape(entry['summary'])}</td></tr>"
        for code, entry in examples.items()
    )
    first = next(iter(examples.values()))["value"]
    return f"<table><tr><th>code</th><th>status</th><th>meaning</th></tr>{rows}</table>{_json(first)}"


def _entry(path: str, method: str, operation: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(parameter['name'])}</code></td><td>{escape(parameter['in'])}</td>"
        f"<td>{'required' if parameter.get('required') else ''}</td><td><code>{escape(json.dumps(parameter['schema']))}</code></td></tr>"
        for parameter in operation.get("parameters", ())
    )
    answers = "".join(
        f"<tr><td>{escape(status)}</td><td>{_coded(answer['description'])}</td><td>{_names(answer)}</td></tr>"
        for status, answer in operation["responses"].items()
    )
    shown = "".join(_samples(answer) for status, answer in operation["responses"].items() if status.startswith("2"))
    body = operation.get("requestBody")
    sent = f"<h3>Body</h3><p>{_names(body)}</p>{_samples(body)}" if body else ""
    role = (
        f"<p>Role: <code>{escape(operation['x-role'])}</code>, cost {operation['x-cost']}</p>"
        if "x-role" in operation
        else ""
    )
    more = f"<p>{_coded(operation['description'])}</p>" if operation.get("description") else ""
    return (
        f'<details id="{escape(operation["operationId"])}"><summary><b class="m">{method.upper()}</b> <code>{escape(path)}</code>'
        f" — {escape(operation['summary'])}</summary>{more}{role}"
        f"{f'<table>{rows}</table>' if rows else ''}{sent}<h3>Answers</h3><table>{answers}</table>{shown}</details>"
    )


def _coded(text: str) -> str:
    """Escaped, with what stands between backticks as code."""
    return "".join(
        f"<code>{escape(part)}</code>" if odd % 2 else escape(part) for odd, part in enumerate(text.split("`"))
    )


def _names(part: dict[str, Any]) -> str:
    found = []
    for kind, media in part.get("content", {}).items():
        name = media.get("schema", {}).get("$ref", "").rpartition("/")[2]
        link = f' <a href="#schema-{escape(name)}">{escape(name)}</a>' if name else ""
        found.append(f"<code>{escape(kind)}</code>{link}")
    return ", ".join(found)


def _samples(part: dict[str, Any]) -> str:
    """The examples of a body or an answer, each once though several media types may share it."""
    found: dict[str, str] = {}
    for media in part.get("content", {}).values():
        for name, entry in media.get("examples", {}).items():
            found[name] = (
                f"<pre tabindex='0'>{escape(entry['value'])}</pre>"
                if isinstance(entry["value"], str)
                else _json(entry["value"])
            )
    named = len(found) > 1
    return "".join(f"<p>{escape(name)}</p>{text}" if named else text for name, text in found.items())


def _json(value: Any) -> str:
    return f"<pre tabindex='0'>{escape(json.dumps(value, indent=2, ensure_ascii=False))}</pre>" if value else ""
