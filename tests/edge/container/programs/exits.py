"""Says why, and exits 1 at once."""

import sys

print("reading the configuration", file=sys.stderr)
print("FATAL: the licence file is missing", file=sys.stderr, flush=True)
sys.exit(1)
