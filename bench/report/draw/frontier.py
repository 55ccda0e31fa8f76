"""Draws the price that each technique pays for each lag it solves, task by task, above the Pareto line of all."""

from __future__ import annotations

import itertools
import math
import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter

from bench.evidence.advice import Offer
from bench.evidence.scope import BASELINE
from bench.evidence.source import load_rows
from bench.report.draw.canvas import GRID, Box, axes_at, cut, dots, note, segments, spread, width_of
from bench.report.draw.marks import mark, told
from bench.report.draw.style import BASELINE_LINE, INK, LINES, MUTED, WIDTH, Picture, house_style, picture
from bench.report.findings import Findings
from bench.report.names import Names

ABREAST = 3
"""Panels in a row."""
TICKS, NAMES = 0.36, 0.96  # inches next to a panel: prices at its left, names at its right
EDGE = 0.1  # inches within it, before the first lag and behind the last
HEAD, FOOT, NEXT = 0.29, 0.36, 0.24  # inches: a panel's title; lags beneath the last row, and beneath the others
TALL, LOW = 1.45, 0.6  # inches: panels in one row, in several
LINE = 0.098  # inches from one name to the next
FRONT = "#cfd9e4"
DIGITS = (1, 2, 5)


def short_name(text: str) -> str:
    """Shorten a name to fit beside a panel: to the part after its comma or in its brackets, or to its beginning."""
    if width_of(text) > NAMES - 0.08:
        text = re.split("[,，（] *", text)[-1].rstrip("）")
    return cut(text, NAMES + 0.02)


def frontier(findings: Findings, say: Names, alt: str) -> Picture | None:
    """A panel a task; None if no technique solved anything."""
    shown = {task: findings.solvers(task) for task in findings.tasks}
    if not any(shown.values()):
        return None
    timed = findings.priced
    rows, abreast = math.ceil(len(shown) / ABREAST), min(ABREAST, len(shown))
    tall = TALL if rows == 1 else LOW
    width = WIDTH / abreast - TICKS - NAMES
    height = rows * (HEAD + tall + NEXT) + FOOT - NEXT
    with house_style():
        figure = Figure(figsize=(WIDTH, height))
        for i, (task, found) in enumerate(shown.items()):
            row, column = divmod(i, ABREAST)
            box = Box(column * WIDTH / abreast + TICKS, HEAD + row * (HEAD + tall + NEXT), width, tall)
            title = say.cell(task)
            title = title[:1].upper() + title[1:]
            note(figure, box.left - TICKS + 0.02, box.top - 0.2, title, size=8, colour=INK, fontweight="bold")
            if found:
                _Panel(findings, say, figure, box, findings.lags(task), timed).draw(found)
            else:
                note(figure, box.left, box.top + 0.3, say.words("no lag is solved"))
        return picture(figure, alt)


