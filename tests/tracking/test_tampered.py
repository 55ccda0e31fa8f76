"""A store that somebody changed leads nowhere: not to other files, to read, to write or to delete."""

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import pandas as pd
import pytest
from made_up.cohorts import cohort, result

from bench.errors import BenchError
from bench.tracking import Store, layout, reading


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder beside the store, with a file in it that is nobody's business."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "kept.txt").write_text("kept")
    return folder


def change(store: Store, statement: str, *values: object) -> None:
    """Run a statement on the store's database, past MLflow."""
    with closing(sqlite3.connect(store.location.database)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute(statement, values)
        connection.commit()


def record_of(store: Store) -> str:
    """The run id of the one cohort's record."""
    return next(store.location.artifacts.iterdir()).name


ELSEWHERE = ["file:///etc", "../../outside", "http://127.0.0.1:9/x"]


@pytest.mark.parametrize("address", ELSEWHERE)
def test_files_are_looked_for_in_the_store_alone(store, outside, address):
    store.write_cohort(result())
    before = store.members()
    change(store, "UPDATE runs SET artifact_uri = ?", address)
    assert store.members().equals(before), "where a file lies follows from the run's id"
    assert Store.open(store.uri).members().equals(before)
    addresses = {run.info.artifact_uri for run in store.client.search_runs(store.records.of("cohorts"))}
    assert addresses == {f"{store.location.artifacts.as_uri()}/{record_of(store)}/artifacts"}, "mended when opened"
    change(store, "UPDATE experiments SET artifact_location = ?", address)
    again = Store.open(store.uri)
    again.write_cohort(result(cohort("gru")))
    assert len(list(store.location.artifacts.iterdir())) == 2, "new files go into the store too"
    assert [file.name for file in outside.iterdir()] == ["kept.txt"]
    assert len(again.members()) == 6


@pytest.mark.parametrize("run", ["../../outside", ""])
def test_a_run_id_is_no_path(store, outside, run):
    store.write_cohort(result())
    record = record_of(store)
    for table in ("runs", "tags", "params", "metrics", "latest_metrics"):
        change(store, f"UPDATE {table} SET run_uuid = ? WHERE run_uuid = ?", run, record)
    with pytest.raises(BenchError, match="its id is not one of MLflow's"):
        store.members()
    change(store, "DELETE FROM tags WHERE key = ? AND run_uuid = ?", layout.COMPLETE, run)
    assert run not in store.dead(), "MLflow would remove what its address names"
    with store.lock():
        store.repair()
    assert (outside / "kept.txt").read_text() == "kept"
    assert (store.location.artifacts / record).exists(), "what is removed is one run's folder or nothing"


def test_a_link_that_leads_out_is_not_followed(store, outside):
    store.write_cohort(result())
    file = next(store.location.artifacts.rglob("members.parquet"))
    file.replace(outside / "members.parquet")
    file.symlink_to(outside / "members.parquet")
    with pytest.raises(BenchError, match="a link that leads out of the store"):
        store.members()


@pytest.mark.parametrize("name", ["mlflow.db.pid", "mlflow.db.lock", "mlflow.db.setup.lock"])
def test_a_link_beside_the_database_is_not_written_through(store, outside, name):
    store.location.database.with_name(name).unlink(missing_ok=True)
    store.location.database.with_name(name).symlink_to(outside / "kept.txt")
    with suppress(BenchError), store.lock():
        store.write_cohort(result())
    assert (outside / "kept.txt").read_text() == "kept"


@pytest.mark.parametrize("create", [True, False])
@pytest.mark.parametrize("name", ["mlflow.db-wal", "mlflow.db-shm", "mlflow.db-journal"])
def test_a_link_where_sqlite_writes_is_refused(store, outside, name, create):
    store.client._tracking_client.store._dispose_engine()
    store.location.database.with_name(name).symlink_to(outside / "kept.txt")
    with pytest.raises(BenchError, match=f"has a link next to it, {name}: remove that link"):
        Store.open(store.uri, create)
    assert (outside / "kept.txt").read_text() == "kept"


@pytest.mark.parametrize("content", ["1\x1b[2J", "9" * 30, ""])
def test_who_holds_a_store_is_a_number_or_nobody(store, content):
    with store.lock():
        store.location.database.with_name("mlflow.db.pid").write_text(content)
        with pytest.raises(BenchError, match="is being written by another process: wait"), Store.open(store.uri).lock():
            pass


def test_artifacts_may_lie_on_another_disk(store, outside):
    store.write_cohort(result())
    before = store.members()
    store.location.artifacts.replace(outside / "artifacts")
    store.location.artifacts.symlink_to(outside / "artifacts")
    assert store.members().equals(before)


def test_what_was_changed_since_is_told(store):
    store.write_cohort(result())
    file = next(store.location.artifacts.rglob("members.parquet"))
    pd.read_parquet(file)[1:].to_parquet(file, index=False)
    with pytest.raises(BenchError, match=r"Cannot read members\.parquet .*changed or damaged since it was written"):
        store.members()


FORGED = {
    "outcome": ("won", "column 'outcome' holds 'won', not one of solved, unsolved"),
    "dials": ('{"window": "20"}', "column 'dials' holds .* not numbers as JSON"),
    "plateaus": ("[" * 5000, "column 'plateaus' holds .* not numbers as JSON"),
    "lag": (50.5, "column 'lag' holds double, not int64"),
    "seed": ("1", "column 'seed' holds large_string, not int64"),
    "technique": (None, "column 'technique' has gaps|column 'technique' holds null"),
    "dirty": ("False", "column 'dirty' holds large_string, not bool"),
}


@pytest.mark.parametrize("column", FORGED)
def test_values_that_no_run_writes_are_told(tmp_path, column):
    value, sentence = FORGED[column]
    table = result().members.assign(mlflow_run_id="r")
    table[column] = pd.Series([value] * len(table), dtype="str" if isinstance(value, str | None) else None)
    table.to_parquet(tmp_path / "members.parquet", index=False)
    with pytest.raises(reading.UNREADABLE, match=sentence):
        reading.table(tmp_path / "members.parquet", layout.STORED_MEMBERS)


def test_a_folder_is_no_table(tmp_path):
    result().members.assign(mlflow_run_id="r").to_parquet(tmp_path / "part.parquet", index=False)
    assert len(reading.table(tmp_path / "part.parquet", layout.STORED_MEMBERS)) == 3
    with pytest.raises(OSError, match="not a file"):
        reading.table(tmp_path, layout.STORED_MEMBERS)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE runs SET status = 'ODD'",
        "UPDATE runs SET start_time = 'noon'",
        "DELETE FROM tags WHERE key = 'cohort'",
    ],
)
def test_rows_that_mlflow_never_wrote_end_in_a_sentence_or_not_at_all(store, statement):
    store.write_cohort(result())
    with closing(sqlite3.connect(store.location.database)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute(statement)
        connection.commit()
    with suppress(BenchError):
        assert len(Store.open(store.uri).members()) in (0, 3)
