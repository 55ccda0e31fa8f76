"""Shows what to use at which lag, how far each technique gets, and at what price."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cached_property

from bench.evidence.scope import BASELINE
from bench.languages import words
from bench.report.decisions import Decisions
from bench.report.document import Block, Cell, Column, Figure, Row, Table, Text
from bench.report.draw.frontier import frontier
from bench.report.draw.heatmap import solve_rates
from bench.report.families import groups, head
from bench.report.rows import Technique
from bench.report.section import ReportSection
from bench.report.sections.answer import ROWS


class Choice(ReportSection):
    """The table of decisions, the picture of prices, and the horizons of all techniques."""

    name = "choice"
    order = 15
    title = words("What to use, and what it costs")
    brief = True

    def blocks(self) -> Iterator[Block]:
        if not self.findings.tasks:  # a store may have further arms alone
            return
        if not self.findings.shortfalls:
            table, picture = self._decisions.table(), frontier(self.findings, self.say, self._alt())
            if table and picture:
                text = words("What to use at each lag is in {table}, and what that costs in {figure}.")
                yield Text(self.referring(text, table="rules", figure="cost"))
            if table:
                yield table
            if picture:
                yield Figure(picture, self._caption(), "cost")
        if len(self.findings.techniques) > ROWS or self.findings.shortfalls:  # else the first page has it
            told = " ".join(self.say.answers())
            picture = solve_rates(self.findings, self.say, self.findings.tasks, told)
            yield Figure(picture, self.words("Share of runs that solve each task: all techniques."), "all-rates")
        yield Text(self._scale())
        yield self._horizons()

    @cached_property
    def _decisions(self) -> Decisions:
        return Decisions(self.say)

    # How far for how much

    def _caption(self) -> str:
        """Describe what the figure shows."""
        return self.words(
            "What it costs to solve each lag, and how far each technique gets. A line joins the lags that at "
            "least {share} of a technique's measured runs solve, and ends at its horizon; thick and "
            "in colour the source's remedies, ■ the baseline, grey what else was measured. Price as "
            "in the table (log), lower is better; the broad pale line is the Pareto line: nothing "
            "solves that lag for less."
            if self.findings.priced
            else words(
                "What it takes to solve each lag, and how far each technique gets. A line joins the lags that at "
                "least {share} of a technique's measured runs solve, and ends at its horizon; thick and "
                "in colour the source's remedies, ■ the baseline, grey what else was measured. Not every "
                "update was timed, so that updates stand for the price (log), fewer are better; the broad pale "
                "line is the Pareto line: nothing solves that lag with fewer."
            ),
            share=self.say.share(),
        )

    def _alt(self) -> str:
        """Task by task, what solves the longest lag that anything solves, the cheapest of it, and the baseline's."""
        return self.words.rules.between_sentences.join(map(self._alt_of, self.findings.tasks))

    def _alt_of(self, task: str) -> str:
        found = self.findings.solvers(task)
        if not found:
            return self.words("{task}: no technique has solved any lag in most of its runs.", task=self.say.task(task))
        lag = max(max(offers) for offers in found.values())
        there = [offers[lag] for offers in found.values() if lag in offers]
        best = min(there, key=lambda o: o.order)
        return self.words(
            "{task}: up to lag {lag} solve it {solvers} of the techniques, cheapest {technique} "
            "({price}); the baseline {base}.",
            task=self.say.task(task),
            lag=self.numbers.count(lag),
            solvers=self.numbers.count(len(there)),
            technique=self.say.technique(best.technique),
            price=self._decisions.price(best),
            base=self.words("up to lag {lag}", lag=self.numbers.horizon(self.findings.horizon(BASELINE, task))),
        )

    # How far, and how slow

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
            "baseline's, from the smallest to the largest of all settings timed: the median over processes, each "
            "over the baseline timed against itself, as in verdicts and prices.",
            share=self.say.share(),
        )
        return Table(columns, groups(self.findings.techniques, row), caption, "horizons", "numbers even")

    def _scale(self) -> str:
        """Say how many runs and settings the report rests on."""
        return self.words(
            "Behind this stand {measured} training runs in {settings} settings (technique, task and "
            "lag, in the main matrix and {arms} others), after {tuning} runs to choose learning "
            "rates. {diverged} of the training runs diverged and {failed} failed; both count as "
            "unsolved. Of {probed} further networks only the gradient was measured, untrained.",
            **self.say.counts(),
        )

    def _reach(self, technique: str, task: str) -> int:
        """Grade the horizon of a technique on a task, from 0 (nowhere, or not measured) to 4 (the longest lag)."""
        row = self.findings.horizon(technique, task)
        if row is None or not row.known or row.horizon == 0:
            return 0
        lags = self.findings.lags(task)
        return math.ceil(4 * (lags.index(int(row.horizon)) + 1) / len(lags))