@dataclass
class _Panel:
    """One task: a line a technique, over the lags that it solves."""

    findings: Findings
    say: Names
    figure: Figure
    box: Box
    lags: list[int]
    timed: bool
    low: float = 0.0
    high: float = 0.0
    """Decimal logarithms of the lowest and the highest price."""
    names: list[tuple[float, float, float, float]] = field(default_factory=list)
    """Boxes of names so far, in inches from the panel's lower left corner: left, bottom, right, top."""
    drawn: list[tuple[float, float]] = field(default_factory=list)
    """Points on the lines, in the same inches."""

    def draw(self, found: dict[str, dict[int, Offer]]) -> None:
        lines = {name: {lag: self._cost(offer) for lag, offer in offers.items()} for name, offers in found.items()}
        lines = {name: costs for name, costs in lines.items() if all(0 < c < math.inf for c in costs.values())}
        if not lines:
            return
        prices = [price for costs in lines.values() for price in costs.values()]
        pad = 0.08 * max(0.3, math.log10(max(prices) / min(prices)))
        self.low, self.high = math.log10(min(prices)) - pad, math.log10(max(prices)) + pad
        axes = axes_at(self.figure, self.box)
        self._dress(axes)
        front = {lag: min(costs[lag] for costs in lines.values() if lag in costs) for lag in self._solved(lines)}
        self._plot(axes, front, color=FRONT, linewidth=6, solid_capstyle="round", zorder=1)
        for name in sorted(lines, key=self._rank, reverse=True):
            wide = 0.8 if self._rank(name) > 1 else 1.5
            self._plot(axes, lines[name], color=self._colour(name), linewidth=wide, zorder=4 - self._rank(name))
            for lag, price in lines[name].items():
                of = [self.say.technique(name), self.say.words("lag {lag}", lag=self.say.numbers.count(lag))]
                mark(axes, self._x(lag), math.log10(price), told(self.say.words, of, self.say.numbers.count(price)))
            end = max(lines[name])
            if name == BASELINE:
                axes.plot(self._x(end), math.log10(lines[name][end]), "s", color=INK, markersize=4.2, zorder=6)
            else:
                dots(axes, [(self._x(end), math.log10(lines[name][end]))], 3.2, self._colour(name), zorder=5)
        self._name(lines)

    def _cost(self, offer: Offer) -> float:
        return offer.price if self.timed else offer.updates

    def _solved(self, lines: dict[str, dict[int, float]]) -> list[int]:
        return [lag for lag in self.lags if any(lag in costs for costs in lines.values())]

    def _rank(self, name: str) -> int:
        """The baseline, then remedies, then others."""
        return 0 if name == BASELINE else 1 if name in self.findings.remedies else 2

    def _colour(self, name: str) -> str:
        """Return a remedy's colour, that of its row in the source's table; others are black or grey."""
        if self._rank(name) != 1:
            return INK if name == BASELINE else BASELINE_LINE
        row = next(t.source_row for t in self.findings.techniques if t.name == name)
        return LINES[[r.id for r in load_rows()].index(row)]

    def _dress(self, axes: Axes) -> None:
        axes.set(xlim=(0, self.box.width), ylim=(self.low, self.high))
        axes.set_xticks([self._x(lag) for lag in self.lags], [self.say.numbers.count(lag) for lag in self.lags])
        decades = range(math.floor(self.low), math.ceil(self.high) + 1)
        ticks = [math.log10(d) + decade for decade, d in itertools.product(decades, DIGITS)]
        ticks = [tick for tick in ticks if self.low <= tick <= self.high]
        ticks = ticks if len(ticks) <= 4 else [t for t in ticks if abs(t - round(t)) < 1e-9] or ticks[::3]
        axes.yaxis.set_major_locator(FixedLocator(ticks))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: self.say.numbers.tick(10**value)))
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        segments(axes, [(0, tick, self.box.width, tick) for tick in ticks], color=GRID, linewidth=0.7, zorder=0)
        if self.box.top + self.box.height + FOOT > self.figure.get_figheight() - 0.01:
            axes.set_xlabel(self.say.words("lag"), fontsize=6.5, color=MUTED, labelpad=1)
        note(self.figure, self.box.left - TICKS + 0.02, self.box.top - 0.04, self.say.words("price of solving"), size=6)

    def _plot(self, axes: Axes, costs: dict[int, float], **look: Any) -> None:
        x, y = [self._x(lag) for lag in costs], [math.log10(price) for price in costs.values()]
        axes.plot(x, y, clip_on=False, **look)
        places = list(zip(x, map(self._y, y), strict=True))
        self.drawn += places
        for (a, b), (c, d) in itertools.pairwise(places):
            self.drawn += zip(np.linspace(a, c, 12), np.linspace(b, d, 12), strict=True)

    # Names

    def _name(self, lines: dict[str, dict[int, float]]) -> None:
        """Write the names of lines beside the panel if they reach its edge, else where they end if there is room."""
        ends = {name: max(costs) for name, costs in lines.items()}
        edge = {name: self._y(math.log10(lines[name][lag])) for name, lag in ends.items() if lag == self.lags[-1]}
        room = math.floor(self.box.height / LINE) + 1
        kept = sorted(sorted(edge, key=self._rank)[:room], key=lambda name: edge[name])
        for name, y in zip(kept, spread([edge[name] for name in kept], LINE, self.box.height), strict=True):
            self._leader(self.box.width, edge[name], y)
            self._write(name, self.box.width + 0.13, y - LINE / 2)
        for name in sorted(ends.keys() - edge.keys(), key=lambda name: (self._rank(name), name)):
            self._beside(name, self._x(ends[name]), self._y(math.log10(lines[name][ends[name]])))

    def _beside(self, name: str, x: float, y: float) -> None:
        """Write a name right of, above or below a dot, or not at all if that would cover something."""
        wide = width_of(short_name(self.say.technique(name)))
        tries = [(x + 0.06, y - LINE / 2), (x - 0.03, y + 0.04), (x - 0.03, y - 0.04 - LINE), (x + 0.06, y + 0.02)]
        free = next((spot for spot in tries if not self._covered(*spot, wide)), None)
        if free:
            self._write(name, *free)

    def _covered(self, left: float, bottom: float, wide: float) -> bool:
        right, top = left + wide, bottom + LINE
        if any(left < r and right > a and bottom < t and top > b for a, b, r, t in self.names):
            return True
        return any(left < x < right and bottom < y < top for x, y in self.drawn)

    def _leader(self, x: float, y: float, text: float) -> None:
        width, height = self.figure.get_size_inches()
        line = [((self.box.left + a) / width, 1 - (self.box.top + self.box.height - b) / height)
                for a, b in ((x - 0.02, y), (x + 0.11, text))]  # fmt: skip
        self.figure.add_artist(Line2D(*zip(*line, strict=True), color=BASELINE_LINE, linewidth=0.4))

    def _write(self, name: str, left: float, bottom: float) -> None:
        text = short_name(self.say.technique(name))
        self.names.append((left, bottom, left + width_of(text), bottom + LINE))
        colour = MUTED if self._rank(name) > 1 else self._colour(name)
        top = self.box.top + self.box.height - bottom - LINE / 2
        note(self.figure, self.box.left + left, top, text, size=6.3, colour=colour)

    def _x(self, lag: int) -> float:
        """Inches: lags stand equally far apart; one alone stands at the right."""
        steps = len(self.lags) - 1 - self.lags.index(lag)
        return self.box.width - EDGE - steps * (self.box.width - 2 * EDGE) / max(1, len(self.lags) - 1)

    def _y(self, logarithm: float) -> float:
        return (logarithm - self.low) / (self.high - self.low) * self.box.height
