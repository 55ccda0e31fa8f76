"""Many shapes of one look as one path each, which keeps a drawing small."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from bench.report.draw.canvas import dots
from bench.report.draw.style import PAPER, as_svg

Ends = tuple[float, float, float, float]
"""x and y of a line's start, and of its end."""
KAPPA = 0.5523
"""The control points of a quarter of a circle."""
PNG_DPI = 200


def boxes(axes: Axes, places: Iterable[Ends], corner: float = 0.0, **look: Any) -> None:
    """Rectangles (left, bottom, width, height) with round corners."""
    paths = [_box(*place, corner) for place in places]
    if paths:
        axes.add_patch(PathPatch(Path.make_compound_path(*paths), **{"linewidth": 0, "clip_on": False, **look}))


def _box(left: float, bottom: float, width: float, height: float, corner: float) -> Path:
    right, top = left + width, bottom + height
    if not corner:
        ends = [(left, bottom), (right, bottom), (right, top), (left, top), (left, bottom)]
        return Path(ends, [Path.MOVETO, *[Path.LINETO] * 3, Path.CLOSEPOLY])
    turns = [
        (right, bottom, 1, 0, 0, 1),
        (right, top, 0, 1, -1, 0),
        (left, top, -1, 0, 0, -1),
        (left, bottom, 0, -1, 1, 0),
    ]
    points, codes = [(left + corner, bottom)], [Path.MOVETO]
    for x, y, from_x, from_y, to_x, to_y in turns:
        start, end = (x - corner * from_x, y - corner * from_y), (x + corner * to_x, y + corner * to_y)
        bends = [
            (start[0] + KAPPA * corner * from_x, start[1] + KAPPA * corner * from_y),
            (end[0] - KAPPA * corner * to_x, end[1] - KAPPA * corner * to_y),
        ]
        points += [start, *bends, end]
        codes += [Path.LINETO, *[Path.CURVE4] * 3]
    return Path([*points, points[0]], [*codes, Path.CLOSEPOLY])


def rings(
    axes: Axes, places: Iterable[tuple[float, float]], radius: float, colour: str, line: float, zorder: float
) -> None:
    """Circles around (x, y) with a white middle: two dots each; the radius in inches, the line in points."""
    places = list(places)
    dots(axes, places, 144 * radius + line, colour, zorder=zorder)
    dots(axes, places, 144 * radius - line, PAPER, zorder=zorder)


def heads(axes: Axes, lines: Iterable[Ends], size: float, **look: Any) -> None:
    """Triangles at the ends of lines, as of arrows; axes are in inches."""
    paths = []
    for x0, y0, x1, y1 in lines:
        length = float(np.hypot(x1 - x0, y1 - y0)) or 1.0
        along = np.array([x1 - x0, y1 - y0]) / length
        across = np.array([-along[1], along[0]])
        tip, base = np.array([x1, y1]), np.array([x1, y1]) - size * along
        ends = [tip, base + 0.45 * size * across, base - 0.45 * size * across, tip]
        paths.append(Path(ends, [Path.MOVETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY]))
    if paths:
        axes.add_patch(PathPatch(Path.make_compound_path(*paths), **{"linewidth": 0, "clip_on": False, **look}))


def in_inches(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Bare axes whose coordinates are inches from their lower left corner."""
    across, down = figure.get_size_inches()
    axes = figure.add_axes((left / across, 1 - (top + height) / down, width / across, height / down))
    axes.set(xlim=(0, width), ylim=(0, height))
    axes.set_axis_off()
    return axes


def as_file(figure: Figure, suffix: str) -> bytes:
    """A finished figure as the contents of an svg, a png or a pdf file, without the time at which it was made."""
    if suffix == "svg":
        return as_svg(figure).encode()
    buffer = io.BytesIO()
    metadata = {"CreationDate": None} if suffix == "pdf" else {"Software": None}
    figure.savefig(buffer, format=suffix, dpi=PNG_DPI, metadata=metadata, facecolor=PAPER)
    return buffer.getvalue()


FORMATS = ("svg", "png", "pdf")
