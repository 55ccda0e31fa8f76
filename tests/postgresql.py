"""A PostgreSQL for tests; run as a program, it installs Debian's where there is none; without one tests are skipped."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
import yaml

COMPOSE = yaml.safe_load((Path(__file__).parents[1] / "compose.yaml").read_text(encoding="utf-8"))["services"]
PATIENCE = 180
"""Seconds that a server may take to start."""


def programs() -> Path | None:
    """The folder of initdb and pg_ctl, of the newest version that is installed; None if none is."""
    known = shutil.which("initdb")
    if known:
        return Path(known).parent
    found = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    return max((file.parent for file in found), key=lambda folder: int(folder.parent.name), default=None)


@contextmanager
def running() -> Iterator[str]:
    """The address of an empty database, in a new folder and on a socket there: no port is opened."""
    bin = programs()
    assert bin is not None
    user = "postgres" if os.geteuid() == 0 else None  # it refuses to run as root
    folder = Path(tempfile.mkdtemp(prefix="bench-pg-"))
    try:
        if user:
            shutil.chown(folder, user)
        folder.chmod(0o755)  # whoever runs the tests goes through it to the socket

        def call(program: str, *words: str) -> None:
            command = [str(bin / program), "--pgdata", str(folder / "data"), *words]
            subprocess.run(command, user=user, group=user, cwd=folder, check=True, stdout=subprocess.DEVNULL)

        call("initdb", "--username=mlflow", "--auth=trust", "--no-sync")
        options = f"-F -c listen_addresses='' -c unix_socket_directories='{folder}'"
        call("pg_ctl", "start", "--wait", f"--log={folder / 'log'}", f"--options={options}")
        try:
            yield f"postgresql+psycopg://mlflow@/postgres?host={folder}"
        finally:
            call("pg_ctl", "stop", "--mode=immediate")
    finally:
        shutil.rmtree(folder)


@contextmanager
def served(database: str, folder: Path) -> Iterator[str]:
    """The address of a server that was started as compose.yaml has it, but for its port and its folder."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    changed = {"--host": "127.0.0.1", "--port": port, "--artifacts-destination": folder / "artifacts"}
    changed["--allowed-hosts"] = f"127.0.0.1:{port}"
    words = [word.partition("=") for word in COMPOSE["mlflow"]["command"]]
    command = [f"{option}{sign}{changed.get(option, value)}" for option, sign, value in words]
    settings = {name: value for name, value in COMPOSE["mlflow"]["environment"].items() if name != "PGPASSWORD"}
    environment = os.environ | settings | {"MLFLOW_BACKEND_STORE_URI": database}
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen([sys.executable, "-m", *command], env=environment, cwd=folder, stdout=log, stderr=log)
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_for(address, server)
            yield address
        finally:
            server.terminate()
            server.wait()


def _wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and server.poll() is None:
        try:
            if requests.get(f"{address}/health", timeout=5).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.2)
    raise AssertionError("the server did not come up")


if __name__ == "__main__" and programs() is None:
    from bench.doctor import install_packages
    from bench.errors import BenchError

    try:
        install_packages(["postgresql"])
    except BenchError as error:
        print(f"Tests with PostgreSQL will be skipped. {error}", file=sys.stderr)
