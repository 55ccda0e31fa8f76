"""Fixtures for every room; being here also lets tests import `made_up`."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import ports
import pytest

from bench import interpreters
from bench.collector import collect_seldom

MAY_LACK = (
    "systemd is not installed",
    "no file system can be mounted here",
    "no control group for memory can be made here",
)
"""Why a test may be skipped even where everything is to run: the project's own files cannot install these."""


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """With BPTT_BENCH_NO_SKIPS, as in CI, a skipped test is a failure: what it needs was to be installed."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")  # workers have none
    if reporter is None or not os.environ.get("BPTT_BENCH_NO_SKIPS"):
        return
    reasons = {str(report.longrepr[-1]) for report in reporter.stats.get("skipped", [])}
    gaps = sorted(reason for reason in reasons if not any(known in reason for known in MAY_LACK))
    if gaps and exitstatus == pytest.ExitCode.OK:
        reporter.write_line(f"Skipped, but everything is to run here: {'; '.join(gaps)}", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session", autouse=True)
def interrupts_are_heard() -> None:
    """A shell ignores SIGINT for what it puts in the background; tests that send it would wait for ever."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def collector_looks_seldom() -> None:
    """As in the program."""
    collect_seldom()


@pytest.fixture(scope="session", autouse=True)
def state_elsewhere(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What this machine keeps about stores is not the user's own."""
    os.environ["XDG_STATE_HOME"] = str(tmp_path_factory.mktemp("state"))


@pytest.fixture(autouse=True)
def own_import_path() -> Iterator[None]:
    """What plugins add to the import path ends with the test: programs that later tests start would inherit it."""
    path, of_plugins = list(sys.path), set(interpreters.of_plugins)
    yield
    sys.path[:] = path
    interpreters.of_plugins.clear()
    interpreters.of_plugins.update(of_plugins)


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with MLflow's tables and nothing in it: copying it saves two seconds a store."""
    from bench.tracking import Store

    return Store.open(str(tmp_path_factory.mktemp("empty"))).location.database


@pytest.fixture
def make_store(tmp_path: Path, empty_database: Path) -> Callable:
    """make_store('name') → a new empty Store in tmp_path/name."""
    from bench.tracking import Store

    def make(name: str = "mlruns") -> Store:
        folder = tmp_path / name
        folder.mkdir(parents=True)
        shutil.copyfile(empty_database, folder / "mlflow.db")
        return Store.open(str(folder))

    return make


@pytest.fixture
def store(make_store: Callable):
    """A new empty Store."""
    return make_store()


@pytest.fixture
def collects_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow's `gc` in this process. As a program of its own it takes seconds to start; a test of `prune` does that."""
    from bench.tracking import pruning

    def run(command: list[str], **_: object) -> SimpleNamespace:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of MLflow's own modules
            from click.testing import CliRunner
            from mlflow.cli import cli
        with patch.dict(os.environ):  # where it leaves its store's address
            done = CliRunner().invoke(cli, command[command.index("gc") :])
        return SimpleNamespace(returncode=done.exit_code, stderr=f"{done.output}{done.exception or ''}")

    monkeypatch.setattr(pruning, "subprocess", SimpleNamespace(run=run))


@pytest.fixture(scope="module")
def few_timings() -> Iterator[None]:
    """Costs rest on two processes, and a sample of speeds on one: each of the usual number would time the same."""
    from bench.execution import run, sampling

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "PROCESSES", 2)
        patch.setattr(sampling, "PROCESSES", 1)
        yield


@pytest.fixture
def free_port() -> Iterator[int]:
    """A port of 127.0.0.1 that nobody listens on, and nobody else is given."""
    with ports.free_port() as port:
        yield port
