"""Where the tools of the local stack are, and the environment in which they run offline."""

from __future__ import annotations

import os
import platform
import stat
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NODE_MODULES = ROOT / "node_modules"
PYODIDE_DIR = ROOT / ".build" / "pyodide"

# Compatibility flags that make workerd take the local Pyodide bundle. For this machine alone: never in wrangler.toml.
OFFLINE_FLAGS = ("python_workers", "python_workers_development", "experimental")


class ToolMissing(RuntimeError):
    """A tool is not installed; the message says which command installs it."""


def workerd_binary() -> Path:
    """The real workerd of the npm package for this platform."""
    system = {"Linux": "linux", "Darwin": "darwin"}.get(platform.system(), "windows")
    machine = "arm64" if platform.machine() in ("arm64", "aarch64") else "64"
    path = NODE_MODULES / "@cloudflare" / f"workerd-{system}-{machine}" / "bin" / "workerd"
    if not path.exists():
        raise ToolMissing(f"{path} is missing: run `make setup`")
    return path


def environment(home: Path) -> dict[str, str]:
    """The environment for wrangler and workerd: offline, with its home folder at `home`, so that nothing else is written."""
    if not (PYODIDE_DIR / "pyodide_dev.capnp.bin").exists():
        raise ToolMissing(f"{PYODIDE_DIR} is missing: run `make setup`")
    home.mkdir(parents=True, exist_ok=True)
    wrapper = Path(__file__).with_name("workerd_wrapper.py")
    wrapper.chmod(wrapper.stat().st_mode | stat.S_IXUSR)
    return {
        **{key: value for key, value in os.environ.items() if not key.startswith(("CLOUDFLARE_", "WRANGLER_"))},
        "PATH": f"{NODE_MODULES / '.bin'}{os.pathsep}{os.environ.get('PATH', '')}",
        "HOME": str(home),
        # Docker finds its plugins and contexts in the user's home folder, and wrangler's builds need one: buildx.
        "DOCKER_CONFIG": os.environ.get("DOCKER_CONFIG", str(Path.home() / ".docker")),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "MINIFLARE_WORKERD_PATH": str(wrapper),
        "STOREMAX_WORKERD": str(workerd_binary()),
        "STOREMAX_PYODIDE_DIR": str(PYODIDE_DIR),
        "WRANGLER_SEND_METRICS": "false",
        "WRANGLER_LOG_SANITIZE": "true",
        "CLOUDFLARE_CF_FETCH_ENABLED": "false",
        # Otherwise wrangler writes a trace of every request into a database of its own: a third of the Worker's CPU.
        "X_LOCAL_OBSERVABILITY": "false",
        "NO_UPDATE_NOTIFIER": "1",
        "NUMBA_CACHE_DIR": os.environ.get("NUMBA_CACHE_DIR", str(ROOT / ".build" / "numba")),
        "CI": "1",  # no prompts
        "FORCE_COLOR": "0",
    }
