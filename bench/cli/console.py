"""Output of the command line: tables, JSON, CSV, lengths of time."""

from __future__ import annotations

import math
import os
import shutil
import socket
import sys
import textwrap
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from operator import add
from typing import TYPE_CHECKING, Any, TextIO

import typer

from bench.errors import BenchError
from bench.files import as_cell, as_json
from bench.streams import is_terminal, spells_everything

if TYPE_CHECKING:
    import pandas as pd

GAP = "  "
"""Blanks between two columns."""
NARROW = 24
"""Columns up to this width are never wrapped."""
LEAST = 16
"""Width below which no column is squeezed, however narrow the terminal is."""

Sheet = Mapping[str, Sequence[str]]
"""Heading → lines of text; a heading without a line is left out."""
Colours = Mapping[str, Mapping[str, str]]
"""Column → cell → the colour that a terminal shows it in."""


def echo(data: object, nl: bool = True) -> None:
    """Print data to standard output in its encoding, where typer by itself would write UTF-8 for ASCII."""
    typer.echo(data, sys.stdout, nl, color=has_colour(sys.stdout))


def say(text: str) -> None:
    """Print a message to standard error, where it does not mix with data."""
    typer.echo(text, sys.stderr)


def show_table(records: Sequence[dict[str, Any]], colours: Colours | None = None) -> None:
    """Print records of equal fields as `table` lays them out."""
    show(table(records, colours))


def show_sheet(sheet: Sheet) -> None:
    """Print headings with their lines beside them, wrapped on a terminal and whole anywhere else."""
    room = max(map(_width, sheet)) + len(GAP)
    width = shutil.get_terminal_size((120, 24)).columns - room if is_terminal(sys.stdout) else math.inf
    lines: list[str] = []
    for heading, texts in sheet.items():
        whole = [printable(text) for text in texts if text]
        parts = [part for text in whole for part in ([text] if len(text) <= width else _lines(text, int(width)))]
        labels = [typer.style(_padded(heading, room), bold=True), *[" " * room] * len(parts)]
        lines += map(add, labels, parts)
    show("\n".join(lines))


def show(text: str) -> None:
    """Print data to standard output, with its colours where they can be seen."""
    echo(text)


def table(records: Sequence[dict[str, Any]], colours: Colours | None = None) -> str:
    """Records of equal fields for standard output: wrapped to its width on a terminal, whole lines anywhere else."""
    if not is_terminal(sys.stdout):
        return columns(records)
    width = shutil.get_terminal_size((120, 24)).columns
    return _wrapped(records, width, colours or {}, has_colour(sys.stdout))


def has_colour(stream: TextIO | None) -> bool:
    """Return whether a stream is a terminal that may be written to in colour: see no-color.org."""
    return is_terminal(stream) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def columns(records: Sequence[dict[str, Any]]) -> str:
    """Records of equal fields as aligned columns under their names."""
    if not records:
        return ""
    rows = [list(records[0]), *([_cell(value) for value in record.values()] for record in records)]
    widths = _widths(rows)
    lines = (GAP.join(map(_padded, row, widths)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)


def _wrapped(records: Sequence[dict[str, Any]], width: int, colours: Colours, styled: bool) -> str:
    """Fit the table into `width`: long cells take several lines."""
    if not records:
        return ""
    names = list(records[0])
    rows = [names, *([_cell(value) for value in record.values()] for record in records)]
    widths = _squeezed(_widths(rows), width)
    lines: list[str] = []
    for number, row in enumerate(rows):
        found = [colours.get(name, {}).get(cell) for name, cell in zip(names, row, strict=True)]
        styles = [{"bold": True} if not number else {"fg": colour} for colour in found] if styled else [{}] * len(row)
        lines += _block(row, widths, styles)
    return "\n".join(lines)


def _block(row: Sequence[str], widths: Sequence[int], styles: Sequence[dict[str, Any]]) -> Iterator[str]:
    """The lines of one row whose cells may take several each."""
    for parts in zip_longest(*map(_lines, row, widths), fillvalue=""):
        cells = map(_padded, parts, widths)
        yield GAP.join(
            typer.style(cell, **style) if any(style.values()) and cell.strip() else cell
            for cell, style in zip(cells, styles, strict=True)
        ).rstrip()


def _squeezed(widths: list[int], width: int) -> list[int]:
    """Column widths that fit into `width` with their gaps, as far as they can: the wide ones share what is left."""
    fixed = [w for w in widths if w <= NARROW]
    wide = [w for w in widths if w > NARROW]
    room = width - len(GAP) * (len(widths) - 1) - sum(fixed)
    while wide and sum(wide) > room and max(wide) > LEAST:
        wide[wide.index(max(wide))] -= 1
    left = iter(wide)
    return [w if w <= NARROW else next(left) for w in widths]


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(_width, column)) for column in zip(*rows, strict=True)]


def _width(text: str) -> int:
    """Cells of a terminal that a text takes: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


def _lines(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width if _width(text) == len(text) else width // 2) or [""]


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else printable(str(value))


def printable(text: str) -> str:
    """`text` with escapes for what a terminal would obey, such as control characters and changes of direction."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def hours(seconds: float) -> str:
    """A length of time for people, in two units at most: '12 s', '3 min', '2 h 05 min', '4 d 3 h'."""
    if seconds < 60:
        return f"{math.ceil(seconds)} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60:02} min"
    return f"{minutes // 1440} d {minutes % 1440 // 60} h"


def to_json(value: Any) -> str:
    """Indented JSON that any parser takes: numbers that are not finite become null.

    What standard output cannot spell is escaped as JSON does.
    """
    return as_json(value, spells_everything(sys.stdout))


def csv_table(table: pd.DataFrame) -> str:
    """A table as CSV; no text in it is a formula."""
    texts = table.select_dtypes(["object", "string"])
    return table.assign(**{column: texts[column].map(as_cell) for column in texts}).to_csv(index=False)


def check_free(port: int) -> None:
    """Raise BenchError if something listens on this port of 127.0.0.1."""
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            raise BenchError(f"Port {port} is in use: choose another with --port.")
