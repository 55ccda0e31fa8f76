"""A night's work: its exit codes, its log, and how its steps fail."""

import errno
import os
import re
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bench import execution, report
from bench.cli import main, night_log
from bench.cli.options import duration
from bench.errors import BenchError
from bench.execution import Budget, RunSummary
from bench.tracking import Store

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
    assert (
        capsys.readouterr().err
        == f"bptt-bench: '{text}' is not a duration: write, for example, 90m, 6h, 1h30m or 30d.\n"
    )


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
    assert ("At most 2 runs remain" in log()) == bool(summary.left)


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
    assert "At most 7 runs remain for next time. Nothing fitted into it" in capsys.readouterr().err


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
        "The night continues."
    ]
    assert any("INFO pruned: nothing" in line for line in lines)


def test_a_folder_that_cannot_be_removed_fails_every_night_and_a_link_none(
    night: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new, link = (Path("reports", f"2026-01-0{day}_03-00-00") for day in (1, 2, 3))
    for folder in (old, new):
        folder.mkdir(parents=True)
        (folder / "manifest.json").write_text("{}")
    link.symlink_to(new.absolute())
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", _refuse)
        assert night(RunSummary(trained=1), "--keep-reports", "1") == 1
    assert f"ERROR Some old reports could not be removed; remove or rename them yourself: {old} (in use)." in log()
    assert night(RunSummary(trained=1), "--keep-reports", "1") == 0
    assert log().count(f"INFO kept: {link}, which is a link, not a report") == 2
    assert (old.exists(), new.exists(), link.is_symlink()) == (False, True, True)


def _refuse(*_: object, **__: object) -> None:
    raise OSError(errno.EBUSY, "in use")


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
