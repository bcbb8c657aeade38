"""One Python Worker straight on workerd, without wrangler and what it adds: for benchmarks and the test of memory snapshots."""

from __future__ import annotations

import importlib.metadata
import os
import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from local.processes import Program, free_port
from local.toolchain import NODE_MODULES, OFFLINE_FLAGS, PYODIDE_DIR, ROOT, workerd_binary

EDGE_FOLDERS = ("worker", "durable_objects", "contracts")
_SENT = (".py", ".so", ".js", ".pth", "")  # what wrangler would upload


@dataclass
class Alone:
    """`with Alone(folder, main) as worker:` and `worker.url` answers.

    folder: empty or new; the Worker's files are linked into it. main: the Python file with the entry point.
    sources: folders of Python code that stand beside it. distribution: a package of this Python environment that it needs
    besides the edge's own. objects: its Durable Object classes, class → binding. save/load: a memory snapshot, within the
    folder `snapshots`.
    """

    folder: Path
    main: Path
    sources: Sequence[Path] = ()
    distribution: str = ""
    objects: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    snapshots: Path | None = None
    save: bool = False
    load: bool = False
    start_seconds: float = 300.0

    def __post_init__(self) -> None:
        self.port = free_port()
        self.seconds = 0.0  # until it answered
        self.program: Program

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Alone:
        self._link()
        (self.folder / "config.capnp").write_text(self._config())
        began = time.monotonic()
        self.program = Program(
            self.main.stem, self._command(), log=self.folder / "log", cwd=self.snapshots or self.folder
        )
        try:
            self.program.wait_until(self._speaks, seconds=self.start_seconds, waiting_for="answer")
        except BaseException:
            self.program.stop()
            raise
        self.seconds = time.monotonic() - began
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.program.stop()

    def _command(self) -> list[str]:
        command = [
            str(workerd_binary()),
            "serve",
            "--experimental",
            f"--pyodide-bundle-disk-cache-dir={PYODIDE_DIR}",
            f"--import-path={self.folder}",
            str(self.folder / "config.capnp"),
        ]
        if self.snapshots is not None:
            command[2:2] = [f"--python-snapshot-dir={self.snapshots}"]
        if self.save:
            command[2:2] = ["--python-save-snapshot"]
        if self.load:
            command[2:2] = ["--python-load-snapshot", "snapshot.bin"]
        return command

    def _speaks(self) -> bool:
        try:
            urllib.request.urlopen(f"{self.url}/health", timeout=2).close()
        except urllib.error.HTTPError:
            return True
        except (urllib.error.URLError, OSError):
            return False
        return True

    def _link(self) -> None:
        packages = self.folder / "python_modules"
        packages.mkdir(parents=True)
        (self.folder / "main.py").symlink_to(self.main.resolve())
        for source in self.sources:
            (self.folder / source.name).symlink_to(source.resolve())
        (self.folder / "workerd").mkdir()
        (self.folder / "workerd" / "workerd.capnp").symlink_to(NODE_MODULES / "workerd" / "workerd.capnp")
        links = {path.name: path for path in (ROOT / "python_modules").iterdir() if "dist-info" not in path.name}
        for name, path in _installed(self.distribution).items() if self.distribution else ():
            links.setdefault(name, path)
        for name, path in links.items():
            (packages / name).symlink_to(path.resolve())

    def _modules(self) -> Iterator[str]:
        yield '(name = "main.py", pythonModule = embed "main.py")'
        for source in self.sources:
            for path in _walk(self.folder / source.name):
                if path.suffix == ".py" and "__pycache__" not in path.parts:
                    name = path.relative_to(self.folder)
                    yield f'(name = "{name}", pythonModule = embed "{name}")'
        for path in _walk(self.folder / "python_modules"):
            if path.suffix in _SENT and "__pycache__" not in path.parts:
                name = path.relative_to(self.folder)
                kind = "esModule" if path.suffix == ".js" else "data"
                yield f'(name = "{name}", {kind} = embed "{name}")'

    def _config(self) -> str:
        flags = ", ".join(f'"{flag}"' for flag in OFFLINE_FLAGS)
        bindings = [f'(name = "{name}", text = "{value}")' for name, value in self.variables.items()]
        bindings += [f'(name = "{name}", durableObjectNamespace = "{kind}")' for kind, name in self.objects.items()]
        spaces = [f'(className = "{kind}", uniqueKey = "{kind}", enableSql = true)' for kind in self.objects]
        (self.folder / "objects").mkdir()
        return (
            'using Workerd = import "/workerd/workerd.capnp";\n'
            "const config :Workerd.Config = (\n"
            '  services = [(name = "main", worker = .worker),\n'
            f'    (name = "disk", disk = (path = "{self.folder / "objects"}", writable = true))],\n'
            f'  sockets = [(name = "http", address = "127.0.0.1:{self.port}", http = (), service = "main")]);\n'
            f'const worker :Workerd.Worker = (compatibilityDate = "2026-11-01", compatibilityFlags = [{flags}],\n'
            f'  durableObjectStorage = (localDisk = "disk"), durableObjectNamespaces = [{", ".join(spaces)}],\n'
            f"  bindings = [{', '.join(bindings)}],\n"
            f"  modules = [{','.join(self._modules())}]);\n"
        )


def _installed(distribution: str) -> dict[str, Path]:
    """The files and folders in site-packages of a distribution and of all that it requires without an extra."""
    waiting, seen, links = [distribution], set[str](), dict[str, Path]()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        try:
            found = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # not needed on this platform
        for file in found.files or ():
            top = file.parts[0]
            if top not in ("..", "__pycache__"):
                links[top] = Path(str(found.locate_file(top)))
        waiting += [re.split(r"[^A-Za-z0-9._-]", text)[0] for text in found.requires or () if "extra ==" not in text]
    return links


def _walk(folder: Path) -> list[Path]:
    return [Path(base) / name for base, _, names in os.walk(folder, followlinks=True) for name in sorted(names)]
