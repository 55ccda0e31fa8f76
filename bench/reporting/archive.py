"""Reports in folders named by date and time."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

STAMP = "%Y-%m-%d_%H-%M-%S"


def new_folder(root: Path) -> Path:
    """The folder of a report that is made now; nothing is created."""
    return root / f"{datetime.now():{STAMP}}"


def old_folders(root: Path, keep: int) -> list[Path]:
    """All such folders but the newest `keep`, oldest first; what is named otherwise is not ours."""
    found = sorted(folder for folder in root.glob("*") if folder.is_dir() and _stamped(folder.name))
    return found[: max(0, len(found) - keep)]


def _stamped(name: str) -> bool:
    try:
        datetime.strptime(name, STAMP)
    except ValueError:
        return False
    return True
