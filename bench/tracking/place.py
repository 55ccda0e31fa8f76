"""Checks that a local store is still at its path: others may delete, move or replace it while a run goes on."""

from __future__ import annotations

from pathlib import Path

from bench.errors import BenchError
from bench.tracking.address import Location

Identity = tuple[int, int]
"""Device and inode."""


def check_one_name(location: Location) -> None:
    """Raise BenchError if the database has a second name: locks and write-ahead logs lie next to a name."""
    database = location.database
    if database is not None and database.is_file() and database.stat().st_nlink > 1:
        raise BenchError(
            f"Store {database} is a hard link, and writing through its other name would damage it: "
            f"copy it (cp mlflow.db copy.db && mv copy.db mlflow.db), or choose another with --store."
        )


class Place:
    """The file and the folder at a local store's path when it was opened; a server's store has none."""

    def __init__(self, location: Location) -> None:
        self.location = location
        self._database = _identity(location.database)
        self._artifacts = _identity(location.artifacts) if location.database else None

    def check(self) -> None:
        """Raise BenchError if the database or its folder of files is not the one that it was."""
        if self.location.database is None:
            return
        if _identity(self.location.database) != self._database:
            raise BenchError(_GONE.format(f"Store {self.location.shown}"))
        artifacts = _identity(self.location.artifacts)
        if self._artifacts is not None and artifacts != self._artifacts:
            raise BenchError(_GONE.format(f"The folder {self.location.artifacts} of store {self.location.shown}"))
        self._artifacts = artifacts


_GONE = "{} was deleted, moved or replaced while it was in use: put it back, or run again."


def _identity(path: Path | None) -> Identity | None:
    try:
        found = path.stat() if path else None
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if found else None
