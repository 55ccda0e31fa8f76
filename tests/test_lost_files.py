"""A store whose files were deleted: each command says what mends it, and one step does."""

import json
import shutil
from collections.abc import Iterator

import pytest

from bench.cli import main
from bench.tracking import Store

RUN = ["run", "--preset", "smoke", "--technique", "tanh", "--task", "adding", "--lag", "2", "--seeds", "2"]
RUN += ["--learning-rate", "0.03", "--updates", "20", "--jobs", "1", "--no-history"]


@pytest.fixture
def robbed(store: Store, tmp_path, monkeypatch: pytest.MonkeyPatch, few_timings: None) -> Iterator[Store]:
    """A store of a run whose artifacts are gone."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert main([*RUN, "--store", store.uri]) == 0
    shutil.rmtree(store.location.artifacts)
    return store


def said_by(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    capsys.readouterr()
    status = main([*words])
    out, err = capsys.readouterr()
    return status, out, err


@pytest.mark.usefixtures("collects_here")
def test_one_step_mends_it(robbed, capsys):
    where = ("--store", robbed.uri)
    for command in (RUN, ["verdicts"], ["export", "--format", "csv"], ["report"], ["prune"]):
        status, _, said = said_by(capsys, *command, *where)
        assert (status, said.count("bptt-bench: Cannot read ")) == (2, 1), said
        named = f"'bptt-bench prune --unreadable --store {robbed.location.database}'"
        assert f"remove unreadable results with {named}, and run again." in said

    prune = ("prune", "--unreadable", "--json", *where)
    status, out, said = said_by(capsys, *prune, "--dry-run")
    assert (status, said) == (0, "Nothing was removed.\n")
    expected = {row["what"]: row["count"] for row in json.loads(out)}
    assert expected == {
        "unreadable cohorts": 1, "unreadable studies": 1, "unreadable costs": 1,
        "unreadable timings": 0, "unreadable snapshots": 0,
    }  # fmt: skip
    assert said_by(capsys, *prune) == (0, out, "The next run trains again whatever it needs of these.\n")
    assert not any(row["count"] for row in json.loads(said_by(capsys, *prune)[1]))
    status, _, said = said_by(capsys, *RUN, *where)
    assert status == 0
    assert "Runs trained: 2; failed: 0; already stored: 0." in said
    assert len(robbed.members()) == len(robbed.client.search_runs(robbed.records.tasks())) == 2


def test_the_interface_can_be_opened_all_the_same(robbed, capsys, caplog, monkeypatch):
    monkeypatch.setattr("bench.tracking.ui_command", lambda *_, **__: [])
    status, out, _ = said_by(capsys, "ui", "--store", robbed.uri)
    assert status == 0
    assert "/#/experiments?" in out
    (warning,) = caplog.messages
    assert warning.startswith("Cannot read members.parquet")
