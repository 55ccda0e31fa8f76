"""The decision table: at which lag to use what, how sure that is, and what it costs."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cached_property

from bench.evidence.advice import NEAR, Offer, Pick, Rule
from bench.evidence.estimates import CONFIDENCE, HORIZON_SHARE
from bench.evidence.scope import BASELINE
from bench.languages import words
from bench.records.cell import SettingKey
from bench.report.document import Break, Cell, Column, Group, Link, Rich, Row, Styled, Table
from bench.report.sentences import Sentences

MOST_RULES = 9
"""The rules of all tasks together that fit on the page."""
MOST_NEAR = 1
"""The techniques that cost hardly more which a pick names."""


class Decisions:
    """The rules of every task, in one report in one language."""

    def __init__(self, say: Sentences) -> None:
        self.say, self.words, self.numbers = say, say.words, say.numbers

    @cached_property
    def _found(self) -> dict[str, list[Rule]]:
        """Every rule, by task."""
        return {task: self.say.findings.rules(task) for task in self.say.findings.tasks}

    @property
    def _most(self) -> int:
        """Rules of a task that there is room for."""
        return max(1, MOST_RULES // max(1, sum(map(bool, self._found.values()))))

    def table(self) -> Table | None:
        """The decision table; of tasks with many rules, those for the longest lags."""
        groups = []
        for place, (task, own) in enumerate(self._found.items(), start=1):
            shown = own[-self._most :]
            first = Cell(Link(self.say.task(task), f"#task-{place}"), "rowgroup", rows=len(shown))
            rows = tuple(Row((*(() if i else (first,)), *self._rule(rule))) for i, rule in enumerate(shown))
            groups += [Group(rows)] if rows else []
        if not groups:
            return None
        columns = (
            Column(self.words("Task")),
            Column(self.words("Lag"), number=True),
            Column(self.say.technique(BASELINE), number=True),
            Column(self.words("Of the source's remedies")),
            Column(self.words("Of everything measured")),
        )
        return Table(columns, tuple(groups), self._caption(), "rules", "rules-table")

    def _rule(self, rule: Rule) -> Iterator[Cell | Rich]:
        first, last = rule.lags[0], rule.lags[-1]
        lags = self.numbers.count(last)
        remedy, best = rule.remedy.offer, rule.best.offer
        yield lags if first == last else f"{self.numbers.count(first)}–{lags}"
        yield self._baseline(rule)
        yield self._pick(rule.remedy, rule)
        same = remedy is not None and best is not None and remedy.technique == best.technique
        yield Styled(self.words("the same"), "quiet") if same else self._pick(rule.best, rule)

    def _baseline(self, rule: Rule) -> Rich:
        """Say what the baseline does at the rule's longest lag, or at the longest that it was run at."""
        base, lag = rule.baseline, rule.baseline_lag
        if base is None:
            return self.words("not run")
        key = SettingKey(base.technique, rule.task, lag)
        beside = ["" if base.solved else self.say.reached(key), "" if lag == rule.lags[-1] else self.say.lag(lag)]
        told = self.words.rules.between_items.join(filter(None, beside))
        return (f"{base.solved}/{base.runs}", " ", Styled(told, "small")) if told else f"{base.solved}/{base.runs}"

    def _pick(self, pick: Pick, rule: Rule) -> Rich:
        """A technique, the share of its runs that solve, and what solving costs; or that nothing solves."""
        offer = pick.offer
        if offer is None or not offer.solves:
            return Styled(self.words("not run") if offer is None else self._nothing(offer, rule), "quiet")
        name = Styled(self.say.technique(offer.technique), "name")
        solved = self.words("{share}, {grade}", share=self._share(offer, rule), grade=self._grade(offer))
        near = [self.say.technique(name) for name in pick.near[:MOST_NEAR]]
        others = self.words("or {techniques}", techniques=self.words.rules.between_items.join(near))
        beside = (" ", Styled(others, "small")) if near else ()
        return (name, " ", solved, *beside, Break(), Styled(self.price(offer), "small"))

    def _nothing(self, offer: Offer, rule: Rule) -> str:
        """Say that nothing solves enough, and what comes nearest."""
        key = (
            words("none; nearest: {technique}, {share} ({grade})")
            if offer.solved
            else words("none: at best {technique}, {share} ({grade})")
        )
        nearest = self.say.technique(offer.technique)
        return self.words(key, technique=nearest, share=self._share(offer, rule), grade=self._grade(offer))

    def _share(self, offer: Offer, rule: Rule) -> str:
        key = SettingKey(offer.technique, rule.task, rule.lags[-1])
        return self.say.solved_of(key, offer.solved, offer.runs)

    def _grade(self, offer: Offer) -> str:
        return self.words("firm" if offer.firm else "tentative")

    def price(self, offer: Offer) -> str:
        updates = self.numbers.count(offer.updates)
        if math.isnan(offer.price):
            return self.words("{updates} updates, not timed", updates=updates)
        time = self.numbers.factor(offer.time)
        return self.words(
            "price {price} ≈ {updates} updates × {time}",
            price=self.numbers.count(offer.price),
            updates=updates,
            time=time,
        )

    def _caption(self) -> str:
        """Explain the decision table's words, and say how many rules it leaves out."""
        meaning = self.words(
            "What to use. At each lag (of several, the longest), the cheapest of the techniques with which at least "
            "{share} of the measured runs solve the task. Price: mean updates to solve × time per update over the "
            "baseline's, in updates of the baseline. “Or” names what costs at most {near} times as much. Firm: the "
            "exact {confidence} interval of the share solved lies on one side of {share}; else tentative. Where nobody "
            "solved, the metric reached is given.",
            share=self.numbers.percent(HORIZON_SHARE),
            confidence=self.numbers.percent(CONFIDENCE),
            near=f"{NEAR:g}",
        )
        cut = sum(max(0, len(own) - self._most) for own in self._found.values())
        more = (
            [
                self.words(
                    "Rules left out here, for shorter lags: {count}; see the tasks.", count=self.numbers.count(cut)
                )
            ]
            if cut
            else []
        )
        return self.words.rules.between_sentences.join([meaning, *more])
