"""An MLflow server on a real PostgreSQL, as compose.yaml and docs/cluster.md have it, and several who write at once."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import postgresql
import pytest
import several
from factory import result
from postgresql import COMPOSE

from bench.tracking import Store

pytest.importorskip("psycopg", reason="no driver: python -m pip install 'bptt-bench[postgresql]'")
if postgresql.programs() is None:
    pytest.skip("PostgreSQL is not installed: apt-get install postgresql", allow_module_level=True)

ROOT = Path(__file__).parents[2]
WRITERS = 3


@pytest.fixture(scope="module")
def database():
    with postgresql.running() as address:
        yield address


@pytest.fixture
def served(database, tmp_path):
    """The address of a server that was started as compose.yaml has it."""
    with postgresql.served(database, tmp_path) as address:
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
