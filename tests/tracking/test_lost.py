"""Records whose files are lost or damaged: they are named, and removed together, and nothing else is."""

import errno
import os
import shutil

import pytest
import requests
from made_up.cohorts import cohort, costs, result, study
from made_up.snapshots import snapshot
from served import mlflow_server

from bench.errors import BenchError
from bench.tracking import Store
from bench.tracking.contents import FILES

NAMES = ("gru", "lstm", "tanh")


def fill(store: Store) -> Store:
    """Three cohorts, and one record of each other kind but samples of speed."""
    for name in NAMES:
        store.write_cohort(result(cohort(name, seeds=1)))
    store.write_studies([study()])
    store.write_costs(costs())
    store.write_snapshot(snapshot())
    return store


@pytest.fixture
def filled(store) -> Store:
    return fill(store)


def lost(store: Store) -> dict[str, int]:
    return {kind: len(records) for kind, records in store.unreadable().items() if records}


def remove(store: Store) -> None:
    """What `prune --unreadable` does."""
    with store.lock():
        store.retire(record for records in store.unreadable().values() for record in records)
        assert store.repair() == 0
    assert not lost(store)


def files_of(store: Store, name: str, file: str):
    """A cohort's file, by its technique."""
    records = {run.info.run_name.split()[0]: run.info.run_id for run in store.records.standing("cohorts").whole}
    return store.location.artifacts / records[name] / "artifacts" / file


def test_all_files_are_lost_and_all_is_written_again(filled, make_store):
    assert lost(filled) == {}
    shutil.rmtree(filled.location.artifacts)
    again = Store.open(filled.uri)
    with pytest.raises(
        BenchError,
        match=r"Cannot read .*'bptt-bench prune --unreadable --store \S+', .* The same problem affects 2 more\.$",
    ):
        again.members()
    assert lost(again) == {"cohorts": 3, "studies": 1, "costs": 1, "snapshots": 1}
    remove(again)
    assert again.members().empty
    assert again.client.search_runs(again.records.tasks()) == []
    other = fill(make_store("other"))
    fill(again)
    for name in ("members", "curves", "costs"):
        ours, theirs = (getattr(s, name)().drop(columns="mlflow_run_id", errors="ignore") for s in (again, other))
        assert ours.equals(theirs)


@pytest.mark.parametrize("file", FILES["cohorts"])
def test_one_that_is_damaged_goes_with_its_members_and_the_others_stay(filled, file):
    damaged = files_of(filled, "lstm", file)
    damaged.write_bytes(damaged.read_bytes()[:-1])
    assert lost(filled) == {"cohorts": 1}
    remove(filled)
    assert sorted(filled.members()["technique"]) == ["gru", "tanh"]
    shown = filled.client.search_runs(filled.records.tasks())
    assert sorted(run.data.params["technique"] for run in shown) == ["gru", "tanh"]
    filled.write_cohort(result(cohort("lstm", seeds=1)))
    assert sorted(filled.members()["technique"]) == [*NAMES]


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.EMFILE])
def test_what_cannot_be_read_for_a_while_is_not_lost(filled, number, monkeypatch):
    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(filled, "_fetch", fail)
    for ask in (filled.members, filled.unreadable):
        with pytest.raises(BenchError, match=rf"^Cannot read .*{os.strerror(number)}; fix that, and try again\."):
            ask()


@pytest.fixture
def served(make_store, free_port, tmp_path):
    """The address of a server that keeps its artifacts in tmp_path/mlartifacts."""
    with mlflow_server(make_store("served"), free_port, tmp_path) as address:
        yield address


def test_what_a_server_does_not_have_is_lost_and_what_it_does_not_give_is_not(served, tmp_path, monkeypatch):
    store = Store.open(served)
    for name in NAMES:
        store.write_cohort(result(cohort(name, seeds=1)))
    gone, *_ = tmp_path.glob("mlartifacts/*/*/artifacts/curves.parquet")
    gone.unlink()
    assert lost(store) == {"cohorts": 1}
    with monkeypatch.context() as patch:
        patch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        answer = requests.Session.request

        def fail(session: requests.Session, method: str, url: str, *words: object, **more: object) -> requests.Response:
            found = answer(session, method, url, *words, **more)
            found.status_code = 503 if url.endswith(".parquet") else found.status_code
            return found

        patch.setattr(requests.Session, "request", fail)
        with pytest.raises(BenchError, match=f"The server at {served} answers 503 Service Unavailable: "):
            store.unreadable()
    remove(store)
    assert len(store.members()) == 2
