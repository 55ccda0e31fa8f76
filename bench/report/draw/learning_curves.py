"""Learning curves: small multiples over families and lags."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

from bench.evidence.scope import BASELINE
from bench.report.draw.canvas import dots, segments, spread
from bench.report.draw.marks import mark, thinned, told
from bench.report.draw.style import (
    BASELINE_LINE,
    MUTED,
    WIDTH,
    Picture,
    house_style,
    line_look,
    picture,
)
from bench.report.findings import Findings
from bench.report.names import Names
from bench.report.rows import LearningCurve, Technique

LEFT, RIGHT = 1.75, 0.85  # inches: names of techniques, names of levels
TALLEST = 5.0  # inches that all rows of a figure may take: with a task's words and its example they fill an A4 page
GAP = 0.16  # inches between rows
SAMPLE = 0.13  # inches of a line, before its name


def learning_curves(findings: Findings, say: Names, task: str, alt: str) -> Picture:
    """Draw families in rows, the baseline grey in each, and lags in columns; coloured names are next to the rows."""
    curves = findings.curves_on(task)
    drawn = {curve.key.technique for curve in curves}
    families = by_family([t for t in findings.techniques if t.name in drawn])
    lags = sorted({curve.key.lag for curve in curves})
    heights = row_heights(families)
    height = sum(heights) + GAP * len(heights) + 0.6
    with house_style():
        figure = Figure(figsize=(WIDTH, height))
        grid = figure.subplots(
            len(families),
            len(lags),
            squeeze=False,
            height_ratios=heights,
            gridspec_kw={
                "left": LEFT / WIDTH,
                "right": 1 - RIGHT / WIDTH,
                "top": 1 - 0.26 / height,
                "bottom": 0.4 / height,
                "hspace": 0.16,
                "wspace": 0.07,
            },
        )
        frame = _frame(findings, say, task, curves)
        for row, (family, members), inches in zip(grid, families.items(), heights, strict=True):
            looks = looks_of(members)
            name_row(row[0], say, family, members, looks, inches)
            for axes, lag in zip(row, lags, strict=True):
                here = {curve.key.technique: curve for curve in curves if curve.key.lag == lag}
                if any(t.name in here for t in members):
                    frame.dress(axes)
                    _panel(axes, say, here, looks)
                else:
                    axes.set_axis_off()
                    axes.text(
                        0.5,
                        0.5,
                        say.words("not run"),
                        ha="center",
                        va="center",
                        fontsize=6.5,
                        color=MUTED,
                    )
        frame.label(grid, lags)
        return picture(figure, alt)


def by_family(techniques: list[Technique]) -> dict[str, list[Technique]]:
    """Techniques by family; the baseline alone makes a row only where there is nothing else."""
    families: dict[str, list[Technique]] = {}
    for technique in techniques:
        families.setdefault(technique.family, []).append(technique)
    others = {f: m for f, m in families.items() if [t.name for t in m] != [BASELINE]}
    return others or families


def row_heights(families: dict[str, list[Technique]], tallest: float = TALLEST) -> list[float]:
    """Inches for each family: room for its names, but no more than `tallest` in all where that can be."""
    needs = [0.3 + 0.145 * len(members) for members in families.values()]
    left, rows = tallest - GAP * len(needs), len(needs)
    for need in sorted(needs, reverse=True):
        if need <= left / rows:
            break
        left, rows = left - need, rows - 1  # the largest take what they need, the others share what is left
    share = min(1.0, left / rows) if rows else 0.0
    return [max(share, need) for need in needs]


def looks_of(members: list[Technique]) -> dict[str, tuple[str, object]]:
    """Colour and dash of each technique of a panel; the baseline's is the same everywhere."""
    others = [t.name for t in members if t.name != BASELINE]
    return {BASELINE: (BASELINE_LINE, "-"), **{name: line_look(i) for i, name in enumerate(others)}}


def _panel(axes: Axes, say: Names, curves: dict[str, LearningCurve], looks: dict[str, tuple[str, object]]) -> None:
    for name, (colour, dash) in looks.items():
        if name not in curves:
            continue
        _, updates, median, lower, upper = curves[name]
        axes.fill_between(updates, lower, upper, color=colour, alpha=0.18, linewidth=0, clip_on=False)
        axes.plot(updates, median, color=colour, linestyle=dash, linewidth=1.3, clip_on=False)
        dots(axes, [(updates[-1], median[-1])], 2.8, colour)
        for at in thinned(len(updates)):
            of = [say.technique(name), say.words("update {update}", update=say.numbers.count(updates[at]))]
            spread = [say.numbers.metric(values[at]) for values in (median, lower, upper)]
            mark(axes, updates[at], median[at], told(say.words, of, *spread))


