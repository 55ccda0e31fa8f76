"""The code, libraries and machines that the numbers come from."""

from __future__ import annotations

from collections.abc import Iterator

from bench.evidence.ledgers import MACHINE, VERSIONS
from bench.languages import words
from bench.records.result import ORIGIN
from bench.report.document import Block, Cell, Column, Group, Row, Table, Text
from bench.report.ledger_rows import Origin
from bench.report.section import ReportSection


class Provenance(ReportSection):
    """A table for each combination of code, libraries and machine."""

    name = "provenance"
    order = 140
    title = words("Where the numbers come from")

    def blocks(self) -> Iterator[Block]:
        yield Text(
            self.words(
                "Every number in this report was read from the results in the store; the same store gives the same "
                "report."
            )
        )
        caption = self.words("Code, libraries and machines that the runs come from.")
        for origin in self.findings.origins:
            rows = tuple(Row((Cell(key, "row"), value)) for key, value in self._facts(origin))
            yield Table((Column(""), Column("")), (Group(rows),), caption, kind="ledger")

    def _facts(self, origin: Origin) -> Iterator[tuple[str, str]]:
        n = self.numbers
        yield self.words("Networks, trained or not"), n.count(origin.members)
        first, last = n.when(origin.first), n.when(origin.last)
        yield self.words("Started"), self.words("{first} to {last} (UTC)", first=first, last=last)
        yield self.words.name(ORIGIN["commit"].title), origin.commit
        yield (
            self.words.name(ORIGIN["dirty"].title),
            self.words("with uncommitted changes" if origin.dirty else "clean"),
        )
        versions = [f"{name} {getattr(origin, name)}" for name in VERSIONS]
        yield self.words("Versions"), self.words.rules.between_items.join(versions)
        for name in MACHINE:
            column = ORIGIN[name]
            yield self.words.name(column.title), n.shown(column, getattr(origin, name))
