"""Runs that diverged or failed."""

from __future__ import annotations

from collections.abc import Iterator

from bench.languages import words
from bench.report.document import Block, Cell, Column, Group, Row, Table, Text
from bench.report.ledger_rows import Failure
from bench.report.section import ReportSection
from bench.report.vocabulary import OUTCOMES, ROLES


class Failures(ReportSection):
    """Every failure with its reason."""

    name = "failures"
    order = 100
    title = words("What went wrong")
    in_appendix = True

    def blocks(self) -> Iterator[Block]:
        if not self.findings.failures:
            return
        yield Text(
            self.words(
                "Runs that diverged (a number was no longer finite) or failed (an error) count as unsolved in every "
                "figure above."
            )
        )
        columns = (
            Column(self.words("Technique"), choice=True),
            Column(self.words("Matrix"), choice=True),
            Column(self.words("Task"), choice=True),
            Column(self.words("Role"), choice=True),
            Column(self.words("Outcome"), choice=True),
            Column(self.words("Runs")),
            Column(self.words("Reason")),
        )
        rows = tuple(map(self._row, self.findings.failures))
        yield Table(columns, (Group(rows),), self.words("Runs that diverged or failed."), kind="ledger")

    def _row(self, found: Failure) -> Row:
        return Row(
            (
                Cell(self.say.technique(found.technique), "row"),
                self.say.arm(found.arm),
                self.say.cell(found.task, found.lag),
                self.words(ROLES[found.role]),
                self.words(OUTCOMES[found.outcome]),
                self.words("{members} of {runs}", members=found.members, runs=found.runs),
                self._reason(found),
            )
        )

    def _reason(self, found: Failure) -> str:
        """Say why runs failed, or when they diverged."""
        if found.outcome == "failed":
            return found.reason
        first, last = self.numbers.count(found.first), self.numbers.count(found.last)
        return self.words("at update {when}", when=first if first == last else self.numbers.range(first, last))
