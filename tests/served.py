"""Servers for tests: MLflow's own on a store, and waiting until one answers."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import requests

if TYPE_CHECKING:
    from bench.tracking import Store

PATIENCE = 180
"""Seconds that a server may take to come up on a busy machine."""
IN_ONE = """
import os, sys
import mlflow.server
import uvicorn
from mlflow.cli import cli

def here(command, extra_env, **_):
    os.environ.update(extra_env)
    uvicorn.main(command[command.index("uvicorn") + 1 :])

mlflow.server._exec_cmd = here
cli(sys.argv[1:])
"""
"""`mlflow server`, which otherwise starts a second process, and imports itself twice."""


def answering(address: str, server: subprocess.Popen) -> str:
    """The address, once the server answers there."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and server.poll() is None:
        try:
            if requests.get(f"{address}/health", timeout=5).ok:
                return address
        except requests.ConnectionError:
            time.sleep(0.2)
    raise AssertionError("the server did not come up")


@contextmanager
def mlflow_server(store: Store, port: int, folder: Path) -> Iterator[str]:
    """The address of MLflow's own server on a store; it works in `folder`."""
    with mlflow_process(store, port, folder):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def mlflow_process(store: Store, port: int, folder: Path, within: Sequence[str] = ()) -> Iterator[subprocess.Popen]:
    """MLflow's own server on a store, once it answers; within: a command that starts what follows it."""
    command = [*within, sys.executable, "-P", "-c", IN_ONE, "server", "--host", "127.0.0.1", "--port", str(port)]
    own = os.environ | {"MLFLOW_BACKEND_STORE_URI": store.uri, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen([*command, "--workers", "1"], env=own, cwd=folder, stdout=log, stderr=log)
        try:
            answering(f"http://127.0.0.1:{port}", server)
            yield server
        finally:
            server.terminate()
            server.wait()
