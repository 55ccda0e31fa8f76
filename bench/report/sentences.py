"""The sentences of the report that several sections share."""

from __future__ import annotations

import math

from bench.evidence.compare import Comparison
from bench.evidence.estimates import HORIZON_SHARE
from bench.evidence.scope import BASELINE
from bench.report.findings import Technique
from bench.report.names import Names

MOST_NAMED = 5
"""The most techniques that a sentence names."""


class Sentences(Names):
    """Names, and what is said in more than one place, in one report in one language."""

    def answers(self) -> list[str]:
        """Task by task: what gets furthest, and how far the baseline gets."""
        return [self.answer(task) for task in self.findings.scope.tasks]

    def answer(self, task: str) -> str:
        """One task's answer."""
        table = self.findings.horizons.query("task == @task").dropna(subset="horizon")
        values = {"task": self.task(task)}
        if table.empty:
            return self.words("{task}: nothing has been measured yet.", **values)
        best = table["horizon"].max()
        if best == 0:
            return self._nobody(task, int(table["shortest"].iloc[0]))
        leaders = self.fastest(task, int(best), list(table[table["horizon"] == best]["technique"]))
        values["lag"] = self.numbers.count(best)
        further = bool(table["open"].any())
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
        """That no technique has a horizon, and which came nearest."""
        values = {"task": self.task(task), "lag": self.numbers.count(lag), "share": self.share()}
        cells = self.findings.task_cells(task).query("lag == @lag and state == 'measured'")
        best = cells.sort_values(["rate", "restricted_mean"], ascending=[False, True]).iloc[0]
        if not best["solved"]:
            return self.words(
                "{task}: not one run of any technique solves even the shortest lag tested, {lag}.", **values
            )
        nearest = {"technique": self.technique(best["technique"]), "solved": best["solved"], "runs": best["runs"]}
        return self.words(
            "{task}: no technique solves the shortest lag tested, {lag}, in {share} of its runs; "
            "{technique} comes nearest, with {solved} of {runs}.",
            **nearest,
            **values,
        )

    def time_ratio(self, technique: str) -> str:
        """An update's time over the baseline's, over every setting timed."""
        if technique not in self.findings.cost_ratios.index:
            return self.numbers.none
        row = self.findings.cost_ratios.loc[technique]
        return self.numbers.ratio_range(row["time_low"], row["time_high"])

    def share(self) -> str:
        """The share of runs that a horizon asks for."""
        return self.numbers.percent(HORIZON_SHARE)

    def evidence(self, technique: Technique) -> str:
        """One technique's measurements beside the baseline's, task by task, and what it costs."""
        told = [self._compared(comparison) for comparison in self.findings.compare(technique.name)]
        ratios = self.findings.cost_ratios
        if technique.name in ratios.index:
            told.append(self.words("time {time}", time=self.time_ratio(technique.name)))
            parameters = self.numbers.ratio(ratios.loc[technique.name, "parameters"])
            if parameters not in (self.numbers.ratio(1), self.numbers.ratio(math.nan)):
                told.append(self.words("parameters {parameters}", parameters=parameters))
        return self.words.rules.between_clauses.join(told) + self.words.rules.stop

    def _compared(self, c: Comparison) -> str:
        own = {"cell": self.cell(c.task, c.lag), "solved": c.own.solved, "runs": c.own.runs}
        if c.baseline is None:
            return self.words("{cell}: {solved}/{runs} (not run)", **own)
        return self.words(
            "{cell}: {solved}/{runs} ({base_solved}/{base_runs})",
            base_solved=c.baseline.solved,
            base_runs=c.baseline.runs,
            **own,
        )

    def _baseline(self, task: str) -> str:
        row = self.findings.horizon(BASELINE, task)
        if row is None or math.isnan(row["horizon"]):
            return self.words("was not measured")
        if row["horizon"] == 0:
            return self.words("solves none of the lags tested")
        return self.words("gets to lag {lag}", lag=self.numbers.count(row["horizon"]))

    def fastest(self, task: str, lag: int, techniques: list[str]) -> list[str]:
        """Techniques ordered by the restricted mean of their updates at a lag."""
        cells = self.findings.task_cells(task)
        means = cells[cells["lag"] == lag].set_index("technique")["restricted_mean"]
        return sorted(techniques, key=lambda t: means.get(t, math.inf))

    def _named(self, techniques: list[str]) -> str:
        named = [self.technique(t) for t in techniques[:MOST_NAMED]]
        more = len(techniques) - len(named)
        return self.numbers.join([*named, *([self.words("{count} more", count=more)] if more else [])])
