"""Results of code that has changed since."""

from __future__ import annotations

from collections.abc import Iterator

from bench.languages import words
from bench.report.document import Block, Cell, Column, Group, Row, Table, Text
from bench.report.section import ReportSection

WHY = {
    "technique": words("the technique's code has changed"),
    "task": words("the task's code has changed"),
    "unknown": words("no such technique or task is known to this program"),
}


class Stale(ReportSection):
    """The results that are marked stale, and are not used."""

    name = "stale"
    order = 120
    title = words("Stale results")
    in_appendix = True

    def blocks(self) -> Iterator[Block]:
        if not self.findings.stale:
            return
        yield Text(
            self.words(
                "A result is stale when the code of its technique or of its task has changed since it was trained. "
                "Stale results are kept in the store, marked here, and used nowhere in this report. To replace them, "
                "run the preset again."
            )
        )
        columns = (
            Column(self.words("Technique"), choice=True),
            Column(self.words("Task"), choice=True),
            Column(self.words("Lags")),
            Column(self.words("Matrix"), choice=True),
            Column(self.words("Runs"), number=True),
            Column(self.words("Reason")),
        )
        rows = tuple(
            Row(
                (
                    Cell(self.say.technique(old.technique), "row"),
                    self.say.task(old.task),
                    self.numbers.join(old.lags),
                    self.say.arm(old.arm),
                    self.numbers.count(old.members),
                    self.words(WHY[old.why]),
                )
            )
            for old in self.findings.stale
        )
        yield Table(columns, (Group(rows),), self.words("Stale results, which are not used."), kind="ledger")
