"""What a process tells the one that started it, over a pipe that the reader never waits at."""

from __future__ import annotations

import os
import pickle
import struct
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bench.training.pace import Pace

_LENGTH = struct.Struct("!Q")
_AT_ONCE = 1 << 20


@dataclass(frozen=True)
class Progress:
    """How far a cohort has come."""

    updates: int
    """Updates done of its budget."""
    active: int
    """Members that still train."""


@dataclass(frozen=True)
class Timed:
    """How long an update of one setting takes."""

    index: int
    """Place of the setting among those that the piece of work was given."""
    pace: Pace


@dataclass(frozen=True)
class Measured:
    """What was measured of one setting: a row of costs, or of a sample of speeds."""

    row: dict[str, Any]


@dataclass(frozen=True)
class Result:
    """What a piece of work ends with, None where its news were all."""

    content: Any


@dataclass(frozen=True)
class Died:
    """What a process leaves that ended without a result."""

    reason: str


@dataclass(frozen=True)
class Refused:
    """What a process leaves that cannot do any such work, and no other could."""

    reason: str
    """A sentence without its full stop."""


News = Progress | Timed | Measured
"""What comes while work is under way."""
Message = News | Result | Died
"""What a workforce gives out of its work."""


class Outlet:
    """The end that a process writes to."""

    def __init__(self, connection: Connection) -> None:
        self._connection, self._owner = connection, os.getpid()

    def send(self, message: Any) -> None:
        """Send a message; raises BrokenPipeError where nobody listens. A process that was forked off is silent."""
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

    def take(self) -> list[Any]:
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
