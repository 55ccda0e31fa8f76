"""Errors of the user's own code, told as theirs: what was raised, in which file and line."""

from __future__ import annotations

import sysconfig
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import bench
from bench.errors import BenchError

OURS = Path(bench.__file__).parent
LONGEST = 300
"""Characters of a foreign message that are shown."""


class TheirError(BenchError):
    """The user's code raised an error."""


@contextmanager
def theirs(doing: str) -> Iterator[None]:
    """Turn an error within into a BenchError that says whose it is; `doing` says what was being done.

    The file and line are those of the user's own code that was last entered.
    """
    try:
        yield
    except (BenchError, KeyboardInterrupt):
        raise
    except (Exception, SystemExit) as error:
        raise TheirError(told(error, doing)) from error


def told(error: BaseException, doing: str) -> str:
    """The sentence for an error of the user's code."""
    said = " ".join(str(error).split())[:LONGEST].rstrip(".")
    kind = type(error).__name__
    return f"Your code raised {kind}{_place(error)} {doing}{': ' + said if said else ''}."


def _place(error: BaseException) -> str:
    if isinstance(error, SyntaxError) and error.filename:
        return f" in {error.filename}, line {error.lineno},"
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not _is_library(frame.filename)]
    return f" in {own[-1].filename}, line {own[-1].lineno}, in {own[-1].name}," if own else ""


def _is_library(name: str) -> bool:
    file = Path(name)
    folders = [Path(path) for key, path in sysconfig.get_paths().items() if key in ("stdlib", "platstdlib")]
    installed = {"site-packages", "dist-packages"} & set(file.parts)
    return name.startswith("<") or bool(installed) or any(f in file.parents for f in (OURS, *folders))
