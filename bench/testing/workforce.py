"""The contract of a workforce."""

from __future__ import annotations

import os
import signal
import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from bench.errors import BenchError
from bench.execution.messages import Died, Measured, Message, Outlet, Progress, Refused, Result
from bench.execution.workforce import Hire, Workforce
from bench.registry import Registry, load_plugin
from bench.techniques.base import Technique

PATIENCE = 120.0
"""Seconds that a busy machine may take for what takes none."""
ALLOWED = 2.0
"""Seconds that work which never ends is given, where what happens then is looked at."""
ENDLESS = 3600.0

PLUGIN = """
from bench.techniques.tanh import Tanh
class Borrowed(Tanh):
    name = title = "borrowed"
"""


def check_workforce(hire: Hire) -> None:
    """Raise AssertionError, saying what is wrong, unless the workforces that `hire` gives keep their contract.

    with executors.get("mine").hiring(None, None) as hire:
        check_workforce(hire)

    It takes some seconds, and two pieces of work at a time.
    """
    for looked_at, check in CHECKS.items():
        try:
            complaint = next(check(hire), None)
        except BenchError as error:
            complaint = str(error).rstrip(".")
        if complaint:
            raise AssertionError(f"{looked_at}: {complaint}.")


# Work to do, which is found by its name wherever it is done


class Place(NamedTuple):
    """The process that does a piece of work."""

    machine: str
    process: int


def count(outlet: Outlet, plugins: Sequence[str], number: int) -> None:
    """Count to a number in news; the result says where that was done."""
    for done in range(1, number + 1):
        outlet.send(Progress(done, 1))
    outlet.send(Result(Place(socket.gethostname(), os.getpid())))


def die(outlet: Outlet, plugins: Sequence[str], work: None) -> None:
    """End in the middle of the work, as for lack of memory."""
    outlet.send(Progress(1, 1))
    os.kill(os.getpid(), signal.SIGKILL)


def go_on(outlet: Outlet, plugins: Sequence[str], work: None) -> None:
    """Say where, in a message, and never end."""
    outlet.send(Measured({"machine": socket.gethostname(), "process": os.getpid()}))
    time.sleep(ENDLESS)


def refuse(outlet: Outlet, plugins: Sequence[str], reason: str) -> None:
    """Say that nobody could do this."""
    outlet.send(Refused(reason))


def read(outlet: Outlet, plugins: Sequence[str], work: None) -> None:
    """Send back what the plugins hold."""
    outlet.send(Result([Path(plugin).read_text(encoding="utf-8") for plugin in plugins]))


# What is looked at


def _work(hire: Hire) -> Iterator[str]:
    with hire(2, None) as crew:
        if crew.idle != 2 or crew.busy:
            yield f"before any work 'idle' must be 2 and 'busy' false, not {crew.idle} and {crew.busy}"
        crew.start("few", count, 3)
        crew.start("many", count, 30)
        if crew.idle or not crew.busy:
            yield f"with two pieces of work 'idle' must be 0 and 'busy' true, not {crew.idle} and {crew.busy}"
        found = _all(crew)
        if crew.idle != 2:
            yield f"when all work is done 'idle' must be 2 again, not {crew.idle}"
    for label, number in (("few", 3), ("many", 30)):
        *news, end = found.get(label, [None])
        if not isinstance(end, Result) or not isinstance(end.content, Place):
            yield f"work ends with its Result, not with {end}"
        if news != [Progress(done, 1) for done in range(1, number + 1)]:
            yield "news come in the order in which they were sent, each once, and before the result"
    places = {messages[-1].content for messages in found.values()}  # type: ignore[union-attr]
    if len(places) < 2 or Place(socket.gethostname(), os.getpid()) in places:
        yield "each piece of work needs a fresh process of its own"


