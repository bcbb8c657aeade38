"""A stand-in for the `docker` command: the part of it that wrangler calls, answered by the process engine.

wrangler runs the program named in WRANGLER_DOCKER_BIN: `docker` beside this file. `build` reads the Dockerfile and
records with the engine how its program is started; nothing is built, pushed or pulled.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from local.engine.images import SIDECAR_REPOSITORY, from_dockerfile, repository


class CommandError(Exception):
    """What the command prints on standard error before it exits 1."""


class Engine:
    """The engine at a `unix://` address."""

    def __init__(self, address: str) -> None:
        if not address.startswith("unix://"):
            raise CommandError(
                f"the process engine listens on a Unix socket, not at {address!r}: set DOCKER_HOST=unix://PATH"
            )
        self.address = address

    def ask(self, method: str, path: str, value: Any = None) -> tuple[int, bytes]:
        connection = _UnixConnection(self.address.removeprefix("unix://"))
        body = None if value is None else json.dumps(value)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
            response = connection.getresponse()
            return response.status, response.read()
        except OSError as problem:
            raise CommandError(
                f"Cannot connect to the process engine at {self.address} ({problem}). "
                "Start it: python -m local.engine serve --socket PATH"
            ) from problem
        finally:
            connection.close()

    def get(self, method: str, path: str, value: Any = None) -> Any:
        """The answer's JSON. Raises CommandError with the engine's message for a status from 400 on."""
        status, body = self.ask(method, path, value)
        content = json.loads(body) if body.strip() else None
        if status >= 400:
            raise CommandError(content["message"] if isinstance(content, dict) else f"status {status}")
        return content


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=120)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(120)
        self.sock.connect(self._path)


@dataclass(frozen=True)
class Words:
    """A command line taken apart: options by name (`--a b`, `--a=b`, `-a b`), and the rest."""

    options: dict[str, list[str]]
    rest: list[str]

    def one(self, *names: str, default: str = "") -> str:
        values = [value for name in names for value in self.options.get(name, ())]
        return values[-1] if values else default


SWITCHES = {"--load", "--push", "--no-cache", "--quiet", "-q", "--all", "-a", "--force", "--no-trunc", "--pull"}


def take_apart(words: Sequence[str], switches: Sequence[str] = ()) -> Words:
    options: dict[str, list[str]] = {}
    rest: list[str] = []
    queue = list(words)
    while queue:
        word = queue.pop(0)
        if not word.startswith("-") or word == "-":
            rest.append(word)
        elif word.startswith("--") and "=" in word:
            name, _, value = word.partition("=")
            options.setdefault(name, []).append(value)
        elif word in SWITCHES or word in switches or not queue:
            options.setdefault(word, []).append("true")
        else:
            options.setdefault(word, []).append(queue.pop(0))
    return Words(options, rest)


def render(template: str, value: Any) -> str:
    """The part of Go's templates that callers use: `{{.A.B}}`, `{{json .A}}`, `{{len .A}}`, and plain `json`."""
    if template == "json":
        return json.dumps(value)

    def field(match: re.Match[str]) -> str:
        found = value
        for name in [part for part in match[2].split(".") if part]:
            found = found.get(name) if isinstance(found, dict) else None
        if match[1] == "json":
            return json.dumps(found)
        if match[1] == "len":
            return str(len(found or ()))
        return "" if found is None else str(found)

    return re.sub(r"\{\{\s*(?:(json|len)\s+)?(\.[\w.]*)\s*\}\}", field, template)


def build(engine: Engine, words: list[str]) -> None:
    given = take_apart(words)
    tags = [*given.options.get("-t", ()), *given.options.get("--tag", ())]
    if not tags:
        raise CommandError("build: a tag is needed (-t NAME)")
    file = given.one("-f", "--file", default=str(Path(given.rest[0] if given.rest else ".") / "Dockerfile"))
    text = sys.stdin.read() if file == "-" else Path(file).read_text()
    arguments = dict(pair.split("=", 1) for pair in given.options.get("--build-arg", ()) if "=" in pair)
    for tag in tags:
        image = from_dockerfile(tag, text, arguments)
        description = {
            "entrypoint": list(image.entrypoint),
            "command": list(image.command),
            "environment": dict(image.environment),
            "ports": list(image.ports),
        }
        engine.get("PUT", f"/storemax/images/{quote(tag, safe='')}", description)
        program = " ".join([*image.entrypoint, *image.command])
        print(f"process engine: {tag} starts `{program}` of this project (no image is built)", file=sys.stderr)


def pull(engine: Engine, words: list[str]) -> None:
    reference = take_apart(words).rest[0]
    if repository(reference) == SIDECAR_REPOSITORY:
        print("process engine: plays the networking sidecar itself", file=sys.stderr)
        return
    engine.get("POST", f"/images/create?fromImage={quote(reference, safe='')}")


def tag(engine: Engine, words: list[str]) -> None:
    source, target = take_apart(words).rest
    name, _, label = target.rpartition(":") if ":" in target.rsplit("/", 1)[-1] else (target, "", "latest")
    engine.get("POST", f"/images/{quote(source, safe='')}/tag?repo={quote(name, safe='')}&tag={label}")


def info(engine: Engine, words: list[str]) -> None:
    facts = engine.get("GET", "/info")
    template = take_apart(words).one("--format", "-f")
    print(render(template, facts) if template else "\n".join(f" {key}: {value}" for key, value in facts.items()))


