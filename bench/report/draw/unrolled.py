"""A technique's network, unrolled in time, with the gradient's way back through it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple, TypeVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.languages import Language
from bench.portraits import Layer, TechniquePortrait
from bench.portraits.notes import notes
from bench.report.draw.canvas import GRID, Box, axes_at, note, segments
from bench.report.draw.shapes import Ends, boxes, heads, in_inches, rings
from bench.report.draw.style import BASELINE_LINE, DASHES, INK, LINES, MUTED, PAPER, RULE, WIDTH, house_style
from bench.report.numbers import Numbers

T = TypeVar("T")

BACK = LINES[1]
"""The gradient's colour."""
CELL, WIRE = "#f1f3f5", "#aab1bb"
ROW, HEAD, FOOT, LEGEND = 0.36, 0.32, 0.13, 0.24  # inches: a row of nodes, a title, steps' names, the key
GAP = 0.1  # inches: between drawings, and between layers
RADIUS, THICK, MOST = 0.085, 6.0, 1.3  # inches; points of the whole gradient; the largest share that is drawn
TOLD = 10
"""Steps back of which words tell the share."""
FLOOR = -6
"""Decimal logarithm of the smallest share that a curve shows."""


class Drawn(NamedTuple):
    """A portrait with its title."""

    portrait: TechniquePortrait
    title: str


def unrolled_drawing(
    drawn: Sequence[Drawn],
    baseline: TechniquePortrait | None,
    words: Language,
    finish: Callable[[Figure], T],
    columns: int = 1,
) -> T:
    """Draw techniques, one beside another in `columns`, and hand the figure to `finish`.

    baseline: the one whose curve stands grey behind each technique's own.
    """
    rows = [drawn[start : start + columns] for start in range(0, len(drawn), columns)]
    heights = [max(height(one.portrait) for one in row) for row in rows]
    with house_style():
        figure = Figure(figsize=(WIDTH, sum(heights) + GAP * len(rows) + LEGEND))
        top, width = 0.0, (WIDTH - GAP * (columns - 1)) / columns
        for row, tall in zip(rows, heights, strict=True):
            for column, one in enumerate(row):
                _one(figure, Box(column * (width + GAP), top, width, tall), one, baseline, words)
            top += tall + GAP
        _legend(figure, top, words)
        return finish(figure)


def height(portrait: TechniquePortrait) -> float:
    """The inches that a drawing takes."""
    return HEAD + _rows(portrait) * ROW + (len(portrait.layers) - 1) * GAP + FOOT


def _rows(portrait: TechniquePortrait) -> int:
    return 1 + sum(max(1, len(layer.lanes)) for layer in portrait.layers)


def _one(figure: Figure, box: Box, drawn: Drawn, baseline: TechniquePortrait | None, words: Language) -> None:
    note(figure, box.left, box.top + 0.08, drawn.title, size=7.5, colour=INK, fontweight="bold")
    said = words.rules.between_clauses.join(map(words, notes(drawn.portrait)))
    note(figure, box.left, box.top + 0.2, said, size=5.5)
    graph = 0.69 * box.width
    inner = height(drawn.portrait) - HEAD
    axes = in_inches(figure, box.left, box.top + HEAD, graph, inner)
    _Graph(axes, drawn.portrait, graph, inner, words).draw()
    curve = Box(box.left + graph + 0.38, box.top + HEAD + 0.03, box.width - graph - 0.48, min(inner - 0.3, 1.1))
    _curve(figure, curve, drawn.portrait, baseline, words)


