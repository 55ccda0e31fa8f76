"""An MLflow server on a real PostgreSQL, as compose.yaml and docs/cluster.md have it, and several who write at once."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import postgresql
import pytest
import requests
import yaml
from factory import cohort, result

from bench.tracking import Store

pytest.importorskip("psycopg", reason="no driver: python -m pip install 'bptt-bench[postgresql]'")
if postgresql.programs() is None:
    pytest.skip("PostgreSQL is not installed: apt-get install postgresql", allow_module_level=True)

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]
PATIENCE = 180
WRITERS = 3
SHARED = "gru"


@pytest.fixture(scope="module")
def database():
    with postgresql.running() as address:
        yield address


@pytest.fixture
def served(database, free_port, tmp_path):
    """The address of a server that was started as compose.yaml has it, but for its port and its folder."""
    changed = {"--host": "127.0.0.1", "--port": free_port, "--artifacts-destination": tmp_path / "artifacts"}
    changed["--allowed-hosts"] = f"127.0.0.1:{free_port}"
    words = [word.partition("=") for word in COMPOSE["mlflow"]["command"]]
    command = [f"{option}{sign}{changed.get(option, value)}" for option, sign, value in words]
    settings = {name: value for name, value in COMPOSE["mlflow"]["environment"].items() if name != "PGPASSWORD"}
    environment = os.environ | settings | {"MLFLOW_BACKEND_STORE_URI": database}
    with Path(tmp_path / "server.log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", *command], env=environment, cwd=tmp_path, stdout=log, stderr=log
        )
        try:
            address = f"http://127.0.0.1:{free_port}"
            _wait_for(address, server)
            yield address
        finally:
            server.terminate()
            server.wait()


def _wait_for(address, server):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and server.poll() is None:
        try:
            if requests.get(f"{address}/health", timeout=5).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.2)
    raise AssertionError("the server did not come up")


PROGRAM = f"""
import os, sys
import pyarrow.parquet  # once, not in every child
from factory import cohort, result
from bench.tracking import Store

gate, opener = os.pipe()
children = []
for number in range({WRITERS}):
    children.append(os.fork())
    if not children[-1]:
        os.close(opener)
        os.environ["XDG_STATE_HOME"] = f"{{sys.argv[2]}}/{{number}}"  # one a machine: there they would take turns
        store = Store.open(sys.argv[1])
        os.read(gate, 1)  # all together
        with store.lock():
            store.repair()
            store.write_cohort(result(cohort("{SHARED}")))
            store.write_cohort(result(cohort("tanh", lag=10 + number)))
        os._exit(0)
os.close(opener)
print(*(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children))
"""


def test_several_machines_write_at_once_and_nothing_stands_twice(served, store, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, served, str(tmp_path)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["0"] * WRITERS, done.stderr
    shared = Store.open(served)
    for what in (cohort(SHARED), *(cohort("tanh", lag=10 + number) for number in range(WRITERS))):
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
