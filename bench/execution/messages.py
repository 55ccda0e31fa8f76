"""Messages from a process to the one that started it, over a pipe that the reader never waits at."""

from __future__ import annotations

import os
import pickle
import struct
from multiprocessing.connection import Connection
from typing import Any

_LENGTH = struct.Struct("!Q")
_AT_ONCE = 1 << 20


class Outlet:
    """The end that a process writes to."""

    def __init__(self, connection: Connection) -> None:
        self._connection, self._owner = connection, os.getpid()

    def send(self, message: tuple[Any, ...]) -> None:
        """Send (kind, …); raises BrokenPipeError where nobody listens. A process that was forked off is silent."""
        if os.getpid() != self._owner:
            return
        content = pickle.dumps(message)
        left = memoryview(_LENGTH.pack(len(content)) + content)
        while left:
            left = left[os.write(self._connection.fileno(), left) :]


class Inlet:
    """The end that is read.

    Where a process dies within a message while a child of it holds the pipe open, the rest never comes: only whole
    messages are given out.
    """

    def __init__(self, connection: Connection) -> None:
        os.set_blocking(connection.fileno(), False)
        self.connection, self.closed, self._held = connection, False, bytearray()

    def take(self) -> list[tuple[Any, ...]]:
        """All messages that are whole by now; none is waited for. Sets `closed` when nobody can write any more."""
        while not self.closed:
            try:
                piece = os.read(self.connection.fileno(), _AT_ONCE)
            except BlockingIOError:
                break
            self._held += piece
            self.closed = not piece
        found = []
        while (end := self._end()) <= len(self._held):
            found.append(pickle.loads(memoryview(self._held)[_LENGTH.size : end].tobytes()))
            del self._held[:end]
        return found

    def _end(self) -> int:
        """Where the first message that is held ends."""
        if len(self._held) < _LENGTH.size:
            return _LENGTH.size + 1  # not even its length has come whole
        return _LENGTH.size + int(_LENGTH.unpack_from(self._held)[0])
