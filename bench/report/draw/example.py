"""An example sequence of a task with its answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.languages import Language
from bench.portraits import TaskPortrait
from bench.report.draw.canvas import segments
from bench.report.draw.shapes import boxes, in_inches
from bench.report.draw.style import INK, LINES, MUTED, RULE, WIDTH, house_style

T = TypeVar("T")

LEFT, RIGHT, FOOT = 0.62, 0.62, 0.2  # inches: names of rows, an answer behind the last step, steps below
CELL, LANE, PLOT, GAP = 0.24, 0.36, 0.95, 0.08  # inches: heights
READABLE = 40
"""Most steps that are drawn one by one."""
FEATURES = 3
"""Most features that have a lane each; more of them are drawn as an image."""
SHADES = 6
ANSWER, TINT, SHADE = LINES[2], "#cfe8df", "#eef5f2"
SMALL, TINY = 6.5, 5.5


def example_drawing(portrait: TaskPortrait, words: Language, finish: Callable[[Figure], T]) -> T:
    """Draw an example and hand the figure to `finish`."""
    draw, height = _kind(portrait)
    with house_style():
        figure = Figure(figsize=(WIDTH, height + FOOT + 0.1))
        axes = in_inches(figure, LEFT, 0.05, WIDTH - LEFT - RIGHT, height + FOOT)
        draw(axes, portrait, words)
        return finish(figure)


def _kind(portrait: TaskPortrait) -> tuple[Callable[[Axes, TaskPortrait, Language], None], float]:
    """The way to draw an example, and the height that it takes above the steps' numbers."""
    if portrait.symbols:
        return _symbols, 2 * CELL + GAP
    if portrait.side:
        return _image, PLOT
    if len(portrait.inputs) > FEATURES:
        return _raster, PLOT
    if portrait.steps > READABLE:
        return _series, PLOT
    return _lanes, len(portrait.inputs) * (LANE + GAP) + (CELL if len(portrait.answers) > 1 else 0)


def _width(axes: Axes) -> float:
    return float(axes.get_xlim()[1])


def _column(axes: Axes, portrait: TaskPortrait) -> float:
    """The width of a step in inches."""
    return min(_width(axes) / portrait.steps, 0.3)


def _name(axes: Axes, y: float, text: str, colour: str = MUTED) -> None:
    axes.text(-0.08, y, text, fontsize=SMALL, color=colour, ha="right", va="center")


def _numbered(axes: Axes, portrait: TaskPortrait, width: float, words: Language, left: float = 0.0) -> None:
    """The first and the last step's numbers, below the steps."""
    y = FOOT / 2 - 0.03
    for step in (1, portrait.steps):
        axes.text(left + (step - 0.5) * width, y, str(step), fontsize=TINY, color=MUTED, ha="center", va="center")
    middle = left + portrait.steps * width / 2
    axes.text(middle, y, words("step"), fontsize=TINY, color=MUTED, ha="center", va="center")


def _behind(axes: Axes, x: float, y: float, portrait: TaskPortrait, words: Language) -> None:
    """The one answer, behind the last step."""
    axes.text(x + 0.05, y, "→", fontsize=8, color=ANSWER, va="center")
    axes.text(x + 0.2, y, spelt(portrait.last_answer), fontsize=8.5, color=ANSWER, va="center", fontweight="bold")
    axes.text(x + 0.2, y - 0.14, words("answer"), fontsize=TINY, color=MUTED, va="center")


def spelt(answer: str | float | None) -> str:
    """An answer as text: a class, or a number with two digits after the point."""
    return answer if isinstance(answer, str) else "" if answer is None else f"{answer:.2f}".replace("-", "−")


# Symbols, a step each


