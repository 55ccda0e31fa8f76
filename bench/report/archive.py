"""Reports in folders named by date and time."""

from __future__ import annotations

import fcntl
import itertools
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from bench.errors import BenchError

STAMP = "%Y-%m-%d_%H-%M-%S"
MANIFEST = "manifest.json"
"""Name of the file that is written last into a report's folder."""

_NAME = re.compile(r"(\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d)(?:-(\d{1,4}))?")


def new_folder(root: Path) -> Path:
    """Make a new folder for a report of this moment; a second one within a second gets a number."""
    stamp = f"{datetime.now():{STAMP}}"
    for name in itertools.chain([stamp], (f"{stamp}-{number}" for number in itertools.count(2))):
        try:
            (root / name).mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as error:
            raise BenchError(f"Cannot write {root / name}: {error.strerror}; choose another --output.") from error
        return root / name
    raise AssertionError


def old_folders(root: Path, keep: int) -> list[Path]:
    """List the folders that may be removed, oldest first: all with a report's name except the newest `keep`.

    A folder that is being written stays, and does not count. Nor does one whose report was never finished, which goes
    with those that are older. A folder from the future was made while the clock was ahead: it makes no other one go.
    A link is not ours either: see `links`.
    """
    now = datetime.now()
    folders = [folder for folder in root.glob("*") if folder.is_dir() and not folder.is_symlink()]
    found = sorted((age, folder) for folder in folders if (age := _age(folder.name, now)))
    idle = [folder for _, folder in found if not _is_written(folder)]
    whole = [folder for folder in idle if (folder / MANIFEST).is_file()]
    kept = whole[-keep:]
    return idle[: idle.index(kept[0])] if len(whole) > keep else []


def links(root: Path) -> list[Path]:
    """List links with names like reports': somebody has put them there, and they may lead to anything."""
    return sorted(path for path in root.glob("*") if path.is_symlink() and _NAME.fullmatch(path.name))


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Protect a report's folder from removal while it is being written; a killed program releases it.

    If nothing comes into one of `new_folder`, it goes, and so does the folder around it if that is empty.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise BenchError(f"Cannot write {folder}: {error.strerror}; choose another --output.") from error
    try:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield
    finally:
        if _NAME.fullmatch(folder.name):
            with suppress(OSError):
                folder.rmdir()
                folder.parent.rmdir()
        os.close(descriptor)


def _is_written(folder: Path) -> bool:
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # a file system without locks
        return False
    finally:
        os.close(descriptor)
    return False


def _age(name: str, now: datetime) -> tuple[bool, datetime, int] | None:
    """Return a key that sorts reports from the oldest to the newest; None if the folder is not a report's."""
    found = _NAME.fullmatch(name)
    try:
        made = datetime.strptime(found[1], STAMP) if found else None
    except ValueError:
        made = None
    return None if made is None or found is None else (made <= now, made, int(found[2] or 1))
