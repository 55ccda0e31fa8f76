"""A night's work and what is kept: exit codes, the log, and pruning that removes what it says."""

import json
import os
import re
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from factory import result

from bench import execution, report
from bench.cli import main, night_log
from bench.cli.options import duration
from bench.errors import BenchError
from bench.evidence.scope import scopes
from bench.execution import Budget, RunSummary
from bench.protocol.preset import Selectors, load_preset, resolve
from bench.tracking import Store, layout

SMOKE = ["--preset", "smoke", "--technique", "tanh", "--task", "adding"]
FAILURE = {"technique": "tanh", "task": "copy", "lag": 5, "role": "measured", "reason": "MemoryError: none left"}
LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4} (DEBUG|INFO|WARNING|ERROR) \S.*")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working folder of each test's own."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def night(monkeypatch: pytest.MonkeyPatch, store: Store) -> Callable[..., int]:
    """night(summary) → exit code of a night whose training comes to that, with a report of one line."""

    def spend(summary: RunSummary, *words: str, then: Callable[[], None] = lambda: None) -> int:
        def train(*_: object, **__: object) -> RunSummary:
            then()
            return summary

        monkeypatch.setattr(execution, "run_studies", train)
        return main(["nightly", *SMOKE, "--store", store.uri, *words])

    monkeypatch.setattr(report, "write_report", lambda store, folder, **_: [folder / "report.en.html"])
    return spend


