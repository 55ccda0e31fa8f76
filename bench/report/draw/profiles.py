"""The gradient's norm against steps back in time: small multiples over families and tasks."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.records.cell import Cell, SettingKey
from bench.report.draw.learning_curves import GAP, LEFT, by_family, looks_of, name_row, row_heights
from bench.report.draw.panels import Curve, dress, mark_curve, plot
from bench.report.draw.style import MUTED, WIDTH, Picture, house_style, picture
from bench.report.flow import Profile
from bench.report.matrix import Matrix
from bench.report.names import Names
from bench.report.vocabulary import MOMENTS

SHOWN = ("start", "end")
"""Drawn thin and thick."""
TOP, BOTTOM, RIGHT = 0.26, 0.4, 0.1  # inches
TALLEST = 6.0  # inches: the section's first words stand on the same page


def gradient_profiles(matrix: Matrix, say: Names, alt: str) -> Picture | None:
    """Rows: families, the baseline grey in each. Columns: tasks. None if no gradient is stored."""
    flow = matrix.flow
    cells = [Cell(task, lag) for task in matrix.tasks if (lag := flow.lag(task)) is not None]
    drawn = {name for cell in cells for name in _with_curves(matrix, cell)}
    families = by_family([t for t in matrix.techniques if t.name in drawn])
    if not families:
        return None
    heights = row_heights(families, TALLEST)
    height = sum(heights) + GAP * len(heights) + TOP + BOTTOM
    with house_style():
        figure = Figure(figsize=(WIDTH, height))
        grid = figure.subplots(
            len(families),
            len(cells),
            squeeze=False,
            height_ratios=heights,
            gridspec_kw={
                "left": LEFT / WIDTH,
                "right": 1 - RIGHT / WIDTH,
                "top": 1 - TOP / height,
                "bottom": BOTTOM / height,
                "hspace": 0.16,
                "wspace": 0.24,
            },
        )
        shown = {cell: _shown(matrix, cell) for cell in cells}
        bottom = list(families)[-1]
        for row, (family, members), inches in zip(grid, families.items(), heights, strict=True):
            looks = looks_of(members)
            name_row(row[0], say, family, members, looks, inches)
            for axes, cell in zip(row, cells, strict=True):
                dress(axes, say, shown[cell], bottom=family == bottom)
                for name, look in looks.items():
                    _pair(axes, say, matrix, SettingKey(name, *cell), look)
                axes.tick_params(labelsize=6.5)
        for axes, cell in zip(grid[0], cells, strict=True):
            axes.set_title(say.cell(*cell), fontsize=8, loc="left", pad=5)
        figure.text(
            (LEFT + WIDTH - RIGHT) / 2 / WIDTH, 0.04 / height, say.words("steps back in time"),
            ha="center", va="bottom", color=MUTED, fontsize=7,
        )  # fmt: skip
        return picture(figure, alt)


def _with_curves(matrix: Matrix, cell: Cell) -> list[str]:
    return [t.name for t in matrix.techniques if matrix.flow.output(SettingKey(t.name, *cell))]


def _curve(matrix: Matrix, key: SettingKey, moment: str) -> Profile | None:
    """The profile of what a technique puts out, or of the inputs of what has no states."""
    output = matrix.flow.output(key)
    return matrix.flow.curve(key, moment, output) if output else None


def _shown(matrix: Matrix, cell: Cell) -> list[Profile]:
    """Return the curves that a column's axes cover: those of techniques as they are, if there are any.

    With a dial turned to an extreme, gradients leave the axes: they would make all others look level.
    """
    names = _with_curves(matrix, cell)
    names = [name for name in names if ":" not in name] or names
    curves = [_curve(matrix, SettingKey(name, *cell), moment) for name in names for moment in SHOWN]
    return [curve for curve in curves if curve is not None]


def _pair(axes: Axes, say: Names, matrix: Matrix, key: SettingKey, look: tuple[str, Any]) -> None:
    """One technique before and after training; where there is no training, alone."""
    looks = {"start": (0.6, 0.7), "end": (1.4, 1.0)} if matrix.trained else {"start": (1.2, 1.0)}
    for moment, (width, alpha) in looks.items():
        profile = _curve(matrix, key, moment)
        if profile is not None:
            plot(axes, Curve(key.technique, *look, profile), width, alpha)
            when = say.words.rules.between_items.join([say.technique(key.technique), say.words(MOMENTS[moment])])
            mark_curve(axes, say, when, profile)