def _symbols(axes: Axes, portrait: TaskPortrait, words: Language) -> None:
    width = _column(axes, portrait)
    top, low = FOOT + CELL + GAP, FOOT
    own = _asked(portrait)
    pad = 0.015
    for wanted, colour in ((True, TINT), (False, "#f2f3f5")):
        places = [
            (step * width + pad, top + pad, width - 2 * pad, CELL - 2 * pad)
            for step, symbol in enumerate(portrait.symbols)
            if (symbol in own) is wanted and symbol != "·"
        ]
        boxes(axes, places, 0.03, facecolor=colour)
    size = min(8.0, 72 * width / max(1.0, 0.62 * max(map(len, portrait.symbols))))
    for step, symbol in enumerate(portrait.symbols):
        colour = INK if symbol in own or not own else MUTED
        axes.text((step + 0.5) * width, top + CELL / 2, symbol, fontsize=size, color=colour, ha="center", va="center")
    _name(axes, top + CELL / 2, words("input"))
    _answers(axes, portrait, width, low, words)
    _numbered(axes, portrait, width, words)


def _asked(portrait: TaskPortrait) -> set[str]:
    """The symbols that answers consist of; none unless all of them had been read when they were asked for."""
    own: set[str] = set()
    for step, answer in enumerate(portrait.answers, start=portrait.first_scored):
        if isinstance(answer, str):
            read = portrait.symbols[: step + 1]
            parts = {symbol for symbol in read if symbol in answer}
            if set(answer) - set("".join(parts)) or (answer not in parts and len(portrait.answers) > 1):
                return set()
            own |= parts
    return own


def _answers(axes: Axes, portrait: TaskPortrait, width: float, low: float, words: Language) -> None:
    """The answers, each below its step; where no answer counts, nothing."""
    placed = [(portrait.first_scored + i, answer) for i, answer in enumerate(portrait.answers) if answer is not None]
    longest = max(len(spelt(answer)) for _, answer in placed)
    size = min(8.0, max(72 * width / (0.62 * longest), 8.0 if len(placed) == 1 else 4.0))
    wide = max(width, 0.011 * size * longest + 0.05) if len(placed) == 1 else width
    places = [((step + 0.5) * width - wide / 2 + 0.015, low + 0.015, wide - 0.03, CELL - 0.03) for step, _ in placed]
    boxes(axes, places, 0.03, facecolor="none", edgecolor=ANSWER, linewidth=0.8)
    for step, answer in placed:
        look: dict[str, Any] = {"fontsize": size, "color": ANSWER, "ha": "center", "va": "center", "fontweight": "bold"}
        axes.text((step + 0.5) * width, low + CELL / 2, spelt(answer), **look)
    _name(axes, low + CELL / 2, words("answer"), ANSWER)


# Numbers


def _lanes(axes: Axes, portrait: TaskPortrait, words: Language) -> None:
    """A lane a feature: bars, or marks where it is 0 or 1; steps that are marked are shaded."""
    width = _column(axes, portrait)
    bottom = FOOT + (CELL if len(portrait.answers) > 1 else 0)
    top = bottom + len(portrait.inputs) * (LANE + GAP)
    for number, values in enumerate(portrait.inputs):
        low = top - (number + 1) * (LANE + GAP) + GAP / 2
        if set(values) <= {0.0, 1.0}:
            marked = [step for step, value in enumerate(values) if value]
            boxes(axes, [(s * width, bottom, width, top - bottom) for s in marked], 0.03, facecolor=SHADE, zorder=0)
            boxes(axes, [((s + 0.5) * width - 0.05, low + LANE / 2 - 0.05, 0.1, 0.1) for s in marked], 0.02,
                  facecolor=ANSWER)  # fmt: skip
        else:
            _bars(axes, values, width, low)
        segments(axes, [(0, low, portrait.steps * width, low)], color=RULE, linewidth=0.6, zorder=0)
        _name(axes, low + LANE / 2, words("input {number}", number=number + 1))
    if len(portrait.answers) > 1:
        _answers(axes, portrait, width, FOOT, words)
    else:
        _behind(axes, portrait.steps * width, (top + bottom) / 2 + 0.05, portrait, words)
    _numbered(axes, portrait, width, words)


def _bars(axes: Axes, values: Sequence[float], width: float, low: float) -> None:
    """Bars from the least to the largest value, each with its number."""
    room, least = LANE - 0.11, min(0.0, *values)
    scale = room / ((max(values) - least) or 1.0)
    places = [((s + 0.25) * width, low, width / 2, max(0.005, scale * (v - least))) for s, v in enumerate(values)]
    boxes(axes, places, facecolor="#b8c4d0")
    for (left, bottom, wide, height), value in zip(places, values, strict=True):
        text = f"{value:.2f}".lstrip("0").replace("-", "−") or "0"
        axes.text(left + wide / 2, bottom + height + 0.05, text, fontsize=5, color=INK, ha="center", va="center")


