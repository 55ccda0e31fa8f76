"""Where a store is, and that everybody who reads its address finds it there."""

import os
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from made_up.cohorts import cohort, result

from bench.errors import BenchError
from bench.tracking import Store, address
from bench.tracking.address import locate, sqlite_address
from bench.tracking.pruning import purge
from bench.tracking.state import state_folder


def test_where_a_store_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert locate(None).database == tmp_path / "mlruns" / "mlflow.db"
    assert locate("elsewhere").database == tmp_path / "elsewhere" / "mlflow.db"
    assert locate("./~else").database == tmp_path / "~else" / "mlflow.db"
    assert locate("sqlite:///./~else").database == tmp_path / "~else"
    assert locate("~/elsewhere").database == Path.home() / "elsewhere" / "mlflow.db"
    assert locate("elsewhere/my.db").database == tmp_path / "elsewhere" / "my.db"
    assert locate("sqlite:///elsewhere/my").database == tmp_path / "elsewhere" / "my"
    assert locate(f"sqlite:///{tmp_path}/my").artifacts == tmp_path / "artifacts"
    assert locate("https://host:5000/").uri == "https://host:5000"
    assert locate("postgresql+psycopg2://host/results").database is None


def test_a_command_that_a_message_names_is_about_the_same_store(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert locate(None).option == locate("mlruns").option == ""
    assert locate("else where").option == f" --store '{tmp_path}/else where/mlflow.db'"
    assert locate("http://me:hunter2@host").option == " --store 'http://***@host'"


@pytest.mark.parametrize("uri", ["ftp://host/x", "file:///tmp/mlruns", "databricks://profile"])
def test_an_unknown_kind_of_store_is_refused(uri):
    with pytest.raises(BenchError, match="not a known kind of store: give a folder"):
        locate(uri)


@pytest.mark.parametrize("uri", ["sqlite://", "sqlite:///", "sqlite:///:memory:"])
def test_a_database_in_memory_is_refused(uri):
    with pytest.raises(BenchError, match="does not name a file"):
        locate(uri)


ODD = ["proj_feature%2Ffoo", "a%20b", "100%", "%25", "a b # & ; + = @ [1]", "%C3%A9 é", "%zz%41"]


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("decodes", [True, False])
def test_sqlalchemy_reads_the_path_that_is_meant(tmp_path, monkeypatch, name, decodes):
    """It decodes escapes since 2.1."""
    if not decodes:
        raw = r"^sqlite(?:\+pysqlite)?:///"
        monkeypatch.setattr(address, "make_url", lambda uri: SimpleNamespace(database=re.sub(raw, "", uri)))
    found = sqlite_address(tmp_path / name / "mlflow.db")
    assert address.make_url(found).database == str(tmp_path / name / "mlflow.db")


@pytest.mark.usefixtures("collects_here")
def test_a_store_in_a_folder_with_escapes_in_its_name(make_store, tmp_path):
    name = "a%20proj_feature%2Ffoo"
    beside = make_store("a proj_feature/foo")
    before = beside.location.database.read_bytes()
    store = make_store(name)
    with store.lock():
        store.write_cohort(result(cohort("lstm")))
        store.write_cohort(result(cohort("gru")))
        store.delete("cohorts", [cohort("gru").key])
        store.repair()
        purge(store)
    again = Store.open(str(tmp_path / name), create=False)
    assert set(again.members()["technique"]) == {"lstm"}
    assert (tmp_path / name / "artifacts").is_dir()
    assert beside.location.database.read_bytes() == before, "the store of the decoded name"
    beside.client._tracking_client.store._dispose_engine()
    folders = {path.name for path in tmp_path.iterdir()}
    assert folders == {name, "a proj_feature"}, "MLflow makes none that an address spells"


def test_a_new_store_in_a_folder_with_escapes_in_its_name(tmp_path):
    store = Store.open(str(tmp_path / "a%20b"))
    store.write_cohort(result())
    with closing(sqlite3.connect(tmp_path / "a%20b" / "mlflow.db")) as connection:
        assert connection.execute("SELECT count(*) FROM runs").fetchone()[0] > len(store.members())
    assert [path.name for path in tmp_path.iterdir()] == ["a%20b"]


def test_the_outbox_of_a_store_stays_where_it_is_whatever_its_address():
    file = Path("/a%20b/mlflow.db")
    one, other = (address.Location(uri, file) for uri in ("sqlite:////a%20b/mlflow.db", sqlite_address(file)))
    assert state_folder(one) == state_folder(other)


def test_bytes_that_are_no_text_are_refused(tmp_path, monkeypatch):
    odd = Path(os.fsdecode(os.fsencode(tmp_path / "x") + b"\xff"))
    sentence = r"Store '.*/x\\xff/mlflow.db' has bytes in its path that are not UTF-8: choose another with --store"
    with pytest.raises(BenchError, match=sentence):
        Store.open(str(odd))
    odd.mkdir()
    monkeypatch.chdir(odd)
    with pytest.raises(BenchError, match="not UTF-8"):
        Store.open()


@pytest.mark.parametrize("uri", ["sqlite:////tmp/a%20b/x.db", "sqlite:///%2Ftmp/x.db"])
def test_an_address_that_two_versions_of_sqlalchemy_read_differently_is_refused(uri):
    with pytest.raises(BenchError, match="has an escape in its address: give the path of the file by itself"):
        locate(uri)
