"""A few processes, each doing one piece of work at a time."""

from __future__ import annotations

import multiprocessing as mp
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
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
            self._context.set_forkserver_preload(["bench.execution.preload"])
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
        process = self._context.Process(target=target, args=(send, self.plugins, work), daemon=True)
        process.start()
        send.close()
        self._busy[receive] = (label, process)

    def messages(self) -> Iterator[tuple[Any, str, Any]]:
        """Wait for news: (label, 'progress', …), (label, 'result', …), or (label, 'result', Died)."""
        for connection in wait(list(self._busy)):
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


def _cause(exitcode: int | None) -> str:
    if exitcode is not None and exitcode < 0:
        name = signal.Signals(-exitcode).name
        hint = ", perhaps for want of memory" if name == "SIGKILL" else ""
        return f"the process was ended by {name}{hint}"
    return f"the process ended with exit code {exitcode} and no result"
