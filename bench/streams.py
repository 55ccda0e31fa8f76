"""Standard streams that may be closed, full, or spelled in a narrow encoding: no work is lost to any of these."""

from __future__ import annotations

import errno
import io
import os
import select
import sys
import warnings
from typing import Any, TextIO

from bench.errors import BenchError

INPUT, OUTPUT, MESSAGES = 0, 1, 2
"""The descriptors of standard input, standard output and standard error."""


class _Raw(io.FileIO):
    """A descriptor that takes all it is given, also where it does not block."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, "w", closefd=False)

    def write(self, data: Any) -> int:
        while (written := super().write(data)) is None:
            select.select([], [self], [])
        return written


class _Data(_Raw):
    """Standard output. A failed write raises once: BenchError, or BrokenPipeError if the reader has gone."""

    def __init__(self, descriptor: int, closed: bool = False) -> None:
        super().__init__(descriptor)
        self._closed_before, self._given_up = closed, False

    def write(self, data: Any) -> int:
        if self._given_up:  # what is still buffered when the program ends
            return len(data)
        try:
            if self._closed_before:
                raise OSError(errno.EBADF, "it is closed")
            return super().write(data)
        except OSError as error:
            self._given_up = True
            if isinstance(error, BrokenPipeError):
                raise
            raise BenchError(f"Cannot write to standard output: {error.strerror}.") from error


class _Messages(_Raw):
    """Standard error. What cannot be written is dropped: no work may end because a message found no reader."""

    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except OSError:
            return len(data)


def settle() -> None:
    """Have the program's streams spell every character; standard output fails as `_Data` does, standard error never.

    Streams that somebody has put in their places, as tests do, are left alone.
    """
    closed = _opened_on_nothing()
    if sys.stdout in (None, sys.__stdout__):
        sys.stdout = _text(_Data(OUTPUT, OUTPUT in closed or sys.stdout is None), sys.stdout)
    _settle_messages()


def settle_worker() -> None:
    """The same for a process that trains: nothing that it prints is data."""
    _opened_on_nothing()
    if sys.stdout in (None, sys.__stdout__):
        sys.stdout = _text(_Messages(OUTPUT), sys.stdout)
    _settle_messages()


def _settle_messages() -> None:
    """A warning is a message too, also where the environment or `python -W` would make an error of it."""
    if any(option.startswith("e") for option in sys.warnoptions):
        warnings.simplefilter("default")
    if sys.stderr in (None, sys.__stderr__):
        sys.stderr = _text(_Messages(MESSAGES), sys.stderr)


def _opened_on_nothing() -> set[int]:
    """Open what is closed of the three descriptors on the null device: which ones.

    Otherwise the next files that are opened take their numbers, and get what libraries and children print.
    """
    closed = set()
    for descriptor in (INPUT, OUTPUT, MESSAGES):
        try:
            os.fstat(descriptor)
        except OSError:
            closed.add(descriptor)
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # takes the lowest number, which is this one
    return closed


def _text(raw: _Raw, before: TextIO | None) -> TextIO:
    """Text into `raw`, in the encoding of the stream `before`."""
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=getattr(before, "encoding", "utf-8"),
        errors="backslashreplace",
        line_buffering=getattr(before, "line_buffering", True),
        write_through=getattr(before, "write_through", False),
    )


def spells_everything(stream: TextIO | None) -> bool:
    """Return True if the stream's encoding can represent every character."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return encoding.lower().startswith("utf")


def is_terminal(stream: TextIO | None) -> bool:
    """Return True if the stream is a terminal."""
    return stream is not None and not stream.closed and stream.isatty()
