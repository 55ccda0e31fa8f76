"""Finds, checks and makes a store, and turns what goes wrong with it into one clear sentence."""

from __future__ import annotations

import logging
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
import sqlalchemy
from filelock import FileLock
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from sqlalchemy.engine import Engine
from sqlalchemy.exc import NoSuchModuleError, SQLAlchemyError

from bench.errors import BenchError, without_secrets
from bench.tracking.layout import RECORD_PREFIX, TASK_PREFIX

DEFAULT = Path("mlruns")
DATABASE = "mlflow.db"
SERVERS = ("http", "https")
DATABASES = ("postgresql", "mysql", "mssql")
PATIENCE = 10.0
"""Seconds that a server may take to answer at all."""


@dataclass(frozen=True)
class Location:
    """Where a store is."""

    uri: str = field(repr=False)
    """As MLflow takes it; may hold a password."""
    database: Path | None = None
    """The SQLite file of a local store, absolute."""
    artifacts: Path | None = None
    """Where files go, unless a server decides."""

    @property
    def shown(self) -> str:
        """For messages: a path where there is one, never a password."""
        return str(self.database) if self.database else without_secrets(self.uri)


def locate(uri: str | None) -> Location:
    """Read `--store`: None for ./mlruns, a folder, a database file, sqlite:///…, http(s)://…, postgresql://….

    Raises BenchError for anything else.
    """
    scheme = "" if uri is None else re.match(r"(?:([\w+.-]+):/)?", uri)[1] or ""  # type: ignore[index]
    if uri is None or not scheme:
        return _local(Path(uri or DEFAULT))
    if scheme == "sqlite":
        path = uri.removeprefix("sqlite:///")
        if path in (uri, "", ":memory:"):
            raise BenchError(f"Store '{without_secrets(uri)}' names no file: write sqlite:///folder/{DATABASE}.")
        return _local(Path(path), is_file=True)
    if scheme in SERVERS:
        _check_server(uri)
        return Location(uri.rstrip("/"))
    if scheme.split("+")[0] in DATABASES:
        return Location(uri, artifacts=(DEFAULT / "artifacts").resolve())
    raise BenchError(
        f"Store '{without_secrets(uri)}' is of no known kind: give a folder, a database file, sqlite:///…, "
        f"http(s)://… of an MLflow server, or postgresql://…"
    )


def _check_server(uri: str) -> None:
    try:
        parts = urlsplit(uri)
        whole = bool(parts.hostname) and parts.port != 0 and not parts.query and not parts.fragment
    except ValueError:  # brackets or a port that are none
        whole = False
    if not whole:
        raise BenchError(f"Store '{without_secrets(uri)}' is no server's address: write http(s)://host:port.")


def _local(path: Path, is_file: bool = False) -> Location:
    try:
        path = path.expanduser().resolve()
        is_file = is_file or path.is_file() or path.suffix in (".db", ".sqlite")
    except (OSError, ValueError, RuntimeError) as error:  # too long, a null byte, a user who is not known
        raise BenchError(f"Store '{path}' cannot be a path: {brief(error)}.") from None
    if "?" in str(path):  # the database's address would end there
        raise BenchError(f"Store '{path}' has a question mark in its path: name another with --store.")
    database = path if is_file else path / DATABASE
    return Location(f"sqlite:///{database}", database, database.parent / "artifacts")


def brief(error: Exception) -> str:
    """What an error says, on one line that is not long and holds no password."""
    said = str(error).split("(Background on this error")[0]  # SQLAlchemy's advertisement of its manual
    return " ".join(without_secrets(said).split())[:300].rstrip(".")


@contextmanager
def plainly(shown: str) -> Iterator[None]:
    """Turn what MLflow, its database or the disk raises about the store `shown` into a BenchError."""
    try:
        yield
    except PermissionError as error:
        raise BenchError(f"Store {shown} cannot be written: no permission for {error.filename}.") from error
    except (MlflowException, SQLAlchemyError, sqlite3.Error, requests.RequestException, OSError) as error:
        said = str(error)
        if "database schema" in said:
            raise BenchError(
                f"Store {shown} was made by another MLflow version: use that one, or another --store, "
                f"or back it up and run 'mlflow db upgrade' on it."
            ) from None
        if "malformed" in said or "not a database" in said:
            raise BenchError(_DAMAGED.format(shown)) from None
        raise BenchError(f"Store {shown} failed: {brief(error)}.") from None


@contextmanager
def understood(shown: str) -> Iterator[None]:
    """Turn what MLflow raises over rows that it never wrote into a BenchError."""
    try:
        yield
    except (MlflowException, SQLAlchemyError, requests.RequestException, OSError):
        raise  # see `plainly`
    except Exception as error:
        raise BenchError(_DAMAGED.format(shown)) from error


_DAMAGED = "Store {} is not a database or is damaged: put back a copy, or name another with --store."


def connect(location: Location, create: bool) -> MlflowClient:
    """Check the store, make it if that is wanted, and open it. Raises BenchError."""
    for chatter in ("mlflow.store.db.utils", "urllib3.connectionpool"):  # they log what is raised or tried again anyway
        logging.getLogger(chatter).setLevel(logging.CRITICAL)
    with plainly(location.shown):
        if location.database is not None:
            _prepare(location, location.database, create)
        else:
            reach(location)
        client = MlflowClient(tracking_uri=location.uri)
        with understood(location.shown):
            client.search_experiments(max_results=1)  # is it MLflow that answers?
        return client


