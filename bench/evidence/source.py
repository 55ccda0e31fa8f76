"""The source page as data: the rows of its comparison table, and the claims by their places on the page."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any, get_args

from bench import plain_yaml
from bench.evidence.claims import Column, Elsewhere, source_claims
from bench.evidence.claims.model import Record
from bench.languages import Language

COLUMNS: tuple[Column, ...] = get_args(Column)
CONTEXT = "source"
"""The context of the table's cells in translations: in Chinese they are the source's own words."""


class Gap(Record):
    """A part of a statement that none of the claims tests."""

    column: Column
    statement: int
    """The statement's number in its cell, from 1."""
    text: str
    """English."""


class SourceRow(Record):
    """A row of the source's comparison table in English; `id` is what a technique's `source_row` names."""

    id: str
    technique: str
    advantage: str
    drawback: str
    fits: str
    gaps: tuple[Gap, ...] = ()

    def called(self, say: Language) -> str:
        """The row's name for the technique."""
        return say.translation(self.technique, CONTEXT)

    def statements(self, column: Column, say: Language) -> list[str]:
        """The statements of a cell, one by one."""
        return [text.strip() for text in say.translation(getattr(self, column), CONTEXT).split(";")]


class Statement(Record):
    """One statement of the table, and the claims that test it."""

    row: SourceRow
    column: Column
    number: int
    """The statement's number in its cell, from 1."""
    claims: tuple[str, ...]

    def text(self, say: Language) -> str:
        """The statement in the source's words."""
        return self.row.statements(self.column, say)[self.number - 1]

    def gap(self, say: Language) -> str:
        """The part that none of the claims tests; empty if they test all of it."""
        return " ".join(say(gap.text) for gap in self.row.gaps if (gap.column, gap.statement) == self._place)

    @property
    def _place(self) -> tuple[Column, int]:
        return self.column, self.number


@cache
def load_rows() -> tuple[SourceRow, ...]:
    """The five rows of the source's table, in its order."""
    text = files("bench.evidence").joinpath("source.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = plain_yaml.load_own(text)
    return tuple(SourceRow.model_validate(row) for row in found["rows"])


def load_statements() -> list[Statement]:
    """Every statement of the table, row by row."""
    return [
        Statement(row=row, column=column, number=number, claims=_testing(row.id, column, number))
        for row in load_rows()
        for column in COLUMNS
        for number in range(1, getattr(row, column).count(";") + 2)
    ]


def _testing(row: str, column: Column, number: int) -> tuple[str, ...]:
    here = (row, column, number)
    return tuple(c.id for c in source_claims() if any((p.row, p.column, p.statement) == here for p in c.stands))


def claims_of(row: str) -> list[str]:
    """The claims that belong to a row of the table, those beside its cells included."""
    return [claim.id for claim in source_claims() if any(place.row == row for place in claim.stands)]


def elsewhere() -> dict[Elsewhere, tuple[str, ...]]:
    """The claims outside the table, by their place on the page."""
    return {
        place: tuple(c.id for c in source_claims() if any(p.elsewhere == place for p in c.stands))
        for place in get_args(Elsewhere)
    }
