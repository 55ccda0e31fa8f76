"""Keeps what this machine knows about a store: who writes to it, and a place for results that it did not take."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout
from platformdirs import user_state_path

from bench.errors import BusyError
from bench.files import write_whole
from bench.locks import is_mere_file, take
from bench.records.settings import digest
from bench.tracking.address import Location
from bench.tracking.layout import RECORD_PREFIX
from bench.tracking.opening import plainly


def state_folder(location: Location) -> Path:
    """This machine's folder for a store, outside of it: in $XDG_STATE_HOME or ~/.local/state.

    Another user or password for the same server means the same folder.
    """
    address = f"sqlite:///{location.database}" if location.database else re.sub(r"(\w://)\S*@", r"\1", location.uri)
    return user_state_path("bptt-bench") / digest([RECORD_PREFIX, address])


def writer(location: Location) -> str:
    """Return the random name of all programs that share the folder of a store, and thus its lock; made on first use."""
    file = state_folder(location) / "writer"
    if not file.exists():
        write_whole(file, uuid.uuid4().hex.encode(), "choose another place with XDG_STATE_HOME")
    return file.read_text()


def lock_file(location: Location) -> Path:
    """Return the file that a program locks to write to a store.

    It is next to a local database. A server's store has one on each machine.
    """
    return Path(f"{location.database or state_folder(location) / 'store'}.lock")


@contextmanager
def hold(lock: FileLock, shown: str, told: Callable[[str], None] | None = None) -> Iterator[None]:
    """Hold the lock of the store `shown`; the holder may take it again.

    If another program has it, `told` is called with a sentence about that, and its end is waited for; without `told`
    this raises BusyError. So it does if the lock is a mere file, which may never be removed.
    """
    file = Path(lock.lock_file)
    holder = file.with_suffix(".pid")
    with plainly(shown):
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            take(lock, 0)
        except Timeout:
            said = f"Store {shown} is being written by {_name(holder)}"
            if is_mere_file(lock):
                raise BusyError(
                    f"{said} (according to {file}): wait for it or, if it has ended, delete that file."
                ) from None
            if told is None:
                raise BusyError(f"{said}: wait for it, or choose another with --store.") from None
            told(f"{said}: waiting for it to end.")
            take(lock, -1)
    try:
        write_whole(holder, str(os.getpid()).encode(), "choose another with --store")
        yield
    finally:
        lock.release()


def _name(holder: Path) -> str:
    """Name the process that holds the lock; for a moment after it was taken its id is not there yet."""
    with suppress(OSError), os.fdopen(os.open(holder, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        if re.fullmatch(rb"\d{1,10}", pid := file.read(20)):
            return f"process {pid.decode()}"
    return "another process"
