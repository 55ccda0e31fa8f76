"""What the store does not take waits, and comes into it later, each cohort once."""

import errno
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy
from made_up.cohorts import cohort, result
from pandas.testing import assert_frame_equal
from sqlalchemy.engine import Engine

from bench.errors import BenchError
from bench.tracking import Outbox, Store, outbox, state
from bench.tracking.address import locate

NAMES = ("tanh", "lstm", "gru")
RESULTS = [result(cohort(name, seeds=2)) for name in NAMES]
TABLES = ("members", "curves", "gradients", "probes")


@pytest.fixture
def refusing(store, monkeypatch):
    """A store that takes no artifact: its disk is full."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(store.client, "log_artifacts", full)
    return store


def content(store):
    tables = [getattr(store, name)().drop(columns="mlflow_run_id", errors="ignore") for name in TABLES]
    return [table.sort_values(list(table)).reset_index(drop=True) for table in tables]


def test_what_waits_is_sent_in_order_and_as_it_was(refusing, make_store, monkeypatch):
    box, other = Outbox(refusing), make_store("other")
    for each in RESULTS:
        box.write(each)
        other.write_cohort(each)
    assert refusing.members().empty
    assert (len(box), "no space left for" in box.trouble) == (3, True)
    assert [one.cohort for one in Outbox(refusing).waiting()] == [one.cohort for one in RESULTS]
    monkeypatch.undo()
    assert Outbox(refusing).send()
    assert len(box) == 0
    assert refusing.members()["technique"].unique().tolist() == list(NAMES)
    for ours, theirs in zip(content(refusing), content(other), strict=True):
        assert_frame_equal(ours, theirs, check_exact=True)


def test_a_store_that_failed_is_left_alone_for_a_while(refusing, monkeypatch):
    box, tried = Outbox(refusing), []
    monkeypatch.setattr(refusing, "reach", lambda: tried.append("reach"))
    box.write(RESULTS[0])
    box.write(RESULTS[1])
    assert len(tried) == 1, "the second goes to its file at once"
    assert not box.send()
    assert len(tried) == 1
    assert not box.send(at_once=True)
    assert len(tried) == 2
    monkeypatch.setattr(outbox, "PAUSE", 0.0)
    box.send(at_once=True)
    monkeypatch.undo()
    box.write(RESULTS[2])
    assert (len(box), box.trouble) == (0, "")
    assert len(refusing.members()) == 6


def test_sending_that_is_interrupted_sends_nothing_twice(refusing, monkeypatch):
    box = Outbox(refusing)
    for each in RESULTS:
        box.write(each)
    monkeypatch.undo()
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", _interrupt)
        with pytest.raises(KeyboardInterrupt):
            box.send(at_once=True)
    assert len(box) == 3
    assert refusing.members()["technique"].unique().tolist() == ["tanh"]
    assert box.send(at_once=True)
    assert len(refusing.members()) == 6
    assert len(refusing.client.search_runs(refusing.records.tasks())) == 6


def _interrupt(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_where_neither_store_nor_disk_takes_it_the_sentence_says_so(refusing, monkeypatch):
    box = Outbox(refusing)
    box.folder.parent.mkdir(parents=True, exist_ok=True)
    box.folder.write_text("a file where the folder is to be")
    with pytest.raises(
        BenchError, match=r"Cannot write .*\.zip: .*; free some space there; .* no space left for .*\.$"
    ):
        box.write(RESULTS[0])
    box.folder.unlink()


def test_a_damaged_file_is_named(refusing):
    box = Outbox(refusing)
    box.write(RESULTS[0])
    (file,) = box.folder.iterdir()
    file.write_bytes(file.read_bytes()[:1000])
    assert not box.send(at_once=True)
    assert f"Cannot read {file} (" in box.trouble


def test_a_database_that_is_full_keeps_what_was_whole(store, capfd):
    """SQLite's own limit stands in for the disk's: it raises the same error in the same places."""
    store.write_cohort(RESULTS[0])
    before = store.members()

    def limit(connection: sqlite3.Connection, _: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 4}")

    sqlalchemy.event.listen(Engine, "connect", limit)
    try:
        full = _opened_anew(store)
        box = Outbox(full)
        while not len(box):
            box.write(result(cohort("gru", seeds=40, lag=10 + len(full.members()))))
        assert "no space left for" in box.trouble
        assert capfd.readouterr().err == "", "MLflow logs what it raises, at length"
    finally:
        sqlalchemy.event.remove(Engine, "connect", limit)
        full.client._tracking_client.store._dispose_engine()
    whole = _opened_anew(store)
    assert_frame_equal(whole.members()[:2], before)
    kept = len(whole.members())
    assert Outbox(whole).send()
    assert len(whole.members()) == kept + 40
    assert whole.repair() == 0


def _opened_anew(store: Store) -> Store:
    store.client._tracking_client.store._dispose_engine()
    return Store.open(store.uri)


def test_each_store_has_a_folder_whatever_the_password(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    where = [state.state_folder(locate(f"http://{who}host:5000")) for who in ("", "me:old@", "me:new@")]
    assert where[0] == where[1] == where[2] != state.state_folder(locate("http://host:5001"))
    assert where[0].is_relative_to(tmp_path)


def test_one_writer_a_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    where = locate("http://host:5000")
    assert state.writer(where) == state.writer(where)
    assert state.writer(where) != state.writer(locate("http://host:5001"))


SENDER = """
import os, signal, sys
import alembic.command, pyarrow.parquet  # once, not in every child
from mlflow import MlflowClient
from pathlib import Path
from bench.tracking import Outbox, Store

STEPS = [(MlflowClient, name) for name in ("create_run", "log_batch", "set_terminated", "log_artifacts", "set_tag")]
STEPS += [(Path, "unlink")]

def die_before(number):
    count = 0
    def before(step):
        def call(*args, **kwargs):
            nonlocal count
            count += 1
            if count == number:
                os.kill(os.getpid(), signal.SIGKILL)
            return step(*args, **kwargs)
        return call
    for owner, name in STEPS:
        setattr(owner, name, before(getattr(owner, name)))

for number in map(int, sys.argv[2:]):
    child = os.fork()
    if not child:
        store = Store.open(sys.argv[1])
        die_before(number)
        with store.lock():
            os._exit(not Outbox(store).send(at_once=True))
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


DEATHS = (12, 1, 7, 24, 11, 1000)
"""Before which step each sender dies. A cohort takes twelve: its writes (see test_killed.py), and its file goes."""


def test_a_sender_that_is_killed_again_and_again_sends_each_once(refusing, make_store, monkeypatch):
    box = Outbox(refusing)
    for each in RESULTS:
        box.write(each)
    monkeypatch.undo()
    done = subprocess.run(
        [sys.executable, "-c", SENDER, refusing.uri, *map(str, DEATHS)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["-9"] * (len(DEATHS) - 1) + ["0"]
    assert len(box) == 0
    assert len(refusing.members()) == 6
    assert refusing.repair() == 0
    assert len(refusing.client.search_runs(refusing.records.tasks())) == 6
    shutil.rmtree(box.folder)
