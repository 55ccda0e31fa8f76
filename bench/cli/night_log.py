"""The log of a night: a file that rotates, and standard error."""

import logging
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from logging.handlers import RotatingFileHandler
from pathlib import Path

from bench.cli.console import printable, say
from bench.errors import FAILED, BenchError, without_secrets

LOG = logging.getLogger("bptt-bench")
LOG_FILE = "nightly.log"
LOG_BYTES, LOG_FILES = 1_000_000, 9
"""Length at which a new log is begun, and the number of old ones that are kept."""


@dataclass
class Ending:
    """The exit code with which a night ends."""

    status: int = 0


class _Plain(logging.Formatter):
    """One line a message, without the passwords and control characters that a library's words may hold."""

    def format(self, record: logging.LogRecord) -> str:
        return printable(without_secrets(" ".join(super().format(record).split())))


class LogFile(RotatingFileHandler):
    """A file that complains once when it cannot be written: the night goes on without it."""

    broken = False

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  (logging's name)
        """Called within `except`."""
        self._tell()

    def close(self) -> None:
        """Close the file, if only that can be done."""
        try:
            super().close()
        except OSError:
            self._tell()

    def _tell(self) -> None:
        if not self.broken:
            self.broken = True
            say(f"Cannot write {self.baseFilename}: {sys.exception()}. The night continues.")


@contextmanager
def logged(reports: Path, quiet: bool) -> Iterator[LogFile]:
    """Log to a rotating file under `reports`, and to standard error."""
    try:
        reports.mkdir(parents=True, exist_ok=True)
        file = LogFile(reports / LOG_FILE, maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8")
    except OSError as error:
        raise BenchError(f"Cannot write {reports / LOG_FILE}: {error.strerror}; choose another --reports.") from error
    terminal = logging.StreamHandler(sys.stderr)
    terminal.setLevel(logging.WARNING if quiet else logging.INFO)
    for handler in (file, terminal):
        handler.setFormatter(_Plain("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S%z"))
        LOG.addHandler(handler)
    LOG.setLevel(logging.DEBUG)
    LOG.propagate = False
    try:
        yield file
    finally:
        LOG.setLevel(logging.NOTSET)
        for handler in (file, terminal):
            LOG.removeHandler(handler)
            handler.close()


@contextmanager
def ending_logged() -> Iterator[Ending]:
    """Log how the night ends; an error that the user can put right is an ending like any other."""
    ending = Ending()
    try:
        yield ending
    except BenchError as error:
        ending.status = error.exit_code
        LOG.error("%s", error)
    except KeyboardInterrupt:
        LOG.error("ends: interrupted; finished work is kept")
        raise
    except Exception as error:
        ending.status = FAILED
        log_mistake(error)
    LOG.info("ends with exit code %d", ending.status)


def log_mistake(error: Exception) -> None:
    """Say in a line what went wrong and where; the log's file has the traceback too."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    LOG.error("%s at %s:%s: %s", type(error).__name__, place.filename, place.lineno, error)
    for lines in traceback.format_exception(error):
        for line in lines.splitlines():
            LOG.debug("%s", line)
