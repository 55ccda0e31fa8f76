"""A local store's database: it is made whole, checked, read without a trace, and mended when its folder was moved."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import tempfile
import weakref
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import sqlalchemy
from mlflow import MlflowClient
from sqlalchemy.engine import Engine

from bench.errors import BenchError
from bench.locks import held
from bench.tracking.address import Location, artifact_root, sqlite_address
from bench.tracking.layout import RECORD_PREFIX, TASK_PREFIX

DAMAGED = "Store {} is not a database or is damaged: restore a copy, or choose another with --store."

PATIENCE = 20
"""Seconds for which another program may keep the database to itself, as for MLflow."""
PATIENCE_FOR_A_NEW_ONE = 120.0
"""Seconds that another program may take to make the tables."""
COPIES = 5
"""Tries to copy a database that changes meanwhile."""

_COMPANIONS = ("-wal", "-shm", "-journal")
"""Endings of the files that SQLite keeps next to a database."""


def is_there(database: Path) -> bool:
    """Return True if there is a database, which an empty file is not."""
    return database.is_file() and database.stat().st_size > 0


def make(database: Path) -> None:
    """Ensure that there is a database to write to. Raises BenchError if there can be none."""
    _RELAXED.add(str(database))
    if not is_there(database):
        _make_in(database.parent, database)
    if forbidden := _unwritable(database):
        raise BenchError(f"Store {database} cannot be written: no permission for {forbidden}; choose another --store.")


def _unwritable(database: Path) -> Path | None:
    """Return the database or its folder, where SQLite makes files, if it may not be written, else None."""
    effective = os.access in os.supports_effective_ids
    places = (database, database.parent)
    return next((place for place in places if not os.access(place, os.W_OK, effective_ids=effective)), None)


def _make_in(folder: Path, database: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        scratch = tempfile.TemporaryDirectory(dir=folder, prefix=".new-")
    except OSError as error:
        inside = str(error.filename).startswith(f"{folder}{os.sep}.new-")
        why = f"{folder} is not writable" if inside else f"{error.strerror}: {error.filename}"
        raise BenchError(f"Store {database} cannot be created: {why}.") from error
    if database.exists() and not database.is_file():
        scratch.cleanup()
        raise BenchError(f"Store {database} cannot be created: something that is not a file is in its place.")
    # Two processes that make the tables at once break the database for good.
    with scratch, held(Path(f"{database}.setup.lock"), PATIENCE_FOR_A_NEW_ONE):
        if not is_there(database):
            _make(Path(scratch.name), database)


def _make(scratch: Path, database: Path) -> None:
    """Make the tables in a draft and put it in place: a program killed meanwhile leaves nothing half done."""
    draft, ready = scratch / "draft.db", scratch / "ready.db"
    MlflowClient(tracking_uri=sqlite_address(draft)).search_experiments(max_results=1)
    shutil.copyfile(draft, ready)
    with closing(sqlite3.connect(ready)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")  # readers do not wait for the writer
    for companion in _COMPANIONS:  # of a database that was deleted: SQLite would read it into this one
        Path(f"{database}{companion}").unlink(missing_ok=True)
    ready.replace(database)


def check(database: Path, shown: Path) -> None:
    """Check that a database is MLflow's and no file next to it is a link. Raises BenchError, or sqlite3.Error."""
    for companion in _COMPANIONS:
        if Path(f"{database}{companion}").is_symlink():  # SQLite would write to where it leads
            raise BenchError(f"Store {shown} has a link next to it, {database.name}{companion}: remove that link.")
    with closing(_opened(database)) as connection:
        try:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError as error:
            raise BenchError(DAMAGED.format(shown)) from error
    if not {"alembic_version", "experiments", "runs"} <= tables:
        raise BenchError(f"Store {shown} is a database of another program, not of MLflow: choose another file.")


def readable(location: Location, database: Path) -> Location:
    """The store for reading alone, which leaves no trace: itself or, where it may not be written, a copy.

    SQLite makes files next to a database with a write-ahead log before it reads. The copy goes with the location, or
    with the program. Raises BenchError where there is no store, or none of MLflow's.
    """
    if not is_there(database):
        raise BenchError(f"There is no store at {database}: run 'bptt-bench run' first, or choose one with --store.")
    if _unwritable(database) is None:
        check(database, database)
        return location
    folder = Path(tempfile.mkdtemp(prefix="bptt-bench-store-"))
    copied = replace(location, uri=sqlite_address(folder / database.name))
    weakref.finalize(copied, shutil.rmtree, folder, ignore_errors=True)
    _copy(database, folder)
    check(folder / database.name, database)
    mend(folder / database.name, location)
    return copied


def _copy(database: Path, folder: Path) -> None:
    """Copy a database and what is in its logs, as they were at one moment."""
    for _ in range(COPIES):
        before = _state(database)
        try:
            for file in before:
                shutil.copyfile(file, folder / file.name)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            raise BenchError(
                f"Store {database} is read-only, and there is no room in {folder.parent} for a copy to read: "
                "set TMPDIR to a folder with more space."
            ) from None
        if _state(database) == before:
            return
        for file in before:
            (folder / file.name).unlink()
    raise BenchError(f"Store {database} is read-only and changed while it was copied for reading: try again.")


def _state(database: Path) -> dict[Path, tuple[int, int]]:
    files = [database, *(Path(f"{database}{log}") for log in ("-wal", "-journal"))]
    found = {file: file.stat() for file in files if file.exists()}
    return {file: (about.st_size, about.st_mtime_ns) for file, about in found.items()}


def _opened(database: Path) -> sqlite3.Connection:
    """A connection to a database that is there: none is made."""
    return sqlite3.connect(f"{database.as_uri()}?mode=rw", uri=True, timeout=PATIENCE)


def mend(database: Path, location: Location) -> None:
    """Ensure that artifacts are looked for where the store is now.

    MLflow keeps absolute addresses of artifacts, which break when a folder is moved or copied.
    """
    with closing(_opened(database)) as connection:
        names = f"(name LIKE '{TASK_PREFIX}%' OR name LIKE '{RECORD_PREFIX}%')"
        root = artifact_root(location)
        moved = [
            identity
            for (identity,) in connection.execute(
                f"SELECT experiment_id FROM experiments WHERE {names} "
                "AND (artifact_location <> :root AND artifact_location NOT LIKE 'mlflow-artifacts:%' OR EXISTS "
                "(SELECT 1 FROM runs WHERE runs.experiment_id = experiments.experiment_id "
                "AND IFNULL(artifact_uri, '') NOT LIKE 'mlflow-artifacts:%' "
                "AND artifact_uri IS NOT :root || '/' || run_uuid || '/artifacts'))",
                {"root": root},
            )
        ]
        for identity in moved:
            connection.execute(
                "UPDATE runs SET artifact_uri = ? || '/' || run_uuid || '/artifacts' WHERE experiment_id = ?",
                (root, identity),
            )
            connection.execute("UPDATE experiments SET artifact_location = ? WHERE experiment_id = ?", (root, identity))
        connection.commit()


_RELAXED: set[str] = set()


@sqlalchemy.event.listens_for(Engine, "connect")
def _relax(connection: Any, _: Any) -> None:
    """Spare our local stores a disk flush a commit, of which a member takes seven.

    With a write-ahead log a power cut can then lose the last commits, but neither order nor integrity: a
    cohort whose `complete` tag is lost is trained again. A killed program loses nothing.
    """
    if isinstance(connection, sqlite3.Connection):
        file = connection.execute("PRAGMA database_list").fetchone()[2]
        if file in _RELAXED:
            connection.execute("PRAGMA synchronous = NORMAL")
