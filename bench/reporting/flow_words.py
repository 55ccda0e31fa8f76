"""The gradient flow of an arm as a table, and what is said about it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from bench.evidence.estimates import CONFIDENCE
from bench.evidence.scope import BASELINE
from bench.reporting.findings import Matrix, Technique
from bench.reporting.flow import FLOOR, REACH_SHARE, SPIKE
from bench.reporting.sentences import Sentences

FULL = 0.999
"""A gradient that keeps this much of the full one's norm and direction is the full one."""


class Cell(NamedTuple):
    """A number and what stands small beside it."""

    text: str
    small: str = ""


class FlowRow(NamedTuple):
    """One gradient of one technique."""

    technique: str
    quantity: str
    cells: list[Cell]


class FlowWords:
    """The gradient flow of one report in one language."""

    def __init__(self, say: Sentences) -> None:
        self.say, self.words, self.numbers = say, say.words, say.numbers

    def tasks(self, matrix: Matrix) -> list[str]:
        """Those that have gradients."""
        return [task for task in matrix.scope.tasks if matrix.flow.lag(task) is not None]

    def columns(self, matrix: Matrix) -> list[str]:
        """Of the table; what training changes stands where there was training."""
        if matrix.trained:
            return ["start", "end", "range", "half_life", "reach", "dead", "clipped", "spikes"]
        return ["decay", "range", "fit", "power_fit", "half_life", "reach", "dead"]

    def rows(self, matrix: Matrix, task: str, techniques: list[Technique]) -> list[FlowRow]:
        """One a technique and gradient that was measured at the task's lag."""
        lag = matrix.flow.lag(task)
        assert lag is not None  # of `tasks`
        return [
            FlowRow(t.name, quantity, list(self._cells(matrix, t.name, task, lag, quantity)))
            for t in techniques
            for quantity in matrix.flow.quantities(t.name, task, lag)
        ]

    def caption(self, matrix: Matrix) -> str:
        """Of the figure."""
        key = "flow.figure" if matrix.trained else "flow.figure_start"
        return self.words(key, floor=self.numbers.power_of_ten(FLOOR))

    def table_caption(self, matrix: Matrix, task: str) -> str:
        """Of a task's table."""
        lag = matrix.flow.lag(task)
        assert lag is not None
        rates = matrix.flow.rates.query("task == @task and lag == @lag")
        return self.words(
            "flow.table" if matrix.trained else "flow.table_start",
            cell=self.say.cell(task, lag),
            seeds=self.numbers.count(rates["seeds"].max()),
        )

    def legend(self) -> str:
        """What the tables' columns mean."""
        n = self.numbers
        return self.words("flow.legend", confidence=n.percent(CONFIDENCE), share=n.percent(REACH_SHARE), spike=SPIKE)

    def cut(self, matrix: Matrix, task: str) -> str:
        """How much of the full gradient the techniques keep that do not use it; empty if all do."""
        rates, lag = matrix.flow.rates, matrix.flow.lag(task)
        rows = rates[
            (rates["task"] == task) & (rates["lag"] == lag) & (rates["quantity"] == "h") & (rates["layer"] == 0)
        ]
        rows = rows[(rows["kept"] < FULL) | (rows["cosine"] < FULL)]
        said = []
        for technique, own in rows.groupby("technique", sort=False):
            moments = [self._kept(row, row.moment) for row in own.itertuples()]
            technique = self.say.technique(str(technique))
            said.append(self.words("flow.cut", technique=technique, moments=self.numbers.join(moments)))
        return self.words("list.sentence").join(said)

    def alt(self, matrix: Matrix) -> str:
        """What the profiles show: whose gradient keeps its norm best, beside the baseline's."""
        moment = "end" if matrix.trained else "start"
        said = []
        for task in self.tasks(matrix):
            lag = matrix.flow.lag(task)
            here = matrix.flow.rates.query(
                "task == @task and lag == @lag and moment == @moment and quantity == 'h' and layer == 0"
            ).set_index("technique")["decay"]
            others = here.drop(BASELINE, errors="ignore")
            if others.empty:
                continue
            best = str(others.abs().idxmin())
            values = {
                "cell": self.say.cell(task, lag),
                "moment": self.words(f"moment.{moment}"),
                "technique": self.say.technique(best),
                "rate": self.numbers.signed(here[best]),
            }
            if BASELINE in here:
                said.append(self.words("flow.alt", base=self.numbers.signed(here[BASELINE]), **values))
            else:
                said.append(self.words("flow.alt_alone", **values))
        return self.words("list.sentence").join(said)

    def _kept(self, row: Any, moment: str) -> str:
        return self.words(
            "flow.kept",
            kept=self.numbers.percent(row.kept),
            cosine=self.numbers.metric(round(row.cosine, 2)),
            moment=self.words(f"moment.{moment}"),
        )

    def _cells(self, matrix: Matrix, technique: str, task: str, lag: int, quantity: str) -> Iterator[Cell]:
        start, end = (matrix.flow.rate(technique, task, lag, moment, quantity) for moment in ("start", "end"))
        trained = matrix.flow.trained(technique, task, lag) if quantity in ("h", "x") else None
        told = end if matrix.trained else start
        n = self.numbers
        for column in self.columns(matrix):
            if column in ("start", "decay", "end"):
                yield self._decay(end if column == "end" else start)
            elif column in ("clipped", "spikes"):
                yield Cell(self.words("units.none") if trained is None else n.percent(trained[column]))
            else:
                yield self._fact(column, told)

    def _fact(self, column: str, row: Any | None) -> Cell:
        n = self.numbers
        if row is None:
            return Cell(self.words("units.none"))
        if column == "range":
            return Cell(f"{n.count(row.first_lag)}–{n.count(row.last_lag)}")
        if column == "half_life":
            return Cell(n.steps(row.half_life))
        if column == "reach":
            return Cell(n.count(row.reach))
        if column == "dead":
            return Cell(self.words("units.none") if math.isnan(row.dead_share) else n.percent(row.dead_share))
        return Cell(f"{row.r2 if column == 'fit' else row.power_r2:.2f}")

    def _decay(self, row: Any | None) -> Cell:
        n = self.numbers
        if row is None:
            return Cell(self.words("units.none"))
        if not (math.isfinite(row.low) and math.isfinite(row.high)):
            return Cell(n.signed(row.decay))
        return Cell(n.signed(row.decay), self.words("units.range", low=n.signed(row.low), high=n.signed(row.high)))
