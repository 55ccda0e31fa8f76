"""`--data`: a file trains like any task, its results are read without it, and what is wrong is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bench.cli import main
from bench.evidence.scope import Reading
from bench.tasks import tasks
from bench.tracking import Store

SHORT = ["--preset", "smoke", "--technique", "tanh,gru", "--seeds", "1", "--updates", "2", "--learning-rate", "0.01"]
DATA = ["--data", "waves.csv", "--target", "y", "--window", "8,12"]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with a table in it; the tasks that are made go again."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tasks, "_found", tasks.all())
    pd.DataFrame({"y": np.sin(np.arange(200) / 3)}).to_csv("waves.csv", index=False)


def members() -> pd.DataFrame:
    return Store.open(None, create=False).members()


@pytest.mark.usefixtures("few_timings")
def test_a_file_is_trained_on_by_several_processes_resumes_and_is_read_without_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["run", *DATA, *SHORT, "--jobs", "2", "--no-history"]) == 0
    said = capsys.readouterr().err
    assert "waves.csv: 200 moments of 1 series" in said
    assert "Trivial answers, mean squared error: constant" in said
    first = members()
    assert {*first.task} == {"waves-y"}
    assert {*first.outcome} == {"unsolved"}
    assert {*first.held_out_size} == {min(256, int(first.held_out_size.max()))}
    assert {*first.trivial_level} == {tasks.get("waves-y")().trivial_level(8)}
    assert main(["run", *DATA, *SHORT, "--jobs", "1", "--no-history"]) == 0
    assert f"already stored: {len(first)}" in capsys.readouterr().err
    Path("waves.csv").unlink()
    tasks.built_in().pop("waves-y")
    (scope,) = Reading(Store.open(None, create=False)).arms.values()
    assert len(scope.members) == len(first)
    assert scope.stale.empty


def test_a_plan_has_the_file_alone_or_beside_other_tasks(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", *DATA, *SHORT, "--lag", "9"]) == 0
    assert "settings  2," in capsys.readouterr().out
    assert main(["plan", *DATA, *SHORT, "--task", "copy,waves-y"]) == 0
    assert "settings  2," not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("run --target y", "--target says something about a file: name it with --data."),
        ("run --data waves.csv --target y --window many", "--window takes whole numbers, such as 50 or 20,50."),
        ("run --data waves.csv --target y --window 9 --gaps no", "--gaps no: choose from refuse, ignore, cut, hold."),
        ("plan --data waves.csv --target y --window 25", "Lag 25 is too long for task 'waves-y'"),
        ("plan --data none.csv --target y --window 25", "none.csv cannot be read: does not exist."),
    ],
)
def test_what_is_wrong_is_said(words: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words.split()) == 2
    assert said in capsys.readouterr().err
