"""Locks between programs, on file systems of every kind."""

import errno
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, SoftFileLock, Timeout

from bench.errors import BenchError

SECONDS_BETWEEN_LOOKS = 0.5
"""Seconds between two attempts to take a lock that another program holds."""
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP)
"""Errors of file systems that have no locks, or that cannot reach their lock server."""


def take(lock: FileLock, seconds: float) -> None:
    """Take a lock, or raise `Timeout` if another program still holds it after `seconds`; -1 waits for ever.

    Raises BenchError where the file system gives none. On one that knows none, the file's existence is the lock.
    """
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="flock not supported")
            lock.acquire(timeout=seconds, poll_interval=SECONDS_BETWEEN_LOOKS)
    except OSError as error:
        if isinstance(error, Timeout) or error.errno not in _NO_LOCKS:
            raise
        raise BenchError(
            f"The file system cannot lock {lock.lock_file} ({error.strerror}): mount it with locking enabled, or "
            "choose another file system."
        ) from None


def is_mere_file(lock: FileLock) -> bool:
    """Return True if the mere existence of the file is the lock, so that it may be stale or a copy."""
    return isinstance(lock, SoftFileLock)


@contextmanager
def held(file: Path, seconds: float) -> Iterator[None]:
    """Hold the lock `file` for a short piece of work. Raises BenchError if it is not free in the time given."""
    lock = FileLock(file)
    try:
        take(lock, seconds)
    except Timeout:
        raise BenchError(
            f"{file} has been locked by another program for {seconds:.0f} s: wait for it or, if there is none, delete "
            "that file."
        ) from None
    try:
        yield
    finally:
        lock.release()