class _Graph:
    """The unrolled network in axes that are inches."""

    def __init__(self, axes: Axes, portrait: TechniquePortrait, width: float, height: float, words: Language) -> None:
        self.axes, self.portrait, self.words = axes, portrait, words
        self.numbers = Numbers(words)
        self.steps = len(portrait.shown)
        self.apart = (width - 0.75) / (self.steps - 1)
        self.places = self._places(height)
        self.wires: list[Ends] = []
        self.bands: list[tuple[Ends, float]] = []
        self.squares: list[tuple[float, float]] = []
        self.rings: list[tuple[float, float]] = []

    def x(self, place: int) -> float:
        """The column of a shown step: the last is on the right."""
        return 0.25 + (self.steps - 1 - place) * self.apart

    def _places(self, height: float) -> list[dict[str, float]]:
        """The height of each state of each layer, and of what the lowest layer reads, in front."""
        found: list[dict[str, float]] = [{"x": FOOT + ROW / 2}]
        y = FOOT + ROW
        for layer in self.portrait.layers:
            states = [lane.state for lane in layer.lanes][::-1] or [""]
            found.append({state: y + (number + 0.5) * ROW for number, state in enumerate(states)})
            y += len(states) * ROW + GAP
        return found

    def draw(self) -> None:
        """Draw cells, wires with the gradient on them, and nodes, from the back to the front."""
        for number, layer in enumerate(self.portrait.layers):
            self._cells(self.places[number + 1], bool(layer.lanes))
            self._within(layer, self.places[number + 1])
            self._between(number)
        self._loss()
        self._lines()
        self._nodes()
        self._feet()

    def _cells(self, rows: dict[str, float], stepping: bool) -> None:
        """A box a step around a layer's states; around a layer without steps one box."""
        low, tall = min(rows.values()) - 0.42 * ROW, (len(rows) - 1) * ROW + 0.84 * ROW
        wide = 0.27
        if stepping:
            places = [(self.x(place) - wide / 2, low, wide, tall) for place in range(self.steps)]
        else:
            left = self.x(self.steps - 1) - wide / 2
            places = [(left, low, self.x(0) + wide / 2 - left, tall)]
            look: dict[str, Any] = {"fontsize": 5.5, "color": MUTED, "va": "center", "zorder": 3}
            self.axes.text(left + 0.06, low + tall - 0.09, self.words("sees all steps at once"), **look)
        boxes(self.axes, places, 0.06, facecolor=CELL, edgecolor=RULE, linewidth=0.5, zorder=0)

    def _within(self, layer: Layer, rows: dict[str, float]) -> None:
        """Wires from state to state, and from what a layer without steps reads to its last output."""
        for wire in layer.wires:
            for place, share in enumerate(wire.shares):
                start = place + wire.back
                if wire.back and (start >= self.steps or self._far(place)):
                    continue
                ends = (self.x(start), rows[wire.start], self.x(place), rows[wire.end])
                self._wire(ends, share)
                middle = (0.5 * (ends[0] + ends[2]), 0.5 * (ends[1] + ends[3]))
                if wire.how in ("matrix", "mixed"):
                    self.squares.append((middle[0] + (0.055 if wire.how == "mixed" else 0), middle[1]))
                if wire.how in ("elementwise", "mixed"):
                    self.rings.append((middle[0] - (0.055 if wire.how == "mixed" else 0), middle[1]))
        if not layer.lanes:
            (y,) = rows.values()
            for place, share in enumerate(layer.inputs):
                self._wire((self.x(place), y - 0.42 * ROW, self.x(0), y), share)

    def _between(self, number: int) -> None:
        """Wires from what a layer reads up to it, at each step, and beside a layer that passes that on."""
        layer, rows, below = self.portrait.layers[number], self.places[number + 1], self.places[number]
        top, low = max(below.values()), min(rows.values())
        for place, share in enumerate(layer.inputs):
            self._wire((self.x(place), top, self.x(place), low if layer.lanes else low - 0.42 * ROW), share)
            if layer.skip:
                aside = self.x(place) + 0.13
                up = max(rows.values())
                above = self._above(number, place)
                self.wires.append((aside, top, aside, up))
                self.bands.append(((aside, top, aside, up), above))

    def _above(self, number: int, place: int) -> float:
        """The share of the gradient that arrives at a layer's output."""
        layers = self.portrait.layers
        if number + 1 < len(layers):
            return layers[number + 1].inputs[place]
        return 1.0 if place == 0 else 0.0

    def _loss(self) -> None:
        y = max(self.places[-1].values())
        self.loss = (self.x(0) + 0.36, y)
        self._wire((self.x(0), y, self.loss[0] - 0.02, y), 1.0)

    def _wire(self, ends: Ends, share: float) -> None:
        """A wire that ends at the edge of a node, and the gradient on it."""
        x0, y0, x1, y1 = ends
        length = float(np.hypot(x1 - x0, y1 - y0))
        keep = 1 - RADIUS / length if length > 2 * RADIUS else 1.0
        self.wires.append((x0, y0, x0 + keep * (x1 - x0), y0 + keep * (y1 - y0)))
        self.bands.append((ends, share))

    def _lines(self) -> None:
        by_width: dict[float, list[Ends]] = {}
        for ends, share in self.bands:
            if share > 0:
                by_width.setdefault(round(max(0.35, THICK * min(share, MOST)), 1), []).append(ends)
        for width, lines in by_width.items():
            segments(self.axes, lines, color=BACK, alpha=0.5, linewidth=width, solid_capstyle="butt", zorder=1)
        segments(self.axes, self.wires, color=WIRE, linewidth=0.6, zorder=2)
        heads(self.axes, self.wires, 0.055, facecolor=WIRE, zorder=2)
        look: dict[str, Any] = {"facecolor": PAPER, "edgecolor": MUTED, "linewidth": 0.7, "zorder": 3}
        boxes(self.axes, [(x - 0.035, y - 0.035, 0.07, 0.07) for x, y in self.squares], **look)
        rings(self.axes, self.rings, 0.037, MUTED, 0.7, 3)

    def _nodes(self) -> None:
        lanes = {
            (number + 1, lane.state): lane.shares
            for number, layer in enumerate(self.portrait.layers)
            for lane in layer.lanes
        }
        rows = [self.places[0]["x"], *(self.places[number][state] for number, state in lanes)]
        places = [(self.x(place), y) for y in rows for place in range(self.steps)]
        rings(self.axes, [*places, self.loss], RADIUS, INK, 0.7, 4)
        text: dict[str, Any] = {"fontsize": 6, "color": INK, "ha": "center", "va": "center", "zorder": 5}
        self.axes.text(*self.loss, "L", **text)
        for place in range(self.steps):
            self.axes.text(self.x(place), self.places[0]["x"], "x", **text)
        for (number, state), shares in lanes.items():
            for place, share in enumerate(shares):
                x, y = self.x(place), self.places[number][state]
                self.axes.text(x, y, state, **text)
                look: dict[str, Any] = {"fontsize": 5, "color": BACK, "ha": "left", "va": "center", "zorder": 5}
                self.axes.text(x + 0.03, y + RADIUS + 0.045, self._told(share), **look)

    def _told(self, share: float) -> str:
        """A share in percent, to two digits where it is small."""
        percent = 100 * share
        if percent == 0:
            return "0"
        return f"{percent:.0f}" if percent >= 1 else f"{percent:.1g}" if percent >= 0.01 else "<.01"

    def _feet(self) -> None:
        """The steps' names, and where steps are left out or the gradient is cut."""
        for place, lag in enumerate(self.portrait.shown):
            name = "T" if lag == 0 else f"T−{lag}"
            self.axes.text(self.x(place), 0.07, name, fontsize=5.5, color=MUTED, ha="center", va="center")
        top = max(self.places[-1].values()) + ROW / 2
        for place, (near, far) in enumerate(pairwise(self.portrait.shown)):
            middle = 0.5 * (self.x(place) + self.x(place + 1))
            if far - near > 1:
                for rows in self.places[1:]:
                    for y in rows.values():
                        self.axes.text(middle, y, "⋯", fontsize=8, color=MUTED, ha="center", va="center", zorder=5)
            if far == self.portrait.cut:
                mark: dict[str, Any] = {"color": BACK, "linewidth": 1.0, "linestyle": (0, (2, 1.5)), "zorder": 4}
                segments(self.axes, [(middle, FOOT + ROW, middle, top)], **mark)
                text = self.words("cut")
                self.axes.text(middle, 0.07, text, fontsize=5.5, color=BACK, ha="center", va="center")

    def _far(self, place: int) -> bool:
        """Return True if steps are left out before this one."""
        return place + 1 < self.steps and self.portrait.shown[place + 1] - self.portrait.shown[place] > 1


