"""Gives a figure's marks their words: each place of a value has a text for readers who point at it."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.figure import Figure

from bench.languages import Language

Value = tuple[int, int, str] | tuple[int, int, str, str]
"""Thousandths of a picture's width from the left and of its height from the top; what is there; the id of the place in
the page that it leads to, if any."""
MOST = 12
"""Most values of a curve that can be pointed at."""


class Mark(Artist):
    """A place in axes, in data coordinates, that has a text; nothing is drawn."""

    def __init__(self, x: float, y: float, text: str, to: str) -> None:
        super().__init__()
        self.x, self.y, self.text, self.to = x, y, text, to

    def draw(self, renderer: RendererBase) -> None:
        """Draw nothing."""


def mark(axes: Axes, x: float, y: float, text: str, to: str = "") -> None:
    """Say at (x, y), in data coordinates, what is there, and to which id in the page it leads."""
    axes.add_artist(Mark(x, y, text, to))


def told(words: Language, of: Sequence[str], value: str, low: str = "", high: str = "") -> str:
    """'LSTM, adding 50: 0.3 (0.1 to 0.5)'."""
    if low:
        value = words("{effect} ({interval})", effect=value, interval=words("{low} to {high}", low=low, high=high))
    return words.rules.between_items.join(of) + words.rules.colon + value


def thinned(points: int) -> list[int]:
    """The places of at most MOST of a curve's points, evenly spread, its ends among them."""
    step = max(1, -(-(points - 1) // (MOST - 1)))
    return sorted({*range(0, points, step), points - 1})


def values(figure: Figure) -> tuple[Value, ...]:
    """Every mark of a finished figure that lies within it, from the top left to the bottom right."""
    width, height = figure.get_size_inches() * figure.dpi
    found: set[Value] = set()
    for axes in figure.axes:
        for said in (artist for artist in axes.artists if isinstance(artist, Mark)):
            left, up = axes.transData.transform((said.x, said.y))
            x, y = left / width, 1 - up / height
            if 0 <= x <= 1 and 0 <= y <= 1:
                place = round(1000 * x), round(1000 * y)
                found.add((*place, said.text, said.to) if said.to else (*place, said.text))
    return tuple(sorted(found, key=lambda value: (value[1], value[0], value[2:])))