def reach(location: Location) -> None:
    """MLflow tries what does not answer for long: ask once before. Raises BenchError."""
    if urlsplit(location.uri).scheme in SERVERS:
        _knock(location)
    elif location.database is None:
        _dial(location)


def _prepare(location: Location, database: Path, create: bool) -> None:
    exists = database.is_file() and database.stat().st_size > 0
    if not exists and not create:
        raise BenchError(f"There is no store at {database}: run 'bptt-bench run' first, or name one with --store.")
    try:
        database.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BenchError(f"Store {database} cannot be made: {error.strerror}: {error.filename}.") from error
    _RELAXED.add(str(database))
    # Two processes that make the tables at once break the database for good.
    with FileLock(f"{database}.setup.lock"):
        if not (database.is_file() and database.stat().st_size > 0):
            _make(database)
        _check_and_mend(location, database)


def _make(database: Path) -> None:
    """Make the tables in a draft and put it in place: a program killed meanwhile leaves nothing half done."""
    with tempfile.TemporaryDirectory(dir=database.parent, prefix=".new-") as folder:
        draft, ready = Path(folder, "draft.db"), Path(folder, "ready.db")
        MlflowClient(tracking_uri=f"sqlite:///{draft}").search_experiments(max_results=1)
        shutil.copyfile(draft, ready)
        with closing(sqlite3.connect(ready)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")  # readers do not wait for the writer
        ready.replace(database)


def _check_and_mend(location: Location, database: Path) -> None:
    """See that it is MLflow's, and that artifacts are looked for where the store is now.

    MLflow keeps absolute addresses of artifacts, which break when a folder is moved or copied.
    """
    with closing(sqlite3.connect(database, timeout=20)) as connection:
        try:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        except sqlite3.DatabaseError as error:
            raise BenchError(_DAMAGED.format(database)) from error
        if not {"alembic_version", "experiments", "runs"} <= tables:
            raise BenchError(f"Store {database} is a database of another program, not MLflow's: name another file.")
        names = f"(name LIKE '{TASK_PREFIX}%' OR name LIKE '{RECORD_PREFIX}%')"
        root = artifact_root(location)
        moved = [
            identity
            for (identity,) in connection.execute(
                f"SELECT experiment_id FROM experiments WHERE {names} "
                "AND (artifact_location <> :root AND artifact_location NOT LIKE 'mlflow-artifacts:%' OR EXISTS "
                "(SELECT 1 FROM runs WHERE runs.experiment_id = experiments.experiment_id "
                "AND IFNULL(artifact_uri, '') NOT LIKE 'mlflow-artifacts:%' "
                "AND artifact_uri IS NOT :root || '/' || run_uuid || '/artifacts'))",
                {"root": root},
            )
        ]
        for identity in moved:
            connection.execute(
                "UPDATE runs SET artifact_uri = ? || '/' || run_uuid || '/artifacts' WHERE experiment_id = ?",
                (root, identity),
            )
            connection.execute("UPDATE experiments SET artifact_location = ? WHERE experiment_id = ?", (root, identity))
        connection.commit()


def artifact_root(location: Location) -> str | None:
    """The address below which a new experiment keeps its files; None where a server decides."""
    return location.artifacts.as_uri() if location.artifacts else None


def _knock(location: Location) -> None:
    try:
        answer = requests.get(f"{location.uri}/version", timeout=PATIENCE)
    except (requests.RequestException, ValueError):  # their text may hold the address with its password
        raise BenchError(
            f"No server answers at {location.shown}: start 'mlflow server', or name another with --store."
        ) from None
    if not answer.ok:
        raise BenchError(
            f"The server at {location.shown} answers {answer.status_code} {answer.reason}: "
            f"give the address, and user and password where it wants them, of an MLflow server."
        )
    if not re.fullmatch(r"\d+\.\d+[\w.+-]*", answer.text.strip()):
        raise BenchError(f"The server at {location.shown} is not MLflow's: name another with --store.")


def _dial(location: Location) -> None:
    try:
        engine = sqlalchemy.create_engine(location.uri)
        engine.connect().close()
        engine.dispose()
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        raise BenchError(
            f"Store {location.shown} needs a database driver that is not installed: {brief(error)}."
        ) from None
    except (SQLAlchemyError, ValueError, UnicodeError):  # the latter of an address that is none
        raise BenchError(f"No database answers at {location.shown}: start it, or name another with --store.") from None


_RELAXED: set[str] = set()


@sqlalchemy.event.listens_for(Engine, "connect")
def _relax(connection: Any, _: Any) -> None:
    """Spare our local stores a disk flush a commit, of which a member takes seven.

    With a write-ahead log a power cut can then lose the last commits, but neither order nor integrity: a
    cohort whose `complete` tag is lost is trained again. A killed program loses nothing.
    """
    if isinstance(connection, sqlite3.Connection):
        file = connection.execute("PRAGMA database_list").fetchone()[2]
        if file in _RELAXED:
            connection.execute("PRAGMA synchronous = NORMAL")
