"""Solve rate by technique and lag, in which cells that were not run differ from unsolved ones."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import seaborn as sns
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.path import Path

from bench.records.cell import SettingKey
from bench.report.draw.canvas import width_of
from bench.report.draw.marks import mark, told
from bench.report.draw.style import INK, LINES, MUTED, PAPER, SOLVE_RATE, WIDTH, Picture, house_style, picture
from bench.report.matrix import Matrix
from bench.report.rows import Estimate, Technique
from bench.report.sentences import Sentences
from bench.report.trained import measured_places
from bench.report.vocabulary import COUNTED, STATES_IN_SHORT

LEFT, ROW, BOTTOM = 2.45, 0.185, 0.42  # inches
GAP = "#eef0f3"
MARKS: dict[str, Any] = {  # of cells that were not run, on a grey ground; hatching would take a minute in the PDF
    "ladder": (2, 2, -45),
    "skipped": "x",
    "untuned": "+",
    "pending": ".",
    "unplanned": "None",
}
CORNER = Path([(-1, 1), (0, 1), (0, -1), (-1, 1)])
"""Outline of the corner that marks a cell in which runs diverged or failed."""
LIGHT = 0.75
"""Below this rate dark letters are easier to read."""
BOLD = 1.15
"""The width of bold letters over that of others."""
MOST_COUNTED = 12
"""Most columns for which counts still fit into the cells."""

Places = dict[SettingKey, tuple[int, int]]
"""Row and column by setting."""


def solve_rates(
    findings: Matrix, say: Sentences, tasks: list[str], alt: str, only: Sequence[Technique] | None = None
) -> Picture:
    """One block of columns a task, one row a technique, families apart; only: techniques, if not all are drawn."""
    wanted = findings.techniques if only is None else only
    techniques = [t for t in wanted if any(t in findings.members_of(task) for task in tasks)]
    lags = {task: findings.lags(task) for task in tasks}
    top = 0.25 if len(tasks) == 1 else 0.55
    height = ROW * len(techniques) + top + BOTTOM
    with house_style():
        figure = Figure(figsize=(WIDTH, height))
        grid = figure.add_gridspec(
            1,
            len(tasks),
            width_ratios=[len(lags[task]) for task in tasks],
            wspace=0.12 if len(tasks) > 1 else 0,
            left=LEFT / WIDTH,
            right=0.995,
            top=1 - top / height,
            bottom=BOTTOM / height,
        )
        counted = sum(map(len, lags.values())) <= MOST_COUNTED
        for column, task in enumerate(tasks):
            axes = figure.add_subplot(grid[0, column])
            _block(axes, findings, say, techniques, task, detailed=len(tasks) == 1, counted=counted)
            if not column:
                _row_names(axes, techniques, say)
        if len(tasks) > 1:
            _fit_titles(figure.axes)
        shown = [e for task in tasks for e in findings.estimates_on(task)]
        _legend(figure, say, {e.state for e in shown} | {"broken" for e in shown if e.broken})
        return picture(figure, alt)


def _block(
    axes: Axes,
    findings: Matrix,
    say: Sentences,
    techniques: list[Technique],
    task: str,
    *,
    detailed: bool,
    counted: bool,
) -> None:
    drawn, lags = {technique.name for technique in techniques}, findings.lags(task)
    estimates = [e for e in findings.estimates_on(task) if e.technique in drawn]
    places = {e.key: (y, x) for e in estimates for y, x in [_place(e, techniques, lags)]}
    rates = np.full((len(techniques), len(lags)), np.nan)
    labels = np.full(rates.shape, "", dtype=object)
    for e in estimates:
        rates[places[e.key]], labels[places[e.key]] = e.rate, _text(say, e, detailed)
    sns.heatmap(
        rates,
        ax=axes,
        cmap=SOLVE_RATE,
        vmin=0,
        vmax=1,
        mask=np.isnan(rates),
        cbar=False,
        linewidths=1.2,
        linecolor=PAPER,
        annot=labels if counted else None,
        fmt="",
        annot_kws={"fontsize": 7},
        yticklabels=False,
    )
    for count, rate in zip(axes.texts, rates[~np.isnan(rates)], strict=False):
        count.set_color(INK if rate < LIGHT else PAPER)
    _marks(axes, estimates, places)
    _values(axes, findings, say, estimates, places)
    _heads(axes, say, task, lags, detailed=detailed)
    for y in _family_starts(techniques)[1:]:
        axes.axhline(y, color=PAPER, linewidth=2.4)


def _place(e: Estimate, techniques: list[Technique], lags: list[int]) -> tuple[int, int]:
    """Row and column of a setting."""
    return next(y for y, technique in enumerate(techniques) if technique.name == e.technique), lags.index(e.lag)


def _values(axes: Axes, findings: Matrix, say: Sentences, estimates: list[Estimate], places: Places) -> None:
    """Mark each cell with the text for a reader who points at it, and with the place where its runs are listed."""
    runs = measured_places(findings)
    for e in estimates:
        y, x = places[e.key]
        mark(axes, x + 0.5, y + 0.5, _told(say, e, findings), runs.get(e.key, ""))


def _heads(axes: Axes, say: Sentences, task: str, lags: list[int], *, detailed: bool) -> None:
    """The lags above the columns and, among other tasks, the task above them."""
    axes.set(xlabel="", ylabel="")
    axes.set_xticklabels(
        [say.words("lag {lag}", lag=say.numbers.count(lag)) if detailed else say.numbers.count(lag) for lag in lags],
        rotation=0,
    )
    axes.xaxis.tick_top()
    axes.tick_params(length=0, pad=2)
    if not detailed:
        title = re.sub(r", |(?=\()", "\n", say.task(task), count=1)
        axes.set_title(title, fontsize=7.5, color=INK, pad=14, fontweight="bold", linespacing=1.1)


def _fit_titles(panels: Sequence[Axes]) -> None:
    """Set the titles of panels in one size, in which each fits its panel."""
    room = [
        axes.get_position().width * WIDTH / width_of(line, BOLD)
        for axes in panels
        for line in axes.get_title().split("\n")
    ]
    for axes in panels:
        axes.title.set_fontsize(min(7.5, *room))


def _marks(axes: Axes, estimates: list[Estimate], places: Places) -> None:
    """Mark what was not run, and draw a corner where runs diverged or failed."""
    gaps: dict[str, list[tuple[float, float]]] = {}
    corners: list[tuple[float, float]] = []
    for e in sorted(estimates, key=lambda e: places[e.key]):
        y, x = places[e.key]
        if e.state in MARKS:
            axes.add_patch(Rectangle((x + 0.02, y + 0.04), 0.96, 0.92, facecolor=GAP, linewidth=0))
            gaps.setdefault(e.state, []).append((x + 0.5, y + 0.5))
        if e.broken:
            corners.append((x + 0.97, y + 0.14))
    for state, middles in gaps.items():
        axes.plot(*zip(*middles, strict=True), **_mark(state))
    axes.plot([x for x, _ in corners], [y for _, y in corners], **_mark("broken"))


def _mark(state: str) -> dict[str, Any]:
    if state == "broken":
        return {"marker": CORNER, "markersize": 4, "markeredgewidth": 0.3, "color": LINES[1], "linestyle": "none",
                "markeredgecolor": PAPER}  # fmt: skip
    return {"marker": MARKS[state], "markersize": 4, "markeredgewidth": 0.8, "color": MUTED, "linestyle": "none"}


def _text(say: Sentences, e: Estimate, detailed: bool) -> str:
    """'3/5', and what became of the others where there is room."""
    if not e.measured:
        return ""
    return " · ".join([f"{e.solved}/{e.runs}", *(_broken(say, e) if detailed else ())])


def _broken(say: Sentences, e: Estimate) -> list[str]:
    return [say.words(COUNTED[outcome], count=count) for outcome, count in e.broken.items()]


def _told(say: Sentences, e: Estimate, matrix: Matrix) -> str:
    """Return the text for a reader who points at a cell: its setting, and its counts or why there are none."""
    solved = say.words("{solved} of {runs} solved", solved=e.solved, runs=e.runs)
    reached = [] if e.solved else filter(None, [say.reached(e.key, matrix)])
    ended = [say.words("stopped after {seeds} seeds", seeds=e.stopped_after)] if e.stopped_after else []
    value = [solved, *reached, *_broken(say, e), *ended] if e.measured else [say.words(STATES_IN_SHORT[e.state])]
    of = [say.technique(e.technique), say.cell(e.task, e.lag)]
    return told(say.words, of, say.words.rules.between_items.join(value))


def _family_starts(techniques: list[Technique]) -> list[int]:
    families = [None, *(t.family for t in techniques)]
    return [y for y, (above, own) in enumerate(itertools.pairwise(families)) if own != above]


def _row_names(axes: Axes, techniques: list[Technique], say: Sentences) -> None:
    """Technique names at the rows, family names at the first row of each family."""
    blend = axes.get_yaxis_transform()
    inch = 1 / (axes.get_position().width * WIDTH)
    for y, technique in enumerate(techniques):
        axes.text(
            -0.08 * inch,
            y + 0.5,
            say.technique(technique.name),
            transform=blend,
            ha="right",
            va="center",
            fontsize=7.5,
        )
    for y in _family_starts(techniques):
        family = say.family(techniques[y].family)
        axes.text(-(LEFT - 0.02) * inch, y + 0.5, family, transform=blend, va="center", fontsize=7, color=MUTED)


def _legend(figure: Figure, say: Sentences, states: set[str]) -> None:
    handles: list[Artist] = [
        Patch(facecolor=SOLVE_RATE(1.0), label=say.words("all solved")),
        Patch(facecolor=SOLVE_RATE(0.0), label=say.words("none solved")),
    ]
    handles += [
        Line2D([], [], **_mark(s), label=say.words(STATES_IN_SHORT[s])) for s in (*MARKS, "broken") if s in states
    ]
    figure.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(LEFT / WIDTH - 0.012, 0.0),
        ncols=2 if len(handles) <= 4 else 3,
        frameon=False,
        fontsize=7,
        handlelength=1.4,
        handleheight=1.0,
        columnspacing=1.4,
        borderaxespad=0.1,
    )
