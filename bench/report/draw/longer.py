"""Draws what is kept on longer sequences than trained on: small multiples over tasks and lags."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator, PercentFormatter

from bench.report.draw.canvas import dots
from bench.report.draw.learning_curves import looks_of
from bench.report.draw.marks import mark, told
from bench.report.draw.style import MUTED, WIDTH, Picture, house_style, picture
from bench.report.longer import Kept
from bench.report.names import Names
from bench.report.rows import Technique

COLUMNS, NAMES_IN_A_ROW = 3, 4
MOST_BANDS = 3
"""Lines of a panel up to which intervals are drawn as bands; more of them would hide one another."""
PANEL, GAP, FOOT, NAMES = 1.35, 0.42, 0.42, 0.16  # inches: a panel, between rows, below the last, a row of names


def longer(kept: list[Kept], techniques: list[Technique], say: Names, alt: str) -> Picture:
    """Panels: a task at the lag that was trained. Lines: techniques, over the lags at which they were tested."""
    cells = list(dict.fromkeys((one.task, one.trained) for one in kept))
    drawn = {one.technique for one in kept}
    looks = looks_of([technique for technique in techniques if technique.name in drawn])
    looks = {name: look for name, look in looks.items() if name in drawn}
    rows = -(-len(cells) // COLUMNS)
    names = -(-len(looks) // NAMES_IN_A_ROW)
    height = rows * PANEL + (rows - 1) * GAP + FOOT + 0.3 + names * NAMES
    with house_style():
        figure = Figure(figsize=(WIDTH, height))
        grid = figure.subplots(
            rows, COLUMNS, squeeze=False, sharey=True,
            gridspec_kw={
                "left": 0.55 / WIDTH, "right": 0.985, "top": 1 - 0.26 / height,
                "bottom": (FOOT + names * NAMES) / height, "hspace": GAP / PANEL, "wspace": 0.1,
            },
        ).ravel()  # fmt: skip
        for axes, cell in zip(grid, cells, strict=False):
            _panel(axes, [one for one in kept if (one.task, one.trained) == cell], looks, say)
        for axes in grid[len(cells) :]:
            axes.set_axis_off()
        _legend(figure, looks, say, height)
        return picture(figure, alt)


def _panel(axes: Axes, kept: list[Kept], looks: dict[str, tuple[str, Any]], say: Names) -> None:
    first = kept[0]
    axes.set_title(say.cell(first.task, first.trained), fontsize=8, loc="left", pad=5)
    lags = sorted({first.trained, *(one.lag for one in kept)})
    axes.set_xscale("log", base=2)
    axes.set(ylim=(-0.03, 1.03), xlim=(first.trained / 1.15, lags[-1] * 1.15))
    axes.xaxis.set_major_locator(FixedLocator(lags))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda lag, _: say.numbers.count(round(lag))))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
    axes.tick_params(labelsize=6.5)
    for name, (colour, dash) in looks.items():
        points = [one for one in kept if one.technique == name]
        if not points:
            continue
        at = [one.lag for one in points]
        if len(looks) <= MOST_BANDS:
            low, high = ([one.interval[end] for one in points] for end in (0, 1))
            axes.fill_between(at, low, high, color=colour, alpha=0.14, linewidth=0)
        axes.plot(at, [one.share for one in points], color=colour, linestyle=dash, linewidth=1.3, clip_on=False)
        dots(axes, [(one.lag, one.share) for one in points], 3.0, colour)
        for one in points:
            ends = (one.share, one.interval.low, one.interval.high)
            text = told(say.words, [say.technique(name), say.lag(one.lag)], *map(say.numbers.percent, ends))
            mark(axes, one.lag, one.share, text)


def _legend(figure: Figure, looks: dict[str, tuple[str, Any]], say: Names, height: float) -> None:
    """Name the lines below the panels, and the axis that all of them share."""
    lines = [
        Line2D([], [], color=colour, linestyle=dash, linewidth=1.3, label=say.technique(name))
        for name, (colour, dash) in looks.items()
    ]
    figure.legend(handles=lines, loc="lower left", ncols=NAMES_IN_A_ROW, frameon=False, fontsize=6.8, borderpad=0,
                  bbox_to_anchor=(0.5 / WIDTH, 0.02 / height), handlelength=2.2)  # fmt: skip
    label = say.words("lag of the test, after training at the first")
    below = -(-len(looks) // NAMES_IN_A_ROW) * NAMES + 0.06
    figure.text(0.985, below / height, label, fontsize=6.5, color=MUTED, ha="right", va="bottom")