def log() -> str:
    return Path("reports", "nightly.log").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "seconds"), [("90m", 5400), ("6h", 21600), ("1h30m", 5400), ("30d", 2592000), ("1d1h1m1s", 90061)]
)
def test_durations(text: str, seconds: float) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["6", "", "0h", "h", "-1h", "1.5h", "30m1h", "6 hours", "soon"])
def test_what_is_no_duration_is_said_so(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", *SMOKE, f"--budget={text}"]) == 2
    assert capsys.readouterr().err == f"bptt-bench: '{text}' is no length of time: write 90m, 6h, 1h30m or 30d.\n"


@pytest.mark.parametrize(
    ("summary", "status"),
    [
        (RunSummary(trained=1), 0),
        (RunSummary(cached=1), 0),
        (RunSummary(trained=1, left=2), 4),
        (RunSummary(trained=1, failures=[FAILURE]), 1),
        (RunSummary(trained=1, left=2, failures=[FAILURE]), 1),
    ],
)
def test_the_exit_code_says_what_happened(
    summary: RunSummary, status: int, night: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert night(summary) == status
    lines = log().splitlines()
    assert all(LINE.fullmatch(line) for line in lines)
    assert capsys.readouterr().err.splitlines() == lines
    assert lines[-1].endswith(f"ends with exit code {status}")
    assert ("MemoryError: none left" in log()) == bool(summary.failures)
    assert ("At most 2 runs are left" in log()) == bool(summary.left)


def test_run_says_with_its_exit_code_that_the_budget_is_spent(
    monkeypatch: pytest.MonkeyPatch, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    given = []

    def train(*_: object, budget: Budget, **__: object) -> RunSummary:
        given.append(budget.seconds)
        return RunSummary(trained=0, left=7)

    monkeypatch.setattr(execution, "run_studies", train)
    assert main(["run", *SMOKE, "--store", store.uri, "--budget", "1h30m"]) == 4
    assert given == [5400]
    assert "At most 7 runs are left for the next call. Nothing fitted into it" in capsys.readouterr().err


def test_a_night_on_a_cluster_is_trained_by_whom_it_hires(
    night: Callable[..., int], monkeypatch: pytest.MonkeyPatch, store: Store
) -> None:
    asked, hired = [], []

    @contextmanager
    def hiring(*words: object) -> Iterator[str]:
        asked.append(words)
        yield "the cluster"

    def train(*_: object, hire: str, **__: object) -> RunSummary:
        hired.append(hire)
        return RunSummary(trained=1)

    monkeypatch.setattr(execution, "hiring", hiring)
    monkeypatch.setattr(execution, "run_studies", train)
    words = ["--executor", "ray", "--address", "head:6379", "--gpus-per-cohort", "0.25"]
    assert main(["nightly", *SMOKE, "--store", store.uri, *words]) == 0
    assert (asked, hired) == ([("ray", "head:6379", 0.25)], ["the cluster"])


def test_a_report_that_fails_is_told_and_pruning_follows(
    night: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise BenchError("Pango is missing: apt-get install it.")

    monkeypatch.setattr(report, "write_report", fail)
    assert night(RunSummary(trained=1)) == 1
    assert "ERROR Pango is missing" in log()
    assert "INFO pruned: nothing" in log()


@pytest.mark.parametrize("broken", ["bench.execution.run_studies", "bench.report.write_report"])
def test_a_mistake_costs_its_step_alone_and_its_traceback_is_in_the_file(
    broken: str, night: Callable[..., int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValueError("no types given\nat all")

    summary = RunSummary(trained=1)
    if broken.endswith("run_studies"):
        assert night(summary, then=fail) == 1
    else:
        monkeypatch.setattr(report, "write_report", fail)
        assert night(summary) == 1
    told = capsys.readouterr().err
    assert len(re.findall(r"ERROR ValueError at \S*test_nightly_commands\.py:\d+: no types given at all", told)) == 1
    assert "Traceback" not in told
    assert "DEBUG Traceback" in log()
    assert "INFO pruned: nothing" in log()
    assert ("wrote reports" in log()) == broken.endswith("run_studies")
    assert all(LINE.fullmatch(line) for line in log().splitlines())


def test_a_mistake_before_the_training_ends_the_night_without_a_traceback(
    night: Callable[..., int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Store, "lock", lambda self: 1 / 0)
    assert night(RunSummary(trained=1)) == 1
    assert "ERROR ZeroDivisionError at " in capsys.readouterr().err


def test_a_log_that_cannot_be_written_is_told_once_and_the_night_goes_on(
    night: Callable[..., int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("reports").mkdir()
    Path("reports", "nightly.log").symlink_to("/dev/full")
    monkeypatch.setattr(night_log, "LOG_BYTES", 0)  # a device has no length
    assert night(RunSummary(trained=1)) == 1
    lines = capsys.readouterr().err.splitlines()
    assert [line for line in lines if not LINE.fullmatch(line)] == [
        f"Cannot write {Path('reports', 'nightly.log').absolute()}: [Errno 28] No space left on device. "
        "The night goes on."
    ]
    assert any("INFO pruned: nothing" in line for line in lines)


def test_a_folder_that_cannot_be_removed_is_told_and_all_else_goes(
    night: Callable[..., int], store: Store, aged: dict[str, list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    folders = [Path("reports", f"2026-01-0{day}_03-00-00") for day in (1, 2, 3)]
    for folder in folders[1:]:
        folder.mkdir(parents=True)
        (folder / "manifest.json").write_text("{}")
    Path("precious").mkdir()
    Path("precious", "file").write_text("kept")
    folders[0].symlink_to(Path("precious").absolute())
    words = ["--keep-reports", "1"]
    assert main(["prune", "--json", "--store", store.uri, *words]) == 1
    captured = capsys.readouterr()
    removed = {row["what"]: row["which"] for row in json.loads(captured.out)}
    assert removed["report folders"] == [str(folders[1])]
    assert set(removed["stale cohorts"]) == set(aged["stale"])
    assert f"yourself: {folders[0]} (" in captured.err
    assert not folders[1].exists()
    assert not set(store.members()["cohort"]) & set(aged["stale"])
    newer = Path("reports", "2026-01-04_03-00-00")
    newer.mkdir()
    (newer / "manifest.json").write_text("{}")
    assert night(RunSummary(trained=1), *words) == 1
    assert f"ERROR Old reports that could not be removed, so remove or rename them yourself: {folders[0]}" in log()
    assert Path("precious", "file").read_text() == "kept"


def test_a_store_in_use_ends_the_night_with_3(night: Callable[..., int], store: Store) -> None:
    with store.lock():
        assert night(RunSummary(trained=1)) == 3
    assert "is being written by process" in log()
    assert night(RunSummary(trained=1)) == 0


def test_the_store_is_held_until_the_report_is_written(
    night: Callable[..., int], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    another = Store.open(store.uri)

    def write(*_: object, **__: object) -> list[Path]:
        with pytest.raises(BenchError), another.lock():
            pass
        return []

    monkeypatch.setattr(report, "write_report", write)
    assert night(RunSummary(trained=1)) == 0
    with another.lock():
        pass


def test_a_night_that_is_told_to_stop_says_so_and_reports_nothing(night: Callable[..., int]) -> None:
    def stopped() -> None:
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)

    assert night(RunSummary(trained=1, interrupted=True), then=stopped) == 143
    assert "ends: interrupted" in log().splitlines()[-1]
    assert "wrote" not in log()


def test_quiet_prints_what_went_wrong_alone(night: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert night(RunSummary(trained=1, left=3), "--quiet") == 4
    assert capsys.readouterr().err == ""
    assert night(RunSummary(trained=1, failures=[FAILURE]), "--quiet") == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_the_log_holds_no_password(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nightly", *SMOKE, "--store", "postgresql+nothing://me:swordfish@nowhere/db"]) == 2
    assert "Store postgresql+nothing://***@nowhere/db" in log()
    assert "swordfish" not in log() + capsys.readouterr().err


def test_what_a_library_says_is_made_plain(night: Callable[..., int]) -> None:
    said = "Error: http://me:swordfish@host is\ndown\x1b[31m"
    assert night(RunSummary(trained=1, failures=[FAILURE | {"reason": said}])) == 1
    assert "http://***@host is down" in log()
    assert "swordfish" not in log()
    assert "\x1b" not in log()


def test_a_long_log_is_begun_anew(night: Callable[..., int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(night_log, "LOG_BYTES", 500)
    monkeypatch.setattr(night_log, "LOG_FILES", 2)
    for _ in range(4):
        night(RunSummary(trained=1, failures=[FAILURE]))
    files = sorted(Path("reports").glob("nightly.log*"))
    assert [file.name for file in files] == ["nightly.log", "nightly.log.1", "nightly.log.2"]
    assert max(file.stat().st_size for file in files) <= 500


def test_reports_that_cannot_be_written_are_said_so(capsys: pytest.CaptureFixture[str]) -> None:
    Path("file").write_text("")
    assert main(["nightly", *SMOKE, "--reports", "file/reports"]) == 2
    assert capsys.readouterr().err.startswith("bptt-bench: Cannot write file/reports/nightly.log: ")


# prune


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
    store: Store, aged: dict[str, list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    folders = [Path("reports", f"2026-01-0{day}_03-00-00") for day in (1, 2, 3)]
    for folder in (*folders, Path("reports", "mine")):
        folder.mkdir(parents=True)
        (folder / "manifest.json").write_text("{}")
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
