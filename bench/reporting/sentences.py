"""What the report says in words: catalogue sentences filled from findings."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pandas as pd

from bench.evidence.compare import Comparison
from bench.evidence.curves import levels
from bench.evidence.estimates import HORIZON_SHARE
from bench.evidence.scope import BASELINE
from bench.reporting.findings import Matrix, Technique
from bench.reporting.ledgers import Ledgers

PROTOCOL_DIALS = ("updates", "learning_rates", "optimizer", "clip_norm", "initialisation", "recurrent_gain")
"""What may tell an arm's protocol from the main one's."""
MOST_NAMED = 5
"""A sentence names at most so many techniques."""


class Sentences(Ledgers):
    """The sentences of one report in one language."""

    def about(self, task: str) -> str:
        """What a task asks of a network, its lags and its levels."""
        marks, n = levels(self.findings.scope, task), self.numbers
        asks = self.words.entries["names"]["about"].get(task)
        facts = [self.words("task.lags", lags=n.join(self.findings.lags(task)))]
        if marks is not None:
            facts.append(
                self.words(
                    "task.levels",
                    trivial=n.metric(marks.trivial),
                    solved=n.metric(marks.solved),
                    metric=self.words.name("metrics", marks.metric),
                )
            )
        return self.words("list.sentence").join(filter(None, [asks, *facts]))

    def scale(self) -> str:
        """How much stands behind the report."""
        counts = {name: self.numbers.count(value) for name, value in self.findings.counts.items()}
        return self.words("summary.scale", **counts)

    def answers(self) -> list[str]:
        """Task by task: what gets furthest, and how far the baseline gets."""
        return [self.answer(task) for task in self.findings.scope.tasks]

    def answer(self, task: str) -> str:
        """One task's answer."""
        table = self.findings.horizons.query("task == @task").dropna(subset="horizon")
        values = {"task": self.task(task)}
        if table.empty:
            return self.words("summary.nothing", **values)
        best = table["horizon"].max()
        if best == 0:
            return self._nobody(task, int(table["shortest"].iloc[0]))
        leaders = self._fastest(task, int(best), list(table[table["horizon"] == best]["technique"]))
        values["lag"] = self.numbers.count(best)
        suffix = "_open" if table["open"].any() else ""
        if BASELINE in leaders:
            return self.words(f"summary.level{suffix}", **values)
        verb = self.words("summary.verb_one" if len(leaders) == 1 else "summary.verb_many")
        return self.words(
            f"summary.leaders{suffix}",
            techniques=self._named(leaders),
            verb=verb,
            baseline=self._baseline(task),
            **values,
        )

    def _nobody(self, task: str, lag: int) -> str:
        """That no technique has a horizon, and which came nearest."""
        values = {"task": self.task(task), "lag": self.numbers.count(lag), "share": self.share()}
        cells = self.findings.task_cells(task).query("lag == @lag and state == 'measured'")
        best = cells.sort_values(["rate", "restricted_mean"], ascending=[False, True]).iloc[0]
        if not best["solved"]:
            return self.words("summary.nobody", **values)
        nearest = {"technique": self.technique(best["technique"]), "solved": best["solved"], "runs": best["runs"]}
        return self.words("summary.nearest", **nearest, **values)

    def price(self) -> str:
        """What an update of the leading techniques costs; empty if no cost was measured."""
        table = self.findings.horizons.dropna(subset="horizon").query("horizon > 0")
        best = table.groupby("task")["horizon"].transform("max")
        leading = set(table[table["horizon"] == best]["technique"]) - {BASELINE}
        ratios = self.findings.cost_ratios
        items = [
            self.words("summary.cost_item", technique=self.technique(t.name), ratio=self.time_ratio(t.name))
            for t in self.findings.techniques
            if t.name in leading and t.name in ratios.index
        ]
        return self.words("summary.cost", costs=self.numbers.join(items)) if items else ""

    def costs_caption(self, task: str) -> str:
        """Of the table of a task's costs, which is not empty."""
        costs = self.findings.costs(task)
        counts = {name: self.numbers.count(costs[name].iloc[0]) for name in ("lag", "threads", "rounds")}
        told = [self.words("task.costs_caption", task=self.task(task), **counts)]
        told += [self.words("task.costs_floor")] if BASELINE in costs.index else []
        return self.words("list.sentence").join(told)

    def time_ratio(self, technique: str) -> str:
        """An update's time over the baseline's, over every setting timed."""
        if technique not in self.findings.cost_ratios.index:
            return self.words("units.none")
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
            told.append(self.words("source.time", time=self.time_ratio(technique.name)))
            parameters = self.numbers.ratio(ratios.loc[technique.name, "parameters"])
            if parameters not in (self.numbers.ratio(1), self.numbers.ratio(math.nan)):
                told.append(self.words("source.parameters", parameters=parameters))
        return self.words("list.semicolon").join(told) + self.words("list.stop")

    def _compared(self, c: Comparison) -> str:
        own = {"cell": self.cell(c.task, c.lag), "solved": c.own.solved, "runs": c.own.runs}
        if c.baseline is None:
            return self.words("source.alone", **own)
        return self.words("source.compared", base_solved=c.baseline.solved, base_runs=c.baseline.runs, **own)

    def about_arm(self, arm: str) -> str:
        """What an arm is for, how its protocol differs from the main one, and how much was run."""
        matrix = self.findings.arms[arm]
        why = self.words.entries["arms"]["why"].get(arm)
        counts = {"techniques": len(matrix.techniques), "runs": int((matrix.scope.members["role"] == "measured").sum())}
        said = [why] if why else []
        differences = list(self._differences(matrix))
        if differences:
            said.append(self.words("arms.differs", differences=self.words("list.semicolon").join(differences)))
        said.append(self.words("arms.scale", **{k: self.numbers.count(v) for k, v in counts.items()}))
        return self.words("list.sentence").join(said)

    def _differences(self, matrix: Matrix) -> Iterator[str]:
        """The protocol's entries that are not the main arm's, of the first task that both have."""
        task = next((task for task in matrix.scope.tasks if task in self.findings.scope.tasks), None)
        if task is None:
            return
        main, own = (dict(self.protocol(m.scope, task)) for m in (self.findings, matrix))
        for key in PROTOCOL_DIALS:
            if main[key] != own[key]:
                yield self.words("arms.difference", name=self.words(f"fairness.{key}"), own=own[key], main=main[key])

    def arm_alt(self, arm: str) -> str:
        """Who solves most in an arm, beside the baseline."""
        cells = self.findings.arms[arm].cells.query("state == 'measured'")
        sums = cells.groupby("technique", sort=False)[["solved", "runs"]].sum()
        if sums.empty:
            return self.words("arms.alt_nothing", arm=self.arm(arm))
        rates = sums["solved"] / sums["runs"]
        best = str(rates.idxmax())
        values = {"arm": self.arm(arm), "technique": self.technique(best), "share": self.numbers.percent(rates[best])}
        if BASELINE not in rates or best == BASELINE:
            return self.words("arms.alt_alone", **values)
        return self.words("arms.alt", base=self.numbers.percent(rates[BASELINE]), **values)

    def curves_alt(self, task: str) -> str:
        """What the learning curves show where techniques and baseline part."""
        table = self.findings.curves.query("task == @task")
        lag = self._telling_lag(task)
        last = table[table["lag"] == lag].groupby("technique", sort=False)["median"].last()
        others = self._fastest(task, lag, [t for t in last.index if t != BASELINE])
        if not others:
            return self.answer(task)
        values = {
            "task": self.task(task),
            "lag": self.numbers.count(lag),
            "technique": self.technique(others[0]),
            "metric": self.metric(task),
            "own": self.numbers.metric(last[others[0]]),
        }
        if BASELINE not in last:
            return self.words("task.curves_alt_alone", **values)
        return self.words("task.curves_alt", base=self.numbers.metric(last[BASELINE]), **values)

    def updates_alt(self, task: str) -> str:
        """Who solves the task with the fewest updates, where the baseline was measured too."""
        lag = self._telling_lag(task)
        cells = self.findings.task_cells(task).query("lag == @lag and state == 'measured'").set_index("technique")
        medians = cells["median"][cells["median"] < math.inf]
        if medians.empty:
            return self.words("task.updates_alt_none", task=self.task(task))
        best = medians.idxmin()
        budget = self.numbers.count(cells["budget"].iloc[0])
        if BASELINE not in cells.index:
            base = self.words("task.updates_alt_gap")
        elif BASELINE in medians:
            base = self.words("task.updates_alt_base", median=self.numbers.count(medians[BASELINE]))
        else:
            base = self.words("task.updates_alt_beyond", budget=budget)
        return self.words(
            "task.updates_alt",
            task=self.task(task),
            lag=self.numbers.count(lag),
            base=base,
            technique=self.technique(str(best)),
            median=self.numbers.count(medians[best]),
        )

    def reach(self, technique: str, task: str) -> int:
        """How far a technique gets on a task, from 0 (nowhere, or not measured) to 4 (the longest lag)."""
        row = self.findings.horizon(technique, task)
        if row is None or math.isnan(row["horizon"]) or row["horizon"] == 0:
            return 0
        lags = self.findings.lags(task)
        return math.ceil(4 * (lags.index(int(row["horizon"])) + 1) / len(lags))

    def _baseline(self, task: str) -> str:
        row = self.findings.horizon(BASELINE, task)
        if row is None or math.isnan(row["horizon"]):
            return self.words("summary.baseline_unmeasured")
        if row["horizon"] == 0:
            return self.words("summary.baseline_none")
        return self.words("summary.baseline_lag", lag=self.numbers.count(row["horizon"]))

    def _fastest(self, task: str, lag: int, techniques: list[str]) -> list[str]:
        """Techniques by the restricted mean of their updates at a lag."""
        cells = self.findings.task_cells(task)
        means = cells[cells["lag"] == lag].set_index("technique")["restricted_mean"]
        return sorted(techniques, key=lambda t: means.get(t, math.inf))

    def _named(self, techniques: list[str]) -> str:
        named = [self.technique(t) for t in techniques[:MOST_NAMED]]
        more = len(techniques) - len(named)
        return self.numbers.join([*named, *([self.words("list.more", count=more)] if more else [])])

    def _telling_lag(self, task: str) -> int:
        """The longest lag at which the baseline was measured, else the longest measured one."""
        measured: pd.DataFrame = self.findings.task_cells(task).query("state == 'measured'")
        base = measured[measured["technique"] == BASELINE]
        return int((measured if base.empty else base)["lag"].max())
