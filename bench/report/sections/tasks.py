"""Shows each task: what it asks, which techniques solve it, how fast, and at what cost."""

from __future__ import annotations

import math
from collections.abc import Iterator

from bench.evidence.scope import BASELINE
from bench.languages import words
from bench.portraits import stored
from bench.records.cell import SettingKey
from bench.records.result import COSTS, ORIGIN
from bench.report import matched
from bench.report.document import Block, Cell, Column, Figure, Heading, Row, Section, Styled, Table, Text
from bench.report.draw.example import example_drawing, spelt
from bench.report.draw.heatmap import solve_rates
from bench.report.draw.learning_curves import learning_curves
from bench.report.draw.style import picture
from bench.report.draw.updates_to_solve import updates_to_solve
from bench.report.families import groups, head
from bench.report.rows import Technique
from bench.report.section import ReportSection
from bench.tracking.layout import task_experiment


class Tasks(ReportSection):
    """A section a task."""

    name = "tasks"
    order = 60
    title = words("Tasks")

    def blocks(self) -> Iterator[Block]:
        for place, task in enumerate(self.findings.tasks, start=1):
            yield from self._task(task, f"task-{place}")

    def sections(self) -> Iterator[Section]:
        for place, task in enumerate(self.findings.tasks, start=1):
            id = f"task-{place}"
            yield Section(id, self.say.task(task), tuple(self._task(task, id)), kind="task")
            if self._trained(task):
                yield Section(
                    f"{id}-details", self.behind(self.say.task(task)), tuple(self._more(task, id)), appendix=True
                )

    def _task(self, task: str, id: str) -> Iterator[Block]:
        yield Text(self._about(task))
        yield from self._example(task)
        if not self._trained(task):
            yield Text(self.words("Nothing has been measured on this task yet."), "note")
            return
        yield Text(self.say.answer(task), "answer")
        yield from self._curves(task, id)

    def _more(self, task: str, id: str) -> Iterator[Block]:
        """Yield the tables behind a task's figures."""
        yield from self._rates(task, id)
        yield from self._updates(task, id)
        yield self._updates_table(task)
        yield from self._costs(task, id)
        yield Text(self._origin(task), "quiet")

    def _trained(self, task: str) -> bool:
        """Return True if anything was trained on a task."""
        return bool(self.findings.estimates_on(task, measured=True) and self.findings.protocols[task].updates)

    def _example(self, task: str) -> Iterator[Block]:
        """An example sequence with its answer, of a task that comes with the program."""
        portrait = stored().tasks.get(task)
        if portrait is None:
            return
        caption = self.words(
            "{task}: a test sequence at lag {lag}, with the right answers in green beneath the steps that are scored, "
            "or behind the last one.",
            task=self.say.task(task),
            lag=self.numbers.count(portrait.lag),
        )
        alt = self.words(
            "{task}: an example of {steps} steps; the last answer is {answer}.",
            task=self.say.task(task),
            steps=self.numbers.count(portrait.steps),
            answer=spelt(portrait.last_answer),
        )
        shown = example_drawing(portrait, self.words, lambda figure: picture(figure, alt))
        yield Figure(shown, caption, f"{task}-example")

    # Who solves it

    def _rates(self, task: str, id: str) -> Iterator[Block]:
        yield Heading(self.words("Who solves it"), f"{id}-rates")
        caption = self.words(
            "{task}: runs that solved it, of all measured, by technique and lag. Grey cells were not run; a corner "
            "marks cells in which runs diverged or failed, which counts as unsolved.",
            task=self.say.task(task),
        )
        picture = solve_rates(self.findings, self.say, [task], self.say.answer(task))
        yield Figure(picture, caption, f"{task}-rates")

    # How fast

    def _updates(self, task: str, id: str) -> Iterator[Block]:
        yield Heading(self.words("How fast it is solved"), f"{id}-updates")
        caption = self.words(
            "{task}: updates until solved. Each dot is a run, or several of them, at the update at which it solved "
            "the task; the dark mark is the Kaplan–Meier median, the bar the first to third quartile. Behind the "
            "dotted line stands how many runs the budget cut off; in bold where fewer than half solved it, so that "
            "there is no median.",
            task=self.say.task(task),
        )
        yield Figure(
            updates_to_solve(self.findings, self.say, task, self._updates_alt(task)), caption, f"{task}-updates"
        )

    def _updates_table(self, task: str) -> Table:
        lags = self.findings.lags(task)

        def row(technique: Technique) -> Iterator[Row]:
            yield Row(
                (
                    head(technique.name, self.say),
                    *(self._updates_cell(SettingKey(technique.name, task, lag)) for lag in lags),
                )
            )

        caption = self.words.rules.between_sentences.join([self._updates_caption(task), self.say.meaning_of_reached()])
        columns = (Column(self.words("Technique")), *(Column(self.say.lag(lag)) for lag in lags))
        return Table(columns, groups(self.findings.members_of(task), row), caption, f"{task}-updates-table", "numbers")

    def _updates_caption(self, task: str) -> str:
        return self.words(
            "{task}: updates until solved, by lag: the Kaplan–Meier median and, in brackets, the restricted mean (of "
            "updates until solved, or of the budget where that comes first). “>” marks a median beyond the budget.",
            task=self.say.task(task),
        )

    def _updates_cell(self, key: SettingKey) -> Cell:
        found, n = self.findings.estimate(key), self.numbers
        if found is None or not found.measured:
            return Cell(self.words("not run"), kind="gap")
        if not found.solved:
            return Cell(self.page.trained.origin(self.say.solved_of(key, 0, found.runs), key), kind="unsolved")
        origin = self.page.trained.origin(n.updates(found.median, found.budget), key)
        return Cell((origin, " ", Styled(f"({n.count(found.restricted_mean)})", "small")))

    # At what cost

    def _costs(self, task: str, id: str) -> Iterator[Block]:
        costs, n = self.findings.costs(task), self.numbers
        if not costs:
            return
        yield Heading(self.words("What it costs"), f"{id}-costs")
        shown = [column for column in COSTS if column.title and column not in ORIGIN]

        def row(technique: Technique) -> Iterator[Row]:
            if cost := costs.get(technique.name):
                yield Row(
                    (
                        head(technique.name, self.say),
                        *(n.shown(column, getattr(cost, column.name)) for column in shown),
                        n.ratio_range(cost.time_ratio_low, cost.time_ratio_high),
                    )
                )

        columns = (
            Column(self.words("Technique")),
            *(Column(self.words.name(column.title)) for column in shown),
            Column(self.words("middle half")),
        )
        rows = groups(self.findings.members_of(task), row)
        yield Table(columns, rows, self._costs_caption(task), f"{task}-costs", "numbers dense")

    # How learning goes

    def _curves(self, task: str, id: str) -> Iterator[Block]:
        if not self.findings.curves_on(task):
            return
        yield Heading(self.words("How learning goes"), f"{id}-curves")
        caption = self.words(
            "{task}: held-out {metric} during training, a row a family, a column a lag. Lines are medians over the "
            "measured runs, bands their quartiles; the baseline is grey in every row. A run that ends early (solved or "
            "diverged) keeps its last value until the last run of its setting ends, at the dot.",
            task=self.say.task(task),
            metric=self.say.metric(task),
        )
        yield Figure(learning_curves(self.findings, self.say, task, self._curves_alt(task)), caption, f"{task}-curves")

    def _origin(self, task: str) -> str:
        """Say where a task's runs are, and how to get at them."""
        return self.words(
            "Where these numbers come from: MLflow experiment {experiment}, {runs} runs under the protocol {hash}, "
            "tuning included. One row a run: bptt-bench export --format csv.",
            experiment=task_experiment(task),
            runs=self.numbers.count(len(self.findings.runs_on(task))),
            hash=self.findings.hashes[task],
        )

    def _about(self, task: str) -> str:
        """Describe what a task asks of a network, its lags and its levels."""
        marks, n = self.findings.levels(task), self.numbers
        lags, means = n.join(self.findings.lags(task)), self.say.lag_means(task)
        facts = [
            self.words("Lags tested: {lags}; a lag is {means}.", lags=lags, means=means)
            if means
            else self.words("Lags tested: {lags}.", lags=lags)
        ]
        if marks is not None:
            facts.append(
                self.words(
                    "An answer that ignores the input scores {trivial} ({metric}); a run counts as solved "
                    "at {solved} or less."
                    if marks.solved < marks.trivial
                    else "An answer that ignores the input scores {trivial} ({metric}); a run counts as solved "
                    "at {solved} or more.",
                    trivial=n.metric(marks.trivial),
                    solved=n.metric(marks.solved),
                    metric=self.say.level(marks.metric),
                )
            )
        return self.words.rules.between_sentences.join(filter(None, [self.say.about(task), *facts]))

    def _costs_caption(self, task: str) -> str:
        """Write the caption of the table of a task's costs, which must not be empty."""
        costs = self.findings.costs(task)
        first, n = next(iter(costs.values())), self.numbers
        counts = {"lag": n.count(first.lag), "threads": n.count(first.threads), "rounds": n.count(first.rounds)}
        told = [
            self.words(
                "{task}, lag {lag}: cost of one training update, measured apart from training: alone "
                "(threads: {threads}), in {rounds} rounds that alternate with the baseline. Time is the "
                "ratio to the baseline's as timed, the median of the rounds, with the range that holds the "
                "middle half of them; elsewhere in this report it is over the baseline's own. "
                "FLOPs are per sequence, forward and backward.",
                task=self.say.task(task),
                **counts,
            )
        ]
        told += (
            [
                self.words(
                    "The baseline's own row is the baseline timed against itself in the same way: the noise "
                    "floor. A difference no larger than that means nothing."
                )
            ]
            if BASELINE in costs
            else []
        )
        return self.words.joined(*told, matched.told(self.findings, task, self.say))

    def _curves_alt(self, task: str) -> str:
        """Describe the learning curves at the longest lag at which the baseline was measured."""
        lag = self._telling_lag(task)
        last = {c.key.technique: c.last for c in self.findings.curves_on(task) if c.key.lag == lag}
        others = self.say.fastest(task, lag, [t for t in last if t != BASELINE])
        if not others:
            return self.say.answer(task)
        values = {
            "task": self.say.task(task),
            "lag": self.numbers.count(lag),
            "technique": self.say.technique(others[0]),
            "metric": self.say.metric(task),
            "own": self.numbers.metric(last[others[0]]),
        }
        if BASELINE not in last:
            return self.words(
                "{task}, lag {lag}: at the end of training the median {metric} is {own} for {technique}.", **values
            )
        return self.words(
            "{task}, lag {lag}: at the end of training the median {metric} is {own} for {technique} "
            "and {base} for the baseline.",
            base=self.numbers.metric(last[BASELINE]),
            **values,
        )

    def _updates_alt(self, task: str) -> str:
        """Name the technique that solves the task with the fewest updates, and say how the baseline does."""
        lag = self._telling_lag(task)
        here = {e.technique: e for e in self.findings.estimates_on(task, lag, measured=True)}
        medians = {technique: e.median for technique, e in here.items() if e.median < math.inf}
        if not medians:
            return self.words(
                "{task}: at no lag did half of any technique's runs solve it within the budget.",
                task=self.say.task(task),
            )
        best = min(medians, key=lambda technique: medians[technique])
        budget = self.numbers.count(here[best].budget)
        if BASELINE not in here:
            base = self.words("was not measured there")
        elif BASELINE in medians:
            base = self.words("takes {median}", median=self.numbers.count(medians[BASELINE]))
        else:
            base = self.words("does not get there within {budget}", budget=budget)
        return self.words(
            "{task}, lag {lag}: {technique} needs the fewest updates, a median of {median}; the baseline {base}.",
            task=self.say.task(task),
            lag=self.numbers.count(lag),
            base=base,
            technique=self.say.technique(best),
            median=self.numbers.count(medians[best]),
        )

    def _telling_lag(self, task: str) -> int:
        """The longest lag at which the baseline was measured, else the longest measured one."""
        measured = self.findings.estimates_on(task, measured=True)
        base = [e for e in measured if e.technique == BASELINE]
        return max(e.lag for e in base or measured)
