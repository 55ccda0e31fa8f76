"""The whole way through: every technique on every task, by the command line, to the report and the export."""

import json
from pathlib import Path

import pytest

from bench.cli import main
from bench.protocol.preset import load_preset, resolve


def test_smoke_goes_through_from_plan_to_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study, store, output = resolve(load_preset("smoke")), ["--store", str(tmp_path / "store")], tmp_path / "report"

    assert main(["run", "--preset", "smoke", "--jobs", "2", *store]) == 0
    capsys.readouterr()
    assert main(["export", "--format", "json", *store]) == 0
    rows = json.loads(capsys.readouterr().out)
    first_lags = {(task.task, task.lags[0]) for task in study.tasks}
    expected = {(technique, *first) for technique in study.techniques for first in first_lags}
    assert expected <= {(row["technique"], row["task"], row["lag"]) for row in rows}
    assert {row["outcome"] for row in rows} <= {"solved", "unsolved", "diverged"}

    assert main(["plan", "--preset", "smoke", "--json", *store]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert plan["cached"] == len(rows)

    assert main(["report", "--language", "en", "--output", str(output), *store]) == 0
    assert sorted(file.name for file in output.iterdir()) == ["report.en.html", "report.en.pdf"]
