"""`make audit`: known vulnerabilities of the locked packages, by pip-audit. ARGS are pip-audit's own, say `-s osv`.

Ends with 0 when every package was looked up and none is known to be vulnerable, 1 when one is, 2 when it cannot be told.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ("requirements/agents.lock", "requirements/edge.lock")
# What pip-audit writes when the database did not answer, or does not know the packages (a mirror of the index lists
# their files and no vulnerabilities).
UNTOLD = ("could not be audited", "Max retries exceeded", "ConnectionError", "Name or service not known", "timed out")
NO_DATABASE = """audit: nothing is known of {lock}: the database of vulnerabilities could not be asked (see the line above).
pip-audit asks the JSON interface of PyPI, which a mirror of the package index seldom has. Run it where PyPI itself can be
reached, or ask another database: make audit ARGS="-s osv" (needs api.osv.dev)."""


def audit(lock: str, arguments: Sequence[str] = (), program: Sequence[str] = ()) -> int:
    """The status for one lock file; what pip-audit found is printed. `program`: pip-audit, in tests something else."""
    command = [*(program or (sys.executable, "-m", "pip_audit")), "--strict", "--require-hashes", "--disable-pip"]
    done = subprocess.run([*command, *arguments, "-r", lock], cwd=ROOT, capture_output=True, text=True, check=False)
    print(done.stdout, end="")
    print(done.stderr, end="", file=sys.stderr)
    if done.returncode and any(words in done.stderr for words in UNTOLD):
        print(NO_DATABASE.format(lock=lock), file=sys.stderr)
        return 2
    return 1 if done.returncode else 0


def main(arguments: Sequence[str]) -> int:
    return max(audit(lock, arguments) for lock in LOCKS)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
