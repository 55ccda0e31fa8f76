"""Starts other Python interpreters so that they find the modules that this one finds, and no others."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SAFE_PATH = "PYTHONSAFEPATH"
"""Environment: Python does not put the folder of what it runs, with `-c` the working folder, in front of its path."""

of_plugins: set[str] = set()
"""Paths that plugins have added to this process's import path and that no other process inherits."""


@contextmanager
def started_safely() -> Iterator[None]:
    """Let interpreters that start in this context find the modules of this one, except what plugins added to its path.

    multiprocessing starts its servers with `python -c`, which would look for each module in the working folder first.
    Where this program's own path names that folder, as after `python -m`, theirs does too: all run the same code.
    """
    environment = {name: os.environ.get(name) for name in (SAFE_PATH, "PYTHONPATH")}
    path, own = list(sys.path), [entry for entry in sys.path if entry not in of_plugins]
    absolute = dict.fromkeys(str(Path(entry).absolute()) for entry in own)
    os.environ[SAFE_PATH] = "1"
    os.environ["PYTHONPATH"] = os.pathsep.join(entry for entry in absolute if os.pathsep not in entry)
    sys.path[:] = own
    try:
        yield
    finally:
        sys.path[:] = path
        for name, value in environment.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
