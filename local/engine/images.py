"""Images: a tag, and what its Dockerfile says about the command, the environment and the ports.

Nothing is built. The program of an image is the project's own Python and code; the Dockerfile tells only how it is
started. Values that name absolute paths are left out, since they belong to a file system that does not exist here.
"""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

# The sidecar image that workerd starts beside each container; played by sidecar.py.
SIDECAR_REPOSITORY = "cloudflare/proxy-everything"


@dataclass(frozen=True)
class Image:
    tag: str
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    ports: tuple[int, ...] = ()

    @property
    def id(self) -> str:
        content = {**asdict(self), "tag": ""}
        return "sha256:" + hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    @property
    def is_sidecar(self) -> bool:
        return repository(self.tag) == SIDECAR_REPOSITORY

    def inspect(self) -> dict[str, Any]:
        return {
            "Id": self.id,
            "RepoTags": [self.tag],
            "RepoDigests": [],
            "Parent": "",
            "Size": 0,
            "Os": "linux",
            "Architecture": "amd64",
            "RootFS": {"Type": "layers", "Layers": []},
            "Config": {
                "Entrypoint": list(self.entrypoint) or None,
                "Cmd": list(self.command) or None,
                "Env": [f"{name}={value}" for name, value in self.environment.items()],
                "ExposedPorts": {f"{port}/tcp": {} for port in self.ports},
            },
        }


class ImageStore:
    """Tag → Image, in memory: an engine lives as long as one local run."""

    def __init__(self, images: Iterable[Image] = ()) -> None:
        self._images = {normal(image.tag): image for image in images}

    def add(self, image: Image) -> None:
        self._images[normal(image.tag)] = image

    def find(self, reference: str) -> Image | None:
        if (image := self._images.get(normal(reference))) is not None:
            return image
        if repository(reference) == SIDECAR_REPOSITORY:
            return Image(reference)
        return next((image for image in self._images.values() if image.id == reference), None)

    def remove(self, reference: str) -> bool:
        return self._images.pop(normal(reference), None) is not None

    def __iter__(self) -> Iterator[Image]:
        return iter(self._images.values())


def normal(reference: str) -> str:
    """The reference with its default tag: `a/b` is `a/b:latest`."""
    name = reference.split("@", 1)[0]
    return name if ":" in name.rsplit("/", 1)[-1] else name + ":latest"


def repository(reference: str) -> str:
    name = normal(reference).rsplit(":", 1)[0]
    return name.removeprefix("docker.io/")


def from_dict(tag: str, value: Mapping[str, Any]) -> Image:
    """An image from JSON: {"entrypoint": [...], "command": [...], "environment": {...}, "ports": [...]}."""
    unknown = set(value) - {"entrypoint", "command", "environment", "ports"}
    if unknown:
        raise ValueError(f"image {tag}: unknown fields {sorted(unknown)}")
    return Image(
        tag,
        tuple(str(word) for word in value.get("entrypoint", ())),
        tuple(str(word) for word in value.get("command", ())),
        {str(name): str(text) for name, text in value.get("environment", {}).items()},
        tuple(int(port) for port in value.get("ports", ())),
    )


def load(text_or_path: str) -> list[Image]:
    """Images from a JSON text or file: {tag: {command: …}, …}."""
    text = text_or_path if text_or_path.lstrip().startswith("{") else Path(text_or_path).read_text()
    return [from_dict(tag, value) for tag, value in json.loads(text).items()]


def from_dockerfile(tag: str, dockerfile: str, build_args: Mapping[str, str] | None = None) -> Image:
    """What the last stage of a Dockerfile says. Raises ValueError when it starts no program at all."""
    variables = dict(build_args or {})
    stages: dict[str, Image] = {}
    image, stage = Image(tag), ""
    for instruction, rest in _instructions(dockerfile):
        if instruction == "FROM":
            words = _substitute(rest, variables).split()
            words = [word for word in words if not word.startswith("--")]
            base = stages.get(words[0].lower(), Image(tag))
            stage = words[2].lower() if len(words) == 3 else ""
            image = base
        elif instruction == "ARG":
            name, _, default = rest.partition("=")
            variables.setdefault(name.strip(), default.strip("\"' "))
        elif instruction == "ENV":
            pairs = _pairs(_substitute(rest, {**variables, **image.environment}))
            image = _with(image, environment={**image.environment, **pairs})
        elif instruction == "EXPOSE":
            words = _substitute(rest, {**variables, **image.environment}).split()
            ports = [int(word.split("/")[0]) for word in words]
            image = _with(image, ports=tuple(dict.fromkeys([*image.ports, *ports])))
        elif instruction == "CMD":
            image = _with(image, command=_command(rest))
        elif instruction == "ENTRYPOINT":
            image = _with(image, entrypoint=_command(rest), command=())
        if stage:
            stages[stage] = image
    kept = {name: value for name, value in image.environment.items() if name != "PATH" and not value.startswith("/")}
    return _with(image, environment=kept)


def _with(image: Image, **changes: Any) -> Image:
    return Image(**{**{name: getattr(image, name) for name in Image.__dataclass_fields__}, **changes})


def _instructions(dockerfile: str) -> Iterable[tuple[str, str]]:
    lines = [line for line in dockerfile.splitlines() if not line.lstrip().startswith("#")]
    for line in re.sub(r"\\\s*\n", " ", "\n".join(lines)).splitlines():
        name, _, rest = line.strip().partition(" ")
        if name:
            yield name.upper(), rest.strip()


def _substitute(text: str, variables: Mapping[str, str]) -> str:
    return re.sub(
        r"\$(?:\{(\w+)(?::-([^}]*))?\}|(\w+))",
        lambda match: variables.get(match[1] or match[3], match[2] or ""),
        text,
    )


def _pairs(text: str) -> dict[str, str]:
    words = shlex.split(text)
    if words and "=" not in words[0]:  # the old form: ENV NAME the whole rest
        return {words[0]: " ".join(words[1:])}
    return dict(word.split("=", 1) for word in words if "=" in word)


def _command(text: str) -> tuple[str, ...]:
    if text.startswith("["):
        return tuple(json.loads(text))
    return ("/bin/sh", "-c", text)
