"""The pages of cohorts in MLflow, for people: no result depends on them."""

import shutil

import pytest
from made_up.cohorts import cohort, result
from mlflow import MlflowClient
from pandas.testing import assert_frame_equal

from bench.errors import BenchError
from bench.tracking import Store, notes
from bench.tracking.cohort_pages import CLAIMS, add_pictures, describe_cohorts


@pytest.fixture
def filled(store) -> Store:
    store.write_cohort(result(cohort("lstm")))
    store.write_cohort(result(cohort("gru", role="tuning")))
    return store


class Pen:
    """Counts what it draws."""

    def __init__(self) -> None:
        self.drawn: list[str] = []

    def __call__(self, tables) -> bytes:
        assert set(tables) == {"members", "curves", "gradients"}
        self.drawn.append(tables["members"]["technique"][0])
        return b"a picture"


def records(store):
    return {record.info.run_name.split()[0]: record for record in store.records.standing("cohorts").whole}


def files(store, technique):
    return {file.path for file in store.client.list_artifacts(records(store)[technique].info.run_id)}


def test_a_measured_cohort_is_drawn_once_a_version(filled):
    pen, before = Pen(), filled.members()
    for version in ("1", "1", "2"):
        add_pictures(Store.open(filled.uri), pen, version)
    assert pen.drawn == ["lstm", "lstm"]
    assert "setting.png" in files(filled, "lstm")
    assert "setting.png" not in files(filled, "gru"), "which was trained to choose a rate"
    assert filled.unreadable()["cohorts"] == []
    assert filled.repair() == 0
    assert_frame_equal(filled.members(), before)


def test_a_cohort_that_cannot_be_read_does_not_keep_others_from_their_pictures(filled):
    filled.write_cohort(result(cohort("tanh")))
    broken = filled.location.artifacts / records(filled)["lstm"].info.run_id / "artifacts" / "curves.parquet"
    whole = broken.read_bytes()
    broken.write_bytes(b"no more")
    pen = Pen()
    add_pictures(filled, pen, "1")
    assert pen.drawn == ["tanh"]
    broken.write_bytes(whole)
    add_pictures(filled, pen, "1")
    assert pen.drawn == ["tanh", "lstm"], "it is tried again"


def test_a_cohort_leads_to_its_runs_and_claims(filled):
    run = filled.members().query("technique == 'lstm'")["mlflow_run_id"].iloc[0]
    describe_cohorts(filled, {run: ["S06"], "another run": ["S01"]})
    described = records(filled)["lstm"].data.tags
    assert described[CLAIMS] == "S06"
    assert "S06" in described[notes.TAG]
    assert "S01" not in described[notes.TAG]
    assert "2 solved, 1 unsolved" in described[notes.TAG]
    assert "get-artifact?path=setting.png" in described[notes.TAG]
    assert "get-artifact" not in records(filled)["gru"].data.tags[notes.TAG]


def test_claims_that_are_not_known_leave_those_that_are(filled, monkeypatch):
    run = filled.members()["mlflow_run_id"].iloc[0]
    describe_cohorts(filled, {run: ["S06"]})
    monkeypatch.setattr(MlflowClient, "set_tag", None)
    describe_cohorts(filled)
    describe_cohorts(filled, {run: ["S06"]})


def test_a_persons_description_of_a_cohort_stays(filled):
    describe_cohorts(filled)
    run = records(filled)["lstm"].info.run_id
    filled.client.set_tag(run, notes.TAG, "mine")
    describe_cohorts(filled, {})
    assert records(filled)["lstm"].data.tags[notes.TAG] == "mine"


def test_a_link_in_place_of_a_records_folder_or_file_is_not_written_through(filled, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "own.png").write_bytes(b"somebody's")
    folder = filled.location.artifacts / records(filled)["lstm"].info.run_id / "artifacts"
    (folder / "setting.png").symlink_to(elsewhere / "own.png")
    add_pictures(filled, Pen(), "1")
    assert (folder / "setting.png").read_bytes() == b"a picture"
    shutil.copytree(folder, elsewhere / "artifacts")
    shutil.rmtree(folder)
    folder.symlink_to(elsewhere / "artifacts")
    (elsewhere / "artifacts" / "setting.png").write_bytes(b"somebody's")
    with pytest.raises(BenchError, match="is a link that leads out of it"):
        filled.write_file(records(filled)["lstm"], "setting.png", b"a picture")
    assert (elsewhere / "own.png").read_bytes() == b"somebody's"
    assert (elsewhere / "artifacts" / "setting.png").read_bytes() == b"somebody's"
