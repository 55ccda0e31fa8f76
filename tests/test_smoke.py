"""The whole way through: every technique on every task, by the command line, to the report and the export."""

import json
from pathlib import Path

import pytest

from bench.cli import main
from bench.evidence.claims import families
from bench.protocol.preset import load_preset, resolve_arms


@pytest.mark.usefixtures("few_timings")
def test_smoke_goes_through_from_plan_to_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    studies, store, output = (
        resolve_arms(load_preset("smoke")),
        ["--store", str(tmp_path / "store")],
        tmp_path / "report",
    )

    assert main(["run", "--preset", "smoke", "--jobs", "2", *store]) == 0
    capsys.readouterr()
    assert main(["export", "--format", "json", *store]) == 0
    rows = json.loads(capsys.readouterr().out)
    expected = {
        (technique, plan.protocol.hash, plan.lags[0])
        for study in studies
        for plan in study.tasks
        for technique in study.techniques
    }
    assert expected <= {(row["technique"], row["protocol_hash"], row["lag"]) for row in rows}
    assert {row["outcome"] for row in rows} <= {"solved", "unsolved", "diverged", "untrained"}

    assert main(["plan", "--preset", "smoke", "--json", *store]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert plan["cached"] == len(rows)

    assert main(["verdicts", "--json", *store]) == 0
    verdicts = json.loads(capsys.readouterr().out)
    assert [v["claim"] for v in verdicts] == [claim.id for claims in families().values() for claim in claims]
    undecided = {v["claim"] for v in verdicts if v["verdict"] in ("undecided", "not run")}
    assert undecided, "so little training proves next to nothing"

    assert main(["report", "--language", "en", "--output", str(output), *store]) == 0
    written = sorted(file.name for file in output.iterdir())
    assert written == ["figures", "manifest.json", "references.bib", "report.en.html", "report.en.pdf", "tables"]
