"""What is kept of many nights: pruning removes what it says, and nothing else."""

import errno
import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from made_up.cohorts import result

from bench.cli import main
from bench.evidence.scope import scopes
from bench.protocol.preset import Selectors, load_preset, resolve
from bench.tracking import Store, layout


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working folder of each test's own."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def folders() -> list[Path]:
    """Three reports, oldest first."""
    made = [Path("reports", f"2026-01-0{day}_03-00-00") for day in (1, 2, 3)]
    for folder in made:
        folder.mkdir(parents=True)
        (folder / "manifest.json").write_text("{}")
    return made


def study(updates: int = 20, techniques: tuple[str, ...] = ("tanh", "gru")):
    chosen = Selectors(techniques=techniques, tasks=("adding",), updates=updates, learning_rates=(0.01,), seeds=2)
    return resolve(load_preset("smoke"), chosen)


def write(store: Store, setting, of=None, **changes: str) -> str:
    """A cohort of a setting, begun long ago unless told otherwise; returns its key."""
    cohort = (of or study()).measured_cohort(setting, 0.01)
    made = result(cohort)
    store.write_cohort(replace(made, members=made.members.assign(**changes)))
    return cohort.key


def cut_off(store: Store) -> list[str]:
    """Leave a cohort as a killed program would: a member and a record that is not complete; returns their ids."""
    experiments = [
        store.client.get_experiment_by_name(name).experiment_id
        for name in (layout.task_experiment("adding"), layout.record_experiment("cohorts"))
    ]
    record = store.client.create_run(experiments[1], tags={layout.KEY: "cut off"}).info.run_id
    return [store.client.create_run(experiments[0], tags={layout.RECORD: record}).info.run_id, record]


@pytest.fixture
def aged(store: Store) -> dict[str, list[str]]:
    """A store with what is shown, what is superseded, stale, young and unknown: cohort keys by kind."""
    old, new = study(10), study()
    store.write_studies([old])
    superseded = [write(store, setting, old) for setting in old.settings]
    store.write_studies([new])
    tanh, gru = new.settings
    kept = [write(store, tanh), write(store, gru)]
    stale = [write(store, tanh.model_copy(update={"technique_hash": "of yore"}))]
    now = datetime.now(UTC).isoformat(timespec="seconds")
    young = [write(store, gru.model_copy(update={"task_hash": "of late"}), started=now)]
    unknown = [write(store, tanh.model_copy(update={"technique": "plugged"}))]
    dead = cut_off(store)
    return {
        "superseded": superseded, "stale": stale, "kept": [*kept, *young, *unknown],
        "old study": [old.key], "dead": dead,
    }  # fmt: skip


def pruned(*words: str, capsys: pytest.CaptureFixture[str]) -> dict[str, list[str]]:
    assert main(["prune", "--json", *words]) == 0
    return {row["what"]: row["which"] for row in json.loads(capsys.readouterr().out)}


def test_prune_removes_exactly_what_it_said(
    store: Store, aged: dict[str, list[str]], folders: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("reports", "mine").mkdir()
    Path("reports", "mine", "manifest.json").write_text("{}")
    words = ["--store", store.uri, "--keep-reports", "1"]
    before, shown = store.members(), scopes(store)["main"]
    said = pruned(*words, "--dry-run", capsys=capsys)
    pd.testing.assert_frame_equal(store.members(), before)
    assert sorted(said["superseded cohorts"]) == sorted(aged["superseded"])
    assert said["stale cohorts"] == aged["stale"]
    assert said["studies"] == aged["old study"]
    assert said["dead runs"] == aged["dead"]
    assert said["report folders"] == [str(folder) for folder in folders[:2]]

    assert pruned(*words, capsys=capsys) == said
    gone = [*said["superseded cohorts"], *said["stale cohorts"]]
    left = store.members()
    pd.testing.assert_frame_equal(left, before[~before["cohort"].isin(gone)].reset_index(drop=True))
    assert set(left["cohort"]) == set(aged["kept"])
    assert sorted(path.name for path in Path("reports").iterdir()) == [folders[2].name, "mine"]
    after = scopes(store)["main"]
    for table in ("members", "curves", "gradients", "probes", "costs", "plan"):
        pd.testing.assert_frame_equal(getattr(after, table), getattr(shown, table))
    assert (after.hashes, after.studies) == (shown.hashes, shown.studies)

    with closing(sqlite3.connect(store.location.database)) as database:
        count = database.execute("SELECT count(*) FROM runs").fetchone()[0]
        orphans = database.execute("SELECT count(*) FROM metrics WHERE run_uuid NOT IN (SELECT run_uuid FROM runs)")
        assert orphans.fetchone() == (0,)
        assert database.execute("PRAGMA freelist_count").fetchone() == (0,), "no empty pages are left in the file"
    assert count == len(left) + left["cohort"].nunique() + 1, "members, their records, one study"
    assert len(list(store.location.artifacts.iterdir())) == left["cohort"].nunique() + 1
    assert not any(pruned(*words, capsys=capsys).values())


def test_prune_leaves_results_their_time(
    store: Store, aged: dict[str, list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    said = pruned("--store", store.uri, "--dry-run", "--older-than", "36500d", capsys=capsys)
    assert [what for what, which in said.items() if which] == ["dead runs"]


def test_pruning_waits_for_nobody(store: Store, aged: dict[str, list[str]]) -> None:
    with store.lock():
        assert main(["prune", "--store", store.uri]) == 3
    assert set(aged["stale"]) <= set(store.members()["cohort"])


def test_an_empty_store_has_nothing_to_prune(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    assert not any(pruned("--store", store.uri, capsys=capsys).values())


@pytest.mark.usefixtures("collects_here")
def test_a_folder_that_cannot_be_removed_is_told_and_all_else_goes(
    store: Store,
    aged: dict[str, list[str]],
    folders: list[Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    remove = shutil.rmtree

    def refuse(folder: Path, **how: bool) -> None:
        if folder == folders[0]:
            raise OSError(errno.EBUSY, "in use")
        remove(folder, **how)

    monkeypatch.setattr(shutil, "rmtree", refuse)
    assert main(["prune", "--json", "--store", store.uri, "--keep-reports", "1"]) == 1
    captured = capsys.readouterr()
    removed = {row["what"]: row["which"] for row in json.loads(captured.out)}
    assert removed["report folders"] == [str(folders[1])]
    assert set(removed["stale cohorts"]) == set(aged["stale"])
    assert f"yourself: {folders[0]} (in use)." in captured.err
    assert not folders[1].exists()
    assert not set(store.members()["cohort"]) & set(aged["stale"])


def test_links_that_are_named_like_reports_stay_and_do_not_count(
    store: Store, folders: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("precious").mkdir()
    Path("precious", "manifest.json").write_text("kept")
    links = [Path("reports", f"{day}_03-00-00") for day in ("2025-12-31", "2026-01-04")]
    for link, target in zip(links, ("precious", "nowhere"), strict=True):
        link.symlink_to(Path(target).absolute())
    assert main(["prune", "--store", store.uri, "--keep-reports", "2"]) == 0
    said = capsys.readouterr().err
    assert all(f"Kept: {link}, which is a link, not a report." in said for link in links)
    assert Path("precious", "manifest.json").read_text() == "kept"
    assert [folder.exists() for folder in folders] == [False, True, True]
    assert all(link.is_symlink() for link in links)
