"""Ports for the servers of tests, which no other process is given meanwhile."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def free_port() -> Iterator[int]:
    """Hold a port of 127.0.0.1 that nobody listens on: connections are refused until a server of the test's own does.

    A socket stays bound to it and never listens. So Linux gives the port to nobody who asks for any, while a server
    that asks for this one with SO_REUSEADDR, as servers do, may have it.
    """
    with socket.socket() as placeholder:
        placeholder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        placeholder.bind(("127.0.0.1", 0))
        yield placeholder.getsockname()[1]
