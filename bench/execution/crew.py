"""A few processes, each doing one piece of work at a time."""

from __future__ import annotations

import math
import multiprocessing as mp
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from multiprocessing import forkserver
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, NamedTuple

from joblib import cpu_count

from bench.containment import speak_aside
from bench.errors import BenchError
from bench.execution.awake import AwakeClock
from bench.execution.code import differing_code, own_code
from bench.execution.messages import Died, Inlet, Message, Outlet, Refused, Result
from bench.interpreters import started_safely

LAST_WORDS = 1.0
"""Seconds between the end of a process by SIGTERM and the word that it died; and that one has to end by itself."""
COLLECTED = 10.0
"""Seconds within which a process that has ended is collected by who started it."""
GIVEN_UP_FIRST = "500"
"""Added to the kernel's out-of-memory score: a cohort can be trained again, while the program holds the results."""


class _Work(NamedTuple):
    label: Any
    process: BaseProcess
    inlet: Inlet
    end: int
    """A file descriptor that is ready when the process has ended, whoever has inherited its pipe."""
    allowed: float
    """Seconds, infinite without a limit."""
    deadline: float
    """Time at which it is ended, by the crew's clock."""


class Crew:
    """Starts each piece of work in a fresh process, so that none can harm another.

    The processes are forked from a server that has imported torch and Lightning already: a start takes
    milliseconds, not seconds. Where there is no fork, each is started afresh. Each leads a group of its own, and what
    it has started ends with it. One that takes longer than `timeout` seconds is ended; while this process is stopped,
    no time passes.
    """

    def __init__(self, size: int | None = None, timeout: float | None = None) -> None:
        """Make room for `size` processes at a time, by default one per core."""
        method = "forkserver" if "forkserver" in mp.get_all_start_methods() else "spawn"
        self._context: Any = mp.get_context(method)
        if method == "forkserver":
            _start_server(self._context)
        self.size, self.timeout = size or cpu_count(), timeout
        self._busy: list[_Work] = []
        self._clock = AwakeClock()
        self._suspends: Any = None
        """The handler of SIGTSTP before this was entered."""

    def __enter__(self) -> Crew:
        if threading.current_thread() is threading.main_thread():
            self._suspends = signal.signal(signal.SIGTSTP, self._suspend)
        self._clock.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._clock.__exit__()
        if self._suspends is not None:
            signal.signal(signal.SIGTSTP, self._suspends)
        for work in list(self._busy):
            self._end(work)

    def _suspend(self, *_: object) -> None:
        """Ctrl-Z: the terminal reaches this process's group alone, so that we pass it on, and what ends it too."""
        groups = [work.process.pid for work in self._busy]
        _signal(groups, signal.SIGSTOP)
        os.kill(os.getpid(), signal.SIGSTOP)
        _signal(groups, signal.SIGCONT)

    @property
    def idle(self) -> int:
        """The number of pieces of work that could start now."""
        return self.size - len(self._busy)

    @property
    def busy(self) -> bool:
        """True while any work is under way."""
        return bool(self._busy)

    def start(
        self, label: Any, target: Callable[..., None], work: Any, plugins: Sequence[str] = (), parts: int = 1
    ) -> None:
        """Run target(connection, plugins, work) in a process; what it sends comes back with the label.

        parts: how many things it does, each of which may take `timeout` seconds.
        """
        receive, send = self._context.Pipe(duplex=False)
        words = (target, send, own_code(), tuple(plugins), work)
        process = self._context.Process(target=_heard, args=words, daemon=True)
        try:
            with started_safely():
                process.start()
        except (EOFError, OSError) as error:
            raise BenchError(f"Cannot start a process: {type(error).__name__}: {error}".rstrip(": ")) from error
        send.close()
        allowed = math.inf if self.timeout is None else self.timeout * parts
        deadline = self._clock.now() + allowed
        self._busy.append(_Work(label, process, Inlet(receive), _end_of(process), allowed, deadline))

    def messages(self, timeout: float | None = None) -> Iterator[tuple[Any, Message]]:
        """Wait for messages, each with the label of its work: news, and at the end a Result, or Died.

        timeout: seconds after which there may be none; None sets no limit, and yet there may be none. Raises BenchError
        where a process refuses its work.
        """
        waited = [place for work in self._busy for place in (work.inlet.connection, work.end)]
        ready = set(wait(waited, self._patience(timeout)))
        for work in list(self._busy):
            if ready & {work.inlet.connection, work.end}:
                yield from self._news(work, ended=work.end in ready)
        yield from self._overdue()

    def _news(self, work: _Work, ended: bool) -> Iterator[tuple[Any, Message]]:
        """Give out what a process has sent, and its end if that has come."""
        for message in work.inlet.take():
            if isinstance(message, Result | Died | Refused):
                self._end(work, patience=LAST_WORDS)
                if isinstance(message, Refused):
                    raise BenchError(f"{message.reason}.")
                yield work.label, message
                return
            yield work.label, message
        if ended or work.inlet.closed:  # it died in silence, or in the middle of a word
            deaf = not wait([work.end], LAST_WORDS)
            exitcode = self._end(work)
            if exitcode == -signal.SIGTERM:
                time.sleep(LAST_WORDS)  # was it sent to all of us? Then it ends the run, and no cohort has failed
            yield work.label, Died("it closed the pipe for its result" if deaf else _cause(exitcode))

    def _patience(self, timeout: float | None) -> float | None:
        """Seconds until somebody has to be looked after."""
        left = min((work.deadline for work in self._busy), default=math.inf) - self._clock.now()
        least = min(left, math.inf if timeout is None else timeout)
        return None if least == math.inf else max(0.0, least)

    def _overdue(self) -> Iterator[tuple[Any, Died]]:
        """End what has had its time."""
        for work in list(self._busy):
            if self._clock.now() > work.deadline:
                self._end(work)
                yield work.label, Died(f"it exceeded the timeout of {work.allowed:g} s")

    def _end(self, work: _Work, patience: float = 0.0) -> int | None:
        """See to it that a process is gone, and all that it has started; returns its exit code.

        patience: seconds that it has to end by itself.
        """
        self._busy.remove(work)
        if patience:
            wait([work.end], patience)
        _kill(work)
        work.process.join(COLLECTED)
        work.inlet.connection.close()
        with suppress(OSError):
            os.close(work.end)
        return work.process.exitcode


