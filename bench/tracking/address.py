"""Reads the addresses of stores that a user may give, and writes a path as the address that MLflow takes."""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from sqlalchemy.engine import make_url

from bench.errors import BenchError, brief, without_secrets

DEFAULT = Path("mlruns")
DATABASE = "mlflow.db"
SERVERS = ("http", "https")
DATABASES = ("postgresql", "mysql", "mssql")


@dataclass(frozen=True)
class Location:
    """The place of a store."""

    uri: str = field(repr=False)
    """Address in the form that MLflow takes; may hold a password."""
    database: Path | None = None
    """The SQLite file of a local store, absolute."""
    artifacts: Path | None = None
    """Folder for files; None where a server decides."""

    @property
    def shown(self) -> str:
        """Return the store's name in messages: a path where there is one, never a password."""
        return str(self.database) if self.database else without_secrets(self.uri)

    @property
    def option(self) -> str:
        """The words ' --store …' of a command that a message names, as a shell takes them; empty for the default."""
        return "" if self.database == DEFAULT.resolve() / DATABASE else f" --store {shlex.quote(self.shown)}"

    @property
    def is_copy(self) -> bool:
        """Return True if a copy of the database is opened, made to read a store that is read-only."""
        return self.database is not None and self.uri != sqlite_address(self.database)


def locate(uri: str | None) -> Location:
    """Read `--store`: None for ./mlruns, a folder, a database file, sqlite:///…, http(s)://…, postgresql://….

    Raises BenchError for anything else.
    """
    scheme = "" if uri is None else re.match(r"(?:([\w+.-]+):/)?", uri)[1] or ""  # type: ignore[index]
    if uri is None or not scheme:
        return _local(uri or str(DEFAULT))
    if scheme == "sqlite":
        return _local(_path_in(uri), is_file=True)
    if scheme in SERVERS:
        _check_server(uri)
        return Location(uri.rstrip("/"))
    if scheme.split("+")[0] in DATABASES:
        return Location(uri, artifacts=(DEFAULT / "artifacts").resolve())
    raise BenchError(
        f"Store '{without_secrets(uri)}' is not a known kind of store: give a folder, a database file, sqlite:///…, "
        f"http(s)://… of an MLflow server, or postgresql://…"
    )


def _check_server(uri: str) -> None:
    try:
        parts = urlsplit(uri)
        whole = bool(parts.hostname) and parts.port != 0 and not parts.query and not parts.fragment
    except ValueError:  # brackets or a port that are none
        whole = False
    if not whole:
        raise BenchError(f"Store '{without_secrets(uri)}' is not the address of a server: write http(s)://host:port.")


def _path_in(uri: str) -> str:
    """The path of the file that a user's sqlite:///… names."""
    path = uri.removeprefix("sqlite:///")
    if path in (uri, "", ":memory:"):
        raise BenchError(f"Store '{without_secrets(uri)}' does not name a file: write sqlite:///folder/{DATABASE}.")
    if unquote(path) != path:  # one version of SQLAlchemy reads the escape, another the letters
        raise BenchError(f"Store '{uri}' has an escape in its address: give the path of the file by itself.")
    return path


def _local(given: str, is_file: bool = False) -> Location:
    path = Path(given)  # drops the "./" before a name
    try:
        path = (path.expanduser() if given.startswith("~") else path).resolve()
        is_file = is_file or path.is_file() or path.suffix in (".db", ".sqlite")
    except (OSError, ValueError, RuntimeError) as error:  # too long, a null byte, an unknown user
        raise BenchError(f"Store '{_readable(path)}' cannot be a path: {brief(error)}.") from None
    database = path if is_file else path / DATABASE
    return Location(sqlite_address(database), database, database.parent / "artifacts")


def sqlite_address(file: Path) -> str:
    """The address of an SQLite file, which SQLAlchemy and MLflow read as this file and no other; BenchError if none is.

    SQLAlchemy decodes escapes since 2.1. MLflow makes the folder that it sees in sqlite:///…, escapes and all, but not
    the one of an address that names the driver.
    """
    path = str(file)
    if path != _readable(file):
        raise BenchError(
            f"Store '{_readable(file)}' has bytes in its path that are not UTF-8: choose another with --store."
        )
    if "?" in path:  # the database's address would end there
        raise BenchError(f"Store '{path}' has a question mark in its path: choose another with --store.")
    escaped = path.replace("%", quote("%"))
    for address in (f"sqlite:///{path}", f"sqlite+pysqlite:///{escaped}"):
        if make_url(address).database == path:
            return address
    raise BenchError(f"Store '{path}' has a path that SQLAlchemy cannot represent: choose another with --store.")


def _readable(path: Path) -> str:
    return os.fsencode(path).decode(errors="backslashreplace")


def artifact_root(location: Location) -> str | None:
    """The address below which a new experiment keeps its files; None where a server decides."""
    return location.artifacts.as_uri() if location.artifacts else None
