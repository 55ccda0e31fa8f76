"""Files are written whole or not at all; values as they stand in files."""

import json
import math
import os
import re
import stat
import uuid
from pathlib import Path
from typing import Any

from bench.errors import BenchError
from bench.waiting import told_if_slow

PRIVATE = 0o600


def write_named(file: Path, data: bytes) -> Path:
    """Write what a user has named: a file, or what a link leads to, or into a device or a pipe.

    A pipe's reader is waited for, which is said. Raises BenchError where it cannot be written.
    """
    try:
        if not _streams(file):
            return write_whole(file.resolve() if file.is_symlink() else file, data)
        with told_if_slow(f"No process is reading the pipe {file} yet: waiting for a reader."):
            stream = file.open("wb")
        with stream:
            stream.write(data)
    except BrokenPipeError:
        raise
    except (OSError, ValueError) as error:
        raise BenchError(f"Cannot write {file}: {getattr(error, 'strerror', None) or error}; {_REMEDY}.") from error
    return file


def _streams(file: Path) -> bool:
    """Return True if the path is no regular file, or stands for an open one, as /dev/stdout does."""
    if str(file.absolute()).startswith(("/dev/fd/", "/dev/std", "/proc/")):
        return True
    try:
        kind = file.stat().st_mode
    except FileNotFoundError:
        return False
    return not (stat.S_ISREG(kind) or stat.S_ISDIR(kind))


_REMEDY = "choose another --output"


def write_whole(file: Path, data: bytes, remedy: str = _REMEDY) -> Path:
    """Write a file, and its folder, so that nobody ever sees a part of it; a link in its place is replaced.

    A file that is there keeps its permissions. Raises BenchError, which closes with the remedy, where it cannot be
    written.
    """
    partial: Path | None = None
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_name(f".{uuid.uuid4().hex}.part")
        mode = _permissions(file)
        with open(
            partial, "xb", opener=lambda path, flags: os.open(path, flags, 0o666 if mode is None else PRIVATE)
        ) as new:
            new.write(data)
        if mode is not None:
            partial.chmod(mode)
        return partial.replace(file)
    except (OSError, ValueError) as error:  # the latter of null bytes and what no file system can spell
        if partial:
            partial.unlink(missing_ok=True)
        reason = getattr(error, "strerror", None) or error
        raise BenchError(f"Cannot write {file}: {reason}; {remedy}.") from error


def _permissions(file: Path) -> int | None:
    """Return the mode of an existing file; a new file's follows from the umask."""
    try:
        about = file.lstat()
    except FileNotFoundError:
        return None
    return stat.S_IMODE(about.st_mode) if stat.S_ISREG(about.st_mode) else None


def as_json(value: Any, spelt: bool = True) -> str:
    """Indented JSON that any parser takes: numbers that are not finite become null.

    spelt: letters outside ASCII stand as they are, and are not escaped.
    """
    return json.dumps(_finite(value), ensure_ascii=not spelt, indent=2, allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


_FORMULA = re.compile(r"[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]\d[^(|!=@]*")
"""Signed, with a unit or an interval perhaps, and nothing that a formula could be made of."""


def as_cell(value: Any) -> Any:
    """A value for a CSV file: an apostrophe keeps a spreadsheet from running a text as a formula."""
    if not isinstance(value, str):
        return value
    formula = _FORMULA.match(value) and not _NUMBER.fullmatch(value)
    return ("'" if formula else "") + value.replace("\r", " ")  # which pandas takes for a row's end