def _start_server(context: Any) -> None:
    """Start the server to fork from, unless it runs already. It ignores Ctrl-C, which is the parent's to handle."""
    context.set_forkserver_preload(["bench.execution.preload"])
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with started_safely():
            forkserver.ensure_running()
    finally:
        signal.signal(signal.SIGINT, handler)


def _end_of(process: BaseProcess) -> int:
    """A file descriptor that is ready when a process has ended.

    The server's own word may come too early, for it may be killed while the process goes on; and where there is none,
    a child of the process may hold multiprocessing's pipe open.
    """
    try:
        return os.pidfd_open(process.pid or 0)
    except (AttributeError, OSError):  # no Linux; or it has ended
        return os.dup(process.sentinel)


def _kill(work: _Work) -> None:
    """End a process and its group. Its number may be another's by now; its descriptor and its group never are."""
    assert work.process.pid
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(work.process.pid, signal.SIGKILL)
    try:
        signal.pidfd_send_signal(work.end, signal.SIGKILL)
    except ProcessLookupError:
        pass
    except (AttributeError, OSError):  # no Linux
        work.process.kill()


def _signal(pids: Sequence[int | None], kind: signal.Signals) -> None:
    """Send a signal to processes and to the groups that they lead, where these exist."""
    for pid in filter(None, pids):
        for send in (os.killpg, os.kill):
            with suppress(ProcessLookupError, PermissionError):
                send(pid, kind)


def _heard(target: Callable[..., None], connection: Connection, code: str, plugins: Sequence[str], work: Any) -> None:
    """Do the work for as long as somebody listens: without a parent it ends, quietly and at once."""
    os.setpgid(0, 0)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(GIVEN_UP_FIRST)
    speak_aside()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    outlet = Outlet(connection)
    with suppress(BrokenPipeError):
        if problem := differing_code(code):
            outlet.send(Refused(f"On this machine {problem}; if it was edited during the run, run again"))
        else:
            target(outlet, plugins, work)


def _end_with_parent() -> None:
    parent = mp.parent_process()
    if parent is not None:
        parent.join()
        os.killpg(0, signal.SIGKILL)


def _cause(exitcode: int | None) -> str:
    if exitcode is not None and exitcode < 0:
        name = signal.Signals(-exitcode).name
        hint = ", perhaps because memory ran out" if name == "SIGKILL" else ""
        return f"the process was ended by {name}{hint}"
    return f"the process ended with exit code {exitcode} and no result"
