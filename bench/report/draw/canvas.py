"""A figure laid out in inches from its upper left corner, and what all its axes look like."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator

from bench.report.draw.style import MUTED, WIDTH

GRID = "#eceef1"
SHORT = 1e-7
NAMES, LONGEST = 1.2, 1.9  # inches: that names beside axes are given at least, and at most


class Box(NamedTuple):
    """A place in a figure: inches from its left and upper edge."""

    left: float
    top: float
    width: float
    height: float


def axes_at(figure: Figure, box: Box, y_axis: bool = True) -> Axes:
    """Axes that fill a box; the labels of their ticks lie outside it."""
    height = figure.get_figheight()
    axes = figure.add_axes(
        (box.left / WIDTH, 1 - (box.top + box.height) / height, box.width / WIDTH, box.height / height)
    )
    axes.set_autoscale_on(False)
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_minor_locator(NullLocator())
    axes.tick_params(labelsize=6.5, pad=2)
    if not y_axis:
        axes.spines["left"].set_visible(False)
        axes.set_yticks([])
    return axes


def segments(axes: Axes, ends: Iterable[tuple[float, float, float, float]], **look: Any) -> None:
    """Lines (x, y) to (x, y) as one path: every element of a drawing costs time when a page is made."""
    table = np.array([(*end, np.nan, np.nan) for end in ends], dtype=float).reshape(-1, 2)
    if len(table):
        axes.plot(*table.T, **{"clip_on": False, **look})


def dots(axes: Axes, places: Iterable[tuple[float, float]], size: float, colour: Any, **look: Any) -> None:
    """Dots of one size (points) as one path: lines with round ends, so short that SVG rounds them to no length.

    Of no length at all, a PNG would lack them.
    """
    segments(
        axes,
        ((x, y, x, y + SHORT * (abs(y) or 1)) for x, y in places),
        color=colour,
        linewidth=size,
        solid_capstyle="round",
        snap=False,
        **look,
    )


def note(
    figure: Figure, left: float, top: float, text: str, size: float = 6.5, colour: Any = MUTED, **look: Any
) -> None:
    """A line of text; its middle is `top` inches from the upper edge."""
    figure.text(left / WIDTH, 1 - top / figure.get_figheight(), text, fontsize=size, color=colour, va="center", **look)


def sample(figure: Figure, left: float, top: float, length: float = 0.16, **look: Any) -> None:
    """A short piece of a line, as it stands before the name of what the line shows."""
    x, y = left / WIDTH, 1 - top / figure.get_figheight()
    figure.add_artist(Line2D([x, x + length / WIDTH], [y, y], **look))


def spread(places: list[float], apart: float, height: float) -> list[float]:
    """Places moved as little as may be so that they rise by `apart` at least, within the height where that can be."""
    moved: list[float] = []
    for place in places:
        moved.append(max(place, moved[-1] + apart) if moved else place)
    over = moved[-1] - height if moved else 0
    if over > 0:
        moved[-1] = height
        for i in range(len(moved) - 2, -1, -1):
            moved[i] = min(moved[i], moved[i + 1] - apart)
    return moved


def width_of(text: str, size: float = 6.3) -> float:
    """About how many inches a name takes in letters of so many points."""
    return size * sum(0.014 if ord(letter) > 0x2E80 else 0.0068 for letter in text)


def names_width(names: Iterable[str]) -> float:
    """The inches that names are given: as many as the longest takes, within limits."""
    return min(max([NAMES, *(width_of(name) + 0.2 for name in names)]), LONGEST)


def cut(name: str, width: float) -> str:
    """The name, or as much of it as so many inches hold; marks and lists of values have it whole."""
    if width_of(name) <= width - 0.1:
        return name
    kept = next(length for length in range(len(name), -1, -1) if width_of(name[:length] + "…") <= width - 0.1)
    return name[:kept].rstrip() + "…"
