"""Shows the protocol that every technique was given, and the results of the tuning."""

from __future__ import annotations

from collections.abc import Iterator

from bench.evidence.scope import BASELINE
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
                "Every technique got the same data, the same grid of learning rates, the same tuning seeds and the "
                "same budget."
            )
        )
        if told := self._told():
            yield Text(told, "answer")
        yield Text(self._elsewhere())
        yield Text(self._missing())

    def details(self) -> Iterator[Block]:
        yield self._protocols()
        for task in self.findings.tasks:
            if self.findings.tuning_of(task):
                yield self._tuning(task)

    def _told(self) -> str:
        """Say how often the grid of learning rates ended at the rate that was chosen."""
        edges = self.findings.edges
        if not edges:
            return ""
        ends = {end: sum(edge.edge == end for edge in edges) for end in ("largest", "smallest")}
        at_edge = [edge.technique for edge in edges if edge.edge]
        most = max(dict.fromkeys(at_edge), key=at_edge.count, default="")
        return self.words.joined(
            self.words(
                "Of {settings} settings in which some tuning run solved, {largest} chose the largest learning rate "
                "tried and {smallest} the smallest: a better one may lie beyond.",
                settings=self.numbers.count(len(edges)),
                **{end: self.numbers.count(count) for end, count in ends.items()},
            ),
            self.words("Most often so {technique}.", technique=self.say.technique(most)) if most else "",
            self._unlike(),
        )

    def _unlike(self) -> str:
        """Say how often a technique and the baseline were measured at different rates."""
        pairs = []
        for task in self.findings.tasks:
            tuned = self.findings.tuning_of(task)
            base = tuned[BASELINE].rates if BASELINE in tuned else {}
            others = (found.rates for name, found in tuned.items() if name != BASELINE)
            pairs += [(rates[lag], base[lag]) for rates in others for lag in rates.keys() & base.keys()]
        if not pairs:
            return ""
        return self.words(
            "In {unlike} of {settings} settings a technique and the baseline were measured at different rates: a "
            "difference there is of technique and rate together, each as well tuned as the grid allows.",
            unlike=self.numbers.count(sum(own != base for own, base in pairs)),
            settings=self.numbers.count(len(pairs)),
        )

    def _elsewhere(self) -> str:
        """Say what tuning runs tell of the rates next to those chosen."""
        found = self.findings.neighbours
        measured = self.words(
            "Runs that count were trained at the chosen rate alone, so that this store cannot tell the verdicts at "
            "another one."
        )
        if not found:
            return measured
        return self.words.joined(
            measured,
            self.words(
                "Where some tuning run solved, a neighbouring rate solves at least as often in {same} of {settings} "
                "settings, and less often in the others.",
                same=self.numbers.count(sum(one.beside >= one.own for one in found)),
                settings=self.numbers.count(len(found)),
            ),
        )

    def _missing(self) -> str:
        """Say what was not measured, and what is stale."""
        counts = self.say.counts()
        return self.words.joined(
            self.words(
                "Of {planned} planned settings, {missing} were not measured, most because the technique had failed at "
                "a shorter lag; {pending} have not been run yet."
                if self.findings.counts.pending
                else "Of {planned} planned settings, {missing} were not measured, because the technique had failed at "
                "a shorter lag or the run was told to leave them out.",
                **counts,
            )
            if self.findings.gaps
            else self.words("Every planned setting was measured."),
            self.words(
                "{stale} results in the store come from code that has changed since; they are marked stale and not "
                "used.",
                **counts,
            )
            if self.findings.counts.stale
            else "",
        )

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
                edge = self._edge(technique.name, task)
                rates, dials = n.rates(found.rates), n.dials(technique.dials)
                yield Row((head(technique.name, self.say), *counts, rates, edge, dials))

        columns = (
            Column(self.words("Technique")),
            Column(self.words("Tuning runs"), number=True),
            Column(self.words("Measured runs"), number=True),
            Column(self.words("Updates spent"), number=True),
            Column(self.words("Learning rate chosen")),
            Column(self.words("At the edge")),
            Column(self.words("Dials")),
        )
        caption = self.words(
            "Tuning and measuring on {task}: runs spent, the learning rate chosen at each lag, at how many of the lags "
            "that some tuning run solved it is the largest or smallest one tried, and the technique's own dials.",
            task=self.say.task(task),
        )
        return Table(columns, groups(self.findings.techniques, row), caption, kind="ledger")

    def _edge(self, technique: str, task: str) -> str:
        own = [edge for edge in self.findings.edges if (edge.technique, edge.task) == (technique, task)]
        if not own:
            return self.numbers.none
        return self.words("{count} of {lags}", count=sum(bool(edge.edge) for edge in own), lags=len(own))
