"""Every setting that was trained, with the claims that rest on it."""

from __future__ import annotations

from collections.abc import Iterator

from bench.languages import words
from bench.report.document import Block, Cell, Column, Group, Link, Row, Styled, Table, Text
from bench.report.section import ReportSection


class Runs(ReportSection):
    """The ledger that the numbers of the report lead to."""

    name = "runs"
    order = 150
    title = words("The runs behind the numbers")
    in_appendix = True

    def blocks(self) -> Iterator[Block]:
        about = self.words(
            "Every setting that was trained, with the claims that rest on it. The setting's hash is in the column "
            "setting_hash, and a run's id in mlflow_run_id, of what bptt-bench export writes as CSV."
        )
        yield Text(about)
        if base := self.page.trained.base:
            yield self._where(base)
        columns = (
            Column(self.words("Technique"), choice=True),
            Column(self.words("Task"), choice=True),
            Column(self.words("Lag"), number=True, choice=True),
            Column(self.words("Matrix"), choice=True),
            Column(self.words("Role"), choice=True),
            Column(self.words("Runs"), number=True),
            Column(self.words("Solved"), number=True),
            Column(self.words("Learning rate")),
            Column(self.words("Setting")),
            Column(self.words("Claims")),
        )
        rows = tuple(
            Row(
                (
                    Cell(row.technique, "row"),
                    row.task,
                    row.lag,
                    row.arm,
                    row.role,
                    Link(self.numbers.count(row.runs), row.address),
                    self.numbers.count(row.solved),
                    row.rates,
                    Styled(row.setting_hash, "code"),
                    row.claims,
                ),
                row.place,
            )
            for row in self.page.trained.rows
        )
        yield Table(columns, (Group(rows),), self.words("Settings and their runs."), kind="ledger runs")

    def _where(self, base: str) -> Text:
        """Say where MLflow shows the runs."""
        if not Link("", base).on_this_machine:
            return Text(self.words("A number of runs leads to them in MLflow at {address}.", address=base))
        told = self.words(
            "The store of these runs is on the machine where this report was made. There, bptt-bench ui shows them in "
            "MLflow at {address}.",
            address=base,
        )
        return Text(told, "here")
