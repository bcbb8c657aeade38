"""One Python Worker straight on workerd, without wrangler and what it adds: for benchmarks and the test of memory snapshots."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import time
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from local.processes import Program, free_port
from local.toolchain import NODE_MODULES, OFFLINE_FLAGS, PYODIDE_DIR, ROOT, workerd_binary

EDGE_FOLDERS = ("worker", "durable_objects", "contracts")
_SENT = (".py", ".so", ".js", ".pth", "")  # what wrangler would upload


@dataclass
class Alone:
    """`with Alone(folder, main) as worker:` and `worker.url` answers.

    folder: empty or new; the Worker's files are linked into it. main: the Python file with the entry point.
    sources: folders of Python code that stand beside it. distribution: a package of this Python environment that it needs
    besides the edge's own. objects: its Durable Object classes, class → binding. kv: bindings of KV namespaces, kept in
    memory. lost_buckets: bindings of R2 buckets that answer nothing but failures. queues: producers of queues that deliver nothing. isolates: how many of it run, each with an address of its own in `urls`; they share objects and KV. between:
    binding of objects → methods that pass through a stand-in, so that `fare` can take these objects away. save/load: a
    memory snapshot, within the folder `snapshots`.
    """

    folder: Path
    main: Path
    sources: Sequence[Path] = ()
    distribution: str = ""
    objects: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    kv: Sequence[str] = ()
    lost_buckets: Sequence[str] = ()
    queues: Sequence[str] = ()
    isolates: int = 1
    between: Mapping[str, Sequence[str]] = field(default_factory=dict)
    snapshots: Path | None = None
    save: bool = False
    load: bool = False
    start_seconds: float = 300.0

    def __post_init__(self) -> None:
        self.ports = [free_port() for _ in range(self.isolates)]
        self._controls = {binding: free_port() for binding in self.between}
        self.seconds = 0.0  # until it answered
        self.program: Program

    @property
    def port(self) -> int:
        return self.ports[0]

    @property
    def url(self) -> str:
        return self.urls[0]

    @property
    def urls(self) -> list[str]:
        return [f"http://127.0.0.1:{port}" for port in self.ports]

    def fare(self, binding: str, state: Literal["pass", "lost", "held"]) -> None:
        """From now on calls to these objects pass, fail as if their machine were lost, or wait until they may pass."""
        request = urllib.request.Request(f"http://127.0.0.1:{self._controls[binding]}/{state}", method="PUT")
        urllib.request.urlopen(request, timeout=10).close()

    def held(self, binding: str) -> int:
        """How many calls wait at this moment."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self._controls[binding]}/", timeout=10) as answer:
            return int(json.load(answer)["held"])

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
        return all(_answers(url) for url in self.urls)

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
        (self.folder / "objects").mkdir()
        names = [f"main{number or ''}" for number in range(self.isolates)]
        services = [f'(name = "{name}", worker = .{name})' for name in names]
        sockets = [_socket(name, port) for name, port in zip(names, self.ports, strict=True)]
        services.append(f'(name = "disk", disk = (path = "{self.folder / "objects"}", writable = true))')
        # An address of this machine may be asked too: a test's own receivers and issuers.
        services.append('(name = "internet", network = (allow = ["public", "private"]))')
        workers = [f"const {name} :Workerd.Worker = ({self._worker(flags, own=name == 'main')});\n" for name in names]
        for name, wanted in (("kv", self.kv), ("lost", self.lost_buckets), ("queue", self.queues)):
            if wanted:
                self._play(f"{name}.js")
                services.append(f'(name = "{name}", worker = .{name})')
                workers.append(_javascript(name, f"{name}.js", [], []))
        for binding, port in self._controls.items():
            service = f"between{binding.title().replace('_', '')}"
            self._play("between.js")
            (self.folder / f"{service}.json").write_text(json.dumps(list(self.between[binding])))
            services.append(f'(name = "{service}", worker = .{service})')
            sockets.append(_socket(service, port))
            workers.append(
                _javascript(
                    service,
                    "between.js",
                    [f'(name = "methods.json", json = embed "{service}.json")'],
                    [self._namespace("REAL", binding, own=False)],
                )
            )
        return (
            'using Workerd = import "/workerd/workerd.capnp";\n'
            f"const config :Workerd.Config = (services = [{', '.join(services)}],\n  sockets = [{', '.join(sockets)}]);\n"
            + "".join(workers)
        )

    def _worker(self, flags: str, *, own: bool) -> str:
        """One isolate. The first one of them owns the objects."""
        bindings = [f'(name = "{name}", text = {json.dumps(value)})' for name, value in self.variables.items()]
        bindings += [f'(name = "{name}", kvNamespace = "kv")' for name in self.kv]
        bindings += [f'(name = "{name}", r2Bucket = "lost")' for name in self.lost_buckets]
        bindings += [f'(name = "{name}", queue = "queue")' for name in self.queues]
        for name in self.objects.values():
            if name in self.between:
                service = f"between{name.title().replace('_', '')}"
                designator = f'(className = "Between", serviceName = "{service}")'
                bindings.append(f'(name = "{name}", durableObjectNamespace = {designator})')
            else:
                bindings.append(self._namespace(name, name, own=own))
        spaces = [f'(className = "{kind}", uniqueKey = "{kind}", enableSql = true)' for kind in self.objects]
        storage = f'durableObjectStorage = (localDisk = "disk"), durableObjectNamespaces = [{", ".join(spaces)}],\n  '
        return (
            f'compatibilityDate = "2026-11-01", compatibilityFlags = [{flags}],\n  {storage if own else ""}'
            f"bindings = [{', '.join(bindings)}],\n  modules = [{','.join(self._modules())}]"
        )

    def _namespace(self, name: str, binding: str, *, own: bool) -> str:
        kind = next(kind for kind, known in self.objects.items() if known == binding)
        place = "" if own else ', serviceName = "main"'
        return f'(name = "{name}", durableObjectNamespace = (className = "{kind}"{place}))'

    def _play(self, name: str) -> None:
        link = self.folder / name
        if not link.exists():
            link.symlink_to(ROOT / "local" / "played" / name)


