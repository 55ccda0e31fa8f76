"""A PostgreSQL for tests; run as a program, it installs Debian's where there is none; without one tests are skipped."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import yaml
from ports import free_port
from served import IN_ONE, answering

COMPOSE = yaml.safe_load((Path(__file__).parents[1] / "compose.yaml").read_text(encoding="utf-8"))["services"]


def programs() -> Path | None:
    """The folder of initdb and pg_ctl, of the newest version that is installed; None if none is."""
    known = shutil.which("initdb")
    if known:
        return Path(known).parent
    found = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    return max((file.parent for file in found), key=lambda folder: int(folder.parent.name), default=None)


@dataclass(frozen=True)
class Database:
    """An empty database in a folder of its own and on a socket there: no port is opened."""

    folder: Path
    user: str | None
    """Who runs it; None: who runs the tests."""

    @property
    def address(self) -> str:
        """As SQLAlchemy takes it."""
        return f"postgresql+psycopg://mlflow@/postgres?host={self.folder}"

    def start(self) -> None:
        """Have it answer."""
        options = f"-F -c listen_addresses='' -c unix_socket_directories='{self.folder}'"
        self.call("pg_ctl", "start", "--wait", f"--log={self.folder / 'log'}", f"--options={options}")

    def stop(self, mode: str = "fast") -> None:
        """Have it cut all connections and end; mode: 'fast' in good order, 'immediate' as if it were killed."""
        self.call("pg_ctl", "stop", f"--mode={mode}")

    def call(self, program: str, *words: str) -> None:
        """Run one of PostgreSQL's own programs on it."""
        bin = programs()
        assert bin is not None
        command = [str(bin / program), "--pgdata", str(self.folder / "data"), *words]
        subprocess.run(command, user=self.user, group=self.user, cwd=self.folder, check=True, stdout=subprocess.DEVNULL)


@contextmanager
def running() -> Iterator[Database]:
    """A database that answers."""
    user = "postgres" if os.geteuid() == 0 else None  # it refuses to run as root
    folder = Path(tempfile.mkdtemp(prefix="bench-pg-"))
    try:
        if user:
            shutil.chown(folder, user)
        folder.chmod(0o755)  # whoever runs the tests goes through it to the socket
        database = Database(folder, user)
        database.call("initdb", "--username=mlflow", "--auth=trust", "--no-sync")
        database.start()
        try:
            yield database
        finally:
            with suppress(subprocess.CalledProcessError):  # a test has stopped it
                database.stop("immediate")
    finally:
        shutil.rmtree(folder)


@contextmanager
def served(database: str, folder: Path, in_one: bool = False) -> Iterator[str]:
    """The address of a server that was started as compose.yaml has it, but for its port and its folder.

    in_one: as one process, where it has two workers and a parent, each of which takes as long to start.
    """
    with free_port() as port, (folder / "server.log").open("w") as log:
        changed = {"--host": "127.0.0.1", "--port": port, "--artifacts-destination": folder / "artifacts"}
        changed["--allowed-hosts"] = f"127.0.0.1:{port}"
        program = ["-P", "-c", IN_ONE] if in_one else ["-m", COMPOSE["mlflow"]["command"][0]]
        if in_one:
            changed["--workers"] = 1
        words = [word.partition("=") for word in COMPOSE["mlflow"]["command"][1:]]
        command = [f"{option}{sign}{changed.get(option, value)}" for option, sign, value in words]
        settings = {name: value for name, value in COMPOSE["mlflow"]["environment"].items() if name != "PGPASSWORD"}
        environment = os.environ | settings | {"MLFLOW_BACKEND_STORE_URI": database}
        command = [sys.executable, *program, *command]
        server = subprocess.Popen(command, env=environment, cwd=folder, stdout=log, stderr=log)
        try:
            yield answering(f"http://127.0.0.1:{port}", server)
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__" and programs() is None:
    from bench.doctor import install_packages
    from bench.errors import BenchError

    try:
        install_packages(["postgresql"])
    except BenchError as error:
        print(f"Tests with PostgreSQL will be skipped. {error}", file=sys.stderr)
