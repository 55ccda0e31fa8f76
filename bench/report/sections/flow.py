"""The gradient followed back in time: its profiles, and its rates technique by technique."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import cached_property, partial
from operator import attrgetter
from typing import Any, NamedTuple

from bench.evidence.estimates import CONFIDENCE
from bench.evidence.measuring.moments import INPUTS
from bench.evidence.scope import BASELINE
from bench.languages import words
from bench.records.cell import SettingKey
from bench.records.study import MAIN
from bench.report.document import Block, Cell, Column, Figure, Heading, Rich, Row, Styled, Table, Text
from bench.report.draw.over_training import over_training
from bench.report.draw.profiles import gradient_profiles
from bench.report.draw.style import Picture
from bench.report.families import groups
from bench.report.flow import FLOOR, REACH_SHARE, SPIKE, FlowRate, InTraining
from bench.report.matrix import Matrix
from bench.report.numbers import Numbers
from bench.report.rows import Technique
from bench.report.section import ReportSection
from bench.report.sections.arms import about
from bench.report.vocabulary import MOMENTS

FULL = 0.999
"""A gradient that keeps this much of the full one's norm and direction is the full one."""


RATE, LITTLE = -0.15, 0.01
"""An example of a rate, and of a share of the norm that is little."""


class Shown(NamedTuple):
    """The measurements of one quantity of a technique, from which a row of the table is made."""

    start: FlowRate | None
    end: FlowRate | None
    training: InTraining | None
    """Steadiness of the gradient; None unless it is the quantity that a technique puts out."""


class FlowColumn(NamedTuple):
    """A column: its title, and what it shows."""

    title: str
    cell: Callable[[Shown, Numbers], Rich]


def _of(fact: Callable[[FlowRate, Numbers], Rich], moment: Callable[[Shown], FlowRate | None]) -> Any:
    """A cell that shows a fact about a moment, or a dash where nothing was measured."""
    return lambda shown, n: n.none if (rate := moment(shown)) is None else fact(rate, n)


def _decay(rate: FlowRate, n: Numbers) -> Rich:
    if not (math.isfinite(rate.low) and math.isfinite(rate.high)):
        return n.signed(rate.decay)
    return (n.signed(rate.decay), " ", Styled(n.range(n.signed(rate.low), n.signed(rate.high)), "small"))


def _fitted(rate: FlowRate, n: Numbers) -> Rich:
    return f"{n.count(rate.first_lag)}–{n.count(rate.last_lag)}"


def _dead(rate: FlowRate, n: Numbers) -> Rich:
    return n.none if math.isnan(rate.dead_share) else n.percent(rate.dead_share)


def _facts(moment: Callable[[Shown], FlowRate | None]) -> Iterator[FlowColumn]:
    """Yield the columns that every table has about one moment."""
    yield FlowColumn(words("Half-life"), _of(lambda rate, n: n.steps(rate.half_life), moment))
    yield FlowColumn(words("Reach"), _of(lambda rate, n: n.count(rate.reach), moment))
    yield FlowColumn(words("Dead"), _of(_dead, moment))


