"""The files of each kind of record, how each is read, and what it means if one cannot be."""

from __future__ import annotations

import errno
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from bench.errors import BenchError
from bench.records.result import COSTS
from bench.records.snapshot import TIMINGS, Snapshot, unpacked
from bench.records.study import Study
from bench.tracking import layout
from bench.tracking.layout import Kind
from bench.tracking.reading import table

SNAPSHOT_FILE = "snapshot.json.gz"


class LostError(BenchError):
    """A record's file is lost or damaged, for good unless somebody restores it."""


def _study(file: Path) -> Study:
    return Study.model_validate_json(file.read_bytes())


def _snapshot(file: Path) -> Snapshot:
    try:
        return unpacked(file.read_bytes(), file.name)
    except BenchError as error:  # its advice is about a file that a user has named
        raise ValueError(str(error)) from error


FILES: dict[Kind, dict[str, Callable[[Path], Any]]] = {
    "cohorts": {"members.parquet": partial(table, columns=layout.STORED_MEMBERS)}
    | {f"{name}.parquet": partial(table, columns=columns) for name, columns in layout.STORED_OF_MEMBERS.items()},
    "studies": {"study.json": _study},
    "costs": {"costs.parquet": partial(table, columns=COSTS)},
    "timings": {"timings.parquet": partial(table, columns=TIMINGS)},
    "snapshots": {SNAPSHOT_FILE: _snapshot},
}
"""The files that are read, by kind of record, each with its reader, which raises one of UNREADABLE."""


def is_lost(error: Exception) -> bool:
    """Return True if this one of UNREADABLE means a lost or damaged file: a permission or a failing disk may pass."""
    if isinstance(error, OSError):
        return error.errno in (None, errno.ENOENT, errno.ENOTDIR, errno.EISDIR)
    return not isinstance(error, MemoryError)
