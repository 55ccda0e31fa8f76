"""Gives back the disk that deleted results take up."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing

from bench.errors import BenchError, brief
from bench.tracking.opening import plainly
from bench.tracking.store import Store

RUNS_A_CALL = 1000
"""Ids that one command line holds with ease."""


def purge(store: Store) -> int:
    """Remove dead runs for good, and shrink the database's file; returns how many bytes that freed.

    By MLflow's own `gc`, and for our experiments alone. A store on a server is left to its keeper: 0. Call it under
    `lock`, after `repair`. Raises BenchError if MLflow cannot.
    """
    database, runs = store.location.database, store.dead()
    if database is None or not runs:
        return 0
    with plainly(store.shown), closing(sqlite3.connect(database, timeout=20)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = database.stat().st_size
    for start in range(0, len(runs), RUNS_A_CALL):
        _collect(store, runs[start : start + RUNS_A_CALL])
    if store.location.artifacts is not None:
        for run in runs:  # it leaves the folder around the files
            shutil.rmtree(store.location.artifacts / run, ignore_errors=True)
    with plainly(store.shown), closing(sqlite3.connect(database, timeout=20)) as connection:
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return before - database.stat().st_size


def _collect(store: Store, runs: list[str]) -> None:
    words = ["gc", "--backend-store-uri", store.uri, "--tracking-uri", store.uri, "--run-ids", ",".join(runs)]
    quiet = os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true", "PYTHONWARNINGS": "ignore"}
    done = subprocess.run([sys.executable, "-P", "-m", "mlflow", *words], env=quiet, capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise BenchError(f"Store {store.shown} was not cleared of deleted runs: mlflow gc: {brief(Exception(last))}.")
