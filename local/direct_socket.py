"""Add a socket straight to the user's Worker to the configuration that miniflare hands to workerd (stdin → stdout).

`wrangler dev` answers through two proxies of its own, which cap what can be measured at some 400 requests/s; the
simulators of KV, R2 and queues that miniflare starts beside the Worker are kept.
"""

from __future__ import annotations

import sys
from pathlib import Path

import capnp

from local.toolchain import NODE_MODULES

SERVICE = "core:user:storemax"


def with_socket(config: bytes, port: int) -> bytes:
    """The same configuration with one more HTTP socket, "direct", on 127.0.0.1:`port`."""
    site_packages = Path(capnp.__file__).parent.parent  # holds capnp/c++.capnp, which workerd's schema imports
    schema = capnp.load(str(NODE_MODULES / "workerd" / "workerd.capnp"), imports=[str(site_packages)])
    with schema.Config.from_bytes(config, traversal_limit_in_words=2**60) as reader:
        if all(service.name != SERVICE for service in reader.services):
            return config  # wrangler's proxy runs in a workerd of its own
        builder = reader.as_builder()
        known = list(reader.sockets)
        sockets = builder.init("sockets", len(known) + 1)
        for index, socket in enumerate(known):
            sockets[index] = socket
        direct = sockets[len(known)]
        direct.name, direct.address = "direct", f"127.0.0.1:{port}"
        direct.init("http")
        direct.service.name = SERVICE
        changed: bytes = builder.to_bytes()
        return changed


if __name__ == "__main__":
    sys.stdout.buffer.write(with_socket(sys.stdin.buffer.read(), int(sys.argv[1])))
