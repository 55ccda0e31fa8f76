import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from made_up.cohorts import cohort, result
from mlflow import MlflowClient

from bench import waiting
from bench.errors import BenchError, without_secrets
from bench.tracking import Store, local, opening
from bench.tracking.address import Location
from bench.tracking.opening import plainly


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
    with pytest.raises(BenchError, match=r"cannot be created: .*file"):
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
    with pytest.raises(BenchError, match="another program, not of MLflow"):
        Store.open(str(tmp_path))


def test_a_schema_of_another_mlflow(make_store):
    folder = make_store().location.database.parent
    shutil.copytree(folder, folder.with_name("older"))
    with sqlite3.connect(folder.with_name("older") / "mlflow.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'cfd24bdc0731'")
    connection.close()
    with pytest.raises(BenchError, match="created by another version of MLflow"):
        Store.open(str(folder.with_name("older")))


def test_a_server_that_does_not_answer(free_port):
    with pytest.raises(BenchError, match=f"No server answers at http://127.0.0.1:{free_port}") as caught:
        Store.open(f"http://127.0.0.1:{free_port}")
    assert "Max retries" not in str(caught.value)


def test_a_server_that_is_not_mlflow(tmp_path, free_port):
    (tmp_path / "version").write_text("<html>a web page</html>")
    with _web_server(free_port, tmp_path):
        with pytest.raises(BenchError, match="is not an MLflow server"):
            Store.open(f"http://127.0.0.1:{free_port}")
        with pytest.raises(BenchError, match="answers 404"):
            Store.open(f"http://127.0.0.1:{free_port}/elsewhere")


class Failing(BaseHTTPRequestHandler):
    """Answers with its server's `fault`: an error of that number, or none at all."""

    def do_GET(self) -> None:
        if self.server.fault:
            self.send_error(self.server.fault)
        self.close_connection = True

    do_POST = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def failing(monkeypatch):
    """A server whose `fault` is to be set; it is asked but once more, at once."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "0")
    with ThreadingHTTPServer(("127.0.0.1", 0), Failing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


WHY = r"see its log for the reason \(its database may be down, or a disk full\), fix it, and try again"


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (503, rf"answers 503 Service Unavailable: {WHY}\."),
        (500, rf"answers 500 Internal Server Error: {WHY}\."),
        (599, rf"answers 599: {WHY}\."),
        (0, r"no longer answers: make sure that it can be reached, and try again\."),
    ],
)
@pytest.mark.parametrize("retries", ["0", "1"])
def test_a_server_that_fails_later_is_a_sentence_without_its_retries(failing, fault, sentence, retries, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", retries)
    failing.fault = fault
    address = f"http://127.0.0.1:{failing.server_port}"
    with pytest.raises(BenchError, match=rf"^The server at {address} {sentence}$"), plainly(address):
        MlflowClient(address).create_run("0")


def test_a_server_that_fails_from_the_start_says_so(failing):
    failing.fault = 502
    with pytest.raises(BenchError, match=rf"answers 502 Bad Gateway: {WHY}\.$"):
        Store.open(f"http://127.0.0.1:{failing.server_port}")


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


def test_no_store_is_waited_for_where_none_can_be():
    with pytest.raises(BenchError, match=r"Store /proc/x\.db cannot be created: /proc is not writable"):
        Store.open("sqlite:////proc/x.db")


def test_what_is_no_file_is_no_store(tmp_path):
    os.mkfifo(tmp_path / "pipe.db")
    with pytest.raises(BenchError, match="something that is not a file is in its place"):
        Store.open(str(tmp_path / "pipe.db"))
    assert (tmp_path / "pipe.db").is_fifo()


@pytest.fixture
def silent(monkeypatch):
    """The port of a server that takes connections and says nothing; it is not waited for long."""
    monkeypatch.setattr(opening, "PATIENCE", 0.3)
    monkeypatch.setattr(waiting, "SECONDS_OF_SILENCE", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("http://127.0.0.1:{}", "No server answers at"),
        ("postgresql+psycopg://me:hunter2@127.0.0.1:{}/x", "No database answers at"),
    ],
)
def test_who_says_nothing_is_not_waited_for_without_end(silent, address, sentence, caplog):
    if address.startswith("postgresql"):
        pytest.importorskip("psycopg")
    with pytest.raises(BenchError, match=sentence):
        Store.open(address.format(silent))
    assert f"127.0.0.1:{silent}" in caplog.text, "what is waited for is told"
    assert "hunter2" not in caplog.text


def test_a_database_that_another_program_keeps_to_itself_is_told(store, monkeypatch, caplog):
    monkeypatch.setattr(local, "PATIENCE", 0.3)
    monkeypatch.setattr(waiting, "SECONDS_OF_SILENCE", 0.05)
    database = shutil.copyfile(store.location.database, store.location.database.with_name("other.db"))
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = DELETE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(BenchError, match="is locked by another program: wait for it, or end it"):
            Store.open(str(database), create=False)
    assert f"Store {database} is slow to open" in caplog.text


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "ALL_PROXY"])
def test_a_proxy_is_not_asked_for_this_machine(tmp_path, free_port, monkeypatch, variable):
    monkeypatch.setenv("no_proxy", "example.com")
    monkeypatch.setenv(variable, "http://127.0.0.1:9")
    (tmp_path / "version").write_text("3.17.2")
    with _web_server(free_port, tmp_path):
        opening.reach(Location(f"http://127.0.0.1:{free_port}"))
    assert os.environ["no_proxy"] == "example.com,127.0.0.1"


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "ALL_PROXY"])
def test_a_proxy_that_is_asked_is_named(monkeypatch, variable):
    monkeypatch.setenv("no_proxy", "example.com")
    monkeypatch.setenv(variable, "http://me:hunter2@127.0.0.1:9")
    said = rf"http://host\.invalid \(contacted through the proxy set in {variable}; .*\): start"
    with pytest.raises(BenchError, match=said) as caught:
        opening.reach(Location("http://host.invalid"))
    assert "hunter2" not in str(caught.value)
