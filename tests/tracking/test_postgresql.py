"""An MLflow server on a real PostgreSQL, as compose.yaml and docs/cluster.md have it, and several who write at once."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import postgresql
import pytest
import several
import sqlalchemy
from made_up.cohorts import cohort, result
from postgresql import COMPOSE
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import OperationalError

from bench.tracking import Outbox, Store, outbox

psycopg = pytest.importorskip("psycopg", reason="no driver: python -m pip install 'bptt-bench[postgresql]'")
if postgresql.programs() is None:
    pytest.skip("PostgreSQL is not installed: apt-get install postgresql", allow_module_level=True)

ROOT = Path(__file__).parents[2]
WRITERS = 3
EVERY = 3
"""Of the commits of a cohort, so many are cut off: the first, the fourth, …"""


@pytest.fixture(scope="module")
def database():
    with postgresql.running() as found:
        yield found


@pytest.fixture
def served(database, tmp_path):
    """The address of a server that was started as compose.yaml has it."""
    with postgresql.served(database.address, tmp_path) as address:
        yield address


def test_several_machines_write_at_once_and_nothing_stands_twice(served, store, tmp_path):
    program = (sys.executable, several.__file__, "--address", served, "--rounds=1", f"--writers={WRITERS}")
    done = subprocess.run(program, env=os.environ, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    shared = Store.open(served)
    for what in several.cohorts(WRITERS):
        store.write_cohort(result(what))
    for table in ("members", "curves", "gradients", "probes"):
        pd.testing.assert_frame_equal(_rows(shared, table), _rows(store, table), check_exact=True)
    assert _runs(shared) == _runs(store), "neither does MLflow show anything twice"
    with shared.lock():
        assert shared.repair() == 0


@pytest.mark.parametrize("what", ["the commit", "its answer"])
def test_a_commit_that_is_cut_off_makes_nothing_twice(what, tmp_path, monkeypatch):
    """As by a database that is restarted: before a transaction has ended, or before anybody hears that it has."""
    monkeypatch.setattr(outbox, "PAUSE", 0.0)
    monkeypatch.chdir(tmp_path)  # artifacts go below it
    made = result(cohort("gru", seeds=1))
    with postgresql.running() as database:
        store = Store.open(database.address)
        box = Outbox(store)
        with cutting_off(what, database.address) as cut, store.lock():
            store.write_cohort(made)  # with the experiments, which need commits of their own
            store.delete("cohorts", {made.cohort.key})
            cut.at(0)
            store.write_cohort(made)
            for number in range(1, cut.count + 1, EVERY):
                store.delete("cohorts", {made.cohort.key})
                cut.at(number)
                box.write(made)
                assert len(box) == 1, f"commit {number} was not cut off"
                assert box.send(at_once=True)
                assert sorted(store.members()["seed"]) == [1], f"{what} {number}"
                assert len(_runs(store)) == 2, f"a member and its record, though {what} {number} was cut off"
            assert store.repair() == 0


class Cut:
    """Counts commits, and says which one is to be cut off."""

    def __init__(self) -> None:
        self.count, self.chosen = 0, 0

    def at(self, number: int) -> None:
        """Count anew, and cut off the commit of this number; 0: none."""
        self.count, self.chosen = 0, number

    def is_due(self) -> bool:
        """Count a commit; whether it is the one."""
        self.count += 1
        return self.count == self.chosen


@contextmanager
def cutting_off(what: str, address: str) -> Iterator[Cut]:
    """Have the database end a connection when it is to commit, or as soon as it has, so that nobody hears of it."""
    cut = Cut()

    def commit(connection: Connection) -> None:
        if not cut.is_due():
            return
        driver = connection.connection.driver_connection
        if what == "its answer":
            driver.commit()
        with psycopg.connect(address.replace("+psycopg", ""), autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s, 60000)", [driver.info.backend_pid])
        if what == "its answer":
            raise OperationalError("COMMIT", None, Exception("terminating connection"))

    sqlalchemy.event.listen(Engine, "commit", commit)
    try:
        yield cut
    finally:
        sqlalchemy.event.remove(Engine, "commit", commit)


def _rows(store, table):
    rows = getattr(store, table)().drop(columns="mlflow_run_id", errors="ignore")
    return rows.sort_values(list(rows.columns), ignore_index=True)


def _runs(store):
    """Names of all runs that are not deleted, sorted."""
    ids = [e.experiment_id for e in store.client.search_experiments() if e.name != "Default"]
    return sorted(run.info.run_name for run in store.client.search_runs(ids))


def test_the_server_of_compose_is_shut_to_others():
    published = COMPOSE["mlflow"]["ports"]
    assert all(port.startswith("127.0.0.1:") for port in published)
    assert "ports" not in COMPOSE["database"]
    secrets = [COMPOSE["database"]["environment"]["POSTGRES_PASSWORD"], COMPOSE["mlflow"]["environment"]["PGPASSWORD"]]
    assert all(secret.startswith("${POSTGRES_PASSWORD:?") for secret in secrets)


def test_compose_installs_what_the_tests_ran_with():
    pins = dict(re.findall(r"^([\w-]+)==(\S+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE))
    installed = dict(re.findall(r"(\w+)(?:\[\w+\])?==([\d.]+)", COMPOSE["mlflow"]["build"]["dockerfile_inline"]))
    assert installed == {name: pins[name] for name in ("mlflow", "psycopg")}
    assert re.fullmatch(r"postgres:\d+\.\d+-\w+", COMPOSE["database"]["image"])
