"""The gradient of every technique at the same moments, side by side."""

from __future__ import annotations

import math
from collections.abc import Iterator

from bench.evidence.estimates import CONFIDENCE
from bench.evidence.scope import BASELINE
from bench.languages import words
from bench.records.cell import SettingKey
from bench.report.document import Block, Cell, Column, Rich, Row, Styled, Table, Text
from bench.report.equal_updates import EqualRate
from bench.report.families import groups, head
from bench.report.flow import FlowRate
from bench.report.rows import Technique
from bench.report.section import ReportSection
from bench.report.vocabulary import MOMENTS

TASKS = 3
"""The tasks that a table has room for on paper."""


class Moments(ReportSection):
    """All techniques side by side, before training and after equal updates."""

    name = "moments"
    order = 52
    title = words("The same question at the same moment")

    def blocks(self) -> Iterator[Block]:
        places = {task: lag for task in self.findings.tasks if (lag := self.findings.flow.lag(task)) is not None}
        if not places or not self.findings.trained:
            return
        yield Text(self._why())
        if told := self._although(places):
            yield Text(told, "answer")
        for first in range(0, len(places), TASKS):
            yield self._table(dict(list(places.items())[first : first + TASKS]), f"moments-{first // TASKS + 1}")

    def _table(self, places: dict[str, int], name: str) -> Table:
        rows = groups(self.findings.techniques, lambda technique: self._row(technique, places))
        heads = [
            Column((self.say.cell(task, lag), ", ", self.words(MOMENTS[moment])), number=True)
            for task, lag in places.items()
            for moment in ("start", "equal")
        ]
        columns = (Column(self.words("Technique")), *heads)
        return Table(columns, rows, self._caption(places), name, "numbers dense")

    def _row(self, technique: Technique, places: dict[str, int]) -> Iterator[Row]:
        keys = [SettingKey(technique.name, task, lag) for task, lag in places.items()]
        flow = self.findings.flow
        found: list[FlowRate | EqualRate | None] = []
        for key in keys:
            found += [flow.rate(key, "start", flow.output(key) or ""), self.findings.equal_rates.get(key)]
        if any(found):
            yield Row((head(technique.name, self.say), *(Cell(self._rate(rate)) for rate in found)))

    def _rate(self, rate: FlowRate | EqualRate | None) -> Rich:
        n = self.numbers
        if rate is None:
            return n.none
        if not (math.isfinite(rate.low) and math.isfinite(rate.high)):
            return n.signed(rate.decay)
        return (n.signed(rate.decay), " ", Styled(n.range(n.signed(rate.low), n.signed(rate.high)), "small"))

    def _why(self) -> str:
        """Say which claims are judged at which moment, and why."""
        start, trained = self._judged()
        told = [
            self.words(
                "A part of a claim is judged at the moment that it is about: what weights and activations do by "
                "themselves before training, what a remedy does for learning after equal updates, where nobody has "
                "had more training than the other. Here are both, for everyone."
            ),
            self.words("Before training are judged parts of {claims}.", claims=self.numbers.join(start))
            if start
            else "",
            self.words("In training or at its end are judged parts of {claims}.", claims=self.numbers.join(trained))
            if trained
            else "",
        ]
        return self.words.joined(*filter(None, told))

    def _although(self, places: dict[str, int]) -> str:
        """Name those who solve more often than the baseline although their gradient starts out shrinking faster."""
        told = []
        for technique in self.findings.techniques:
            for task, lag in places.items():
                own, base = (SettingKey(name, task, lag) for name in (technique.name, BASELINE))
                if self._worse(own, base) and self._solved(own) > self._solved(base):
                    told.append(
                        self.words(
                            "{technique} solves {cell} more often than the baseline ({own} against {base}), although "
                            "its gradient starts out shrinking faster.",
                            technique=self.say.technique(technique.name),
                            cell=self.say.cell(task, lag),
                            own=self.numbers.percent(self._solved(own)),
                            base=self.numbers.percent(self._solved(base)),
                        )
                    )
        return self.words.rules.between_sentences.join(told)

    def _worse(self, own: SettingKey, base: SettingKey) -> bool:
        """Return True if a gradient's rate at the start lies below the baseline's, intervals apart."""
        flow = self.findings.flow
        one, other = (flow.rate(key, "start", flow.output(key) or "") for key in (own, base))
        return one is not None and other is not None and one.high < other.low

    def _solved(self, key: SettingKey) -> float:
        found = self.findings.estimate(key)
        return found.rate if found and found.measured else 0.0

    def _judged(self) -> tuple[list[str], list[str]]:
        """The claims with parts about gradients before training, and those with parts about them later."""
        start, later = dict[str, None](), dict[str, None]()
        for claim in self.findings.verdicts:
            for part in claim.parts:
                if part.estimand.of_probes:
                    (start if part.asked.before_training else later)[claim.claim] = None
        return list(start), list(later)

    def _caption(self, places: dict[str, int]) -> str:
        n, rates = self.numbers, self.findings.equal_rates.values()
        updates = [
            self.words(
                "{cell} after {updates} updates",
                cell=self.say.cell(task, lag),
                updates=_span(n.count(min(r.first for r in here)), n.count(max(r.last for r in here))),
            )
            for task, lag in places.items()
            if (here := [r for r in rates if (r.task, r.lag) == (task, lag)])
        ]
        return self.words.joined(
            self.words(
                "Rate of the gradient in nats per step back, with its {confidence} interval, of the output in the "
                "lowest layer.",
                confidence=n.percent(CONFIDENCE),
            ),
            self.say.start(self.findings),
            self.words(
                "Equal updates are, seed by seed, the most at which all techniques were probed: {updates}. A claim "
                "asks this of its own techniques alone, so it may see them later, and its numbers may differ.",
                updates=self.words.rules.between_clauses.join(updates),
            )
            if updates
            else "",
        )


def _span(first: str, last: str) -> str:
    return first if first == last else f"{first}–{last}"
