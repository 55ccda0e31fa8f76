"""The gradient over training: its norm by steps back in time and by updates, a strip a technique and task."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from bench.records.cell import Cell, SettingKey
from bench.report.draw.marks import mark, told
from bench.report.draw.style import INK, MUTED, WIDTH, Picture, house_style, picture
from bench.report.matrix import Matrix
from bench.report.names import Names

LEFT, RIGHT, TOP, BOTTOM = 1.75, 0.1, 0.3, 0.75  # inches
STRIP, GAP = 0.3, 0.06  # inches: a strip, and between two
LEAST = -6.0
"""Powers of ten below the norm at the last step that are still told apart."""
COLOURS = "cividis"


def over_training(matrix: Matrix, say: Names, alt: str) -> Picture | None:
    """Draw a row a technique, a column a task; None if no gradient was probed in training."""
    cells = [Cell(task, lag) for task in matrix.tasks if (lag := matrix.flow.lag(task)) is not None]
    keys = {t.name: [SettingKey(t.name, *cell) for cell in cells] for t in matrix.techniques}
    strips = {name: [_strip(matrix, key) for key in own] for name, own in keys.items()}
    strips = {name: own for name, own in strips.items() if any(strip is not None for strip in own)}
    if not strips:
        return None
    height = TOP + BOTTOM + len(strips) * (STRIP + GAP)
    with house_style():
        figure = Figure(figsize=(WIDTH, height))
        grid = figure.subplots(
            len(strips), len(cells), squeeze=False,
            gridspec_kw={"left": LEFT / WIDTH, "right": 1 - RIGHT / WIDTH, "top": 1 - TOP / height,
                         "bottom": BOTTOM / height, "hspace": GAP / STRIP, "wspace": 0.05},
        )  # fmt: skip
        for place, (row, (name, own)) in enumerate(zip(grid, strips.items(), strict=True), start=1):
            row[0].set_ylabel(say.technique(name), rotation=0, ha="right", va="center", fontsize=7, color=INK)
            for axes, strip, cell in zip(row, own, cells, strict=True):
                _draw(axes, say, strip, [say.technique(name), say.cell(*cell)], bottom=place == len(strips))
        for axes, cell in zip(grid[0], cells, strict=True):
            axes.set_title(say.cell(*cell), fontsize=8, loc="left", pad=4)
        _scale(figure, say, height)
        return picture(figure, alt)


@dataclass(frozen=True)
class Strip:
    """The gradient of a setting over training."""

    updates: list[float]
    """The updates after which it was measured, a row each; infinite at the end."""
    norms: NDArray[np.float64]
    """Decimal logarithms of the norm over that at the last step, rows × steps back; not a number where it is 0."""


def _strip(matrix: Matrix, key: SettingKey) -> Strip | None:
    """Return the strip of what a technique puts out; None unless it was measured in training."""
    output = matrix.flow.output(key)
    profiles = matrix.flow.over_training.get((key, output or ""), {})
    kept = {update: profile for update, profile in profiles.items() if profile.lags_back[0] == 0}
    if len(kept) < 2:
        return None
    longest = max(int(profile.lags_back.max()) for profile in kept.values())
    norms = np.full((len(kept), longest + 1), math.nan)
    for row, profile in zip(norms, kept.values(), strict=True):
        row[profile.lags_back] = profile.log10_norms - profile.log10_norms[0]
    return Strip(list(kept), norms)


def _draw(axes: Axes, say: Names, strip: Strip | None, of: list[str], *, bottom: bool) -> None:
    axes.set_yticks([])
    axes.tick_params(length=0, labelsize=6.5, pad=2)
    for spine in axes.spines.values():
        spine.set_visible(False)
    if strip is None:
        axes.set_xticks([])
        return
    rows, steps = strip.norms.shape
    extent = (-0.5, steps - 0.5, rows, 0)
    axes.imshow(strip.norms, cmap=COLOURS, vmin=LEAST, vmax=0, aspect="auto", interpolation="nearest", extent=extent)
    for place, (update, row) in enumerate(zip(strip.updates, strip.norms, strict=True)):
        last = int(np.flatnonzero(np.isfinite(row))[-1])
        when = (
            say.words("after {updates} updates", updates=say.numbers.count(update))
            if math.isfinite(update)
            else say.words("at the end of training")
        )
        left, back = say.numbers.power_of_ten(float(row[last])), say.numbers.count(last)
        says = say.words("{left} of the norm, {steps} steps back", left=left, steps=back)
        mark(axes, last, place + 0.5, told(say.words, [*of, when], says))
    if not bottom:
        axes.set_xticklabels([])


def _scale(figure: Figure, say: Names, height: float) -> None:
    """Draw the colours' scale, and name the horizontal axis."""
    axes = figure.add_axes((LEFT / WIDTH, 0.2 / height, 0.3, 0.09 / height))
    axes.imshow(np.linspace(LEAST, 0, 64)[None], cmap=COLOURS, aspect="auto", extent=(LEAST, 0, 0, 1))
    powers = [LEAST, LEAST / 2, 0]
    axes.set_xticks(powers, [say.numbers.power_of_ten(power) for power in powers], fontsize=6.5)
    axes.set_yticks([])
    axes.tick_params(length=0, pad=1)
    for spine in axes.spines.values():
        spine.set_visible(False)
    middle = (LEFT + WIDTH - RIGHT) / 2 / WIDTH
    figure.text(middle, 0.42 / height, say.words("steps back in time"), ha="center", color=MUTED, fontsize=7)
    figure.text(LEFT / WIDTH + 0.31, 0.2 / height, say.words("of the norm at the last step"), color=MUTED, fontsize=7)