TRAINED = (
    FlowColumn(words("Rate before"), _of(_decay, attrgetter("start"))),
    FlowColumn(words("Rate after"), _of(_decay, attrgetter("end"))),
    FlowColumn(words("Fitted"), _of(_fitted, attrgetter("end"))),
    *_facts(attrgetter("end")),
    FlowColumn(words("Clipped"), lambda shown, n: n.percent(shown.training.clipped) if shown.training else n.none),
    FlowColumn(words("Spikes"), lambda shown, n: n.percent(shown.training.spikes) if shown.training else n.none),
)
"""The columns where networks were trained."""
UNTRAINED = (
    FlowColumn(words("Rate"), _of(_decay, attrgetter("start"))),
    FlowColumn(words("Fitted"), _of(_fitted, attrgetter("start"))),
    FlowColumn(words("R²"), _of(lambda rate, n: f"{rate.r2:.2f}", attrgetter("start"))),
    FlowColumn(words("R² power"), _of(lambda rate, n: f"{rate.power_r2:.2f}", attrgetter("start"))),
    *_facts(attrgetter("start")),
)
"""The columns of networks as they start."""


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
                "logarithm, in nats per step back, is the rate that claims are about. Below zero the gradient shrinks; "
                "zero would be a gradient that keeps its norm. At {rate} nats per step, {kept} of it are left after "
                "one step, and {little} after {steps}.",
                rate=self.numbers.signed(RATE),
                kept=self.numbers.percent(math.exp(RATE)),
                little=self.numbers.percent(LITTLE),
                steps=self.numbers.count(math.ceil(math.log(LITTLE) / RATE)),
            )
        )
        if MAIN not in self._drawn:
            yield Text(self.words("No gradients of the main matrix have been stored."), "note")
            return
        yield Figure(self._drawn[MAIN], self._caption(self.findings), f"flow-{MAIN}")
        if strips := over_training(self.findings, self.say, self._alt(self.findings)):
            caption = self.words(
                "The gradient over training. A strip runs from the last step on the left to the first on the right, "
                "and from before training at its top to the end at its bottom. Bright: the norm is as at the last "
                "step; dark: a millionth of it or less; white: zero in some seed. Means over the seeds that were still "
                "training."
            )
            yield Figure(strips, caption, "over-training")

    def details(self) -> Iterator[Block]:
        if self._drawn:
            yield Text(self._legend())
        for arm, picture in self._drawn.items():
            matrix = self.findings.matrices[arm]
            if arm != MAIN:
                yield Heading(self.say.arm(arm), f"flow-{arm}")
                yield Text(about(arm, self.say))
                yield Figure(picture, self._caption(matrix), f"flow-{arm}")
            yield from self._tables(arm, matrix)

    @cached_property
    def _drawn(self) -> dict[str, Picture]:
        """The pictures of the main arm and of those in which nothing is trained, by arm, where there are gradients."""
        arms = {arm: m for arm, m in self.findings.matrices.items() if arm == MAIN or not m.trained}
        drawn = {arm: gradient_profiles(matrix, self.say, self._alt(matrix)) for arm, matrix in arms.items()}
        return {arm: picture for arm, picture in drawn.items() if picture}

    def _tables(self, arm: str, matrix: Matrix) -> Iterator[Block]:
        columns = TRAINED if matrix.trained else UNTRAINED
        heads = (self.words("Technique"), *(self.words(column.title) for column in columns))
        for task in self._tasks(matrix):
            rows = groups(matrix.members_of(task), partial(self._rows, matrix, task))
            caption = self._table_caption(matrix, task)
            yield Table(tuple(map(Column, heads)), rows, caption, f"flow-{arm}-{task}", "numbers dense")
            if cut := self._cut(matrix, task):
                yield Text(cut)

    def _rows(self, matrix: Matrix, task: str, technique: Technique) -> Iterator[Row]:
        """A row a quantity."""
        lag, flow = matrix.flow.lag(task), matrix.flow
        assert lag is not None  # of `_tasks`
        key = SettingKey(technique.name, task, lag)
        for quantity in flow.quantities(key):
            puts_out = quantity == flow.output(key)
            start, end = flow.rate(key, "start", quantity), flow.rate(key, "end", quantity)
            shown = Shown(start, end, flow.training.get(key) if puts_out else None)
            kind = "baseline" if technique.name == BASELINE and puts_out else ""
            name = Cell(self.say.profile(technique.name, quantity), "row", kind=kind)
            columns = TRAINED if matrix.trained else UNTRAINED
            yield Row((name, *(column.cell(shown, self.numbers) for column in columns)))

    def _tasks(self, matrix: Matrix) -> list[str]:
        """List the tasks that have gradients."""
        return [task for task in matrix.tasks if matrix.flow.lag(task) is not None]

    def _caption(self, matrix: Matrix) -> str:
        """Write the caption of the figure."""
        key = (
            words(
                "Norm of the gradient at each step, back in time, at the longest lag that the baseline "
                "was run at; mean over seeds (of the logarithm). Thin: before training; thick: at its "
                "end. Of the output in the lowest layer, which is the state h unless the tables name "
                "another, or of the inputs where there is no state; the baseline is grey in every row. "
                "Each column has a scale of its own. A curve stops where the gradient is exactly zero. "
                "The dotted line is the floor of single precision ({floor}), where it is in view."
            )
            if matrix.trained
            else words(
                "Norm of the gradient at each step, back in time, of networks as they start; mean over "
                "seeds (of the logarithm). Of the output in the lowest layer, which is the state h unless "
                "the tables name another, or of the inputs where there is no state; the baseline is grey in "
                "every row. Each column has the scale of the techniques as they are; with a dial turned to "
                "an extreme, a curve may leave it. The dotted line is the floor of single precision "
                "({floor}), where it is in view."
            )
        )
        return self.words(key, floor=self.numbers.power_of_ten(FLOOR))

    def _table_caption(self, matrix: Matrix, task: str) -> str:
        """Write the caption of a task's table."""
        lag = matrix.flow.lag(task)
        assert lag is not None
        said = self.words(
            "{cell}: rate of the gradient in nats per step back, before training and at its end (up to "
            "{seeds} seeds); the columns from “fitted” to “dead” are of the end, the last two of all "
            "of training."
            if matrix.trained
            else words(
                "{cell}: rate of the gradient in nats per step back, before training (up to {seeds} "
                "seeds); R² is that of this exponential, followed by that of a power law."
            ),
            cell=self.say.cell(task, lag),
            seeds=self.numbers.count(max(rate.seeds for rate in matrix.flow.rates_in(task, lag))),
        )
        return self.words.joined(said, self.say.start(matrix))

    def _legend(self) -> str:
        """Explain the tables' columns."""
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
        """Say how much of the full gradient those techniques keep that do not use it; empty if all use it."""
        cut: dict[str, list[str]] = {}
        for rate in self._outputs(matrix, task):
            if rate.kept < FULL or rate.cosine < FULL:
                cut.setdefault(rate.technique, []).append(self._kept(rate))
        said = [
            self.words(
                "{technique} does not use the full gradient of its parameters: it keeps {moments}.",
                technique=self.say.technique(technique),
                moments=self.numbers.join(moments),
            )
            for technique, moments in cut.items()
        ]
        return self.words.rules.between_sentences.join(said)

    def _alt(self, matrix: Matrix) -> str:
        """Describe the profiles: whose gradient keeps its norm best, compared with the baseline's."""
        moment = "end" if matrix.trained else "start"
        said = []
        for task in self._tasks(matrix):
            here = {r.technique: r for r in self._outputs(matrix, task) if r.moment == moment}
            others = [rate for technique, rate in here.items() if technique != BASELINE]
            if not others:
                continue
            best = min(others, key=lambda rate: abs(rate.decay))
            values = {
                "cell": self.say.cell(task, best.lag),
                "moment": self.words(MOMENTS[moment]),
                "technique": self.say.technique(best.technique),
                "rate": self.numbers.signed(best.decay),
            }
            if BASELINE in here:
                said.append(
                    self.words(
                        "{cell}, {moment}: the rate nearest to zero is {rate} nats per step, of {technique}; the "
                        "baseline's is {base}.",
                        base=self.numbers.signed(here[BASELINE].decay),
                        **values,
                    )
                )
            else:
                said.append(
                    self.words(
                        "{cell}, {moment}: the rate nearest to zero is {rate} nats per step, of {technique}.", **values
                    )
                )
        return self.words.rules.between_sentences.join(said)

    def _outputs(self, matrix: Matrix, task: str) -> list[FlowRate]:
        """The rates of what each technique puts out, in the lowest layer, at the lag that is shown of a task."""
        rates = [r for r in matrix.flow.rates_in(task, matrix.flow.lag(task)) if r.layer == 0]
        return [r for r in rates if r.quantity == matrix.flow.output(r.key) != INPUTS]

    def _kept(self, rate: FlowRate) -> str:
        return self.words(
            "{kept} of its norm with a cosine of {cosine} {moment}",
            kept=self.numbers.percent(rate.kept),
            cosine=self.numbers.metric(round(rate.cosine, 2)),
            moment=self.words(MOMENTS[rate.moment]),
        )
