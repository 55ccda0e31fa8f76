"""The source page as data: the rows of its comparison table and the claims it makes."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from bench import plain_yaml

Column = Literal["advantage", "drawback", "fits"]
COLUMNS: tuple[Column, ...] = ("advantage", "drawback", "fits")
Place = Literal["problem", "code", "conclusion", "outlook"]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Cells(_Record):
    """One row of the table in one language, in the source's words."""

    technique: str
    advantage: str
    drawback: str
    fits: str

    def statements(self, column: Column) -> list[str]:
        """What a cell says, one by one."""
        return [text.strip() for text in getattr(self, column).split(";")]


class SourceRow(_Record):
    """One row of the source's comparison table; `id` is what a technique's `source_row` names."""

    id: str
    en: Cells
    zh: Cells

    def cells(self, language: str) -> Cells:
        """The row's words in `language` ('en' or 'zh')."""
        return self.zh if language == "zh" else self.en


class Claim(_Record):
    """What the source claims and what would have to be measured, each by language (en, zh)."""

    id: str
    says: dict[str, str]
    measure: dict[str, str]


class Statement(_Record):
    """One statement of the table, and the claims that test it."""

    row: str
    column: Column
    number: int
    """Its place in the cell, from 0."""
    claims: tuple[str, ...]
    gap: dict[str, str] = {}
    """What none of the claims tests, by language; empty if they test all of it."""

    def text(self, language: str) -> str:
        """In the source's words."""
        row = next(row for row in load_rows() if row.id == self.row)
        return row.cells(language).statements(self.column)[self.number]


@cache
def _source() -> dict[str, Any]:
    return plain_yaml.load_own(files("bench.evidence").joinpath("source.yaml").read_text(encoding="utf-8"))


def load_rows() -> list[SourceRow]:
    """The five rows of the source's table, in its order."""
    return [SourceRow(**row) for row in _source()["rows"]]


def load_claims() -> list[Claim]:
    """The source's claims S01 to S30, in its order."""
    return [Claim(**claim) for claim in _source()["claims"]]


def load_statements() -> list[Statement]:
    """Every statement of the table, row by row."""
    return [
        Statement(row=row, column=column, number=number, **words)
        for row, cells in _source()["statements"].items()
        for column in COLUMNS
        for number, words in enumerate(cells[column])
    ]


def claims_of(row: str) -> list[str]:
    """The claims that belong to a row of the table, those beside its cells included."""
    inside = [claim for s in load_statements() if s.row == row for claim in s.claims]
    return sorted({*inside, *_source()["statements"][row].get("also", ())})


def elsewhere() -> dict[Place, tuple[str, ...]]:
    """The claims outside the table, by their place on the page."""
    return {place: tuple(claims) for place, claims in _source()["elsewhere"].items()}
