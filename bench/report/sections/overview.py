"""Shows all results at a glance: verdicts by kind, what each technique solves, and how far it gets."""

from __future__ import annotations

import math
from collections.abc import Iterator

from bench.evidence.scope import BASELINE
from bench.languages import words
from bench.report.document import (
    Block,
    Cell,
    Column,
    Figure,
    Group,
    Items,
    Line,
    Lines,
    Link,
    Rich,
    Row,
    Styled,
    Table,
    Text,
)
from bench.report.draw.heatmap import solve_rates
from bench.report.families import groups, head
from bench.report.rows import Technique
from bench.report.section import ReportSection


class Overview(ReportSection):
    """The claims by verdict, the picture of what each technique solves, and horizons."""

    name = "overview"
    order = 30
    title = words("All results at a glance")

    def blocks(self) -> Iterator[Block]:
        yield self._tally()
        if not self.findings.tasks:  # a store may have further arms alone
            return
        yield Text(self._unused(), "note")
        yield Text(self.words("Which techniques learn a dependency over how many steps, and at what cost?"), "question")
        yield Items(tuple(filter(None, [*self.say.answers(), self._price()])), "answers")
        caption = self.words(
            "Share of measured runs that solve each task, by technique and lag. Grey cells were not run, which is "
            "not the same as unsolved; a corner marks cells in which runs diverged or failed, which counts as "
            "unsolved."
        )
        picture = solve_rates(self.findings, self.say, self.findings.tasks, " ".join(self.say.answers()))
        yield Figure(picture, caption, "overview")
        yield Text(self._scale())
        yield self._horizons()

    def _tally(self) -> Table:
        verdicts = self.page.verdicts
        columns = (
            Column(self.words("Verdict")),
            Column(self.words("Claims"), number=True),
            Column(self.words("Which")),
            Column(self.words("The most telling")),
        )
        rows = tuple(
            Row(
                (
                    Cell(verdicts.chip(tally.verdict), "row"),
                    self.numbers.count(len(tally.claims)),
                    Cell(tuple(part for claim in tally.claims for part in (_link(claim.claim), " ")), kind="which"),
                    Lines(
                        tuple(
                            Line(
                                (
                                    _link(claim.claim),
                                    " ",
                                    Styled(verdicts.says(claim), "emphasis"),
                                    self.words.rules.colon,
                                    verdicts.reason(claim),
                                )
                            )
                            for claim in tally.telling
                        )
                    ),
                )
            )
            for tally in verdicts.tally()
        )
        caption = self.words(
            "The source's {claims} claims by verdict. Verdicts rest on tests that stand with the claims, in files of "
            "the code, not all of which were fixed before any result was seen; p-values are corrected for all "
            "{comparisons} comparisons that the numbers of seeds allow to be tested.",
            **verdicts.values(),
        )
        return Table(columns, (Group(rows),), caption, "tally", "tally")

    def _unused(self) -> str:
        """Say what is stale, and what was not run."""
        counts = self.say.counts()
        return self.words.joined(
            self.words(
                "{stale} results in the store come from code that has changed since; they are marked stale and not "
                "used."
                if self.findings.counts.stale
                else "Nothing in the store is stale.",
                **counts,
            ),
            self.words(
                "Of {planned} planned settings, {missing} were not measured; {pending} of them have not been run yet.",
                **counts,
            ),
        )

    def _horizons(self) -> Table:
        tasks = self.findings.tasks

        def row(technique: Technique) -> Iterator[Row]:
            reached = (
                Cell(
                    self.numbers.horizon(self.findings.horizon(technique.name, task)),
                    kind=f"reach-{self._reach(technique.name, task)}",
                )
                for task in tasks
            )
            yield Row((head(technique.name, self.say), *reached, self.say.time_ratio(technique.name)))

        columns = (
            Column(self.words("Technique")),
            *(Column(self.say.task(task)) for task in tasks),
            Column(self.words("Time per update")),
        )
        caption = self.words(
            "Horizon: the longest lag that at least {share} of a technique's measured runs solve. “≥” means that no "
            "longer lag was tested, “<” that not even the shortest one was solved. Time per update is over the "
            "baseline's, from the smallest to the largest of all settings timed: the geometric mean over processes, "
            "over that of the baseline timed against itself, as in verdicts and prices.",
            share=self.say.share(),
        )
        return Table(columns, groups(self.findings.techniques, row), caption, "horizons", "numbers even")

    def _scale(self) -> str:
        """Say how many runs and settings the report rests on."""
        counts = self.say.counts()
        return self.words(
            "Behind this stand {measured} training runs in {settings} settings (technique, task and "
            "lag, in the main matrix and {arms} others), after {tuning} runs to choose learning "
            "rates. {diverged} of the training runs diverged and {failed} failed; both count as "
            "unsolved. Of {probed} further networks only the gradient was measured, untrained.",
            **counts,
        )

    def _price(self) -> str:
        """Say what an update of the leading techniques costs; empty if no cost was measured."""
        leading = {t for task in self.findings.tasks for t in self.findings.leaders(task)} - {BASELINE}
        items = [
            self.words("{technique} {ratio}", technique=self.say.technique(t.name), ratio=self.say.time_ratio(t.name))
            for t in self.findings.techniques
            if t.name in leading and t.name in self.findings.cost_ratios
        ]
        return (
            self.words(
                "What that costs, in time per update over the baseline's: {costs}.", costs=self.numbers.join(items)
            )
            if items
            else ""
        )

    def _reach(self, technique: str, task: str) -> int:
        """Grade the horizon of a technique on a task, from 0 (nowhere, or not measured) to 4 (the longest lag)."""
        row = self.findings.horizon(technique, task)
        if row is None or not row.known or row.horizon == 0:
            return 0
        lags = self.findings.lags(task)
        return math.ceil(4 * (lags.index(int(row.horizon)) + 1) / len(lags))


def _link(claim: str) -> Rich:
    return Link(claim, f"#{claim}")