def _death(hire: Hire) -> Iterator[str]:
    with hire(2, None) as crew:
        crew.start("dies", die, None)
        crew.start("lives", count, 1)
        found = _all(crew)
    if not isinstance(found["dies"][-1], Died):
        yield f"a process that is killed ends its work with Died, not with {found['dies'][-1]}"
    if not isinstance(found["lives"][-1], Result):
        yield f"other work must still end with its Result, not with {found['lives'][-1]}"


def _timeout(hire: Hire) -> Iterator[str]:
    with hire(2, ALLOWED) as crew:
        begin = time.monotonic()
        crew.start("endless", go_on, None)
        crew.start("in parts", go_on, None, parts=2)
        found: dict[Any, float] = {}
        while crew.busy and time.monotonic() < begin + PATIENCE:
            ended = [label for label, message in crew.messages(1.0) if isinstance(message, Died)]
            found |= {label: time.monotonic() - begin for label in ended}
    if set(found) != {"endless", "in parts"}:
        yield f"work that takes longer than the timeout of {ALLOWED:g} s ends with Died"
    if found["in parts"] < 2 * ALLOWED:
        yield "work of two parts has twice the timeout"


def _waiting(hire: Hire) -> Iterator[str]:
    with hire(1, None) as crew:
        crew.start("endless", go_on, None)
        end = time.monotonic() + PATIENCE
        while not list(crew.messages(1.0)) and time.monotonic() < end:
            pass
        begin = time.monotonic()
        late = list(crew.messages(0.1))
        if late or time.monotonic() > begin + PATIENCE / 2:
            yield "messages(timeout) comes back when its time is over, without a message"


def _refusal(hire: Hire) -> Iterator[str]:
    with hire(1, None) as crew:
        crew.start("refuses", refuse, "Nobody can do this")
        try:
            found = _all(crew)
        except BenchError as error:
            if "Nobody can do this" not in str(error):
                yield f"where work is Refused, BenchError gives the reason, not '{error}'"
        else:
            yield f"where work is Refused, messages() raises BenchError; it gave {found['refuses']}"


def _leaving(hire: Hire) -> Iterator[str]:
    with hire(1, None) as crew:
        crew.start("endless", go_on, None)
        news: list[Message] = []
        end = time.monotonic() + PATIENCE
        while not news and time.monotonic() < end:
            news = [message for _, message in crew.messages(1.0)]
    if not news or not isinstance(news[0], Measured):
        yield "news come while the work is under way, not at its end"
    elif news[0].row["machine"] == socket.gethostname() and not _ends(news[0].row["process"]):
        yield "work that is under way ends when the workforce is left"


def _plugins(hire: Hire) -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="bptt-bench-") as folder, hire(1, None) as crew:
        file = Path(folder, "borrowed.py")
        file.write_text(PLUGIN, encoding="utf-8")
        load_plugin(file, [Registry("technique", Technique, "bench.techniques", "", {})])
        crew.start("reads", read, None, [str(file)])
        found = _all(crew)["reads"][-1]
    if found != Result([PLUGIN]):
        yield "plugins must be available where the work is done, and the work must be given their paths there"


CHECKS: dict[str, Callable[[Hire], Iterator[str]]] = {
    "doing two pieces of work": _work,
    "a process that is killed": _death,
    "work that takes too long": _timeout,
    "waiting for nothing": _waiting,
    "work that is refused": _refusal,
    "leaving work behind": _leaving,
    "plugins": _plugins,
}


def _all(crew: Workforce) -> dict[Any, list[Message]]:
    """Every message until all work is done, by label. Raises AssertionError if that takes too long."""
    found: dict[Any, list[Message]] = {}
    end = time.monotonic() + PATIENCE
    while crew.busy:
        assert time.monotonic() < end, f"the work did not end within {PATIENCE:g} s"
        for label, message in crew.messages(1.0):
            found.setdefault(label, []).append(message)
    return found


def _ends(process: int) -> bool:
    """Wait for a process of this machine to end; nobody may have collected it yet."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            if Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.05)
    return False
