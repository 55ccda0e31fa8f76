"""The gradient followed back in time: its profiles, and its rates technique by technique."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from bench.evidence.estimates import CONFIDENCE
from bench.evidence.scope import BASELINE
from bench.languages import words
from bench.records.study import MAIN
from bench.report.document import Block, Cell, Column, Figure, Heading, Rich, Row, Styled, Table, Text
from bench.report.draw.profiles import gradient_profiles
from bench.report.families import groups
from bench.report.findings import Matrix, Technique
from bench.report.flow import FLOOR, REACH_SHARE, SPIKE
from bench.report.section import ReportSection
from bench.report.sections.arms import about
from bench.report.vocabulary import MOMENTS

FULL = 0.999
"""A gradient that keeps this much of the full one's norm and direction is the full one."""
COLUMNS = {
    "start": words("Rate before"),
    "end": words("Rate after"),
    "decay": words("Rate"),
    "range": words("Fitted"),
    "half_life": words("Half-life"),
    "reach": words("Reach"),
    "dead": words("Dead"),
    "clipped": words("Clipped"),
    "spikes": words("Spikes"),
    "fit": words("R²"),
    "power_fit": words("R² power"),
}


class Flow(ReportSection):
    """The main matrix, and those in which nothing is trained."""

    name = "flow"
    order = 50
    title = words("Gradient flow")

    def blocks(self) -> Iterator[Block]:
        yield Text(
            self.words(
                "On the same sequences for every technique, the gradient of the loss is followed back in time, step "
                "by step, in double precision. Its norm shrinks or grows about exponentially; the slope of its "
                "logarithm, in nats a step back, is the rate that claims are about. Below zero the gradient shrinks; "
                "zero would be a gradient that keeps its norm."
            )
        )
        first = True
        for arm, matrix in self.findings.matrices.items():
            if arm != MAIN and matrix.trained:
                continue
            picture = gradient_profiles(matrix, self.say, self._alt(matrix))
            if picture:
                yield Heading(
                    self.words("Before and after training") if arm == MAIN else self.say.arm(arm), f"flow-{arm}"
                )
                if arm != MAIN:
                    yield Text(about(arm, self.say))
                yield Figure(picture, self._caption(matrix), f"flow-{arm}")
                if first:
                    yield Text(self._legend())
                first = False
                yield from self._tables(arm, matrix)
        if first:
            yield Text(self.words("No gradients have been stored."), "note")

    def _tables(self, arm: str, matrix: Matrix) -> Iterator[Block]:
        for task in self._tasks(matrix):
            columns = (self.words("Technique"), *(self.words(COLUMNS[column]) for column in self._columns(matrix)))

            def rows(technique: Technique, task: str = task) -> Iterator[Row]:
                lag = matrix.flow.lag(task)
                assert lag is not None  # of `_tasks`
                for quantity in matrix.flow.quantities(technique.name, task, lag):
                    plain = technique.name == BASELINE and quantity == "h"
                    name = Cell(self.say.profile(technique.name, quantity), "row", kind="baseline" if plain else "")
                    yield Row((name, *self._cells(matrix, technique.name, task, lag, quantity)))

            yield Table(
                tuple(map(Column, columns)),
                groups(matrix.members_of(task), rows),
                self._table_caption(matrix, task),
                f"flow-{arm}-{task}",
                "numbers dense",
            )
            if cut := self._cut(matrix, task):
                yield Text(cut)

    def _tasks(self, matrix: Matrix) -> list[str]:
        """Those that have gradients."""
        return [task for task in matrix.scope.tasks if matrix.flow.lag(task) is not None]

    def _columns(self, matrix: Matrix) -> list[str]:
        """Of the table; what training changes stands where there was training."""
        if matrix.trained:
            return ["start", "end", "range", "half_life", "reach", "dead", "clipped", "spikes"]
        return ["decay", "range", "fit", "power_fit", "half_life", "reach", "dead"]

    def _caption(self, matrix: Matrix) -> str:
        """Of the figure."""
        key = (
            words(
                "Norm of the gradient at each step, back in time, at the longest lag that the baseline "
                "was run at; mean over seeds (of the logarithm). Thin: before training; thick: at its "
                "end. Of the output h in the lowest layer, or of the inputs where there is no such "
                "state; the baseline is grey in every row. Each column has a scale of its own. A curve "
                "stops where the gradient is exactly zero. The dotted line is the floor of single "
                "precision ({floor}), where it is in view."
            )
            if matrix.trained
            else words(
                "Norm of the gradient at each step, back in time, of networks as they start; mean over "
                "seeds (of the logarithm). Of the output h in the lowest layer, or of the inputs where "
                "there is no such state; the baseline is grey in every row. Each column has the scale of "
                "the techniques as they are; with a dial turned to an extreme, a curve may leave it. The "
                "dotted line is the floor of single precision ({floor}), where it is in view."
            )
        )
        return self.words(key, floor=self.numbers.power_of_ten(FLOOR))

    def _table_caption(self, matrix: Matrix, task: str) -> str:
        """Of a task's table."""
        lag = matrix.flow.lag(task)
        assert lag is not None
        rates = matrix.flow.rates.query("task == @task and lag == @lag")
        return self.words(
            "{cell}: rate of the gradient in nats a step back, before training and at its end (up to "
            "{seeds} seeds); the columns from “fitted” to “dead” are of the end, the last two of all "
            "of training."
            if matrix.trained
            else words(
                "{cell}: rate of the gradient in nats a step back, before training (up to {seeds} "
                "seeds); R² is that of this exponential, beside that of a power law."
            ),
            cell=self.say.cell(task, lag),
            seeds=self.numbers.count(rates["seeds"].max()),
        )

    def _legend(self) -> str:
        """What the tables' columns mean."""
        n = self.numbers
        return self.words(
            "In the tables, rates are means over seeds with their {confidence} intervals; fitted are "
            "the steps back that the rate was read from. Half-life and reach are in steps, medians "
            "over seeds; reach is how far back at least {share} of the norm is left. Dead units are "
            "zero for every sequence and step. Clipped is the share of updates that clipping "
            "changed; spikes is the share of the intervals between evaluations in which the "
            "gradient's norm exceeded {spike} times the run's median.",
            confidence=n.percent(CONFIDENCE),
            share=n.percent(REACH_SHARE),
            spike=SPIKE,
        )

    def _cut(self, matrix: Matrix, task: str) -> str:
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
            said.append(
                self.words(
                    "{technique} does not use the full gradient of its parameters: it keeps {moments}.",
                    technique=technique,
                    moments=self.numbers.join(moments),
                )
            )
        return self.words.rules.between_sentences.join(said)

    def _alt(self, matrix: Matrix) -> str:
        """What the profiles show: whose gradient keeps its norm best, beside the baseline's."""
        moment = "end" if matrix.trained else "start"
        said = []
        for task in self._tasks(matrix):
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
                "moment": self.words(MOMENTS[moment]),
                "technique": self.say.technique(best),
                "rate": self.numbers.signed(here[best]),
            }
            if BASELINE in here:
                said.append(
                    self.words(
                        "{cell}, {moment}: the rate nearest to zero is {rate} nats a step, of {technique}; the "
                        "baseline's is {base}.",
                        base=self.numbers.signed(here[BASELINE]),
                        **values,
                    )
                )
            else:
                said.append(
                    self.words(
                        "{cell}, {moment}: the rate nearest to zero is {rate} nats a step, of {technique}.", **values
                    )
                )
        return self.words.rules.between_sentences.join(said)

    def _kept(self, row: Any, moment: str) -> str:
        return self.words(
            "{kept} of its norm with a cosine of {cosine} {moment}",
            kept=self.numbers.percent(row.kept),
            cosine=self.numbers.metric(round(row.cosine, 2)),
            moment=self.words(MOMENTS[moment]),
        )

    def _cells(self, matrix: Matrix, technique: str, task: str, lag: int, quantity: str) -> Iterator[Rich]:
        start, end = (matrix.flow.rate(technique, task, lag, moment, quantity) for moment in ("start", "end"))
        trained = matrix.flow.trained(technique, task, lag) if quantity in ("h", "x") else None
        shown = end if matrix.trained else start
        n = self.numbers
        for column in self._columns(matrix):
            if column in ("start", "decay", "end"):
                yield self._decay(end if column == "end" else start)
            elif column in ("clipped", "spikes"):
                yield n.none if trained is None else n.percent(trained[column])
            else:
                yield self._fact(column, shown)

    def _fact(self, column: str, row: Any | None) -> Rich:
        n = self.numbers
        if row is None:
            return n.none
        if column == "range":
            return f"{n.count(row.first_lag)}–{n.count(row.last_lag)}"
        if column == "half_life":
            return n.steps(row.half_life)
        if column == "reach":
            return n.count(row.reach)
        if column == "dead":
            return n.none if math.isnan(row.dead_share) else n.percent(row.dead_share)
        return f"{row.r2 if column == 'fit' else row.power_r2:.2f}"

    def _decay(self, row: Any | None) -> Rich:
        n = self.numbers
        if row is None:
            return n.none
        if not (math.isfinite(row.low) and math.isfinite(row.high)):
            return n.signed(row.decay)
        return (n.signed(row.decay), " ", Styled(n.range(n.signed(row.low), n.signed(row.high)), "small"))
