"""The report's first page: what to use at which lag, the findings that matter, how far for how much."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from bench.evidence.advice import NEAR, Offer, Pick, Rule, gains, rules, solvers
from bench.evidence.assess import DECIDED
from bench.evidence.estimands import Sampled
from bench.evidence.estimates import CONFIDENCE, HORIZON_SHARE
from bench.evidence.scope import BASELINE
from bench.evidence.source import SourceRow, claims_of
from bench.evidence.verdicts import ClaimVerdict, PartVerdict
from bench.reporting.claims import Claims
from bench.reporting.forest import in_margins

MOST_RULES = 9
"""Of all tasks together: more do not fit on the page."""
MOST_NEAR = 1
"""A pick names so many that cost hardly more."""


class PickText(NamedTuple):
    """A pick in words; `name` is empty where nothing solves."""

    name: str
    near: str
    solved: str
    price: str
    nothing: str
    """What is said where nothing solves."""


class RuleText(NamedTuple):
    """A rule in words."""

    place: int
    """Of its task in the report, from 1."""
    task: str
    """Empty in all rows of a task but the first."""
    rows: int
    """Of the task; 0 where `task` is empty."""
    lags: str
    baseline: str
    remedy: PickText
    best: PickText
    same: bool
    """Whether the best of all is a remedy of the source's table."""


class Finding(NamedTuple):
    """What tells most about one remedy of the source's table."""

    row: str
    claim: ClaimVerdict | None
    """None where nothing is decided."""
    text: str