# The gradient's share over many steps


def _curve(
    figure: Figure, box: Box, portrait: TechniquePortrait, baseline: TechniquePortrait | None, words: Language
) -> None:
    axes = axes_at(figure, box)
    steps = len(portrait.inputs) - 1
    axes.set(xlim=(0, steps), ylim=(FLOOR - 0.2, 0.6))
    axes.set_xticks([0, 10, 20])
    axes.set_yticks(
        [0, -2, -4, -6], [Numbers(words).power_of_ten(power) if power else "1" for power in (0, -2, -4, -6)]
    )
    axes.tick_params(labelsize=5, length=1.5, pad=1.5)
    segments(axes, [(0, 0, steps, 0)], color=GRID, linewidth=0.6, zorder=0)
    if baseline is not None:
        for line in curves(baseline):
            axes.plot(*line, color=BASELINE_LINE, linewidth=0.8)
    states = [lane.state for lane in next((layer.lanes for layer in portrait.layers if layer.lanes), ())]
    for number, (x, y) in enumerate(curves(portrait)):
        axes.plot(x, y, color=BACK, linewidth=1.1, linestyle=DASHES[number % len(DASHES)])
        if len(states) > 1:
            known = np.flatnonzero(np.isfinite(y))
            end = known[-1] if len(known) else 0
            axes.text(x[end] + 0.6, y[end], states[number], fontsize=5, color=BACK, va="center")
    axes.set_xlabel(words("steps back"), fontsize=5, color=MUTED, labelpad=0.5)


