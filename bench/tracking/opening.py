"""Opens a store, and turns what goes wrong with it into one clear sentence, soon."""

from __future__ import annotations

import errno
import logging
import os
import re
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from urllib.parse import urlsplit

import requests
import sqlalchemy
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.utils.credentials import get_default_host_creds
from mlflow.utils.rest_utils import http_request
from requests.utils import get_environ_proxies, select_proxy
from sqlalchemy.exc import NoSuchModuleError, SQLAlchemyError

from bench.errors import BenchError, brief
from bench.tracking import local
from bench.tracking.address import SERVERS, Location
from bench.waiting import told_if_slow

PATIENCE = 10.0
"""Seconds that a server or a database may take to answer at all."""
LOOPBACK = ("localhost", "127.0.0.1", "::1")


_FAILING = re.compile(r"too many (5\d\d) error responses|error code (5\d\d)|(5\d\d) Server Error")
"""Messages of MLflow and requests about a server that answers, but with an error of its own."""
_BEHIND = "see its log for the reason (its database may be down, or a disk full), fix it, and try again"
_SILENT = re.compile(
    "NewConnectionError|NameResolutionError|ConnectTimeoutError|Read timed out|Connection (?:aborted|broken|refused)"
)
"""Their messages about a server that does not answer; one whose certificate is not trusted is another case."""
_DISTRUST = re.compile(r"certificate verify failed: (.+?)\.? \(_ssl")
"""Their messages about a certificate that is not trusted, and why."""
_LACKING = re.compile(r"(?:bundle|file), invalid path: (.+)")
"""Their messages about a file of certificates, or of a key, that is not where the environment says."""

_FORBIDDEN = {
    errno.EACCES: "no permission",
    errno.EPERM: "no permission",
    errno.EROFS: "a read-only file system",
}
_FULL = (errno.ENOSPC, errno.EDQUOT)
"""Errors of a disk that takes no more, or no more of this user's files."""


@contextmanager
def plainly(shown: str) -> Iterator[None]:
    """Turn what MLflow, its database or the disk raises about the store `shown` into a BenchError."""
    try:
        yield
    except (MlflowException, SQLAlchemyError, sqlite3.Error, requests.RequestException, OSError) as error:
        said = str(error)
        if isinstance(error, OSError) and error.errno in _FORBIDDEN:
            raise BenchError(f"Store {shown} cannot be used: {_FORBIDDEN[error.errno]}: {error.filename}.") from error
        if (isinstance(error, OSError) and error.errno in _FULL) or "database or disk is full" in said:
            place = getattr(error, "filename", None) or shown
            raise BenchError(
                f"Store {shown} failed: no space left for {place}; free some, or choose another with --store."
            ) from error
        if "database schema" in said:
            raise BenchError(
                f"Store {shown} was created by another version of MLflow: use that version, choose another --store, "
                f"or back it up and run 'mlflow db upgrade' on it."
            ) from None
        if "database is locked" in said:
            raise BenchError(f"Store {shown} is locked by another program: wait for it, or end it.") from None
        if "malformed" in said or "not a database" in said:
            raise BenchError(local.DAMAGED.format(shown)) from None
        raise BenchError(
            _of_certificates(shown, said) or _of_server(shown, said) or f"Store {shown} failed: {brief(error)}."
        ) from None


def _of_server(shown: str, said: str) -> str:
    """Say what a user can do about a server that fails or went away; empty if the error is about something else."""
    if failing := _FAILING.search(said):
        return f"The server at {shown} answers {_status(int(failing[failing.lastindex or 1]))}: {_BEHIND}."
    if _SILENT.search(said):
        return f"The server at {shown} no longer answers: make sure that it can be reached, and try again."
    return ""


def _of_certificates(shown: str, said: str) -> str:
    """Say what a user can do if a connection to a server fails for lack of trust; empty if that is not the cause."""
    if distrust := _DISTRUST.search(said):
        return (
            f"The certificate of the server at {shown} is not trusted ({distrust[1]}): name a file with the one that "
            "vouches for it in MLFLOW_TRACKING_SERVER_CERT_PATH, or give the server another."
        )
    if lacking := _LACKING.search(said):
        return f"There is no file {lacking[1]}, which the environment names for the certificates of {shown}."
    if "[X509:" in said:
        return f"The file that the environment names for the certificates of {shown} holds none."
    return ""


def _status(code: int) -> str:
    """A status of HTTP with its name, where it has one."""
    return f"{code} {HTTPStatus(code).phrase}" if code in set(HTTPStatus) else str(code)


