"""Against a real MLflow server: the same store over HTTP, and the UI's address."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from made_up.cohorts import cohort, costs, result, study
from served import mlflow_server

from bench.errors import BenchError
from bench.tracking import Store, run_addresses, state, ui_addresses, ui_command


@pytest.fixture
def local(store) -> Store:
    """A local store with a cohort in it."""
    store.write_cohort(result(cohort("lstm")))
    return store


@pytest.fixture
def served(local, free_port, tmp_path) -> Iterator[str]:
    """The address of MLflow's server on the local store."""
    with mlflow_server(local, free_port, tmp_path) as address:
        yield address


def test_a_store_behind_a_server(served, local, capfd):
    store = Store.open(served)
    assert set(store.members()["technique"]) == {"lstm"}, "what was written to the file is there"
    written = result(cohort("gru", "copy"))
    with store.lock():
        store.write_cohort(written)
        store.write_cohort(written)
    store.write_studies([study()])
    store.write_costs(costs())
    assert len(store.members()) == 6
    assert len(store.curves()) == 30
    assert store.studies() == [study()]
    assert len(store.costs()) == 1
    assert capfd.readouterr() == ("", ""), "MLflow chatters of every run and file"
    assert ui_command(store) == [], "it has a UI of its own"
    assert all(address.startswith(f"{served}/#/experiments/") for address in ui_addresses(store).values())

    study_run = store.records.standing("studies").whole[0]
    for content in (b"old", b"new"):
        store.write_file(study_run, "report/report.en.html", content)
    (page,) = store.client.list_artifacts(study_run.info.run_id, "report")
    assert page.path == "report/report.en.html"
    assert Path(store.client.download_artifacts(study_run.info.run_id, page.path)).read_bytes() == b"new"

    # What another machine is writing right now must not be repaired away.
    store.client.delete_tag(_record_of(store, "gru"), "complete")
    store.client.set_tag(_record_of(store, "gru"), "writer", "another machine")
    assert set(store.members()["technique"]) == {"lstm"}
    assert store.repair() == 0
    store.client.set_tag(_record_of(store, "gru"), "writer", state.writer(store.location))
    assert store.repair() == 1, "what this one left is"


def _record_of(store: Store, technique: str) -> str:
    experiment = store.client.get_experiment_by_name("bptt-bench-records/v2/cohorts")
    records = store.client.search_runs([experiment.experiment_id])
    return next(record.info.run_id for record in records if technique in record.info.run_name)


def test_addresses_open_a_view_that_the_store_holds(local):
    local.write_cohort(result(cohort("gru", lag=10)))
    local.write_cohort(result(cohort("gru", "copy", role="tuning")))
    addresses = ui_addresses(local, port=5001)
    assert list(addresses) == ["adding lag 10", "adding lag 50"], "tuning has no view of its own"
    address = urlsplit(addresses["adding lag 50"])
    assert address.netloc == "127.0.0.1:5001"
    path, query = address.fragment.split("?")
    asked = {key: values[0] for key, values in parse_qs(query).items()}
    assert asked["workflowType"] == "machine_learning"
    experiment = local.client.get_experiment(path.split("/")[2])
    assert experiment.name == "bptt-bench/adding"
    kept = json.loads(experiment.tags[f"mlflow.sharedViewState.{asked['viewStateShareKey']}"])
    view = json.loads(kept["state"])
    assert kept["name"] == "adding lag 50", "as MLflow's list of views calls it"
    found = local.client.search_runs([experiment.experiment_id], view["searchFilter"])
    assert {run.data.params["technique"] for run in found} == {"lstm"}, "MLflow understands the filter"
    charted = {chart["metricKey"] for chart in view["compareRunCharts"]}
    assert charted >= set(found[0].data.metrics), "every metric has its chart"


def test_addresses_of_runs_name_what_mlflow_finds(local):
    local.write_cohort(result(cohort("gru", lag=10)))
    member = local.members().iloc[0]
    addresses = run_addresses(local, port=5001)
    of_run = urlsplit(addresses.run("adding", member["mlflow_run_id"]))
    experiment, _, run = of_run.fragment.partition("?")[0].split("/")[2:5]
    assert of_run.netloc == "127.0.0.1:5001"
    assert run == member["mlflow_run_id"]
    assert local.client.get_run(run).info.experiment_id == experiment
    of_setting = urlsplit(addresses.setting("adding", member["setting_hash"], "measured"))
    wanted = parse_qs(of_setting.fragment.partition("?")[2])["searchFilter"][0]
    found = {run.info.run_id for run in local.client.search_runs([experiment], wanted)}
    assert found == set(local.members().query("setting_hash == @member.setting_hash")["mlflow_run_id"])
    assert addresses.run("copy", "a run") == ""


def test_addresses_of_runs_hold_no_secret(local):
    uri = "https://me:hun?ter2@host:5000/mlflow/?token=hunter2"
    addresses = run_addresses(Store(replace(local.location, uri=uri), local.client))
    assert addresses.base == "https://host:5000/mlflow"
    assert addresses.run("adding", "x").startswith("https://host:5000/mlflow/#/experiments/")


def test_an_empty_store_opens_on_the_list(store):
    everything = "http://127.0.0.1:5000/#/experiments?workflowType=machine_learning"
    assert ui_addresses(store) == {"experiments": everything}


def test_a_server_that_went_away_is_a_clear_error(store, monkeypatch):
    monkeypatch.setattr(store.client, "search_experiments", _gone)
    with pytest.raises(BenchError, match=r"Store .* failed: connection refused by http://\*\*\*@host\."):
        store.members()


def _gone(*_: object, **__: object) -> None:
    raise requests.ConnectionError("connection refused by http://me:hunter2@host")
