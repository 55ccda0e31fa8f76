"""Planned settings that were not measured."""

from __future__ import annotations

from collections.abc import Iterator

from bench.languages import words
from bench.report.document import Block, Cell, Column, Group, Row, Table, Text
from bench.report.ledger_rows import Gap
from bench.report.section import ReportSection
from bench.report.vocabulary import STATES


class Gaps(ReportSection):
    """Every gap with its reason, and the results that are left out."""

    name = "gaps"
    order = 110
    title = words("Not run, and why")
    in_appendix = True

    def blocks(self) -> Iterator[Block]:
        if self.findings.gaps:
            yield Text(
                self.words(
                    "An unsolved setting was trained and failed to solve its task. The settings below were not "
                    "measured at all, or not with all of their seeds."
                )
            )
            yield self._table()
        if left_out := self._left_out():
            yield Text(left_out, "note")

    def _table(self) -> Table:
        columns = (
            Column(self.words("Technique"), choice=True),
            Column(self.words("Task"), choice=True),
            Column(self.words("Lags")),
            Column(self.words("Reason")),
        )
        rows = tuple(
            Row(
                (
                    Cell(self.say.technique(gap.technique), "row"),
                    self.say.task(gap.task),
                    self.numbers.join(gap.lags),
                    self._why(gap),
                )
            )
            for gap in self.findings.gaps
        )
        return Table(columns, (Group(rows),), self.words("Planned settings that were not measured."), kind="ledger")

    def _why(self, gap: Gap) -> str:
        """Say why something was not measured."""
        lag, seeds = self.numbers.count(gap.stopped_at), self.numbers.count(gap.stopped_after)
        return self.words(STATES[gap.state], reason=gap.reason, lag=lag, seeds=seeds)

    def _left_out(self) -> str:
        """Say which results of the store are not shown; empty if all are."""
        items = [
            self.words(
                "{members} runs on {task} (protocol {hash})",
                members=self.numbers.count(left.members),
                task=self.say.task(left.task),
                hash=left.protocol_hash,
            )
            for left in self.findings.left_out
        ]
        if not items:
            return ""
        return self.words(
            "Results in the store that follow another protocol or an older version of the code, or that were measured "
            "with other seeds than the newest study begins with, are not pooled with these. Left out: {items}.",
            items=self.words.rules.between_clauses.join(items),
        )