def _series(axes: Axes, portrait: TaskPortrait, words: Language) -> None:
    """Lines: what is read, and from the first scored step on the answer."""
    width = _column(axes, portrait)
    own = np.array(portrait.inputs)
    asked = np.array([np.nan if not isinstance(a, float) else a for a in portrait.answers])
    low, high = min(own.min(), np.nanmin(asked)), max(own.max(), np.nanmax(asked))
    scale = (PLOT - 0.06) / (high - low or 1.0)
    start = portrait.first_scored
    boxes(axes, [(start * width, FOOT, (portrait.steps - start) * width, PLOT)], facecolor=SHADE, zorder=0)
    steps = (np.arange(portrait.steps) + 0.5) * width
    for values in own:
        axes.plot(steps, FOOT + 0.03 + scale * (values - low), color=MUTED, linewidth=0.9, clip_on=False)
    axes.plot(steps[start:], FOOT + 0.03 + scale * (asked - low), color=ANSWER, linewidth=1.2, clip_on=False)
    _name(axes, FOOT + 0.62 * PLOT, words("input"))
    _name(axes, FOOT + 0.38 * PLOT, words("answer"), ANSWER)
    _numbered(axes, portrait, width, words)


# Images


def _image(axes: Axes, portrait: TaskPortrait, words: Language) -> None:
    """The steps as a line and, folded, as the image that they are."""
    side, values = portrait.side, np.array(portrait.inputs[0])
    pixel = PLOT / side
    _tiles(axes, values[: side * side].reshape(side, side), 0.0, FOOT, pixel, pixel)
    boxes(axes, [(0, FOOT, PLOT, PLOT)], facecolor="none", edgecolor=RULE, linewidth=0.6)
    left = PLOT + 0.35
    width = (_width(axes) - left) / portrait.steps
    steps = left + (np.arange(portrait.steps) + 0.5) * width
    height = 0.55 * PLOT
    axes.plot(steps, FOOT + height * values / (values.max() or 1.0), color=MUTED, linewidth=0.7, clip_on=False)
    segments(axes, [(left, FOOT, left + width * portrait.steps, FOOT)], color=RULE, linewidth=0.6, zorder=0)
    look: dict[str, Any] = {"fontsize": SMALL, "color": MUTED, "va": "center"}
    axes.text(left, FOOT + height + 0.12, words("the same, a pixel a step"), **look)
    _behind(axes, _width(axes), FOOT + PLOT / 2, portrait, words)
    _name(axes, FOOT + PLOT / 2, words("input"))
    _numbered(axes, portrait, width, words, left)


def _raster(axes: Axes, portrait: TaskPortrait, words: Language) -> None:
    """Tiles: features upwards, steps to the right."""
    values = np.array(portrait.inputs)
    width = min(_width(axes) / portrait.steps, 0.2)
    _tiles(axes, values, 0.0, FOOT, width, PLOT / len(values))
    boxes(axes, [(0, FOOT, width * portrait.steps, PLOT)], facecolor="none", edgecolor=RULE, linewidth=0.6)
    _behind(axes, portrait.steps * width, FOOT + PLOT / 2, portrait, words)
    _name(axes, FOOT + PLOT / 2, words("input"))
    _numbered(axes, portrait, width, words)


def _tiles(axes: Axes, values: np.ndarray, left: float, bottom: float, width: float, height: float) -> None:
    """A matrix of numbers from 0 on in shades of grey, its first row at the top: a path a shade."""
    shades = np.rint(SHADES * np.clip(values / (values.max() or 1.0), 0, 1)).astype(int)
    rows = len(values)
    for shade in range(1, SHADES + 1):
        places = [
            (left + column * width, bottom + (rows - 1 - row) * height, width, height)
            for row, column in np.argwhere(shades == shade)
        ]
        boxes(axes, places, facecolor=f"{1 - 0.85 * shade / SHADES:.3f}")
