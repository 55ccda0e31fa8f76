"""docs/scheduling.md and its files: what they say is so, and a night's worth of real processes."""

import configparser
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from bench import errors, execution, report
from bench.cli import main
from bench.execution import RunSummary
from bench.tracking import Store

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "scheduling.md"
FILES = ROOT / "docs" / "scheduling"
ANALYZE = shutil.which("systemd-analyze")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working folder of each test's own."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home in which the command, where the files expect it, writes down how it was called and ends as $ENDS says."""
    command = tmp_path / "home" / "bptt" / ".venv" / "bin" / "bptt-bench"
    command.parent.mkdir(parents=True)
    command.write_text('#!/bin/sh\necho "$PWD: $*" >> "$HOME/calls"\nexit "${ENDS:-0}"\n')
    command.chmod(0o755)
    return tmp_path / "home"


@pytest.fixture
def understood(monkeypatch: pytest.MonkeyPatch, store: Store) -> Callable[[str], bool]:
    """understood(line): whether the command line takes it; nothing is trained, and there is nothing to report."""
    monkeypatch.setattr(execution, "run_studies", lambda *_, **__: RunSummary())

    def understands(line: str) -> bool:
        return main([*shlex.split(line), "--store", store.uri]) == 0

    return understands


def in_shell(home: Path, line: str, ends: int = 0, shell: str = "sh") -> int:
    """Run a line as a scheduler would, with next to no environment; its exit code."""
    path = f"{home}/bptt/.venv/bin:/usr/bin:/bin"
    environment = {"HOME": str(home), "PATH": path, "ENDS": str(ends)}
    return subprocess.run([shell, "-ec", line], env=environment, cwd=home, check=False).returncode


def calls(home: Path) -> list[str]:
    return (home / "calls").read_text().splitlines()


