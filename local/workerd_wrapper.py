#!/usr/bin/env python3
"""Starts the real workerd with the folder of the local Pyodide bundle: wrangler has no option for it.

miniflare runs the program that MINIFLARE_WORKERD_PATH names. This one adds a flag after `serve` and becomes workerd, so
that signals, sockets and file descriptors are untouched.
"""

import os
import subprocess
import sys

arguments = sys.argv[1:]
if arguments[:1] == ["serve"]:
    arguments.insert(1, f"--pyodide-bundle-disk-cache-dir={os.environ['STOREMAX_PYODIDE_DIR']}")
    if "STOREMAX_DIRECT_PORT" in os.environ:  # benchmarks: a socket straight to the Worker, past wrangler's proxy
        command = [os.environ["STOREMAX_PYTHON"], "-m", "local.direct_socket", os.environ["STOREMAX_DIRECT_PORT"]]
        changed = subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=os.environ["STOREMAX_ROOT"]).stdout
        memory = os.memfd_create("workerd-config")
        with os.fdopen(os.dup(memory), "wb") as file:
            file.write(changed)
        os.lseek(memory, 0, os.SEEK_SET)
        os.dup2(memory, 0)
        # The inspector makes every request and log line several times dearer, and a deployment has none. miniflare waits
        # for word of it on the control channel, so that word is given here.
        inspector = [word for word in arguments if word.startswith("--inspector-addr")]
        control = next((word.partition("=")[2] for word in arguments if word.startswith("--control-fd")), "")
        if inspector and control:
            arguments = [word for word in arguments if word not in inspector]
            port = inspector[0].rpartition(":")[2]
            os.write(int(control), b'{"event":"listen-inspector","port":%d}\n' % int(port))
        if (
            "STOREMAX_DIRECT_LOG" in os.environ
        ):  # or wrangler parses and prints each line, on a core that the Worker needs
            os.dup2(os.open(os.environ["STOREMAX_DIRECT_LOG"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), 1)
os.execv(os.environ["STOREMAX_WORKERD"], ["workerd", *arguments])