class Answer:
    """The first page of one report in one language."""

    def __init__(self, claims: Claims) -> None:
        self.claims, self.say, self.words, self.numbers = claims, claims.say, claims.words, claims.numbers
        self.findings = self.say.findings

    # What helps

    def lead(self) -> Iterator[str]:
        """Which remedies of the source's table get further than the baseline, and what does so on every task."""
        base = self.findings.horizons.query("technique == @BASELINE").dropna(subset="horizon")
        if base.empty:
            yield self.words("answer.no_baseline")
            return
        further, tasks = gains(self.findings.horizons), len(base)
        yield from self._gains(further, tasks)
        if tasks > 1:
            yield self._always([name for name, reached in further.items() if len(reached) == tasks])

    def _gains(self, further: dict[str, set[str]], tasks: int) -> Iterator[str]:
        """The source's remedies, those that get further first."""
        rows, others = [], []
        for row, techniques in self.findings.rows:
            name, reached = row.called(self.claims.language), set[str]()
            for technique in techniques:
                reached |= further.get(technique.name, set())
            if reached:
                rows.append(self.words("answer.gain", row=name, count=len(reached), tasks=tasks))
            elif techniques:
                others.append(name)
        key = "answer.gains_but" if rows and others else "answer.gains" if rows else "answer.gains_none"
        if rows or others:
            yield self.words(key, rows=self.numbers.join(rows), others=self.numbers.join(others))

    def _always(self, techniques: list[str]) -> str:
        """What gets further on every task."""
        if not techniques:
            return self.words("answer.never")
        named = [
            self.words("answer.always_item", technique=self.say.technique(name), ratio=self.say.time_ratio(name))
            for name in techniques
        ]
        return self.words("answer.always", techniques=self.numbers.join(named))

    # What to use

    @cached_property
    def _found(self) -> dict[str, list[Rule]]:
        """Every rule, by task."""
        cells, costs = self.findings.cells, self.findings.scope.costs
        return {task: rules(cells, costs, self.findings.remedies, task) for task in self.findings.scope.tasks}

    @property
    def _most(self) -> int:
        """Rules of a task that there is room for."""
        return max(1, MOST_RULES // max(1, sum(map(bool, self._found.values()))))

    @cached_property
    def rules(self) -> list[RuleText]:
        """The decision table; of tasks with many rules, those for the longest lags."""
        told = []
        for place, (task, own) in enumerate(self._found.items(), start=1):
            shown = own[-self._most :]
            for i, rule in enumerate(shown):
                told.append(self._rule(rule, place, "" if i else self.say.task(task), 0 if i else len(shown)))
        return told

    def _rule(self, rule: Rule, place: int, task: str, rows: int) -> RuleText:
        base, first, last = rule.baseline, rule.lags[0], rule.lags[-1]
        lags = self.numbers.count(last)
        remedy, best = rule.remedy.offer, rule.best.offer
        return RuleText(
            place=place,
            task=task,
            rows=rows,
            lags=lags if first == last else self.words("answer.lags", low=self.numbers.count(first), high=lags),
            baseline=self._share(base) if base else self.words("legend.no_curves"),
            remedy=self._pick(rule.remedy),
            best=self._pick(rule.best),
            same=remedy is not None and best is not None and remedy.technique == best.technique,
        )

    def _pick(self, pick: Pick) -> PickText:
        offer = pick.offer
        if offer is None:
            return PickText("", "", "", "", self.words("legend.no_curves"))
        if not offer.solves:
            return PickText("", "", "", "", self._nothing(offer))
        near = [self.say.technique(name) for name in pick.near[:MOST_NEAR]]
        return PickText(
            name=self.say.technique(offer.technique),
            near=self.words("answer.near", techniques=self.words("list.separator").join(near)) if near else "",
            solved=self.words("answer.solved", share=self._share(offer), grade=self._grade(offer)),
            price=self._price(offer),
            nothing="",
        )

    def _nothing(self, offer: Offer) -> str:
        """That nothing solves enough, and what comes nearest."""
        key = "answer.nearest" if offer.solved else "answer.none"
        nearest = self.say.technique(offer.technique)
        return self.words(key, technique=nearest, share=self._share(offer), grade=self._grade(offer))

    def _share(self, offer: Offer) -> str:
        return self.words("answer.share", solved=offer.solved, runs=offer.runs)

    def _grade(self, offer: Offer) -> str:
        return self.words("answer.firm" if offer.firm else "answer.tentative")

    def _price(self, offer: Offer) -> str:
        updates = self.numbers.count(offer.updates)
        if math.isnan(offer.price):
            return self.words("answer.updates", updates=updates)
        time = self.numbers.factor(offer.time)
        return self.words("answer.price", price=self.numbers.count(offer.price), updates=updates, time=time)

    def rules_caption(self) -> str:
        """What the decision table's words mean, and how many rules it leaves out."""
        meaning = self.words(
            "answer.rules_caption",
            share=self.numbers.percent(HORIZON_SHARE),
            confidence=self.numbers.percent(CONFIDENCE),
            near=f"{NEAR:g}",
        )
        cut = sum(max(0, len(own) - self._most) for own in self._found.values())
        more = [self.words("answer.rules_cut", count=self.numbers.count(cut))] if cut else []
        return self.words("list.sentence").join([meaning, *more])

    # What matters

    def told(self) -> list[Finding]:
        """For each remedy of the source's table the decided claim that is furthest from another verdict."""
        return [self._finding(row) for row, _ in self.findings.rows]

    def _finding(self, row: SourceRow) -> Finding:
        name = row.called(self.claims.language)
        ids = claims_of(row.id)
        own = [claim for claim in self.claims.all if claim.claim in ids]
        decided = [claim for claim in own if claim.verdict in DECIDED and math.isfinite(distance(claim))]
        if not decided:
            return Finding(name, None, self._open(own))
        claim = max(decided, key=distance)
        part = self._deciding(claim)
        what = self.claims.estimated(part)
        what = what[:1].upper() + what[1:]
        return Finding(name, claim, self.words("answer.finding", what=what, came=self._estimate(part)))

    def _estimate(self, part: PartVerdict) -> str:
        """An effect with its unit, its interval, and what they rest on."""
        unit = self.say.unit(part.unit) if part.unit.startswith("nat") else ""
        effect = " ".join(filter(None, [self.claims.effect(part), unit]))
        if not self.claims.interval(part):
            return self.words("answer.counted", effect=effect)
        count = self.words(
            "answer.rounds" if part.estimand.sampled is Sampled.ROUNDS else "answer.seeds", n=self.numbers.count(part.n)
        )
        p = self.numbers.p(part.p)
        p = p if p.startswith("<") else f"= {p}"
        return self.words("answer.estimate", effect=effect, interval=self.claims.interval(part), count=count, p=p)

    def _deciding(self, claim: ClaimVerdict) -> PartVerdict:
        return next(part for part in claim.parts if part.part == claim.part)

    def _open(self, claims: list[ClaimVerdict]) -> str:
        """That nothing is decided, and what it would take."""
        needed = {claim.claim: claim.needed_n for claim in claims if claim.needed_n is not None}
        if needed:
            claim = min(needed, key=lambda c: needed[c])
            return self.words("answer.open", claim=claim, needed=self.numbers.count(needed[claim]))
        known = any(claim.verdict != "not run" for claim in claims)
        return self.words("answer.open_for_good" if known else "answer.not_run")

    # How far for how much

    def cost_caption(self) -> str:
        """What the figure shows."""
        timed = self.findings.scope.costs["time_ratio"].notna().any()
        return self.words("answer.cost_caption" if timed else "answer.cost_caption_untimed", share=self.say.share())

    def cost_alt(self) -> str:
        """Task by task, what solves the longest lag that anything solves, the cheapest of it, and the baseline's."""
        return self.words("list.sentence").join(map(self._cost_alt, self.findings.scope.tasks))

    def _cost_alt(self, task: str) -> str:
        found = solvers(self.findings.cells, self.findings.scope.costs, task)
        if not found:
            return self.words("answer.cost_alt_none", task=self.say.task(task))
        lag = max(max(offers) for offers in found.values())
        there = [offers[lag] for offers in found.values() if lag in offers]
        best = min(there, key=lambda o: o.order)
        values = {
            "task": self.say.task(task),
            "lag": self.numbers.count(lag),
            "solvers": self.numbers.count(len(there)),
        }
        base = self.words("answer.base_lag", lag=self.numbers.horizon(self.findings.horizon(BASELINE, task)))
        return self.words(
            "answer.cost_alt",
            technique=self.say.technique(best.technique),
            price=self._price(best),
            base=base,
            **values,
        )

    # What stands behind it

    def notes(self) -> Iterator[str]:
        """What a reader has to know before believing the page: only what is the case."""
        counts = self.findings.counts
        if counts["pending"]:
            yield self.words("summary.partial", pending=self.numbers.count(counts["pending"]))
        if counts["stale"]:
            yield self.words("summary.stale", stale=self.numbers.count(counts["stale"]))


def distance(claim: PartVerdict) -> float:
    """Margins from the nearer end of the interval to where the verdict would be another; not a number without any.

    A difference is measured from none; where the claim is that there is none, or none for the worse, from the margin.
    """
    _, low, high = in_margins(claim)
    if claim.direction == "not lower":
        return low + 1 if claim.verdict == "supported" else -1 - high
    if claim.verdict == "practically equal" or (claim.direction, claim.verdict) == ("equal", "supported"):
        return 1 - max(abs(low), abs(high))
    apart = max(low, -high)
    return apart - 1 if claim.direction == "equal" else apart