def product(folder: Path, variables: Mapping[str, str], **how: Any) -> Alone:
    """The whole product's Worker with the objects that wrangler.toml names, and no bucket; `how`: more of Alone's fields."""
    bindings = tomllib.loads((ROOT / "wrangler.toml").read_text())["durable_objects"]["bindings"]
    return Alone(
        folder,
        ROOT / "worker" / "main.py",
        [ROOT / name for name in EDGE_FOLDERS],
        objects={entry["class_name"]: entry["name"] for entry in bindings},
        variables=variables,
        **how,
    )


def _socket(service: str, port: int) -> str:
    return f'(name = "{service}", address = "127.0.0.1:{port}", http = (), service = "{service}")'


def _javascript(service: str, file: str, modules: Sequence[str], bindings: Sequence[str]) -> str:
    """A stand-in of local/played. `Between` keeps nothing, yet an object needs a place of its own."""
    objects = (
        f'durableObjectNamespaces = [(className = "Between", uniqueKey = "{service}")], durableObjectStorage = (inMemory = void), '
        if file == "between.js"
        else ""
    )
    listed = ", ".join([f'(name = "{file}", esModule = embed "{file}")', *modules])
    return (
        f'const {service} :Workerd.Worker = (compatibilityDate = "2026-11-01", {objects}'
        f"bindings = [{', '.join(bindings)}], modules = [{listed}]);\n"
    )


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(f"{url}/health", timeout=2).close()
    except urllib.error.HTTPError:
        return True
    except (urllib.error.URLError, OSError):
        return False
    return True


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
