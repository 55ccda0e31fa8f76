"""What this machine keeps about a store: who writes to it, and a place for what it would not take."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from platformdirs import user_state_path

from bench.errors import BusyError
from bench.files import write_whole
from bench.protocol.settings import digest
from bench.tracking.layout import RECORD_PREFIX
from bench.tracking.opening import Location, plainly

SECONDS_BETWEEN_LOOKS = 0.5
"""While another program has the lock."""


def state_folder(location: Location) -> Path:
    """This machine's folder for a store, outside of it: in $XDG_STATE_HOME or ~/.local/state.

    Another user or password for the same server means the same folder.
    """
    address = re.sub(r"(\w://)\S*@", r"\1", location.uri)
    return user_state_path("bptt-bench") / digest([RECORD_PREFIX, address])


def writer(location: Location) -> str:
    """A random name for all who share the folder of a store, and thereby its lock; made on first use."""
    file = state_folder(location) / "writer"
    if not file.exists():
        write_whole(file, uuid.uuid4().hex.encode(), "name another place with XDG_STATE_HOME")
    return file.read_text()


def lock_file(location: Location) -> Path:
    """What whoever writes to a store locks.

    It lies beside a local database. Of a server's store it lies on this machine, and another machine has its own.
    """
    return Path(f"{location.database or state_folder(location) / 'store'}.lock")


@contextmanager
def hold(lock: FileLock, shown: str, told: Callable[[str], None] | None = None) -> Iterator[None]:
    """Hold the lock of the store `shown`; who has it may take it again.

    If another program has it, `told` is called with a sentence about that, and its end is waited for; without `told`
    this raises BusyError.
    """
    file = Path(lock.lock_file)
    holder = file.with_suffix(".pid")
    with plainly(shown):
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            said = f"Store {shown} is being written by {_name(holder)}"
            if told is None:
                raise BusyError(f"{said}: wait for it, or name another with --store.") from None
            told(f"{said}: waiting for it to end.")
            lock.acquire(poll_interval=SECONDS_BETWEEN_LOOKS)
        holder.write_text(str(os.getpid()))
    try:
        yield
    finally:
        lock.release()


def _name(holder: Path) -> str:
    """Who has the lock; for a moment after it was taken nobody has signed yet."""
    pid = holder.read_text(errors="replace") if holder.exists() else ""
    return f"process {pid}" if pid else "another process"
