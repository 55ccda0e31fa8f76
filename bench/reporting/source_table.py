"""The source's table with its evidence: statement by statement, then what else its page claims."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from bench.evidence.claims import Elsewhere, find_claim
from bench.evidence.source import COLUMNS, SourceRow, claims_of, elsewhere, load_statements
from bench.evidence.verdicts import ClaimVerdict
from bench.reporting.claims import Claims
from bench.reporting.findings import Technique

PLACES: tuple[Elsewhere, ...] = ("outlook", "problem", "code", "conclusion")
"""Of the claims that stand outside the table: its outlook first, for it names techniques too."""


class Evidence(NamedTuple):
    """A claim and the verdict's reason; the reason stands once in a row."""

    claim: ClaimVerdict
    reason: str


class Said(NamedTuple):
    """One statement of a cell."""

    text: str
    evidence: list[Evidence]
    gap: str
    """What of it nothing tests."""


class Row(NamedTuple):
    """One remedy."""

    technique: str
    cells: dict[str, list[Said]]
    """By column."""
    beside: list[Evidence]
    """What the page says of it outside the table."""
    measured: list[tuple[str, str]]
    """Techniques and how many of their runs solved what."""


class Outside(NamedTuple):
    """A claim that stands outside the table."""

    evidence: Evidence
    measured: list[tuple[str, str]]


class SourceTable:
    """The source's table of one report in one language."""

    def __init__(self, claims: Claims) -> None:
        self.claims, self.say, self.words = claims, claims.say, claims.words
        self._by_id = {claim.claim: claim for claim in claims.all}

    def rows(self) -> Iterator[Row]:
        """The five remedies."""
        for row, techniques in self.say.findings.rows:
            yield self._row(row, techniques)

    def _row(self, row: SourceRow, techniques: list[Technique]) -> Row:
        told: set[str] = set()
        cells: dict[str, list[Said]] = {column: [] for column in COLUMNS}
        for statement in load_statements():
            if statement.row == row:
                evidence, say = self._evidence(statement.claims, told), self.claims.language
                cells[statement.column].append(Said(statement.text(say), evidence, statement.gap(say)))
        rest = [claim for claim in claims_of(row.id) if claim not in told]
        return Row(row.called(self.claims.language), cells, self._evidence(rest, told), self._measured(techniques))

    def _evidence(self, ids: list[str] | tuple[str, ...], told: set[str]) -> list[Evidence]:
        """The verdicts there are; `told` holds what the row has told already, and grows."""
        found = []
        for claim in (self._by_id[i] for i in ids if i in self._by_id):
            found.append(Evidence(claim, "" if claim.claim in told else self.claims.reason(claim)))
            told.add(claim.claim)
        return found

    def _measured(self, techniques: list[Technique]) -> list[tuple[str, str]]:
        return [(self.say.technique(t.name), self.say.evidence(t)) for t in techniques]

    def outside(self) -> Iterator[tuple[Elsewhere, list[Outside]]]:
        """What else the page claims, by place: the claims that there are verdicts on."""
        places = elsewhere()
        for place in PLACES:
            found = [Outside(e, self._of_claim(e.claim, place)) for e in self._evidence(places[place], set())]
            if found:
                yield place, found

    def _of_claim(self, claim: ClaimVerdict, place: Elsewhere) -> list[tuple[str, str]]:
        """Of the outlook: the techniques that it names, as they were measured."""
        if place != "outlook":
            return []
        tested = {name for part in find_claim(claim.claim).parts for name in part.techniques}
        new = [t for t in self.say.findings.techniques if t.name in tested and not t.source_row]
        return self._measured(new)
