"""MLflow as people open it: experiments with descriptions, and views in their lists."""

import json
import re
from urllib.parse import parse_qs, unquote

import pytest
from made_up.cohorts import cohort, result, study
from made_up.snapshots import snapshot
from mlflow import MlflowClient

from bench.testing.made_up import RULES
from bench.tracking import Store, notes
from bench.tracking.furnish import furnish
from bench.tracking.kept_report import keep_report, report_pages

UNTRAINED = RULES.model_copy(update={"updates": 0})


@pytest.fixture
def filled(store) -> Store:
    """Two techniques at one lag, one of them at another, too; and what was not trained, and what was tuned."""
    store.write_studies([study()])
    for each in (
        cohort("lstm"),
        cohort("gru"),
        cohort("gru", lag=10),
        cohort("tanh", role="tuning"),
        cohort("tanh", "copy"),
    ):
        store.write_cohort(result(each))
    store.write_cohort(result(cohort("linear", lag=30, rules=UNTRAINED), ["untrained"] * 3))
    return store


def experiments(store):
    return {experiment.name: experiment for experiment in store.client.search_experiments()}


def note(store, name="bptt-bench/adding"):
    return experiments(store)[name].tags.get(notes.TAG)


def views(store, name="bptt-bench/adding"):
    """The views of an experiment as MLflow's list has them: the newest first."""
    prefix = "mlflow.sharedViewState."
    found = {tag.removeprefix(prefix): value for tag, value in experiments(store)[name].tags.items() if prefix in tag}
    kept = sorted(((json.loads(value), key) for key, value in found.items()), key=lambda view: -view[0]["createdAt"])
    return {view["name"]: (key, json.loads(view["state"])) for view, key in kept}


def test_every_experiment_of_ours_is_described(filled):
    filled.write_snapshot(snapshot())
    furnish(filled)
    described = {name for name, experiment in experiments(filled).items() if notes.TAG in experiment.tags}
    assert described == set(experiments(filled)) - {"Default"}


def test_the_list_of_views_has_every_chart_after_the_trained_runs(filled):
    charts = furnish(filled)
    assert list(views(filled)) == ["Trained runs", *(chart.name for chart in charts if chart.task == "adding")]
    assert {"adding lag 10", "adding lag 50", "copy lag 50"} <= {chart.name for chart in charts}


def test_trained_runs_are_those_that_were_measured_and_trained(filled):
    furnish(filled)
    _, view = views(filled)["Trained runs"]
    found = filled.client.search_runs([experiments(filled)["bptt-bench/adding"].experiment_id], view["searchFilter"])
    assert {run.data.params["technique"] for run in found} == {"lstm", "gru"}
    shown = {column.partition(".")[2].strip("`") for column in view["selectedColumns"]}
    assert {"technique", "lag", "seed", "outcome", "final/updates"} <= shown
    known = {*found[0].data.params, *found[0].data.tags, *found[0].data.metrics}
    assert shown <= known, "each column has values"


def test_the_first_runs_of_a_chart_are_of_all_techniques(filled):
    """MLflow loads a hundred, of a thousand; here two of six."""
    furnish(filled)
    _, view = views(filled)["adding lag 50"]
    order = [f"{view['orderByKey']} {'ASC' if view['orderByAsc'] else 'DESC'}"]
    where = [experiments(filled)["bptt-bench/adding"].experiment_id]
    first = filled.client.search_runs(where, view["searchFilter"], max_results=2, order_by=order)
    assert {run.data.params["technique"] for run in first} == {"lstm", "gru"}


def test_links_lead_to_what_is_there(filled, tmp_path):
    (tmp_path / "report.en.html").write_text("the report")
    keep_report(filled, [tmp_path / "report.en.html"])
    furnish(filled)
    keys = {key for key, _ in views(filled).values()}
    links = re.findall(r"\]\(#/experiments/(\d+)/runs(?:/(\w+)/artifacts/([^?]*))?\?([^)]*)\)", note(filled))
    assert len(links) == note(filled).count("](")
    asked = [parse_qs(query) for *_, query in links]
    assert {key for query in asked for key in query.get("viewStateShareKey", [])} == keys
    for experiment, run, artifact, _ in links:
        filled.client.get_experiment(experiment)
        if run:
            assert unquote(artifact) in {file.path for file in filled.client.list_artifacts(run, "report")}
    for experiment, _, _, query in links:
        if wanted := parse_qs(query).get("searchFilter"):
            found = filled.client.search_runs([experiment], wanted[0])
            assert {run.info.run_name for run in found} >= {"lstm adding lag 50 measured"}
            assert not any("copy" in run.info.run_name for run in found)


def test_once_more_writes_nothing(filled, monkeypatch):
    furnish(filled)
    monkeypatch.setattr(MlflowClient, "set_experiment_tag", None)
    furnish(Store.open(filled.uri))


def test_new_results_bring_descriptions_and_views_up_to_date(filled):
    furnish(filled)
    before = note(filled)
    filled.write_cohort(result(cohort("lstm", lag=200)))
    furnish(filled)
    assert "lag 200" in note(filled)
    assert "lag 200" not in before
    assert "adding lag 200" in views(filled)


@pytest.mark.parametrize("own", ["Our own words.", ""])
def test_a_persons_description_stays(filled, own):
    furnish(filled)
    filled.client.set_experiment_tag(experiments(filled)["bptt-bench/adding"].experiment_id, notes.TAG, own)
    filled.write_cohort(result(cohort("lstm", lag=200)))
    furnish(filled)
    assert note(filled) == own
    assert "lag 50" in note(filled, "bptt-bench/copy"), "the others are ours still"


def test_a_persons_view_stays(filled):
    furnish(filled)
    where = experiments(filled)["bptt-bench/adding"].experiment_id
    own = json.dumps({"name": "mine", "createdAt": 1, "updatedAt": 1, "state": "{}"})
    filled.client.set_experiment_tag(where, "mlflow.sharedViewState.abc", own)
    furnish(filled)
    assert next(iter(views(filled))) == "mine"


def test_the_latest_report_is_kept_with_the_newest_study(filled, tmp_path):
    pages = [tmp_path / name for name in ("report.en.html", "report.zh.pdf")]
    for page in pages:
        page.write_text("old")
    keep_report(filled, pages)
    for page in pages:
        page.write_text("new")
    keep_report(filled, pages)
    assert list(report_pages(filled)) == ["report.en.html", "report.zh.pdf"]
    filled.write_studies([study("second")])
    assert list(report_pages(filled)), "until there is one about the new study"
    keep_report(filled, pages[:1])
    newest = filled.records.standing("studies").whole[-1]
    assert list(report_pages(filled)) == ["report.en.html"]
    assert newest.info.run_id in report_pages(filled)["report.en.html"]
    kept = filled.location.artifacts / newest.info.run_id / "artifacts" / "report" / "report.en.html"
    assert kept.read_text() == "new"
    assert [each.preset for each in filled.studies()] == ["small", "second"]