def test_commands_of_the_page_are_understood(understood: Callable[[str], bool]) -> None:
    commands = re.findall(r"^    bptt-bench (.*)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert {line.split()[0] for line in commands} == {"nightly", "prune"}
    for line in commands:
        assert understood(line), line


def test_exit_codes_are_those_of_the_program() -> None:
    rows = dict(re.findall(r"^\| (\d+) \| (.*) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    assert sorted(rows) == ["0", "1", "2", "3", "4"]
    words = {errors.FAILED: "failed", errors.BAD_INPUT: "bad input", errors.BUSY: "holds", errors.UNFINISHED: "left"}
    assert all(word in rows[str(code)] for code, word in words.items())


def test_the_crontab_line_runs(home: Path, understood: Callable[[str], bool]) -> None:
    lines = [line for line in (FILES / "crontab").read_text().splitlines() if not line.startswith("#")]
    assignment, entry = lines
    assert re.fullmatch(r"\w+=\S+", assignment)
    *when, command = entry.split(maxsplit=5)
    assert all(re.fullmatch(r"[\d*,/-]+", field) for field in when)
    assert "%" not in command, "cron would read it as the end of the line"
    assert in_shell(home, command) == 0
    where, called = calls(home)[0].split(": ", 1)
    assert where == str(home / "bptt")
    assert understood(called)


def units() -> Iterator[tuple[str, configparser.ConfigParser]]:
    for name in ("bptt-bench.service", "bptt-bench.timer"):
        unit = configparser.ConfigParser(interpolation=None)
        unit.optionxform = str  # type: ignore[assignment,method-assign]
        unit.read(FILES / name)
        yield name, unit


def test_the_service_runs_the_command(home: Path, understood: Callable[[str], bool]) -> None:
    service = dict(units())["bptt-bench.service"]["Service"]
    assert in_shell(home, service["ExecStart"].replace("%h", str(home))) == 0
    assert understood(calls(home)[0].split(": ", 1)[1])
    codes = {int(code) for code in service["SuccessExitStatus"].split()}
    assert codes == {errors.BUSY, errors.UNFINISHED}
    assert service["KillMode"] == "mixed"
    assert service["OOMPolicy"] == "continue", "else systemd ends the night with the first cohort that is too large"


@pytest.mark.skipif(ANALYZE is None, reason="systemd is not installed")
def test_systemd_takes_the_units(home: Path) -> None:
    folder = home / "units"
    folder.mkdir()
    for name, _ in units():
        text = (FILES / name).read_text().replace("%h", str(home))
        (folder / name).write_text(text)
    files = [str(folder / name) for name, _ in units()]
    done = subprocess.run([ANALYZE, "verify", "--man=no", *files], capture_output=True, text=True, check=False)
    ours = [line for line in done.stderr.splitlines() if "bptt-bench" in line]
    assert not ours
    when = dict(units())["bptt-bench.timer"]["Timer"]["OnCalendar"]
    assert subprocess.run([ANALYZE, "calendar", when], capture_output=True, check=False).returncode == 0


@pytest.fixture
def workflow() -> dict:
    return yaml.safe_load((FILES / "github-actions.yaml").read_text())


def test_the_workflow_runs_at_night_and_never_twice(workflow: dict) -> None:
    starts = workflow[True]  # `on`, to YAML 1.1
    assert len(starts["schedule"][0]["cron"].split()) == 5
    assert workflow["concurrency"]
    assert workflow["permissions"] == {"contents": "read"}


@pytest.mark.parametrize(("ends", "step_ends"), [(0, 0), (4, 0), (1, 1), (3, 1)])
def test_the_workflow_fails_where_something_failed(
    ends: int, step_ends: int, workflow: dict, home: Path, understood: Callable[[str], bool]
) -> None:
    steps = workflow["jobs"]["nightly"]["steps"]
    assert all(("uses" in step) != ("run" in step) for step in steps)
    (night,) = [step["run"] for step in steps if step.get("name") == "Night"]
    assert in_shell(home, night, ends, "bash") == step_ends
    assert understood(calls(home)[0].split(": ", 1)[1])
    kept = {step["name"]: step for step in steps if str(step.get("if")) == "always()"}
    assert [step["with"]["path"] for step in kept.values()] == ["mlruns", "reports"]


NIGHT = ["nightly", "--preset", "smoke", "--technique", "tanh,gru", "--task", "adding", "--lag", "2,4", "--seeds", "6"]
NIGHT += ["--learning-rate", "0.03", "--updates", "120", "--jobs", "2", "--budget", "1h"]


STOPS = """
import os, signal, sys
from bench.cli import main
from bench.execution import run
from bench.tracking import Store

run.PROCESSES = 2
write = Store.write_cohort

def write_and_stop(*words):
    write(*words)
    os.kill(os.getpid(), signal.SIGSTOP)

Store.write_cohort = write_and_stop
sys.exit(main())
"""
"""A program that stops as soon as it has written a cohort: it holds the store, and cannot finish."""
PATIENCE = 300
"""Seconds that a busy machine may take for a cohort."""


def _stands_still(process: subprocess.Popen) -> bool:
    """Wait until a process has stopped, or has ended: whether it is the former."""
    changes = os.WSTOPPED | os.WEXITED | os.WNOHANG | os.WNOWAIT
    deadline = time.monotonic() + PATIENCE
    while not (change := os.waitid(os.P_PID, process.pid, changes)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return change is not None and change.si_code == os.CLD_STOPPED


@pytest.mark.usefixtures("few_timings")
def test_a_night_killed_and_the_nights_after(make_store: Callable[..., Store], monkeypatch: pytest.MonkeyPatch) -> None:
    """The first is killed, and a second turned away meanwhile; a third completes the work, a fourth has none."""
    reported: list[int] = []

    def write(store: Store, folder: Path, **_: object) -> list[Path]:
        reported.append(len(store.members()))
        return []

    monkeypatch.setattr(report, "write_report", write)
    store = make_store()
    night = [*NIGHT, "--store", store.uri]
    where = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    first = subprocess.Popen([sys.executable, "-W", "ignore", "-c", STOPS, *night], env=where, start_new_session=True)
    try:
        assert _stands_still(first)
        done = len(store.members())
        assert main(night) == 3
        assert len(store.members()) == done > 0
    finally:
        first.kill()
    assert first.wait() == -signal.SIGKILL

    assert main(night) == 0
    complete = store.members()
    assert len(complete) > done
    assert not complete.duplicated(["technique", "lag", "role", "seed", "learning_rate"]).any()
    assert complete.groupby(["technique", "lag"])["seed"].nunique().nunique() == 1, "as many seeds everywhere"
    assert main(night) == 0
    assert len(store.members()) == len(complete)
    assert reported == [len(complete)] * 2

    lines = Path("reports", "nightly.log").read_text().splitlines()
    ends = [line.rpartition("exit code ")[2] for line in lines if "ends with" in line]
    assert ends == ["3", "0", "0"]
    assert sum("begins:" in line for line in lines) == 4
