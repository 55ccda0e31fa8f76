"""The report's first page: what to use at which lag, the findings that matter, how far for how much."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property

from bench.evidence import wording
from bench.evidence.questions import DECIDED
from bench.evidence.scope import BASELINE
from bench.evidence.source import SourceRow, claims_of
from bench.evidence.verdicts import ClaimVerdict, PartVerdict
from bench.languages import words
from bench.report.decisions import Decisions
from bench.report.document import (
    Block,
    Figure,
    Heading,
    Items,
    Link,
    Rich,
    Section,
    Styled,
    Text,
)  # fmt: skip
from bench.report.draw.forest import in_margins
from bench.report.draw.frontier import frontier
from bench.report.front import warning
from bench.report.section import ReportSection


class Answer(ReportSection):
    """The first page."""

    name = "summary"
    order = 10
    title = words("The answer")

    def blocks(self) -> Iterator[Block]:
        thin = bool(self.findings.shortfalls)
        if thin:
            yield warning(self.page)
            yield Text(
                self.words(
                    "Nothing is concluded here from what was trained: what was measured stands in the chapters that "
                    "follow, and verdicts there are as provisional as this store is thin."
                )
            )
        else:
            yield Text(self.words.joined(*self._lead()), "lead")
        for note in self._notes():
            yield Text(note, "note")
        if not thin and (table := self._decisions.table()):
            yield table
        yield from self._told()
        if not thin and (picture := frontier(self.findings, self.say, self._cost_alt())):
            yield Figure(picture, self._cost_caption(), "cost")

    def sections(self) -> Iterator[Section]:
        """The page; marked where it is short."""
        for section in super().sections():
            yield replace(section, kind="thin" if self.findings.shortfalls else section.kind)

    def _told(self) -> Iterator[Block]:
        """Say what the tests tell of each remedy; in a thin store, of networks as they start alone."""
        values = self.page.verdicts.values()
        every = Link(self.words("All {claims} claims of the source, with tests and runs", **values), "#claims")
        if self.findings.shortfalls and not any(map(self._own, (row for row, _ in self.findings.rows))):
            yield Text(every, "tally-line")
            return
        yield Heading(self.words("What the tests tell most clearly of each remedy"), plain=True)
        yield Text(
            self.words(
                "Of each remedy's decided claims, the one whose {confidence} interval is furthest, in margins, from "
                "any other verdict; p is corrected for {comparisons} comparisons.",
                **values,
            ),
            "how",
        )
        yield Items(tuple(self._tells(row) for row, _ in self.findings.rows), "findings")
        yield Text((every, self.words.rules.colon, *self._tally()), "tally-line")

    def _tally(self) -> Iterator[Rich]:
        for tally in self.page.verdicts.tally():
            if tally.claims:
                yield self.page.verdicts.chip(tally.verdict)
                yield f" {self.numbers.count(len(tally.claims))} "

    # What helps

    def _lead(self) -> Iterator[str]:
        """Say which of the source's remedies get further than the baseline, and which techniques do on every task."""
        base = [h for h in self.findings.horizons if h.technique == BASELINE and h.known]
        if not base:
            yield self.words("The baseline has not been measured yet, so that nothing can be compared with it.")
            return
        further, tasks = self.findings.gains(), len(base)
        yield from self._gains(further, tasks)
        if tasks > 1:
            yield self._always([name for name, reached in further.items() if len(reached) == tasks])

    def _gains(self, further: dict[str, set[str]], tasks: int) -> Iterator[str]:
        """The source's remedies, those that get further first."""
        rows, others = [], []
        for row, techniques in self.findings.rows:
            name, reached = row.called(self.words), set[str]()
            for technique in techniques:
                reached |= further.get(technique.name, set())
            if reached:
                rows.append(self.words("{row} ({count} of {tasks} tasks)", row=name, count=len(reached), tasks=tasks))
            elif techniques:
                others.append(name)
        key = (
            words(
                "Longer dependencies than with the plain tanh RNN, the baseline, are learned with "
                "{rows}; of {others} this could not be shown."
            )
            if rows and others
            else words("Longer dependencies than with the plain tanh RNN, the baseline, are learned with {rows}.")
            if rows
            else words(
                "No remedy of the source's table that was measured could be shown to learn longer dependencies "
                "than the plain tanh RNN, the baseline: {others}."
            )
        )
        if rows or others:
            yield self.words(key, rows=self.numbers.join(rows), others=self.numbers.join(others))

    def _always(self, techniques: list[str]) -> str:
        """Say which techniques get further on every task."""
        if not techniques:
            return self.words(
                "Nothing that was measured could be shown to get further than the baseline on every task."
            )
        named = [
            self.words(
                "{technique}, at {ratio} the baseline's time per update",
                technique=self.say.technique(name),
                ratio=self.say.time_ratio(name),
            )
            for name in techniques
        ]
        return self.words("On every task they are learned with {techniques}.", techniques=self.numbers.join(named))

    @cached_property
    def _decisions(self) -> Decisions:
        return Decisions(self.say)

    # What matters

    def _tells(self, row: SourceRow) -> Rich:
        """Describe the most telling claim about a remedy: the decided one that is furthest from another verdict."""
        verdicts = self.page.verdicts
        name = (Styled(row.called(self.words), "name"), self.words.rules.colon)
        own = self._own(row)
        decided = [claim for claim in own if claim.verdict in DECIDED and math.isfinite(distance(claim))]
        if not decided:
            return (*name, Styled(self._open(own), "small"))
        claim = max(decided, key=distance)
        part = self._deciding(claim)
        what = verdicts.estimand(part)
        text = self.words("{what}: {came}.", what=what[:1].upper() + what[1:], came=self._estimate(part))
        return (*name, verdicts.says(claim), " ", verdicts.chip(claim.verdict, claim.claim), " ", Styled(text, "small"))

    def _own(self, row: SourceRow) -> list[ClaimVerdict]:
        """The claims about a remedy; in a thin store those that rest on no training, and that something is known of."""
        verdicts, ids = self.page.verdicts, claims_of(row.id)
        own = [claim for claim in verdicts.all if claim.claim in ids]
        if not self.findings.shortfalls:
            return own
        known = {claim.claim: verdicts.run(claim) for claim in own}
        untrained = {id for id, parts in known.items() if parts and all(p.asked.before_training for p in parts)}
        return [claim for claim in own if claim.claim in untrained]

    def _estimate(self, part: PartVerdict) -> str:
        """An effect with its unit, its interval, and what they rest on."""
        unit = self.words(part.asked.estimand.unit.axis) if part.unit.startswith("nat") else ""
        effect = " ".join(filter(None, [self.page.verdicts.effect(part), unit]))
        if not self.page.verdicts.interval(part):
            return self.words("{effect}, counted", effect=effect)
        count = wording.counted(part.asked, part.n, self.words)
        p = self.numbers.p(part.p)
        p = p if p.startswith("<") else f"= {p}"
        return self.words(
            "{effect} ({interval}; {count}; p {p})",
            effect=effect,
            interval=self.page.verdicts.interval(part),
            count=count,
            p=p,
        )

    def _deciding(self, claim: ClaimVerdict) -> PartVerdict:
        return next(part for part in claim.parts if part.part == claim.part)

    def _open(self, claims: list[ClaimVerdict]) -> str:
        """Say that nothing is decided, and what it would take."""
        needed = {claim.claim: claim.needed_n for claim in claims if claim.needed_n is not None}
        if needed:
            claim = min(needed, key=lambda c: needed[c])
            return self.words(
                "none of its claims is decided; {claim} is nearest, with about {needed} seeds.",
                claim=claim,
                needed=self.numbers.count(needed[claim]),
            )
        known = any(claim.estimated for claim in claims)
        return self.words(
            "none of its claims is decided, and no practical number of seeds would be enough."
            if known
            else "none of its claims could be tested with what is stored."
        )

    # How far for how much

    def _cost_caption(self) -> str:
        """Describe what the figure shows."""
        return self.words(
            "What it costs to solve each lag, and how far each technique gets. A line joins the lags that at "
            "least {share} of a technique's measured runs solve, and ends at its horizon; thick and "
            "in colour the source's remedies, ■ the baseline, grey what else was measured. Price as "
            "in the table (log), lower is better; the broad pale line is the Pareto line: nothing "
            "solves that lag for less."
            if self.findings.timed
            else words(
                "What it takes to solve each lag, and how far each technique gets. A line joins the lags that at "
                "least {share} of a technique's measured runs solve, and ends at its horizon; thick and "
                "in colour the source's remedies, ■ the baseline, grey what else was measured. No update "
                "was timed, so that updates stand for the price (log), fewer are better; the broad pale "
                "line is the Pareto line: nothing solves that lag with fewer."
            ),
            share=self.say.share(),
        )

    def _cost_alt(self) -> str:
        """Task by task, what solves the longest lag that anything solves, the cheapest of it, and the baseline's."""
        return self.words.rules.between_sentences.join(map(self._cost_alt_of, self.findings.tasks))

    def _cost_alt_of(self, task: str) -> str:
        found = self.findings.solvers(task)
        if not found:
            return self.words("{task}: no technique has solved any lag in most of its runs.", task=self.say.task(task))
        lag = max(max(offers) for offers in found.values())
        there = [offers[lag] for offers in found.values() if lag in offers]
        best = min(there, key=lambda o: o.order)
        values = {
            "task": self.say.task(task),
            "lag": self.numbers.count(lag),
            "solvers": self.numbers.count(len(there)),
        }
        base = self.words("up to lag {lag}", lag=self.numbers.horizon(self.findings.horizon(BASELINE, task)))
        return self.words(
            "{task}: up to lag {lag} solve it {solvers} of the techniques, cheapest {technique} "
            "({price}); the baseline {base}.",
            technique=self.say.technique(best.technique),
            price=self._decisions.price(best),
            base=base,
            **values,
        )

    # What it rests on

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


def distance(claim: PartVerdict) -> float:
    """Margins from the nearer end of the interval to where the verdict would be another; not a number without any.

    A difference is measured from 0; for a claim of no difference, or of none for the worse, from the margin.
    """
    _, low, high = in_margins(claim)
    if claim.direction == "not lower":
        return low + 1 if claim.verdict == "supported" else -1 - high
    if claim.verdict == "practically equal" or (claim.direction, claim.verdict) == ("equal", "supported"):
        return 1 - max(abs(low), abs(high))
    apart = max(low, -high)
    return apart - 1 if claim.direction == "equal" else apart
