"""The report's first page: what each remedy did, who solves what, and what all of it rests on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bench.evidence.estimates import CONFIDENCE
from bench.evidence.scope import BASELINE
from bench.languages import words
from bench.report.document import Block, Figure, Items, Link, Rich, Section, Text
from bench.report.draw.heatmap import solve_rates
from bench.report.front import limits_box, warning
from bench.report.remedies import Remedies
from bench.report.rows import Technique
from bench.report.section import ReportSection

ROWS = 12
"""The techniques that the picture of the first page has room for."""


class Answer(ReportSection):
    """The first page."""

    name = "summary"
    order = 10
    title = words("The answer")
    brief = True

    def blocks(self) -> Iterator[Block]:
        remedies = Remedies(self.page)
        if not remedies.concludes:
            yield warning(self.page)
            yield Text(
                self.words(
                    "Nothing is concluded here from what was trained: what was measured stands in the chapters that "
                    "follow, and verdicts there are as provisional as this store is thin."
                )
            )
        else:
            yield Text(self.words.joined(*remedies.lead()), "lead")
            yield Text(self._terms(), "how")
        for note in self._notes():
            yield Text(note, "note")
        yield Items(tuple(remedies.items()), "findings")
        yield Text((self._every(), self.words.rules.colon, *self._tally()), "tally-line")
        if self.findings.tasks and remedies.concludes:
            yield self._picture()
        if box := limits_box(self.page):
            yield box

    def sections(self) -> Iterator[Section]:
        """The page; marked where it is short."""
        for section in super().sections():
            yield replace(section, kind="thin" if self.findings.shortfalls else section.kind)

    def _terms(self) -> str:
        """Explain the words and numbers that the page uses of what it found."""
        return self.words(
            "A lag is how long something has to be remembered, counted as the box below says. Each run has a random "
            "start and random data of its own, told by its seed. In brackets: {confidence} intervals, and what they "
            "rest on. {ratio} means half as much.",
            confidence=self.numbers.percent(CONFIDENCE),
            ratio=self.numbers.ratio(1 / 2),
        )

    def _every(self) -> Rich:
        return Link(
            self.words("All {claims} claims of the source, with tests and runs", **self.page.verdicts.values()),
            "#claims",
        )

    def _tally(self) -> Iterator[Rich]:
        for verdict, count in self.page.verdicts.tally().items():
            yield self.page.verdicts.chip(verdict)
            yield f" {self.numbers.count(count)} "

    def _picture(self) -> Figure:
        """Draw who solves what: of many techniques the baseline, the source's remedies and those that get furthest."""
        told = self.words.rules.between_sentences.join(self.say.answers())
        shown = self._shown()
        caption = self.words.joined(
            self.words("Who solves what: runs that solved, of all measured, by technique, task and lag."),
            ""
            if len(shown) == len(self.findings.techniques)
            else self.words("All {count} techniques are in the next chapter.", count=len(self.findings.techniques)),
        )
        picture = solve_rates(self.findings, self.say, self.findings.tasks, told, shown)
        return Figure(picture, caption, "overview")

    def _shown(self) -> list[Technique]:
        techniques = self.findings.techniques
        if len(techniques) <= ROWS:
            return techniques
        leading = {name for task in self.findings.tasks for name in self.findings.leaders(task)[:1]}
        kept = [t for t in techniques if t.name in {BASELINE, *self.findings.remedies, *leading}]
        return kept[:ROWS]

    def _notes(self) -> Iterator[str]:
        """Yield what a reader has to know before believing the page, and only where it is the case."""
        counts = self.say.counts()
        if self.findings.counts.pending:
            yield self.words("This report is partial: {pending} planned settings have not been run yet.", **counts)
        if self.findings.counts.stale:
            yield self.words(
                "{stale} results in the store come from code that has changed since; they are marked "
                "stale and not used.",
                **counts,
            )
