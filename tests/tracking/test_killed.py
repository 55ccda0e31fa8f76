"""A program killed between any two writes leaves nothing that counts, and nothing that stays."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from made_up.cohorts import cohort, result
from mlflow.entities import ViewType

from bench.tracking import Store
from bench.tracking.pruning import purge

WRITES = ("create_run", "log_batch", "set_terminated", "log_artifacts", "set_tag")
MEMBERS = 2
LAST = 1 + 3 * MEMBERS + 4
"""Writes of a cohort: the record, three a member, and the record's files, their checksums, end and tag."""

PROGRAM = f"""
import os, signal, sys
import alembic.command, pyarrow.parquet  # once, not in every child
from made_up.cohorts import cohort, result
from bench.tracking import Store

warm, *folders = sys.argv[1:]
Store.open(warm).write_cohort(result(cohort()))  # what a program does the first time, once

def dying(store, fatal):
    count = 0
    def wrap(write):
        def call(*args, **kwargs):
            nonlocal count
            count += 1
            if count == fatal:
                os.kill(os.getpid(), signal.SIGKILL)
            return write(*args, **kwargs)
        return call
    for name in {WRITES}:
        setattr(store.client, name, wrap(getattr(store.client, name)))
    return store

for fatal, folder in enumerate(folders, start=1):
    child = os.fork()
    if not child:
        store = Store.open(folder)
        with store.lock():
            dying(store, fatal).write_cohort(result(cohort(seeds={MEMBERS})))
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    print(os.WIFSIGNALED(status) and os.WTERMSIG(status))
"""


@pytest.fixture(scope="module")
def killed(tmp_path_factory, empty_database) -> list[Path]:
    """Stores in which a real process was killed before its first, second, … write; the last one was not."""
    folders = [tmp_path_factory.mktemp(f"killed-{n}") for n in range(1, LAST + 2)]
    warm = tmp_path_factory.mktemp("warm")
    for folder in (warm, *folders):
        shutil.copyfile(empty_database, folder / "mlflow.db")
    answer = subprocess.run(
        [sys.executable, "-c", PROGRAM, *map(str, (warm, *folders))],
        env={"PYTHONPATH": f"{Path(__file__).parents[1]}:{Path.cwd()}", "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout.split() == ["9"] * LAST + ["False"], answer.stderr
    return folders


OF_IDS = "^record$|sha256|mlflow.note.content"
"""Tags that name runs by their ids, or follow from what does."""


def content(store: Store) -> list:
    """All that MLflow holds of live runs, but for ids and times."""
    ids = [e.experiment_id for e in store.client.search_experiments() if e.name != "Default"]
    found = store.client.search_runs(ids, run_view_type=ViewType.ACTIVE_ONLY)
    return sorted(
        (
            run.info.run_name,
            run.info.status,
            sorted(run.data.params.items()),
            sorted((key, value) for key, value in run.data.tags.items() if not re.search(OF_IDS, key)),
            sorted(run.data.metrics.items()),
            sorted(file.path for file in store.client.list_artifacts(run.info.run_id)),
        )
        for run in found
    )


@pytest.mark.parametrize("writes", range(LAST))
def test_a_killed_write_is_undone_and_redone(killed, writes):
    undisturbed = Store.open(str(killed[LAST]))
    store = Store.open(str(killed[writes]))
    assert store.members().empty
    assert store.curves().empty
    with store.lock():
        assert store.repair() == (writes > 0)
        assert content(store) == []
        assert [file for file in store.location.artifacts.rglob("*") if file.is_file()] == []
        assert store.repair() == 0
        store.write_cohort(result(cohort(seeds=MEMBERS)))
    assert content(store) == content(undisturbed)
    assert "RUNNING" not in {status for _, status, *_ in content(store)}
    assert store.members().drop(columns="mlflow_run_id").equals(undisturbed.members().drop(columns="mlflow_run_id"))
    assert store.curves().equals(undisturbed.curves())


def test_a_write_that_was_not_killed_stays(killed):
    store = Store.open(str(killed[LAST]))
    assert store.repair() == 0
    assert len(store.members()) == MEMBERS


def test_repair_spares_what_is_whole(store, monkeypatch):
    store.write_cohort(result(cohort("lstm")))
    with monkeypatch.context() as dying:
        dying.setattr(store.client, "set_tag", _die)
        with pytest.raises(KeyboardInterrupt):
            store.write_cohort(result(cohort("gru")))
    before = store.members()
    assert set(before["technique"]) == {"lstm"}
    assert store.repair() == 1
    assert store.members().equals(before)


def _die(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.usefixtures("collects_here")
def test_a_removal_that_was_killed_leaves_no_folder_behind(store, monkeypatch):
    store.write_cohort(result(cohort("lstm")))
    (record,) = store.records.standing("cohorts").whole

    def die_over_its_files(run):
        if run.info.run_id == record.info.run_id:
            raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(store.records, "_remove_files", die_over_its_files)
        with pytest.raises(KeyboardInterrupt):
            store.delete("cohorts", store.members()["cohort"].tolist())
    with store.lock():
        store.repair()
        purge(store)
    assert content(store) == list(store.location.artifacts.iterdir()) == []