def name_row(
    axes: Axes,
    say: Names,
    family: str,
    members: list[Technique],
    looks: dict[str, tuple[str, object]],
    height: float,
) -> None:
    """Write the row's family and techniques, instead of a legend; `height` of the row in inches."""
    left = -(LEFT - 0.02) / (axes.get_position().width * WIDTH)
    inch = 1 / height
    axes.text(
        left,
        1 - 0.06 * inch,
        say.family(family),
        transform=axes.transAxes,
        va="center",
        fontsize=8,
        fontweight="bold",
    )
    across = 1 / (axes.get_position().width * WIDTH)
    for i, technique in enumerate(members):
        y, (colour, dash) = 1 - (0.22 + 0.145 * i) * inch, looks[technique.name]
        axes.plot(
            [left, left + SAMPLE * across],
            [y, y],
            color=colour,
            linestyle=dash,
            linewidth=1.3,
            transform=axes.transAxes,
            clip_on=False,
        )
        axes.text(
            left + (SAMPLE + 0.04) * across,
            y,
            say.technique(technique.name),
            transform=axes.transAxes,
            va="center",
            fontsize=6.6,
            color=colour,
        )


@dataclass(frozen=True)
class _Frame:
    """Scales, levels and labels that all panels share. Set by hand: matplotlib's shared axes are slow."""

    say: Names
    levels: dict[str, float]
    logarithmic: bool
    budget: int
    low: float
    high: float

    def dress(self, axes: Axes) -> None:
        """One panel, without labels."""
        axes.set_autoscale_on(False)
        if self.logarithmic:
            axes.set_yscale("log")
        axes.set(xlim=(0, self.budget * 1.04), ylim=(self.low, self.high), xticks=[])
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_locator(NullLocator())
        ends = [(0, level, self.budget * 1.04, level) for level in self.levels.values()]
        segments(axes, ends, color="#b4b9c0", linewidth=0.7, linestyle=(0, (1.2, 1.6)), zorder=0)

    def label(self, grid: Any, lags: list[int]) -> None:
        """The outer panels: lags above, updates below, the metric at the left, its levels at the right."""
        for axes, lag in zip(grid[0], lags, strict=True):
            axes.set_title(self.say.words("lag {lag}", lag=self.say.numbers.count(lag)), fontsize=8, loc="left", pad=5)
        for row in grid:
            row[0].yaxis.set_major_locator(LogLocator(numticks=5) if self.logarithmic else MaxNLocator(4))
            row[0].yaxis.set_major_formatter(lambda value, _: self.say.numbers.metric(value))
        for column in grid.T:
            drawn = [axes for axes in column if axes.axison]
            if drawn:
                update_axis(drawn[-1], self.say, self.budget)
        labelled = [axes for axes in grid[0] if axes.axison][-1:]
        for axes in labelled:
            self._name_levels(axes, axes.get_position().height * grid[0][0].figure.get_figheight())
        axis_name(grid[0][0].figure, self.say, 1 - RIGHT / WIDTH)

    def _name_levels(self, axes: Axes, height: float) -> None:
        """Name the levels at the right of a panel of `height` inches, so that no name covers another."""
        rising = sorted(self.levels, key=lambda name: self.levels[name])
        places = [self._share(self.levels[name]) * height for name in rising]
        for name, place in zip(rising, spread(places, 0.09, height + 0.1), strict=True):
            axes.annotate(
                name,
                (1, place / height),
                xycoords="axes fraction",
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                fontsize=6,
                color=MUTED,
            )

    def _share(self, level: float) -> float:
        """Return the share of a panel's height that lies below a level."""
        ends = (self.low, level, self.high)
        low, value, high = map(math.log, ends) if self.logarithmic else ends
        return (value - low) / (high - low)


def _frame(findings: Findings, say: Names, task: str, curves: list[LearningCurve]) -> _Frame:
    marks = findings.levels(task)
    assert marks is not None  # there are curves, so there are members
    named = {say.words("ignores the input"): marks.trivial, say.words("solved"): marks.solved}
    named |= {say.level(name): level for name, level in marks.plateaus.items()}
    named = {name: level for name, level in named.items() if math.isfinite(level)}
    quartiles = [value for curve in curves for value in (*curve.lower, *curve.upper) if not math.isnan(value)]
    shown = [*quartiles, *named.values()]
    low, high = min(shown), max(shown)
    logarithmic = marks.lower_is_better and low > 0
    if logarithmic:
        low, high = low / (high / low) ** 0.05, high * (high / low) ** 0.07
    else:
        low, high = low - 0.05 * (high - low), high + 0.07 * (high - low)
    return _Frame(say, named, logarithmic, findings.protocols[task].updates, low, high)


def update_axis(axes: Axes, say: Names, budget: int) -> None:
    """Let the axis run from 0 to the budget, labelled at both ends."""
    axes.set_xticks([0, budget], ["0", say.numbers.count(budget)])
    for tick, side in zip(axes.xaxis.get_major_ticks(2), ("left", "right"), strict=True):
        tick.label1.set(horizontalalignment=side)


def axis_name(figure: Figure, say: Names, right: float) -> None:
    """Name the axis below all panels, which end at `right` (share of the width)."""
    figure.text(
        (LEFT / WIDTH + right) / 2,
        0.04 / figure.get_figheight(),
        say.words("updates"),
        ha="center",
        va="bottom",
        color=MUTED,
        fontsize=7,
    )
