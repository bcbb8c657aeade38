"""What the fork server loads before its first fork: what every solve runs, and the families whose kernels are compiled and cached.

Kernels that were never compiled are left alone: compiling takes a minute, and the first solve that needs them does it.
"""

from __future__ import annotations

import containers.optimizer.child  # noqa: F401 - so that no solve has to
from containers.optimizer.warm import COMPILED_FAMILIES, is_compiled

if is_compiled():
    from containers.optimizer.registry import family

    for _name in COMPILED_FAMILIES:
        family(_name).warm()
