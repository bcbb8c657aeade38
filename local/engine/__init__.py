"""The process engine: a local stand-in for Docker, for machines that have none.

workerd and wrangler run a Durable Object's container through the Docker Engine HTTP API and the `docker` command. This
package speaks the part of both that they use, and runs each container as a plain process of this machine. Nothing is
isolated: no file system, no network and no resource limits of its own. It serves development and tests; nothing that
is deployed imports it. docs/local.md says what it does and does not do.

    http.py        HTTP/1.1 over asyncio streams, with hijacked connections (CONNECT, Upgrade)
    images.py      image tags, and what their Dockerfile says about the command, the environment and the ports
    ports.py       container port → port of this machine
    processes.py   one process per container, ended with everything that it started
    container.py   one container: its state, start, stop, kill, wait
    table.py       all containers, by name and id
    sidecar.py     the networking sidecar through which workerd reaches a container's ports
    api.py         the routes of the Docker Engine API
    server.py      the engine: its socket, its life and its end
    watchdog.py    ends what is left when the engine itself is killed
    cli.py         the `docker` command that wrangler calls
    probe.py       does a real Docker Engine answer here?
"""
