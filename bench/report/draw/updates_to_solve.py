"""Updates to solve, run by run: small multiples over lags, with the runs that the budget cut off counted."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.evidence.scope import BASELINE
from bench.report.draw.canvas import GRID, dots, segments
from bench.report.draw.learning_curves import LEFT, axis_name, update_axis
from bench.report.draw.marks import mark, told
from bench.report.draw.style import BASELINE_LINE, INK, LINES, MUTED, PAPER, WIDTH, Picture, house_style, picture
from bench.report.findings import Findings, Technique
from bench.report.names import Names
from bench.report.trained import measured_places

ROW = 0.138  # inches
CENSORED = 0.2
"""Of the budget's width: the margin in which the runs stand that the budget cut off."""
SIZES = ((1, 1.5), (2, 2.3), (4, 3.1), (8, 4.0))
"""From so many runs on, dots of so many points."""


def updates_to_solve(findings: Findings, say: Names, task: str, alt: str) -> Picture:
    """Rows: techniques. Columns: lags. Dots: runs, at the update that solved; behind the budget how many never did."""
    members = findings.scope.members
    runs = members[(members["task"] == task) & (members["role"] == "measured")]
    cells = findings.task_cells(task)
    cells = cells[cells["state"] == "measured"]
    techniques = [t for t in findings.techniques if t.name in set(cells["technique"])]
    lags = sorted(cells["lag"].unique())
    height = ROW * len(techniques) + 0.68
    budget, places = findings.scope.protocols[task].updates, measured_places(findings.scope)
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
            here = cells[cells["lag"] == lag].set_index("technique")
            _Column(axes, techniques, budget, here, runs[runs["lag"] == lag]).draw()
            _tell(axes, say, here, {t.name: y for y, t in enumerate(techniques)}, places)
            update_axis(axes, say, budget)
        grid[0].set_yticks(range(len(techniques)), [say.technique(t.name) for t in techniques], fontsize=7, color=INK)
        axis_name(figure, say, 0.985)
        return picture(figure, alt)


def _tell(
    axes: Axes, say: Names, cells: pd.DataFrame, rows: dict[str, int], places: dict[tuple[str, str, int], str]
) -> None:
    """What a reader who points at a row is told: the median and the quartiles."""
    for cell in cells.reset_index().itertuples():
        spread = [say.numbers.updates(value, cell.budget) for value in (cell.median, cell.lower, cell.upper)]
        text = told(say.words, [say.technique(cell.technique), say.cell(cell.task, cell.lag)], *spread)
        to = places.get((cell.technique, cell.task, cell.lag), "")
        mark(axes, min(cell.median, cell.budget), rows[cell.technique], text, to)


class _Column:
    """One lag. What looks alike is drawn as one path: every element costs time when a page is made."""

    def __init__(
        self, axes: Axes, techniques: list[Technique], budget: int, cells: pd.DataFrame, runs: pd.DataFrame
    ) -> None:
        self.axes, self.budget, self.cells = axes, budget, cells
        self.rows = {t.name: y for y, t in enumerate(techniques) if t.name in cells.index}
        self.all, self.runs = len(techniques), runs

    def draw(self) -> None:
        """The rows, the quartiles, the runs, the medians, and who never solved."""
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
            cell = self.cells.loc[name]
            if cell["lower"] < math.inf:
                yield cell["lower"], self.rows[name], min(cell["upper"], self.budget), self.rows[name]

    def _solved(self, own: set[str], least: int) -> Iterator[tuple[float, float]]:
        """Of each technique the updates at which as many runs solved as dots of this size stand for."""
        most = next((n - 1 for n, _ in SIZES if n > least), len(self.runs))
        solved = self.runs[(self.runs["outcome"] == "solved") & self.runs["technique"].isin(own)]
        for (name, update), count in solved.groupby(["technique", "updates"]).size().items():
            if least <= count <= most:
                yield update, self.rows[name]

    def _medians(self) -> Iterator[tuple[float, float, float, float]]:
        for name, y in self.rows.items():
            median = self.cells.loc[name, "median"]
            if median < math.inf:
                yield median, y - 0.36, median, y + 0.36

    def _censored(self) -> None:
        """A triangle and how many runs the budget cut off; in bold where that is at least half, so that there is no
        median."""
        left = {name: int(self.cells.loc[name, "runs"] - self.cells.loc[name, "solved"]) for name in self.rows}
        places = [self.rows[name] for name, count in left.items() if count]
        self.axes.plot(
            [self.budget * (1 + 0.25 * CENSORED)] * len(places), places, ">", color=MUTED, markerfacecolor=PAPER,
            markersize=2.8, markeredgewidth=0.7, linestyle="none", clip_on=False,
        )  # fmt: skip
        for name, count in left.items():
            if count:
                bold = "bold" if math.isinf(self.cells.loc[name, "median"]) else "normal"
                x = self.budget * (1 + 0.5 * CENSORED)
                self.axes.text(x, self.rows[name], str(count), fontsize=5.8, va="center", color=MUTED, fontweight=bold)
