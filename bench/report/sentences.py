"""The sentences of the report that several sections share."""

from __future__ import annotations

import math

from bench.evidence.compare import Comparison
from bench.evidence.curves import NEARER
from bench.evidence.estimates import HORIZON_SHARE
from bench.evidence.scope import BASELINE
from bench.records.cell import SettingKey
from bench.report.findings import Matrix
from bench.report.limits import start_radii
from bench.report.names import Names
from bench.report.rows import Technique

MOST_NAMED = 5
"""The most techniques that a sentence names."""


class Sentences(Names):
    """Names, and the sentences that several places share, in one report in one language."""

    def counts(self) -> dict[str, str]:
        """Format the counts of what the report rests on, to fill sentences with."""
        return {name: self.numbers.count(value) for name, value in self.findings.counts._asdict().items()}

    def answers(self) -> list[str]:
        """Task by task: what gets furthest, and how far the baseline gets."""
        return [self.answer(task) for task in self.findings.tasks]

    def answer(self, task: str) -> str:
        """One task's answer."""
        known = self.findings.horizons_on(task)
        values = {"task": self.task(task)}
        if not known:
            return self.words("{task}: nothing has been measured yet.", **values)
        best = max(h.horizon for h in known)
        if best == 0:
            return self._nobody(task, known[0].shortest)
        leaders = self.fastest(task, int(best), [h.technique for h in known if h.horizon == best])
        values["lag"] = self.numbers.count(best)
        further = any(h.open for h in known)
        if BASELINE in leaders:
            return self.words(
                "{task}: the baseline already solves the longest lag tested, {lag}, so this task separates nothing "
                "here."
                if further
                else "{task}: nothing gets further than the baseline, which solves it up to lag {lag}.",
                **values,
            )
        return self.words(
            "{task}: {techniques} {verb} it up to lag {lag}, the longest tested; the baseline {baseline}."
            if further
            else "{task}: {techniques} {verb} it up to lag {lag}; the baseline {baseline}.",
            techniques=self._named(leaders),
            verb=self.words("solves" if len(leaders) == 1 else "solve"),
            baseline=self._baseline(task),
            **values,
        )

    def _nobody(self, task: str, lag: int) -> str:
        """Say that no technique has a horizon, and which came nearest."""
        values = {"task": self.task(task), "lag": self.numbers.count(lag), "share": self.share()}
        best = min(
            self.findings.estimates_on(task, lag, measured=True),
            key=lambda e: (-e.rate, e.restricted_mean, -self.findings.progress(e.key)),
        )
        if not best.solved:
            return self.words(
                "{task}: not one run of any technique solves even the shortest lag tested, {lag}; {technique} comes "
                "nearest: {reached}.",
                technique=self.technique(best.technique),
                reached=self.solved_of(best.key, best.solved, best.runs),
                **values,
            )
        nearest = {"technique": self.technique(best.technique), "solved": best.solved, "runs": best.runs}
        return self.words(
            "{task}: no technique solves the shortest lag tested, {lag}, in {share} of its runs; "
            "{technique} comes nearest, with {solved} of {runs}.",
            **nearest,
            **values,
        )

    def time_ratio(self, technique: str) -> str:
        """An update's time over the baseline's: the smallest and the largest of all settings timed."""
        ratio = self.findings.cost_ratios.get(technique)
        return self.numbers.none if ratio is None else self.numbers.ratio_range(ratio.time_low, ratio.time_high)

    def share(self) -> str:
        """The share of runs that a horizon asks for."""
        return self.numbers.percent(HORIZON_SHARE)

    def evidence(self, technique: Technique) -> str:
        """Compare one technique's measurements with the baseline's, task by task, and give its cost."""
        told = [self._compared(comparison) for comparison in self.findings.compare(technique.name)]
        if ratio := self.findings.cost_ratios.get(technique.name):
            told.append(self.words("time {time}", time=self.time_ratio(technique.name)))
            parameters = self.numbers.ratio(ratio.parameters)
            if parameters not in (self.numbers.ratio(1), self.numbers.ratio(math.nan)):
                told.append(self.words("parameters {parameters}", parameters=parameters))
        return self.words.rules.between_clauses.join(told) + self.words.rules.stop

    def solved_of(self, key: SettingKey, solved: int, runs: int) -> str:
        """'3/5'; where nothing solved, the metric reached as well: '0/5 at 0.61, still improving'."""
        share, reached = f"{solved}/{runs}", "" if solved else self.reached(key)
        return self.words("{share} at {reached}", share=share, reached=reached) if reached else share

    def reached(self, key: SettingKey, matrix: Matrix | None = None) -> str:
        """The metric that a setting's runs ended at: '0.61, still improving'; empty if it is not known.

        matrix: the arm of the setting, if not the main one.
        """
        found = (matrix or self.findings).reached.get(key)
        if found is None or math.isnan(found.metric):
            return ""
        metric = self.numbers.metric(float(f"{found.metric:.2g}"))
        return self.words("{metric}, still improving", metric=metric) if found.improving else metric

    def start(self, matrix: Matrix) -> str:
        """Say how recurrent weights start in an arm."""
        return self.words(
            "Recurrent weights start with a spectral radius of about {radius}, unless a technique has a start of its "
            "own.",
            radius=self.numbers.join(f"{radius:.2f}" for radius in start_radii(matrix)),
        )

    def meaning_of_reached(self) -> str:
        """Explain what stands beside a setting that no run solved."""
        return self.words(
            "Where no run solved, the held-out metric at which they ended is given, a median. It is “still improving” "
            "if most of them were, over the last quarter of the budget, nearer to the solved level than over the "
            "quarter before, by at least {share} of the way from the trivial level.",
            share=self.numbers.percent(NEARER),
        )

    def _compared(self, c: Comparison) -> str:
        cell, key = self.cell(c.task, c.lag), SettingKey(c.technique, c.task, c.lag)
        own = self.solved_of(key, c.own.solved, c.own.runs)
        if c.baseline is None:
            return self.words("{cell}: {own} (not run)", cell=cell, own=own)
        base = self.solved_of(key._replace(technique=BASELINE), c.baseline.solved, c.baseline.runs)
        return self.words("{cell}: {own} ({base})", cell=cell, own=own, base=base)

    def _baseline(self, task: str) -> str:
        row = self.findings.horizon(BASELINE, task)
        if row is None or not row.known:
            return self.words("was not measured")
        if row.horizon == 0:
            return self.words("solves none of the lags tested")
        return self.words("gets to lag {lag}", lag=self.numbers.count(row.horizon))

    def fastest(self, task: str, lag: int, techniques: list[str]) -> list[str]:
        """Techniques ordered by the restricted mean of their updates at a lag."""
        means = {e.technique: e.restricted_mean for e in self.findings.estimates_on(task, lag)}
        return sorted(techniques, key=lambda t: means.get(t, math.inf))

    def _named(self, techniques: list[str]) -> str:
        named = [self.technique(t) for t in techniques[:MOST_NAMED]]
        more = len(techniques) - len(named)
        return self.numbers.join([*named, *([self.words("{count} more", count=more)] if more else [])])
