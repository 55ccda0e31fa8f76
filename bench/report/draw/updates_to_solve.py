"""Updates to solve, run by run: small multiples over lags, with the runs that the budget cut off counted."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.evidence.scope import BASELINE
from bench.records.cell import SettingKey
from bench.report.draw.canvas import GRID, dots, segments
from bench.report.draw.learning_curves import LEFT, axis_name, update_axis
from bench.report.draw.marks import mark, told
from bench.report.draw.style import BASELINE_LINE, INK, LINES, MUTED, PAPER, WIDTH, Picture, house_style, picture
from bench.report.findings import Findings
from bench.report.names import Names
from bench.report.rows import Estimate, Run, Technique
from bench.report.trained import measured_places

ROW = 0.138  # inches
CENSORED = 0.2
"""Share of the budget's width for the margin that holds the runs that the budget cut off."""
SIZES = ((1, 1.5), (2, 2.3), (4, 3.1), (8, 4.0))
"""Pairs of a least number of runs and the size of their dot, in points."""


def updates_to_solve(findings: Findings, say: Names, task: str, alt: str) -> Picture:
    """Rows: techniques. Columns: lags. Dots: runs, at the update that solved; behind the budget how many never did."""
    measured = findings.estimates_on(task, measured=True)
    drawn = {e.technique for e in measured}
    techniques = [t for t in findings.techniques if t.name in drawn]
    lags = sorted({e.lag for e in measured})
    height = ROW * len(techniques) + 0.68
    budget, places = findings.protocols[task].updates, measured_places(findings)
    with house_style():
        figure = Figure(figsize=(WIDTH, height))
        grid = figure.subplots(
            1,
            len(lags),
            squeeze=False,
            gridspec_kw={
                "left": LEFT / WIDTH,
                "right": 0.985,
                "top": 1 - 0.26 / height,
                "bottom": 0.4 / height,
                "wspace": 0.07,
            },
        )[0]
        for axes, lag in zip(grid, lags, strict=True):
            axes.set_title(say.words("lag {lag}", lag=say.numbers.count(lag)), fontsize=8, loc="left", pad=5)
            axes.set(xlim=(-0.02 * budget, budget * (1.02 + CENSORED)), ylim=(len(techniques) - 0.4, -0.6), yticks=[])
            here = {e.technique: e for e in measured if e.lag == lag}
            runs = [run for e in here.values() for run in findings.measured_runs[e.key]]
            _Column(axes, techniques, budget, here, runs).draw()
            _tell(axes, say, here.values(), {t.name: y for y, t in enumerate(techniques)}, places)
            update_axis(axes, say, budget)
        grid[0].set_yticks(range(len(techniques)), [say.technique(t.name) for t in techniques], fontsize=7, color=INK)
        axis_name(figure, say, 0.985)
        return picture(figure, alt)


def _tell(
    axes: Axes, say: Names, estimates: Iterable[Estimate], rows: dict[str, int], places: dict[SettingKey, str]
) -> None:
    """Mark each row with the text for a reader who points at it: the median and the quartiles."""
    for e in estimates:
        spread = [say.numbers.updates(value, e.budget) for value in (e.median, e.lower, e.upper)]
        text = told(say.words, [say.technique(e.technique), say.cell(e.task, e.lag)], *spread)
        mark(axes, min(e.median, e.budget), rows[e.technique], text, places.get(e.key, ""))


class _Column:
    """One lag. What looks alike is drawn as one path: every element costs time when a page is made."""

    def __init__(
        self, axes: Axes, techniques: list[Technique], budget: int, cells: dict[str, Estimate], runs: list[Run]
    ) -> None:
        self.axes, self.budget, self.cells = axes, budget, cells
        self.rows = {t.name: y for y, t in enumerate(techniques) if t.name in cells}
        self.all, self.runs = len(techniques), runs

    def draw(self) -> None:
        """Draw the rows, the quartiles, the runs, the medians, and the counts of runs that never solved."""
        self.axes.set_autoscale_on(False)
        self.axes.spines["left"].set_visible(False)
        self.axes.spines["bottom"].set_bounds(0, self.budget)
        self.axes.tick_params(axis="y", length=0)
        segments(self.axes, ((0, y, self.budget, y) for y in range(self.all)), color=GRID, linewidth=0.6, zorder=0)
        self.axes.axvline(self.budget, color="#b4b9c0", linewidth=0.7, linestyle=(0, (1.2, 1.6)), zorder=0)
        for colour, own in ((LINES[0], self._others()), (BASELINE_LINE, {BASELINE} & set(self.rows))):
            segments(self.axes, self._quartiles(own), color=colour, linewidth=3, alpha=0.25, solid_capstyle="butt")
            for least, size in SIZES:
                dots(self.axes, self._solved(own, least), size, colour, alpha=0.75, zorder=3)
        segments(self.axes, self._medians(), color=INK, linewidth=1.1, zorder=4, solid_capstyle="butt")
        self._censored()

    def _others(self) -> set[str]:
        return set(self.rows) - {BASELINE}

    def _quartiles(self, own: set[str]) -> Iterator[tuple[float, float, float, float]]:
        for name in sorted(own):
            cell = self.cells[name]
            if cell.lower < math.inf:
                yield cell.lower, self.rows[name], min(cell.upper, self.budget), self.rows[name]

    def _solved(self, own: set[str], least: int) -> Iterator[tuple[float, float]]:
        """Yield each update, with its row, at which as many runs solved as a dot of this size stands for."""
        most = next((n - 1 for n, _ in SIZES if n > least), len(self.runs))
        solved = Counter((run.technique, run.updates) for run in self.runs if run.solved and run.technique in own)
        for (name, update), count in sorted(solved.items()):
            if least <= count <= most:
                yield update, self.rows[name]

    def _medians(self) -> Iterator[tuple[float, float, float, float]]:
        for name, y in self.rows.items():
            median = self.cells[name].median
            if median < math.inf:
                yield median, y - 0.36, median, y + 0.36

    def _censored(self) -> None:
        """A triangle and how many runs the budget cut off; in bold where that is at least half, so that there is no
        median."""
        left = {name: self.cells[name].runs - self.cells[name].solved for name in self.rows}
        places = [self.rows[name] for name, count in left.items() if count]
        self.axes.plot(
            [self.budget * (1 + 0.25 * CENSORED)] * len(places), places, ">", color=MUTED, markerfacecolor=PAPER,
            markersize=2.8, markeredgewidth=0.7, linestyle="none", clip_on=False,
        )  # fmt: skip
        for name, count in left.items():
            if count:
                bold = "bold" if math.isinf(self.cells[name].median) else "normal"
                x = self.budget * (1 + 0.5 * CENSORED)
                self.axes.text(x, self.rows[name], str(count), fontsize=5.8, va="center", color=MUTED, fontweight=bold)
