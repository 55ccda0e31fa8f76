"""The source's table with its evidence: statement by statement, then what else its page claims."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bench.evidence.claims import Column as Field
from bench.evidence.claims import Elsewhere, find_claim
from bench.evidence.estimates import CONFIDENCE
from bench.evidence.source import COLUMNS, SourceRow, claims_of, elsewhere, load_statements
from bench.evidence.verdicts import ClaimVerdict
from bench.languages import words
from bench.report.document import Block, Cell, Column, Group, Inline, Line, Lines, Rich, Row, Styled, Table, Text
from bench.report.rows import Technique
from bench.report.section import ReportSection

HEADS = {"advantage": words("Advantage"), "drawback": words("Drawback"), "fits": words("Where it fits")}
"""The columns of the source's table."""
PLACES: dict[Elsewhere, str] = {
    "outlook": words("The page's outlook"),
    "problem": words("The problem"),
    "code": words("Its code"),
    "conclusion": words("Its conclusion"),
}
"""Places of claims outside the table; the outlook comes first, because it names techniques, too."""


class Source(ReportSection):
    """Each statement with the verdict on it, and each row with the techniques that it was tested with."""

    name = "source"
    order = 20
    title = words("The source's table, with evidence")
    brief = True

    def blocks(self) -> Iterator[Block]:
        self._by_id = {claim.claim: claim for claim in self.page.verdicts.all}
        yield Text(
            self.words(
                "The source is a question-and-answer page on why back-propagation through time makes gradients "
                "vanish, and on what to do about it. Its table is shown in its own words. Behind each statement "
                "stands the verdict on the claim that it makes, which leads to the claim's page, and the reason in a "
                "sentence. Beneath a row stand the techniques that it was tested with: how many runs solved each "
                "task at the longest lag that technique and baseline (in brackets) have both been run at, then time "
                "per update and, where they differ, parameters over the baseline's (a mean over tasks and lags). What "
                "else the page claims stands beneath its table."
            )
        )
        yield Text(self.say.meaning_of_reached(), "how")
        columns = (Column(self.words("Technique")), *(Column(self.words(head)) for head in HEADS.values()))
        rows = [self._remedy(row, techniques) for row, techniques in self.findings.rows]
        caption = self.words(
            "The source's comparison table, statement by statement, with the verdicts reached here.",
            confidence=self.numbers.percent(CONFIDENCE),
        )
        yield Table(columns, (*rows, *self._outside()), caption, "source", "source")

    # The table

    def _remedy(self, row: SourceRow, techniques: list[Technique]) -> Group:
        explained: set[str] = set()
        cells = [self._cell(row, column, explained) for column in COLUMNS]
        beside = tuple(
            self._statement(
                self.words("Elsewhere the page says of it") + self.words.rules.colon + self.page.verdicts.says(claim),
                self._evidence([claim], explained),
            )
            for claim in self._known(claim for claim in claims_of(row.id) if claim not in explained)
        )
        below = (*beside, *self._measured(techniques))
        head = Cell(row.called(self.words), "row", rows=2 if below else 1)
        claimed = Row((head, *cells), kind="claimed")
        return Group((claimed, Row((Cell(Lines(below), columns=3),), kind="evidence")) if below else (claimed,))

    def _cell(self, row: SourceRow, column: Field, explained: set[str]) -> Cell:
        """The statements of a cell, each with its verdicts and with what of it nothing tests."""
        lines = []
        for statement in load_statements():
            if statement.row.id == row.id and statement.column == column:
                gap = statement.gap(self.words)
                untested = (Styled(gap, "untested"),) if gap else ()
                evidence = self._evidence(self._known(statement.claims), explained)
                lines.append(self._statement(statement.text(self.words), (*evidence, *untested)))
        return Cell(Lines(tuple(lines)))

    def _known(self, ids: Iterable[str]) -> list[ClaimVerdict]:
        """The verdicts that there are."""
        return [self._by_id[id] for id in ids if id in self._by_id]

    def _evidence(self, claims: list[ClaimVerdict], explained: set[str]) -> tuple[Inline, ...]:
        """Verdicts with their reasons, each once in a row: `explained` holds the claims that have theirs."""
        found = []
        for claim in claims:
            chip: Rich = self.page.verdicts.chip(claim.verdict, claim.claim)
            if claim.claim not in explained:
                chip = (chip, " ", Styled(self.page.verdicts.reason(claim), "small"))
            explained.add(claim.claim)
            found.append(Styled(chip, "found"))
        return tuple(found)

    def _statement(self, text: str, evidence: tuple[Inline, ...]) -> Line:
        return Line((Styled(text, "said"), *evidence), "statement")

    def _measured(self, techniques: list[Technique]) -> tuple[Line, ...]:
        """Techniques, and how many of their runs solved what."""
        return tuple(
            Line(
                (
                    Styled(self.say.technique(technique.name), "name"),
                    self.words.rules.colon,
                    self.say.evidence(technique),
                ),
                "measured",
            )
            for technique in techniques
        )

    # Outside the table

    def _outside(self) -> Iterator[Group]:
        """Yield what else the page claims, by place: the claims that have verdicts."""
        places = elsewhere()
        for place, title in PLACES.items():
            claims, explained = self._known(places[place]), set[str]()
            rows: list[Row] = []
            for claim in claims:
                said = self._statement(self.page.verdicts.says(claim), self._evidence([claim], explained))
                cell = Cell(
                    Lines((said, *(self._measured(self._named(claim)) if place == "outlook" else ()))), columns=3
                )
                first = () if rows else (Cell(self.words(title), "rowgroup", rows=len(claims)),)
                rows.append(Row((*first, cell)))
            if rows:
                yield Group(tuple(rows), "outside")

    def _named(self, claim: ClaimVerdict) -> list[Technique]:
        """The techniques that a claim is tested with and that stand in no row of the table."""
        tested = {name for part in find_claim(claim.claim).parts for name in part.techniques}
        return [t for t in self.findings.techniques if t.name in tested and not t.source_row]