def version(engine: Engine, words: list[str]) -> None:
    facts = {"Client": {"Version": "storemax-process-engine"}, "Server": engine.get("GET", "/version")}
    template = take_apart(words).one("--format", "-f")
    print(render(template, facts) if template else json.dumps(facts, indent=1))


def context(engine: Engine, words: list[str]) -> None:
    if words[:1] != ["ls"]:
        raise CommandError(f"context {' '.join(words)}: not part of the process engine")
    print(json.dumps({"Current": True, "DockerEndpoint": engine.address, "Name": "storemax-process-engine"}))


def image(engine: Engine, words: list[str]) -> None:
    if words[:1] == ["ls"]:
        images(engine, words[1:])
    elif words[:1] == ["inspect"]:
        inspect_image(engine, words[1:])
    elif words[:1] == ["rm"]:
        for reference in take_apart(words[1:]).rest:
            engine.get("DELETE", f"/images/{quote(reference, safe='')}")
    else:
        raise CommandError(f"image {' '.join(words)}: not part of the process engine")


def inspect_image(engine: Engine, words: list[str]) -> None:
    given = take_apart(words)
    facts = [engine.get("GET", f"/images/{quote(name, safe='')}/json") for name in given.rest]
    _print_facts(facts, given.one("--format", "-f"))


def inspect(engine: Engine, words: list[str]) -> None:
    given = take_apart(words)
    facts = [engine.get("GET", f"/containers/{quote(name, safe='')}/json") for name in given.rest]
    _print_facts(facts, given.one("--format", "-f"))


def _print_facts(facts: list[Any], template: str) -> None:
    print("\n".join(render(template, fact) for fact in facts) if template else json.dumps(facts, indent=1))


def images(engine: Engine, _words: list[str]) -> None:
    for one in engine.get("GET", "/images/json"):
        print(
            one["RepoTags"][0],
            " ".join([*(one["Config"]["Entrypoint"] or ()), *(one["Config"]["Cmd"] or ())]),
            sep="\t",
        )


def ps(engine: Engine, words: list[str]) -> None:
    given = take_apart(words, switches=("-aq", "-qa"))
    short = any(name in given.options for name in ("-q", "--quiet", "-aq", "-qa"))
    every = any(name in given.options for name in ("-a", "--all", "-aq", "-qa"))
    filters: dict[str, list[str]] = {}
    for pair in given.options.get("--filter", ()):
        key, _, value = pair.partition("=")
        filters.setdefault(key, []).append(value)
    path = f"/containers/json?all={int(every)}&filters={quote(json.dumps(filters), safe='')}"
    for row in engine.get("GET", path):
        line = (row["Id"][:12],) if short else (row["Id"][:12], row["State"], row["Names"][0][1:], row["Command"])
        print(*line, sep="\t")


def logs(engine: Engine, words: list[str]) -> None:
    status, body = engine.ask("GET", f"/containers/{quote(take_apart(words).rest[0], safe='')}/logs?stdout=1&stderr=1")
    if status >= 400:
        raise CommandError(json.loads(body)["message"])
    sys.stdout.buffer.write(body)


def stop(engine: Engine, words: list[str]) -> None:
    given = take_apart(words)
    seconds = given.one("-t", "--time")
    for name in given.rest:
        engine.get("POST", f"/containers/{quote(name, safe='')}/stop" + (f"?t={seconds}" if seconds else ""))


def kill(engine: Engine, words: list[str]) -> None:
    given = take_apart(words)
    for name in given.rest:
        sent = given.one("-s", "--signal", default="KILL")
        engine.get("POST", f"/containers/{quote(name, safe='')}/kill?signal={sent}")


def rm(engine: Engine, words: list[str]) -> None:
    given = take_apart(words, switches=("-f", "-v", "-fv"))
    force = any(name in given.options for name in ("-f", "--force", "-fv"))
    for name in given.rest:
        engine.get("DELETE", f"/containers/{quote(name, safe='')}?force={int(force)}")


COMMANDS: dict[str, Callable[[Engine, list[str]], None]] = {
    "build": build,
    "context": context,
    "image": image,
    "images": images,
    "info": info,
    "inspect": inspect,
    "kill": kill,
    "logs": logs,
    "ps": ps,
    "pull": pull,
    "rm": rm,
    "stop": stop,
    "tag": tag,
    "version": version,
}
NEEDS_DOCKER = {"push": "pushing an image", "login": "logging in to a registry", "manifest": "reading a registry"}


def main(arguments: Sequence[str] | None = None) -> int:
    words = list(sys.argv[1:] if arguments is None else arguments)
    address = os.environ.get("WRANGLER_DOCKER_HOST") or os.environ.get("DOCKER_HOST") or ""
    while words and words[0].startswith("-"):
        option = words.pop(0)
        if option in ("--host", "-H") and words:
            address = words.pop(0)
        elif option.startswith("--host="):
            address = option.removeprefix("--host=")
        elif option in ("--version", "-v"):
            words = ["version"]
    try:
        if not words:
            raise CommandError(f"a command is needed: {', '.join(COMMANDS)}")
        if words[0] in NEEDS_DOCKER:
            raise CommandError(
                f"{NEEDS_DOCKER[words[0]]} needs a real Docker: this is the local process engine's command"
            )
        if words[0] not in COMMANDS:
            raise CommandError(f"{words[0]}: not part of the process engine's `docker` command")
        COMMANDS[words[0]](Engine(address), words[1:])
    except CommandError as problem:
        print(f"docker (process engine): {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
