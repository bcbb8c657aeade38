"""Where the other programs lie that are measured beside: `make` installs them into .build/rivals, apart from .venv.

They stand last on the search path, so that numpy and whatever else both sides need is this project's own.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / ".build" / "rivals"


def installed(module: str) -> bool:
    """Whether a program can be run beside; its rows are left out when it is not there."""
    if FOLDER.is_dir() and str(FOLDER) not in sys.path:
        sys.path.append(str(FOLDER))
    if importlib.util.find_spec(module) is not None:
        return True
    print(f"  {module} is not installed: its row is left out (make .build/rivals/stamp installs it)")
    return False