@contextmanager
def understood(shown: str) -> Iterator[None]:
    """Turn what MLflow raises over rows that it never wrote into a BenchError."""
    try:
        yield
    except (MlflowException, SQLAlchemyError, requests.RequestException, OSError):
        raise  # see `plainly`
    except Exception as error:
        raise BenchError(local.DAMAGED.format(shown)) from error


def connect(location: Location, create: bool) -> tuple[Location, MlflowClient]:
    """Check the store, and open it: to write, and made if need be, or (`create` false) to read, which leaves no trace.

    What is opened may be a copy (see `local.readable`). Raises BenchError.
    """
    for chatter in ("mlflow.store.db.utils", "urllib3.connectionpool"):  # they log what is raised or tried again anyway
        logging.getLogger(chatter).setLevel(logging.CRITICAL)
    with plainly(location.shown), told_if_slow(f"Store {location.shown} is slow to open; still waiting."):
        if location.database is None:
            reach(location)
        elif create:
            local.make(location.database)
            local.check(location.database, location.database)
            local.mend(location.database, location)
        else:
            location = local.readable(location, location.database)
        client = MlflowClient(tracking_uri=location.uri)
        with understood(location.shown):
            client.search_experiments(max_results=1)  # is it MLflow that answers?
        return location, client


def reach(location: Location) -> None:
    """MLflow tries what does not answer for long: ask once before. Raises BenchError."""
    if urlsplit(location.uri).scheme in SERVERS:
        _knock(location)
    elif location.database is None:
        _dial(location)


def ask_version(location: Location) -> requests.Response:
    """Ask a server for its version, once, with the credentials and the trusted certificates that MLflow takes."""
    who = get_default_host_creds(location.uri)
    return http_request(who, "/version", "GET", max_retries=0, timeout=PATIENCE, raise_on_status=False)


def _knock(location: Location) -> None:
    _go_straight_to_this_machine(location)
    by = _proxy(location)
    try:
        answer = ask_version(location)
    except (MlflowException, requests.RequestException, ValueError) as error:  # may hold the address with its password
        said = _of_certificates(f"{location.shown}{by}", str(error))
        if not said and "[SSL" in str(error):
            said = (
                f"What answers at {location.shown}{by} does not speak https: write http, or choose another with "
                "--store."
            )
        raise BenchError(
            said or f"No server answers at {location.shown}{by}: start 'mlflow server', or choose another with --store."
        ) from None
    if not answer.ok:
        remedy = "give the address of an MLflow server, with user and password if it requires them"
        if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            remedy = _BEHIND
        raise BenchError(f"The server at {location.shown}{by} answers {_status(answer.status_code)}: {remedy}.")
    if not re.fullmatch(r"\d+\.\d+[\w.+-]*", answer.text.strip()):
        raise BenchError(f"The server at {location.shown}{by} is not an MLflow server: choose another with --store.")


def _go_straight_to_this_machine(location: Location) -> None:
    """A proxy, which the environment may name, knows another machine by the names of this one."""
    host = urlsplit(location.uri).hostname
    if host in LOOPBACK:
        known = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
        if host not in known.split(","):
            os.environ["no_proxy"] = ",".join(filter(None, [known, host]))


def _proxy(location: Location) -> str:
    """' (asked through the proxy of HTTP_PROXY; …)' or nothing."""
    scheme = urlsplit(location.uri).scheme
    if select_proxy(location.uri, get_environ_proxies(location.uri, no_proxy=None)) is None:
        return ""
    names = (f"{scheme}_proxy", f"{scheme}_proxy".upper(), "all_proxy", "ALL_PROXY")
    named = next((name for name in names if os.environ.get(name)), "the system")
    return f" (contacted through the proxy set in {named}; list servers in NO_PROXY to bypass it)"


def _dial(location: Location) -> None:
    """Connect once, in a separate thread: drivers wait forever for a server that accepts and then sends nothing."""
    raised: list[BaseException] = []

    def dial() -> None:
        try:
            engine = sqlalchemy.create_engine(location.uri)
            engine.connect().close()
            engine.dispose()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=dial, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    error = raised[0] if raised else None
    if isinstance(error, (ModuleNotFoundError, NoSuchModuleError)):
        raise BenchError(
            f"Store {location.shown} needs a database driver that is not installed: {brief(error)}."
        ) from None
    if thread.is_alive() or isinstance(error, (SQLAlchemyError, ValueError, UnicodeError)):  # the address is invalid
        raise BenchError(
            f"No database answers at {location.shown}: start it, or choose another with --store."
        ) from None
    if error is not None:
        raise error
