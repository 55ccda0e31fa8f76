"""Locks on file systems that know none."""

import errno
import fcntl
import os

import pytest
from filelock import FileLock, Timeout

from bench.errors import BenchError, BusyError
from bench.locks import held, take
from bench.tracking import Store, local


@pytest.fixture
def flock_says(monkeypatch):
    """flock_says(errno): from now on every lock is answered so."""

    def say(number: int) -> None:
        def flock(*_: object) -> None:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(fcntl, "flock", flock)

    return say


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_file_system_that_gives_no_lock_is_named(tmp_path, flock_says, number):
    flock_says(number)
    with pytest.raises(BenchError, match=rf"cannot lock {tmp_path}/a\.lock \({os.strerror(number)}\)"):
        take(FileLock(tmp_path / "a.lock"), 0)


def test_where_there_are_none_the_file_is_the_lock(tmp_path, flock_says):
    flock_says(errno.ENOSYS)
    with held(tmp_path / "a.lock", 0), pytest.raises(Timeout):
        take(FileLock(tmp_path / "a.lock"), 0)
    with held(tmp_path / "a.lock", 0):
        pass


def test_a_lock_for_short_work_is_not_waited_for_without_end(tmp_path):
    with FileLock(tmp_path / "a.lock"), pytest.raises(BenchError, match=r"a\.lock has been locked by another program"):
        held(tmp_path / "a.lock", 0).__enter__()


def test_lock_files_that_came_with_a_copied_store_are_named(make_store, flock_says):
    store = make_store()
    with store.lock():
        pass
    database = store.location.database
    flock_says(errno.ENOSYS)
    with pytest.raises(
        BusyError, match=rf"\(according to {database}\.lock\): wait for it or, if it has ended, delete that file"
    ):
        Store.open(store.uri).lock(print).__enter__()
    database.with_name("mlflow.db.lock").unlink()
    with Store.open(store.uri).lock():
        assert database.with_name("mlflow.db.lock").exists()


def test_a_new_store_names_the_lock_that_it_waits_for(tmp_path, monkeypatch, flock_says):
    monkeypatch.setattr(local, "PATIENCE_FOR_A_NEW_ONE", 0)
    (tmp_path / "mlflow.db.setup.lock").touch()
    flock_says(errno.ENOSYS)
    with pytest.raises(BenchError, match=rf"{tmp_path}/mlflow\.db\.setup\.lock has been locked"):
        Store.open(str(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["mlflow.db.setup.lock"]
