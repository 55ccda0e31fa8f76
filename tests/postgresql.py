"""A PostgreSQL of the tests' own; as a program, installs Debian's, without which tests are skipped."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


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


if __name__ == "__main__" and programs() is None:
    from bench.doctor import install_packages
    from bench.errors import BenchError

    try:
        install_packages(["postgresql"])
    except BenchError as error:
        print(f"Tests with PostgreSQL will be skipped. {error}", file=sys.stderr)
