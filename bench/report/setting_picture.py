"""One setting as pixels, for MLflow: the learning curves of its runs, and how their gradients flow."""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

from bench.report.draw.style import INK, LINES, MUTED, PAPER, house_style

VERSION = "1"
"""Raise when what is drawn changes: pictures of another version are drawn again."""
DPI = 120
PANEL, HEIGHT = 4.3, 2.9
LEFT, RIGHT, TOP, BOTTOM = 0.62, 0.5, 0.3, 0.42
"""Inches."""
COLOURS = {"solved": LINES[0], "unsolved": LINES[1], "diverged": LINES[3], "untrained": MUTED}
START, END = MUTED, LINES[0]
"""Colours of a gradient before and after training."""
MOST_LETTERS = 48
"""A longer name of a metric would not fit beside its axis."""
MOST = 60
"""Runs of which the lines are drawn; more would be a surface."""


def setting_picture(tables: dict[str, pd.DataFrame]) -> bytes:
    """Draw a cohort from its tables of members, curves and gradients, as a PNG; empty if there is nothing to draw."""
    members, curves, gradients = (tables[name] for name in ("members", "curves", "gradients"))
    flows = _output(gradients)
    panels = [curves["update"].max() > 0, not flows.empty]
    if not any(panels):
        return b""
    with house_style():
        figure = Figure(figsize=(PANEL * sum(panels), HEIGHT), dpi=DPI)
        if panels[0]:
            _learning(_panel(figure, 0), members, curves)
        if panels[1]:
            _flow(_panel(figure, panels[0]), flows)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None}, facecolor=PAPER)
    return buffer.getvalue()


def _panel(figure: Figure, place: int) -> Axes:
    """Axes at the left (0) or beside those (1)."""
    width = figure.get_figwidth()
    return figure.add_axes(
        (
            (LEFT + PANEL * place) / width,
            BOTTOM / HEIGHT,
            (PANEL - LEFT - RIGHT) / width,
            (HEIGHT - TOP - BOTTOM) / HEIGHT,
        )
    )


def _learning(axes: Axes, members: pd.DataFrame, curves: pd.DataFrame) -> None:
    """The metric by update, a line a run, coloured by how it ended; levels dashed."""
    first = members.iloc[0]
    levels = {"trivial": first["trivial_level"], "solved": first["solved_at"]}
    finite = curves["metric"][np.isfinite(curves["metric"])]
    logarithmic = levels["solved"] < levels["trivial"] and min([*finite, *levels.values()]) > 0
    if logarithmic:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(numticks=5))
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    for outcome, runs in curves.groupby("outcome"):
        _lines(axes, runs, "update", "metric", COLOURS.get(str(outcome), MUTED))
    axes.autoscale()
    axes.set_xlim(0, max(1, curves["update"].max()))
    for name, level in levels.items():
        if math.isfinite(level):
            axes.axhline(level, color=MUTED, linewidth=0.7, linestyle=(0, (1.2, 1.6)), zorder=0)
            axes.annotate(name, (1, level), xycoords=("axes fraction", "data"), xytext=(3, 0), va="center",
                          textcoords="offset points", fontsize=6.5, color=MUTED)  # fmt: skip
    counts = members["outcome"].value_counts()
    _dress(axes, "updates", first["metric_name"])
    _title(axes, [(f"{count} {outcome}", COLOURS.get(str(outcome), INK)) for outcome, count in counts.items()])


def _flow(axes: Axes, flows: pd.DataFrame) -> None:
    """The gradient's norm by steps back, a line a run: before training grey, after it blue."""
    moments = {"start": START, "end": END}
    shown = flows.assign(decades=flows["log_norm"] / math.log(10)).replace([np.inf, -np.inf], np.nan)
    shown = shown[shown["moment"].isin(moments)]
    for moment, colour in moments.items():
        _lines(axes, shown[shown["moment"] == moment], "lag_back", "decades", colour)
    axes.autoscale()
    axes.set_xlim(0, max(1, shown["lag_back"].max()))
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.yaxis.set_major_formatter(lambda value, _: f"1e{value:.0f}")
    _dress(axes, "steps back in time", "norm of the gradient")
    words = {"start": "before training", "end": "after training"}
    _title(axes, [(words[m], colour) for m, colour in moments.items() if (shown["moment"] == m).any()])


def _output(gradients: pd.DataFrame) -> pd.DataFrame:
    """The gradient along what the lowest layer puts out, or along the inputs of what has no states."""
    lowest = gradients[gradients["layer"] == 0]
    states = [quantity for quantity in lowest["quantity"].unique() if quantity not in ("x", "cell")]
    return lowest[lowest["quantity"] == (states[0] if states else "x")]


def _lines(axes: Axes, table: pd.DataFrame, x: str, y: str, colour: Any) -> None:
    """A thin line a run, and their median thick where there are several; a run that has ended stays where it was."""
    runs = table.pivot_table(y, x, ["seed", "learning_rate"], sort=True, dropna=False)
    places, values = runs.index.to_numpy(float), runs.to_numpy()[:, :MOST]
    alone = values.shape[1] == 1
    lines = [np.column_stack([places, column]) for column in values.T]
    axes.add_collection(
        LineCollection(lines, colors=[colour], linewidths=1.2 if alone else 0.6, alpha=None if alone else 0.45)
    )
    if not alone:
        axes.plot(places, np.nanmedian(runs.ffill().to_numpy(), axis=1), color=colour, linewidth=1.6)


def _dress(axes: Axes, x: str, y: str) -> None:
    axes.yaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.tick_params(pad=2)
    axes.set_xlabel(x, fontsize=7.5, labelpad=2)
    axes.set_ylabel(y if len(y) < MOST_LETTERS else f"{y[: MOST_LETTERS - 1]}…", fontsize=7.5, labelpad=3)


def _title(axes: Axes, words: list[tuple[str, Any]]) -> None:
    """Words above the axes, each in its colour: a legend that covers nothing."""
    place = 0.0
    for text, colour in words:
        axes.text(place, 1.03, text, transform=axes.transAxes, color=colour, fontsize=8, fontweight="bold")
        place += 0.022 * len(text) + 0.03
