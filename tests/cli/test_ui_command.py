"""The command that serves MLflow's interface: what it prints, and how it and its server end."""

import re
import sys

import pytest
from made_up.cohorts import cohort, result

from bench import tracking
from bench.cli import main
from bench.tracking import Store


@pytest.fixture
def filled(store: Store) -> Store:
    """A store with something to show."""
    store.write_cohort(result(cohort()))
    return store


def test_ui_prints_addresses_and_ends_with_its_server(
    filled: Store, free_port: int, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A server that interrupts this process, as Ctrl-C would; that does not reach it, but the end of its input does."""
    asks = (
        "import os, signal, sys; assert os.getsid(0) == os.getpid(); "
        "os.kill(os.getppid(), signal.SIGINT); sys.stdin.read()"
    )
    monkeypatch.setattr(tracking, "ui_command", lambda store, port: [sys.executable, "-c", asks])
    assert main(["ui", "--store", filled.uri, "--port", str(free_port)]) == 0, "that is how it is stopped"
    out, said = capfd.readouterr()
    assert said == ""
    assert re.search(rf"^adding lag 50 +http://127\.0\.0\.1:{free_port}/#/experiments/", out, re.MULTILINE)


def test_ui_ends_a_server_that_does_not_end(filled: Store, free_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    asks = "import os, signal, time; os.kill(os.getppid(), signal.SIGINT); time.sleep(600)"
    monkeypatch.setattr(tracking, "ui_command", lambda store, port: [sys.executable, "-c", asks])
    monkeypatch.setattr("bench.cli.verbs.ui.SECONDS_TO_END", 0.1)
    assert main(["ui", "--store", filled.uri, "--port", str(free_port)]) == 0


def test_ui_whose_server_fails_says_so(
    filled: Store, free_port: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tracking, "ui_command", lambda store, port: [sys.executable, "-c", "raise SystemExit(3)"])
    assert main(["ui", "--store", filled.uri, "--port", str(free_port)]) == 2
    assert "ended with exit code 3" in capsys.readouterr().err
