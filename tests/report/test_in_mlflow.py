"""What a run and a report leave in MLflow for people."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from made_up.cohorts import cohort, result, study

from bench.errors import BenchError
from bench.report.in_mlflow import show_in_mlflow
from bench.tracking import notes


@pytest.fixture
def filled(make_store):
    store = make_store()
    store.write_studies([study()])
    store.write_cohort(result(cohort("lstm")))
    return store


def record(store):
    return store.records.standing("cohorts").whole[0]


def test_a_report_brings_pictures_claims_and_itself(filled, tmp_path):
    show_in_mlflow(filled)
    assert "setting.png" in {file.path for file in filled.client.list_artifacts(record(filled).info.run_id)}
    assert "Claims" not in record(filled).data.tags[notes.TAG]
    page = tmp_path / "report.en.html"
    page.write_text("the report")
    part = SimpleNamespace(runs=tuple(filled.members()["mlflow_run_id"]))
    findings = SimpleNamespace(all_verdicts=[SimpleNamespace(claim="S06", parts=[part])])
    show_in_mlflow(filled, findings, [page])
    assert "Claims that rest on these runs: S06." in record(filled).data.tags[notes.TAG]
    adding = filled.client.get_experiment_by_name("bptt-bench/adding").tags[notes.TAG]
    for described in (record(filled).data.tags[notes.TAG], adding):
        assert "artifacts/report/report.en.html" in described


def test_a_store_that_may_only_be_read_is_left_alone(filled, monkeypatch):
    monkeypatch.setattr(filled, "location", replace(filled.location, uri="sqlite:////elsewhere/copy.db"))
    assert filled.location.is_copy
    show_in_mlflow(filled)
    assert notes.TAG not in record(filled).data.tags


def test_a_store_that_is_away_is_a_sentence(filled):
    filled.location.database.rename(filled.location.database.with_name("moved.db"))
    with pytest.raises(BenchError, match="was deleted, moved or replaced"):
        show_in_mlflow(filled)
