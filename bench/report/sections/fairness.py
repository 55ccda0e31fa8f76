"""Shows the protocol that every technique was given, and the results of the tuning."""

from __future__ import annotations

from collections.abc import Iterator

from bench.languages import words
from bench.report.document import Block, Cell, Column, Group, Row, Styled, Table, Text
from bench.report.families import groups, head
from bench.report.protocols import entries
from bench.report.rows import Technique
from bench.report.section import ReportSection


class Fairness(ReportSection):
    """The protocol of each task, and the tuning on it."""

    name = "fairness"
    order = 90
    title = words("Was the trial fair?")

    def blocks(self) -> Iterator[Block]:
        yield Text(
            self.words(
                "Every technique got the same data, grid, tuning seeds and budget. What it was given, and what came of "
                "the tuning, is listed here."
            )
        )
        yield self._protocols()
        for task in self.findings.tasks:
            if self.findings.tuning_of(task):
                yield self._tuning(task)

    def _protocols(self) -> Table:
        tasks = self.findings.tasks
        columns = (
            Column(Styled(self.words("Protocol"), "quiet")),
            *(Column(self.say.task(task)) for task in tasks),
        )
        rows = tuple(
            Row(
                (
                    Cell(self.words.name(entry.title), "row"),
                    *(entry.shown(self.findings, task, self.say) for task in tasks),
                )
            )
            for entry in entries()
        )
        return Table(columns, (Group(rows),), self.words("The protocol of each task."), kind="numbers")

    def _tuning(self, task: str) -> Table:
        tuned, n = self.findings.tuning_of(task), self.numbers

        def row(technique: Technique) -> Iterator[Row]:
            if found := tuned.get(technique.name):
                counts = (n.count(value) for value in (found.trials, found.measured, found.updates))
                yield Row((head(technique.name, self.say), *counts, n.rates(found.rates), n.dials(technique.dials)))

        columns = (
            Column(self.words("Technique")),
            Column(self.words("Tuning runs"), number=True),
            Column(self.words("Measured runs"), number=True),
            Column(self.words("Updates spent"), number=True),
            Column(self.words("Learning rate chosen")),
            Column(self.words("Dials")),
        )
        caption = self.words(
            "Tuning and measuring on {task}: runs spent, the learning rate chosen at each lag, and the technique's own "
            "dials.",
            task=self.say.task(task),
        )
        return Table(columns, groups(self.findings.techniques, row), caption, kind="ledger")
