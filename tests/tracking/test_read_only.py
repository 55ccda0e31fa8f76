"""Reading a store asks for no permission to write, and leaves nothing behind."""

import ctypes
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from made_up.cohorts import cohort, costs, result, study

from bench.errors import BenchError
from bench.tracking import Store, local

MAY_WRITE_ANYWHERE = 1 << 1
"""CAP_DAC_OVERRIDE, which root has. What root may read stays readable, for so is the interpreter's folder then."""


def capabilities(wanted: int | None) -> int:
    """This thread's effective capabilities of the first 32, set if some are wanted; see capset(2)."""
    header, sets = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.capget(header, sets) == 0
    if wanted is not None:
        sets[0] = wanted
        assert libc.capset(header, sets) == 0, os.strerror(ctypes.get_errno())
    return sets[0]


@pytest.fixture
def filled(store) -> Store:
    store.write_studies([study()])
    store.write_cohort(result(cohort("lstm")))
    store.write_costs(costs())
    assert len(store.members()) == 3, "and what reading imports is imported"
    store.client._tracking_client.store._dispose_engine()
    return store


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that other users can look into, as pytest's own are not."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@contextmanager
def reading_only(folder: Path) -> Iterator[None]:
    """Without a permission to write there, as another user or on a file system that is mounted so."""
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = capabilities(None)
    capabilities(before & ~MAY_WRITE_ANYWHERE)
    try:
        yield
    finally:
        capabilities(before)
        for path in [folder, *folder.rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)


def as_it_is(database: Path, to: Path) -> None:
    shutil.copyfile(database, to)


def with_commits_in_its_log(database: Path, to: Path) -> None:
    """As a program that was killed leaves it: what it wrote last lies in the log alone."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute("UPDATE tags SET value = 'kept' WHERE key = 'commit'")
        connection.commit()
        shutil.copyfile(database, to)
        shutil.copyfile(f"{database}-wal", f"{to}-wal")


def with_a_log_in_use(database: Path, to: Path) -> None:
    """As it is while another user's program has it open."""
    with_commits_in_its_log(database, to)
    Path(f"{to}-shm").touch()


def with_a_journal(database: Path, to: Path) -> None:
    shutil.copyfile(database, to)
    with closing(sqlite3.connect(to)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")


@pytest.mark.parametrize("copied", [as_it_is, with_commits_in_its_log, with_a_log_in_use, with_a_journal])
def test_a_store_that_may_not_be_written_is_read(filled, place, copied: Callable[[Path, Path], None]):
    before = filled.members()
    folder = place / "mlruns"
    shutil.copytree(filled.location.artifacts, folder / "artifacts")
    copied(filled.location.database, folder / "mlflow.db")
    listed = sorted(folder.rglob("*"))
    with reading_only(folder):
        store = Store.open(str(folder), create=False)
        assert store.members().equals(before)
        assert (len(store.curves()), len(store.costs()), store.studies()) == (15, 1, [study()])
        assert (store.cut_off(), store.dead(), store.snapshots()) == (0, [], [])
        commits = {run.data.tags["commit"] for run in store.client.search_runs(store.records.tasks())}
        assert (commits == {"kept"}) == (copied in (with_commits_in_its_log, with_a_log_in_use))
        addresses = {run.info.artifact_uri for run in store.client.search_runs(store.records.of("cohorts"))}
        assert all(address.startswith(folder.as_uri()) for address in addresses), "so that the interface shows files"
        with pytest.raises(BenchError, match=r"cannot be used: no permission: .*mlflow\.db\.lock"), store.lock():
            pass
        with pytest.raises(BenchError, match="cannot be written: no permission for"):
            Store.open(str(folder))
    assert sorted(folder.rglob("*")) == listed, "nothing is left"


def test_a_copy_goes_with_the_store(filled, place, monkeypatch):
    folder, scratch = place / "mlruns", place / "scratch"
    shutil.copytree(filled.location.database.parent, folder)
    scratch.mkdir()
    scratch.chmod(0o777)
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    with reading_only(folder):
        store = Store.open(str(folder), create=False)
        assert store.location.is_copy
        assert store.shown == str(folder / "mlflow.db")
        assert len(list(scratch.iterdir())) == 1
        del store
        assert list(scratch.iterdir()) == []


def test_a_database_that_changes_while_it_is_copied_is_copied_again(filled, place, monkeypatch):
    states = iter([{"a": 1}, {"a": 2}, {"a": 2}, {"a": 2}])
    monkeypatch.setattr(local, "_state", lambda database: dict.fromkeys([database], next(states)["a"]))
    local._copy(filled.location.database, place)
    assert (place / "mlflow.db").read_bytes() == filled.location.database.read_bytes()
    changing = iter(range(100))
    monkeypatch.setattr(local, "_state", lambda database: {database: next(changing)})
    with pytest.raises(BenchError, match="is read-only and changed while it was copied for reading"):
        local._copy(filled.location.database, place)


def test_reading_a_store_of_ones_own_leaves_nothing_either(filled):
    folder = filled.location.database.parent
    (folder / "mlflow.db.lock").unlink(missing_ok=True)
    before = sorted(folder.rglob("*")), filled.location.database.read_bytes()
    store = Store.open(str(folder), create=False)
    assert len(store.members()) == 3
    store.client._tracking_client.store._dispose_engine()
    assert (sorted(folder.rglob("*")), filled.location.database.read_bytes()) == before
