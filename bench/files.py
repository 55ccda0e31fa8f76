"""Files are written whole or not at all."""

import re
import tempfile
from pathlib import Path
from typing import Any

from bench.errors import BenchError


def write_whole(file: Path, data: bytes, remedy: str = "choose another --output") -> Path:
    """Write a file, and its folder, so that nobody ever sees a part of it.

    Raises BenchError, which closes with the remedy, where it cannot be written.
    """
    partial: Path | None = None
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}.", delete=False) as temporary:
            partial = Path(temporary.name)
            temporary.write(data)
        partial.chmod(0o644)  # temporary files are private
        return partial.replace(file)
    except (OSError, ValueError) as error:  # the latter of null bytes and what no file system can spell
        if partial:
            partial.unlink(missing_ok=True)
        reason = getattr(error, "strerror", None) or error
        raise BenchError(f"Cannot write {file}: {reason}; {remedy}.") from error


_FORMULA = re.compile(r"[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]\d[^(|!=@]*")
"""Signed, with a unit or an interval perhaps, and nothing that a formula could be made of."""


def as_cell(value: Any) -> Any:
    """A value for a CSV file: an apostrophe keeps a spreadsheet from running a text as a formula."""
    if not isinstance(value, str):
        return value
    formula = _FORMULA.match(value) and not _NUMBER.fullmatch(value)
    return ("'" if formula else "") + value.replace("\r", " ")  # which pandas takes for a row's end