def curves(portrait: TechniquePortrait) -> list[tuple[np.ndarray, np.ndarray]]:
    """The share by lag back, as logarithms: of each state of the lowest layer with steps, else of the inputs.

    Not a number where it is 0, or below what a curve shows.
    """
    lanes = next((layer.lanes for layer in portrait.layers if layer.lanes), ())
    found = []
    for logs in [lane.log10 for lane in lanes] or [portrait.inputs]:
        values = np.array([np.nan if log is None or log < FLOOR else log for log in logs])
        found.append((np.arange(len(values)), values))
    return found


def left_over(drawn: Drawn, words: Language) -> str:
    """Say how much of the gradient is left a number of steps back, for those who do not see the drawing."""
    portrait, numbers = drawn.portrait, Numbers(words)
    lane = next((layer.lanes[0] for layer in portrait.layers if layer.lanes), None)
    logs = lane.log10 if lane else portrait.inputs
    log = logs[TOLD]
    return words(
        "{technique}: {share} of the gradient at {state} is left {steps} steps back.",
        technique=drawn.title,
        share=words("{value} %", value=f"{0 if log is None else 100 * 10**log:.2g}"),
        state=lane.state if lane else "x",
        steps=numbers.count(TOLD),
    )


def _legend(figure: Figure, top: float, words: Language) -> None:
    """The key: what bands and marks mean."""
    axes = in_inches(figure, 0, top, WIDTH, LEGEND)
    y, x = 0.11, 0.08
    segments(axes, [(x, y, x + 0.22, y)], color=BACK, alpha=0.5, linewidth=4, solid_capstyle="butt")
    text: dict[str, Any] = {"fontsize": 5.5, "color": MUTED, "va": "center"}
    axes.text(x + 0.28, y, words("gradient on its way back, as wide as the share in % that is left"), **text)
    look: dict[str, Any] = {"facecolor": PAPER, "edgecolor": MUTED, "linewidth": 0.7}
    x = 3.05
    for ring, square, told in (
        (False, True, words("through a matrix")),
        (True, False, words("each unit by itself")),
        (True, True, words("mostly by itself")),
    ):
        if ring:
            rings(axes, [(x, y)], 0.037, MUTED, 0.7, 3)
        if square:
            boxes(axes, [(x - 0.035 + 0.11 * ring, y - 0.035, 0.07, 0.07)], **look)
        axes.text(x + 0.08 + 0.11 * (ring and square), y, told, **text)
        x += 1.0
    segments(axes, [(x, y, x + 0.16, y)], color=BASELINE_LINE, linewidth=0.8)
    axes.text(x + 0.2, y, words("baseline"), **text)
