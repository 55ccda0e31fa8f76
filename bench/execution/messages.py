"""Messages from a process to the one that started it, over a pipe that the reader never waits at."""

from __future__ import annotations

import os
import pickle
import struct
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bench.training.cost import Timing
    from bench.training.pace import Pace

_LENGTH = struct.Struct("!Q")
_AT_ONCE = 1 << 20


@dataclass(frozen=True)
class Progress:
    """A cohort has come so far."""

    updates: int
    """Updates done of its budget."""
    active: int
    """Members that still train."""


@dataclass(frozen=True)
class Timed:
    """An update of one setting takes so long."""

    index: int
    """Place of the setting among those that the piece of work was given."""
    pace: Pace


@dataclass(frozen=True)
class Measured:
    """One setting was measured: a row of costs, or of a sample of speeds."""

    row: dict[str, Any]


@dataclass(frozen=True)
class Clocked:
    """An update of one setting was timed beside the baseline's in this process."""

    timing: Timing


@dataclass(frozen=True)
class Result:
    """The end of a piece of work; its content is None where the news were all there is."""

    content: Any


@dataclass(frozen=True)
class Died:
    """A process ended without a result."""

    reason: str


@dataclass(frozen=True)
class Refused:
    """A process cannot do any such work, and no other could."""

    reason: str
    """A sentence without its full stop."""


News = Progress | Timed | Measured | Clocked
"""Messages that come while work is under way."""
Message = News | Result | Died
"""Messages that a workforce gives out."""


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
        """The place where the first message that is held ends."""
        if len(self._held) < _LENGTH.size:
            return _LENGTH.size + 1  # not even its length has come whole
        return _LENGTH.size + int(_LENGTH.unpack_from(self._held)[0])
