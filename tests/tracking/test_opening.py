import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from factory import cohort, result

from bench.errors import BenchError, without_secrets
from bench.tracking import Store
from bench.tracking.opening import locate, plainly


def test_where_a_store_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert locate(None).database == tmp_path / "mlruns" / "mlflow.db"
    assert locate("elsewhere").database == tmp_path / "elsewhere" / "mlflow.db"
    assert locate("elsewhere/my.db").database == tmp_path / "elsewhere" / "my.db"
    assert locate("sqlite:///elsewhere/my").database == tmp_path / "elsewhere" / "my"
    assert locate(f"sqlite:///{tmp_path}/my").artifacts == tmp_path / "artifacts"
    assert locate("https://host:5000/").uri == "https://host:5000"
    assert locate("postgresql+psycopg2://host/results").database is None


@pytest.mark.parametrize("uri", ["ftp://host/x", "file:///tmp/mlruns", "databricks://profile"])
def test_an_unknown_kind_of_store_is_refused(uri):
    with pytest.raises(BenchError, match="of no known kind: give a folder"):
        locate(uri)


@pytest.mark.parametrize("uri", ["sqlite://", "sqlite:///", "sqlite:///:memory:"])
def test_a_database_in_memory_is_refused(uri):
    with pytest.raises(BenchError, match="names no file"):
        locate(uri)


def test_a_new_store_is_made_where_there_is_none(tmp_path):
    store = Store.open(str(tmp_path / "a" / "b"))
    assert store.members().empty
    with sqlite3.connect(store.location.database) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()
    assert [path.name for path in (tmp_path / "a" / "b").iterdir() if path.name.startswith(".new")] == []


def test_a_store_that_is_not_there_is_not_made_for_reading(tmp_path):
    with pytest.raises(BenchError, match=r"There is no store at .*: run 'bptt-bench run' first"):
        Store.open(str(tmp_path / "none"), create=False)
    (tmp_path / "empty.db").touch()
    with pytest.raises(BenchError, match="There is no store at"):
        Store.open(str(tmp_path / "empty.db"), create=False)
    assert [path.name for path in tmp_path.iterdir()] == ["empty.db"]


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(BenchError, match=r"cannot be made: .*file"):
        Store.open(str(tmp_path / "file" / "mlruns"))


def test_a_file_that_is_no_database(tmp_path):
    (tmp_path / "mlflow.db").write_text("not a database, but longer than a header of one would be\n" * 20)
    with pytest.raises(BenchError, match="not a database or is damaged"):
        Store.open(str(tmp_path))


def test_a_database_that_is_cut_short(make_store):
    store = make_store()
    store.write_cohort(result())
    shutil.copyfile(store.location.database, store.location.database.with_name("cut.db"))
    cut = store.location.database.with_name("cut.db")
    with cut.open("r+b") as file:
        file.truncate(200_000)
    with pytest.raises(BenchError, match="damaged"):
        Store.open(str(cut)).members()


def test_another_programs_database(tmp_path):
    with sqlite3.connect(tmp_path / "mlflow.db") as connection:
        connection.execute("CREATE TABLE bookmarks (address TEXT)")
    connection.close()
    with pytest.raises(BenchError, match="another program, not MLflow's"):
        Store.open(str(tmp_path))


def test_a_schema_of_another_mlflow(make_store):
    folder = make_store().location.database.parent
    shutil.copytree(folder, folder.with_name("older"))
    with sqlite3.connect(folder.with_name("older") / "mlflow.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'cfd24bdc0731'")
    connection.close()
    with pytest.raises(BenchError, match="made by another MLflow version"):
        Store.open(str(folder.with_name("older")))


def test_a_server_that_does_not_answer(free_port):
    with pytest.raises(BenchError, match=f"No server answers at http://127.0.0.1:{free_port}") as caught:
        Store.open(f"http://127.0.0.1:{free_port}")
    assert "Max retries" not in str(caught.value)


def test_a_server_that_is_not_mlflow(tmp_path, free_port):
    (tmp_path / "version").write_text("<html>a web page</html>")
    with _web_server(free_port, tmp_path):
        with pytest.raises(BenchError, match="is not MLflow's"):
            Store.open(f"http://127.0.0.1:{free_port}")
        with pytest.raises(BenchError, match="answers 404"):
            Store.open(f"http://127.0.0.1:{free_port}/elsewhere")


class _web_server:  # noqa: N801 - read as a verb
    def __init__(self, port: int, folder: Path) -> None:
        command = [sys.executable, "-u", "-m", "http.server", str(port), "--bind", "127.0.0.1"]
        self.process = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )

    def __enter__(self) -> None:
        assert "Serving" in self.process.stdout.readline()

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.communicate()


@pytest.mark.parametrize(
    "uri",
    [
        "http://me:hunter2@127.0.0.1:9",
        "postgresql+nodriver://me:hunter2@127.0.0.1:9/x",
        "odd://me:hunter2@h/x",
    ],
)
def test_no_message_holds_a_password(uri):
    with pytest.raises(BenchError) as caught:
        Store.open(uri)
    assert "hunter2" not in str(caught.value)
    assert "***@" in str(caught.value)


def test_passwords_are_taken_out_of_what_others_say():
    assert without_secrets("cannot reach https://me:p/w@host/a, nor s3://k:s@b") == (
        "cannot reach https://***@host/a, nor s3://***@b"
    )
    with pytest.raises(BenchError) as caught, plainly("shown"):
        raise OSError("postgresql://me:hunter2@host/db is full")
    assert str(caught.value) == "Store shown failed: postgresql://***@host/db is full."


def test_a_missing_driver_is_named():
    with pytest.raises(BenchError, match=r"driver that is not installed: .*nodriver"):
        Store.open("postgresql+nodriver://127.0.0.1:9/x")


@pytest.mark.parametrize("move", [shutil.move, shutil.copytree])
def test_a_store_that_was_moved_still_reads_and_writes(make_store, tmp_path, move):
    first = make_store("old place")
    first.write_cohort(result(cohort("lstm")))
    before = first.members()
    first.client._tracking_client.store._dispose_engine()  # as if the program had ended
    move(str(tmp_path / "old place"), str(tmp_path / "new"))
    shutil.rmtree(tmp_path / "old place", ignore_errors=True)

    second = Store.open(str(tmp_path / "new"), create=False)
    assert second.members().equals(before)
    assert len(second.curves()) == 15
    with second.lock():
        second.write_cohort(result(cohort("gru")))
    assert set(second.members()["technique"]) == {"lstm", "gru"}
    assert not (tmp_path / "old place").exists(), "nothing is written where the store was"
