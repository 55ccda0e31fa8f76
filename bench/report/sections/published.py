"""Shows what papers report beside what was found here."""

from __future__ import annotations

from collections.abc import Iterator

from bench.evidence.published import Compared, wording
from bench.languages import words
from bench.report.document import Block, Cell, Column, Group, Line, Lines, Row, Styled, Table, Text
from bench.report.section import ReportSection


class PublishedResults(ReportSection):
    """A table of published results: the paper's protocol and numbers, ours, and whether they agree."""

    name = "published"
    order = 65
    title = words("Published results, and ours")

    def blocks(self) -> Iterator[Block]:
        found = [one for one in self.findings.published if one.ran]
        if not found:
            return
        yield Text(
            self.words(
                "What papers report was run again under the protocol of this benchmark, as near to theirs as that "
                "goes. How near a number has to be, and which techniques have to solve, was written down before. A "
                "result is reproduced if its numbers and its shape agree, and in part if one of the two does; that it "
                "is not reproduced may be due to any of the differences that stand beside it."
            )
        )
        columns = (
            Column(self.words("Result")),
            Column(self.words("Paper's protocol")),
            Column(self.words("Reported, and ours")),
            Column(self.words("Verdict"), choice=True),
        )
        caption = self.words(
            "Published results beside ours: medians over seeds with the {confidence} interval of the median, where "
            "there are seeds enough for one.",
            confidence=self.numbers.percent(0.95),
        )
        yield Table(columns, (Group(tuple(map(self._row, found))),), caption, "published")
        if missing := [one.result.id for one in self.findings.published if not one.ran]:
            yield Text(
                self.words("Not run: {results}.", results=self.words.rules.between_items.join(missing)),
                "note",
            )

    def _row(self, found: Compared) -> Row:
        result = found.result
        whose = self.words("as {rerun} found it", rerun=self.words(result.rerun)) if result.rerun else ""
        says = self.words(result.title)
        return Row(
            (
                Cell(
                    (
                        Styled(result.id, "id"), " ", says[:1].upper() + says[1:], self.words.rules.stop, " ",
                        Styled(self.words.rules.between_items.join(filter(None, [result.source, whose])), "small"),
                    ),
                    "row",
                ),
                (self.words(result.protocol), self.words.rules.stop, " ",
                 Styled(self.words("Ours differs: {deviations}", deviations=self.words(result.deviations)), "small")),
                self._both(found),
                Cell(wording.verdict(found.verdict, self.words), kind="short"),
            ),
            id=result.id,
        )  # fmt: skip

    def _both(self, found: Compared) -> Lines:
        """Every number and every part of the shape, with ours and whether it agrees."""
        lines = [
            self.words(
                "{mark} {what}: {reported}; ours {ours}, {tolerance}",
                mark=_mark(one.agrees),
                what=wording.number(one.number, self.words, self.say.technique),
                reported=wording.reported(one.number),
                ours=wording.ours(one, self.words),
                tolerance=wording.tolerance(one.number, self.words),
            )
            for one in found.outcomes
        ]
        lines += [
            f"{_mark(holds)} {wording.statement(one, self.words, self.say.technique)}" for one, holds in found.shape
        ]
        return Lines(tuple(map(Line, lines)))


def _mark(agrees: bool) -> str:
    return "✓" if agrees else "×"
