"""The time of an update over the runs, a small line for each technique."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.history.timeline import History, Series, SpeedStep
from bench.report.draw.canvas import Box, axes_at, dots, note, segments
from bench.report.draw.style import INK, LINES, MUTED, WIDTH, Picture, house_style, picture
from bench.report.names import Names

COLUMNS = 4
LEAST_RUNS = 3
"""Fewer runs make no line worth a figure."""
NAME, LINE, ROW = 0.16, 0.34, 0.62  # inches
NUMBERS = 0.36
GAP = 0.14


def speed_lines(history: History, say: Names) -> Picture | None:
    """The newest run's techniques on its machine; None where there are fewer than LEAST_RUNS runs."""
    sampled = history.snapshots[-1].sampled
    shown = [
        series
        for series in history.series
        if sampled is not None
        and series.machine == sampled.machine
        and series.runs[-1] == len(history.snapshots) - 1
        and len(series.runs) >= LEAST_RUNS
    ]
    if not shown:
        return None
    with house_style():
        figure = Figure(figsize=(WIDTH, ROW * math.ceil(len(shown) / COLUMNS)))
        for place, series in enumerate(shown):
            steps = [step for step in history.steps if step.series == series]
            _draw(figure, place, history, say, series, steps)
        return picture(figure, _alt(history, say, len(shown)))


def _alt(history: History, say: Names, techniques: int) -> str:
    """Describe what the figure shows."""
    counts = {"techniques": techniques, "runs": len(history.snapshots), "steps": len(history.steps)}
    return say.words(
        "Times of an update of {techniques} techniques over {runs} runs; {steps} took a step.",
        **{name: say.numbers.count(value) for name, value in counts.items()},
    )


def _draw(figure: Figure, place: int, history: History, say: Names, series: Series, steps: list[SpeedStep]) -> None:
    row, column = divmod(place, COLUMNS)
    width = (WIDTH - GAP * (COLUMNS - 1)) / COLUMNS
    left, top = column * (width + GAP), row * ROW
    note(figure, left, top + NAME / 2, say.technique(series.technique), size=7, colour=INK)
    axes = axes_at(figure, Box(left, top + NAME, width - NUMBERS, LINE), y_axis=False)
    _line(axes, history, say, series, steps)
    middle = top + NAME + LINE / 2
    note(figure, left + width - NUMBERS + 0.06, middle, say.numbers.ratio(series.ratios[-1]), size=7, colour=INK)


def _line(axes: Axes, history: History, say: Names, series: Series, steps: list[SpeedStep]) -> None:
    """Draw a series on a logarithmic scale of its own, but never finer than a tenth: noise should look like noise."""
    values = np.log(series.ratios)
    middle, half = (values.max() + values.min()) / 2, max(float(np.ptp(values)) / 2, math.log(1.1) / 2) * 1.25
    axes.set_ylim(middle - half, middle + half)
    axes.set_xlim(series.runs[0] - 0.5, series.runs[-1] + 0.5)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    axes.plot(series.runs, values, color=MUTED, linewidth=0.8)
    dots(axes, [(series.runs[-1], values[-1])], 3, INK)
    snapshots = history.snapshots
    for step in steps:
        place = snapshots.index(step.after)
        look = {"color": LINES[1] if step.factor > 1 else LINES[0], "linewidth": 1.0}
        segments(axes, [(place - 0.5, middle - half, place - 0.5, middle + half)], **look)
