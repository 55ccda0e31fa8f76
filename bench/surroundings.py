"""Copes with a process's surroundings: its working folder may be gone, and its user may have no home."""

import os
import stat
import tempfile
from pathlib import Path

from bench.errors import BenchError


def check_working_folder() -> None:
    """Raise BenchError if the working folder was removed: libraries that load would say it in ways of their own."""
    try:
        Path.cwd()
    except FileNotFoundError:
        raise BenchError("The working folder no longer exists: change to another and try again.") from None


def find_home() -> str:
    """See that there is a home folder, where libraries keep things; else a sentence on what stands for it.

    A container may run with a user id that nobody has, and without HOME. Raises BenchError if nothing can stand for it.
    """
    try:
        Path.home()
    except RuntimeError:
        user = os.getuid()
        folder = Path(tempfile.gettempdir(), f"bptt-bench-{user}")
        if not _own(folder):
            raise BenchError(
                f"User id {user} has no home folder, and {folder} cannot replace it: set HOME to a folder of your own."
            ) from None
        os.environ["HOME"] = str(folder)
        return f"User id {user} has no home folder: using {folder}; set HOME to choose another."
    return ""


def _own(folder: Path) -> bool:
    """Make the folder, and say whether it is this user's alone: the place is one where all can write."""
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        about = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(about.st_mode) and about.st_uid == os.getuid() and not about.st_mode & 0o077
