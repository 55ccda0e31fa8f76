"""Writes the tables of a report as CSV: those of its document, and the data behind the claims."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import pandas as pd

from bench.evidence.verdicts import ClaimVerdict
from bench.files import as_cell
from bench.languages import Language
from bench.records.columns import Column, Table
from bench.records.result import MEMBER, SETTING
from bench.report import document
from bench.report.render.base import plain, table_file
from bench.report.render.numbering import Numbering

_PART = (
    Column("claim", "str", "the claim's id"),
    Column("part", "str", "the part of it"),
)
VALUES = Table(
    (
        *_PART,
        *SETTING,
        MEMBER["seed"],
        Column("value", "float64", "what was measured, in the unit of the part's estimand"),
        Column("arm", "str", "the matrix that the run is of"),
        Column("moment", "str", "the moment of training that the part asks about"),
    )
)
"""tables/values.csv: every value behind the effects."""
RUNS = Table((*_PART, Column("run", "str", "the run's id in MLflow")))
"""tables/runs.csv: every training run behind them."""


def tables(numbering: Numbering, words: Language) -> Iterator[tuple[str, bytes]]:
    """The numbered tables, cell for cell, by the name of their file: table-03.csv."""
    for number, table in numbering.tables:
        yield table_file(number), _csv(_rows(table, numbering, words))


def _rows(table: document.Table, numbering: Numbering, words: Language) -> list[list[str]]:
    """The heads, if there are any, and the rows; what spans several rows or columns stands in the first."""
    heads = [plain(column.title, numbering, words) for column in table.columns]
    rows = [
        [plain(cell.text if isinstance(cell, document.Cell) else cell, numbering, words) for cell in row.cells]
        for group in table.groups
        for row in group.rows
    ]
    return [*([heads] if any(heads) else []), *rows]


def values(verdicts: list[ClaimVerdict]) -> bytes:
    """Every value behind the effects: a table of VALUES."""
    parts = [
        part.data.assign(claim=part.claim, part=part.part)
        for claim in verdicts
        for part in claim.parts
        if not part.data.empty
    ]
    columns = list(VALUES.types)
    table = pd.concat(parts)[columns] if parts else pd.DataFrame(columns=columns)
    table = table.assign(technique=table.technique.map(as_cell), task=table.task.map(as_cell))
    return table.to_csv(index=False, lineterminator="\n").encode()


def runs(verdicts: list[ClaimVerdict]) -> bytes:
    """Every training run behind the effects: a table of RUNS."""
    rows = [[part.claim, part.part, run] for claim in verdicts for part in claim.parts for run in part.runs]
    return _csv([list(RUNS.types), *rows])


def _csv(rows: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([as_cell(cell) for cell in row] for row in rows)
    return text.getvalue().encode()
