"""A few processes, each doing one piece of work at a time."""

from __future__ import annotations

import math
import multiprocessing as mp
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import forkserver
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple

from joblib import cpu_count

LAST_WORDS = 1.0
"""Seconds between the end of a process by SIGTERM and the word that it died."""


@dataclass(frozen=True)
class Died:
    """What a process leaves that ended without a result."""

    reason: str


class _Work(NamedTuple):
    label: Any
    process: BaseProcess
    deadline: float
    """When its time is over, by the monotonic clock; infinite without a limit."""


class Crew:
    """Starts each piece of work in a fresh process, so that none can harm another.

    The processes are forked from a server that has imported torch and Lightning already: a start takes
    milliseconds, not seconds. Where there is no fork, they are started anew. A process that takes longer than `timeout`
    seconds is ended.
    """

    def __init__(self, size: int | None = None, plugins: Sequence[str] = (), timeout: float | None = None) -> None:
        """So many at a time; None: one a core."""
        method = "forkserver" if "forkserver" in mp.get_all_start_methods() else "spawn"
        self._context: Any = mp.get_context(method)
        if method == "forkserver":
            _start_server(self._context)
        self.size, self.plugins, self.timeout = size or cpu_count(), tuple(plugins), timeout
        self._busy: dict[Connection, _Work] = {}

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *error: object) -> None:
        for connection in list(self._busy):
            self._end(connection)

    @property
    def idle(self) -> int:
        """How many more pieces of work could start now."""
        return self.size - len(self._busy)

    @property
    def busy(self) -> bool:
        """Whether any work is under way."""
        return bool(self._busy)

    def start(self, label: Any, target: Callable[..., None], work: Any) -> None:
        """Run target(connection, plugins, work) in a process; what it sends comes back with the label."""
        receive, send = self._context.Pipe(duplex=False)
        process = self._context.Process(target=_heard, args=(target, send, self.plugins, work), daemon=True)
        process.start()
        send.close()
        deadline = math.inf if self.timeout is None else time.monotonic() + self.timeout
        self._busy[receive] = _Work(label, process, deadline)

    def messages(self, timeout: float | None = None) -> Iterator[tuple[Any, str, Any]]:
        """Wait for news: (label, 'progress', …), (label, 'result', …), or (label, 'result', Died).

        timeout: seconds after which there may be none; None waits for ever.
        """
        for connection in wait(list(self._busy), self._patience(timeout)):
            assert isinstance(connection, Connection)
            label, process, _ = self._busy[connection]
            try:
                kind, *content = connection.recv()
            except (EOFError, OSError):  # it died in silence, or in the middle of a word
                process.join()
                if process.exitcode == -signal.SIGTERM:
                    time.sleep(LAST_WORDS)  # was it sent to all of us? Then it ends the run, and no cohort has failed
                kind, content = "result", [Died(_cause(process.exitcode))]
            if kind == "result":
                process.join()
                connection.close()
                del self._busy[connection]
                yield label, kind, content[0]
            else:
                yield label, kind, tuple(content)
        yield from self._overdue()

    def _patience(self, timeout: float | None) -> float | None:
        """Seconds until somebody has to be looked after."""
        left = min((work.deadline for work in self._busy.values()), default=math.inf) - time.monotonic()
        least = min(left, math.inf if timeout is None else timeout)
        return None if least == math.inf else max(0.0, least)

    def _overdue(self) -> Iterator[tuple[Any, str, Died]]:
        """End what has had its time."""
        for connection, work in list(self._busy.items()):
            if time.monotonic() > work.deadline:
                self._end(connection)
                yield work.label, "result", Died(f"it took longer than the timeout of {self.timeout:g} s")

    def _end(self, connection: Connection) -> None:
        process = self._busy.pop(connection).process
        process.kill()
        process.join()
        connection.close()


def _start_server(context: Any) -> None:
    """Start the server to fork from, unless it runs already.

    It ignores Ctrl-C, which is the parent's to handle, and finds this package where the parent found it: the
    server itself does not look at the parent's sys.path before it imports what it is to preload.
    """
    context.set_forkserver_preload(["bench.execution.preload"])
    path = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(str(Path(entry).resolve()) for entry in sys.path)
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        forkserver.ensure_running()
    finally:
        signal.signal(signal.SIGINT, handler)
        if path is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = path


def _heard(target: Callable[..., None], connection: Connection, plugins: Sequence[str], work: Any) -> None:
    """Do the work for as long as somebody listens: without a parent it ends, quietly and at once."""
    Thread(target=_end_with_parent, daemon=True).start()
    with suppress(BrokenPipeError):
        target(connection, plugins, work)


def _end_with_parent() -> None:
    parent = mp.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _cause(exitcode: int | None) -> str:
    if exitcode is not None and exitcode < 0:
        name = signal.Signals(-exitcode).name
        hint = ", perhaps for want of memory" if name == "SIGKILL" else ""
        return f"the process was ended by {name}{hint}"
    return f"the process ended with exit code {exitcode} and no result"
