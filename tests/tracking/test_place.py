"""A local store that is taken away while it is written: it is told, and what was finished waits."""

import shutil
from pathlib import Path

import pytest
from made_up.cohorts import cohort, result

from bench.errors import BenchError
from bench.tracking import Outbox, Store

RESULTS = [result(cohort(name, seeds=1), evaluations=1) for name in ("tanh", "lstm")]


def delete(folder: Path) -> None:
    shutil.rmtree(folder)


def move(folder: Path) -> None:
    folder.rename(folder.with_name("elsewhere"))


def delete_database(folder: Path) -> None:
    (folder / "mlflow.db").unlink()


def replace(folder: Path) -> None:
    shutil.copyfile(folder / "mlflow.db", folder / "copy.db")
    (folder / "copy.db").replace(folder / "mlflow.db")


def delete_files(folder: Path) -> None:
    shutil.rmtree(folder / "artifacts")


GONE = "was deleted, moved or replaced while it was in use"


@pytest.mark.parametrize("take_away", [delete, move, delete_database, replace, delete_files])
def test_a_store_that_is_taken_away_is_told_and_what_was_finished_waits(store, take_away, empty_database):
    folder, box = store.location.database.parent, Outbox(store)
    box.write(RESULTS[0])
    take_away(folder)
    left = sorted(folder.rglob("*"))
    box.write(RESULTS[1])
    assert len(box) == 1
    assert GONE in box.trouble
    for use in (store.reach, lambda: store.write_cohort(RESULTS[1]), store.lock().__enter__):
        with pytest.raises(BenchError, match=GONE):
            use()
    assert sorted(folder.rglob("*")) == left, "nothing comes into its old place"
    store.client._tracking_client.store._dispose_engine()
    if not folder.exists():  # to make one takes seconds
        folder.mkdir()
        shutil.copyfile(empty_database, folder / "mlflow.db")
    anew = Store.open(str(folder))
    with anew.lock():
        assert Outbox(anew).send(at_once=True)
    assert len(anew.records.standing("cohorts").whole) == (2 if take_away in (replace, delete_files) else 1)


def test_a_store_taken_away_in_the_midst_of_a_cohort_gets_no_files_in_its_old_place(store, monkeypatch):
    folder, box = store.location.database.parent, Outbox(store)
    create, calls = store.client.create_run, []

    def create_run(*args, **kwargs):
        calls.append(args)
        if len(calls) == 2:  # the record's, and then a member's
            move(folder)
        return create(*args, **kwargs)

    monkeypatch.setattr(store.client, "create_run", create_run)
    box.write(RESULTS[0])
    assert (len(box), folder.exists()) == (1, False)
    store.client._tracking_client.store._dispose_engine()
    moved = Store.open(str(folder.with_name("elsewhere")))
    assert moved.repair() == 1
    assert moved.members().empty


def test_a_database_with_two_names_is_refused(store):
    """Beside the other name lie another lock and another write-ahead log."""
    other = store.location.database.with_name("other.db")
    other.hardlink_to(store.location.database)
    for name in (store.location.database, other):
        with pytest.raises(BenchError, match=rf"{name.name} is a hard link"):
            Store.open(str(name))
    other.unlink()
    assert Store.open(store.uri).members().empty
