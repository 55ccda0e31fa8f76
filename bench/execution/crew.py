"""A few processes, each doing one piece of work at a time."""

from __future__ import annotations

import multiprocessing as mp
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import forkserver
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Died:
    """What a process leaves that ended without a result."""

    reason: str


class Crew:
    """Starts each piece of work in a fresh process, so that none can harm another.

    The processes are forked from a server that has imported torch and Lightning already: a start takes
    milliseconds, not seconds. Where there is no fork, they are started anew.
    """

    def __init__(self, size: int, plugins: Sequence[str] = ()) -> None:
        method = "forkserver" if "forkserver" in mp.get_all_start_methods() else "spawn"
        self._context: Any = mp.get_context(method)
        if method == "forkserver":
            _start_server(self._context)
        self.size, self.plugins = size, tuple(plugins)
        self._busy: dict[Connection, tuple[Any, BaseProcess]] = {}

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *error: object) -> None:
        for connection, (_, process) in self._busy.items():
            process.kill()
            process.join()
            connection.close()

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
        self._busy[receive] = (label, process)

    def messages(self, timeout: float | None = None) -> Iterator[tuple[Any, str, Any]]:
        """Wait for news: (label, 'progress', …), (label, 'result', …), or (label, 'result', Died).

        timeout: seconds after which there may be none; None waits for ever.
        """
        for connection in wait(list(self._busy), timeout):
            assert isinstance(connection, Connection)
            label, process = self._busy[connection]
            try:
                kind, *content = connection.recv()
            except EOFError:
                process.join()
                kind, content = "result", [Died(_cause(process.exitcode))]
            if kind == "result":
                process.join()
                connection.close()
                del self._busy[connection]
                yield label, kind, content[0]
            else:
                yield label, kind, tuple(content)


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
    """Do the work for as long as somebody listens: without a parent it ends, quietly."""
    with suppress(BrokenPipeError):
        target(connection, plugins, work)


def _cause(exitcode: int | None) -> str:
    if exitcode is not None and exitcode < 0:
        name = signal.Signals(-exitcode).name
        hint = ", perhaps for want of memory" if name == "SIGKILL" else ""
        return f"the process was ended by {name}{hint}"
    return f"the process ended with exit code {exitcode} and no result"
