"""Names of snapshots as a user gives them: latest, previous, a date, an id, a file, another store."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.errors import BenchError
from bench.history.take import take
from bench.history.timeline import previous
from bench.records.snapshot import LARGEST, Snapshot, unpacked
from bench.tracking import Store

_DATE = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d(:\d\d(:\d\d)?)?)?")
_ID = re.compile(r"[0-9a-f]{4,12}")


def find(reference: str, store: Callable[[], Store]) -> Snapshot:
    """The snapshot that a user means; `store` opens the one in which names are looked up, and only if need be.

    Raises BenchError if there is none, or more than one.
    """
    path = Path(reference).expanduser()
    if path.is_file() and path.suffix not in (".db", ".sqlite"):
        with path.open("rb") as file:
            return unpacked(file.read(LARGEST + 1), str(path))
    if "://" in reference or path.exists():
        return _of_store(Store.open(reference, create=False))
    if reference not in ("latest", "previous") and not _DATE.fullmatch(reference) and not _ID.fullmatch(reference):
        raise BenchError(
            f"'{reference}' names no snapshot: give latest, previous, a date as 2026-01-31, an id, a file or a store."
        )
    opened = store()
    snapshots = opened.snapshots()
    if not snapshots:
        raise BenchError(f"Store {opened.shown} holds no snapshots yet: 'bptt-bench run' adds one at its end.")
    return _named(reference, snapshots)


def _of_store(store: Store) -> Snapshot:
    """Return a store's newest snapshot; if it has none, take one of its present results."""
    snapshots = store.snapshots()
    return snapshots[-1] if snapshots else take(store)


def _named(reference: str, snapshots: Sequence[Snapshot]) -> Snapshot:
    if reference == "latest":
        return snapshots[-1]
    if reference == "previous":
        before = previous(snapshots)
        if before is None:
            raise BenchError("There is no previous snapshot: the store holds only one.")
        return before
    if _DATE.fullmatch(reference):
        moment = reference.replace(" ", "T")
        found = [s for s in snapshots if s.taken[: len(moment)] <= moment]
        if not found:
            raise BenchError(
                f"No snapshot is as old as {reference}: the oldest is of {min(s.taken for s in snapshots)}."
            )
        return found[-1]
    found = [s for s in snapshots if s.id.startswith(reference)]
    if len({s.id for s in found}) != 1:
        many = "no" if not found else "more than one"
        raise BenchError(f"There is {many} snapshot '{reference}': 'bptt-bench history' lists them.")
    return found[-1]
