"""How the command line prints and writes: aligned columns, JSON, whole files."""

from __future__ import annotations

import json
import math
import shutil
import socket
import sys
from typing import TYPE_CHECKING, Any

import typer

from bench.errors import BenchError
from bench.files import as_cell
from bench.streams import spells_everything

if TYPE_CHECKING:
    import pandas as pd


def echo(data: object, nl: bool = True) -> None:
    """Data: goes to standard output, in its encoding, where typer by itself would put UTF-8 for ASCII."""
    typer.echo(data, sys.stdout, nl)


def say(text: str) -> None:
    """A message: goes to standard error, where it does not mix with data."""
    typer.echo(text, sys.stderr)


def columns(records: list[dict[str, Any]]) -> str:
    """Records of equal fields as aligned columns under their names."""
    if not records:
        return ""
    rows = [list(records[0]), *([_cell(value) for value in record.values()] for record in records)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)


def fitted(text: str) -> str:
    """Lines cut to the width of the terminal, so that none takes two."""
    width = shutil.get_terminal_size((120, 24)).columns
    return "\n".join(line if len(line) <= width else f"{line[: width - 1]}…" for line in text.splitlines())


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else printable(str(value))


def printable(text: str) -> str:
    """`text` with escapes for what a terminal would obey, as control characters and changes of direction."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def to_json(value: Any) -> str:
    """Indented JSON that any parser takes: numbers that are not finite become null.

    What standard output cannot spell is escaped as JSON does.
    """
    return json.dumps(_finite(value), ensure_ascii=not spells_everything(sys.stdout), indent=2, allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def csv_table(table: pd.DataFrame) -> str:
    """A table as CSV; no text in it is a formula."""
    texts = table.select_dtypes(["object", "string"])
    return table.assign(**{column: texts[column].map(as_cell) for column in texts}).to_csv(index=False)


def check_free(port: int) -> None:
    """Raise BenchError if something listens on this port of 127.0.0.1."""
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            raise BenchError(f"Port {port} is taken: choose another with --port.")
