"""What effects were reckoned from: values seed by seed, scores by a dial's value, gradients step by step."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from bench.evidence.estimands import Estimand
from bench.evidence.estimates import CONFIDENCE
from bench.evidence.scope import BASELINE
from bench.evidence.statistics import mean_interval
from bench.report.draw.canvas import GRID, Box, axes_at, dots, note, sample, segments
from bench.report.draw.marks import mark, thinned, told
from bench.report.draw.style import BASELINE_LINE, INK, LINES, MUTED
from bench.report.flow import FLOOR
from bench.report.names import Names

LEFT, WIDTH = 3.3, 3.35  # inches: where panels stand in a figure
NAMES = 1.2  # inches: of rows, before their values; of curves, behind them
ROW, FOOT, LINE = 0.118, 0.36, 0.115
CURVES = 1.35  # inches: the height of axes with curves


class Panel(Protocol):
    """A part of a figure that knows its height in inches."""

    name: ClassVar[str]
    """In the catalogue."""

    @property
    def height(self) -> float: ...

    def draw(self, figure: Figure, top: float) -> None: ...


class Row(NamedTuple):
    """A line of a strip; without values it is the heading of those below."""

    label: str
    indent: bool
    values: pd.Series | None
    colour: str


@dataclass(frozen=True)
class Strip:
    """Every seed's value; a row a technique and setting, or fewer where that would be too many."""

    name: ClassVar[str] = "values"
    say: Names
    estimand: Estimand
    data: pd.DataFrame
    """technique, task, lag, seed, value."""
    keys: tuple[str, ...] = ("task", "lag")
    """What has a row of its own, within a technique."""

    @cached_property
    def rows(self) -> list[Row]:
        """Technique by technique."""
        return list(self._rows(list(self.keys)))

    def coarser(self) -> Strip:
        """With lags pooled, then tasks."""
        return replace(self, keys=self.keys[:-1])

    @property
    def height(self) -> float:
        return ROW * len(self.rows) + FOOT

    def _rows(self, keys: list[str]) -> Iterator[Row]:
        for technique, own in self.data.groupby("technique", sort=False):
            name, colour = self.say.technique(str(technique)), BASELINE_LINE if technique == BASELINE else LINES[0]
            groups = dict(sorted(own.groupby(keys, sort=False), key=self._place)) if keys else {}
            if len(groups) < 2:
                yield Row(name, False, own["value"], colour)
                continue
            yield Row(name, False, None, colour)
            for key, rows in groups.items():
                yield Row(self.say.cell(*key), True, rows["value"], colour)

    def _place(self, group: tuple[Any, pd.DataFrame]) -> tuple[int, int]:
        """Tasks in the report's order, lags rising."""
        first, tasks = group[1].iloc[0], self.say.findings.scope.tasks
        return tasks.index(first["task"]) if first["task"] in tasks else len(tasks), int(first["lag"])

    def draw(self, figure: Figure, top: float) -> None:
        axes = axes_at(figure, Box(LEFT + NAMES, top, WIDTH - NAMES, ROW * len(self.rows)), y_axis=False)
        self._frame(axes)
        means = []
        heading = ""
        for y, row in enumerate(self.rows):
            heading = heading if row.indent else row.label
            look = {"fontweight": "bold"} if row.values is None else {}
            note(figure, LEFT + 0.1 * row.indent, top + ROW * (y + 0.5), row.label, size=6.3, colour=INK, **look)
            if row.values is not None and len(known := row.values[np.isfinite(row.values)]):
                self._dots(axes, y, known, row.colour)
                means.append((known.mean(), y - 0.36, known.mean(), y + 0.36))
                of = list(dict.fromkeys([heading, row.label]))
                mark(axes, float(known.mean()), y, mean_told(self.say, of, known))
        segments(axes, means, color=INK, linewidth=1.1, zorder=3)
        axes.set_xlabel(self.say.words(self.estimand.noun), fontsize=6.5, color=MUTED, labelpad=1)

    def _frame(self, axes: Axes) -> None:
        values = self.data["value"][np.isfinite(self.data["value"])]
        low, high = self.estimand.axis or (float(values.min()), float(values.max()))
        if low > 0 and high / low > 20:
            axes.set_xscale("log")
            low, high = low / (high / low) ** 0.05, high * (high / low) ** 0.05
            axes.xaxis.set_major_locator(LogLocator(numticks=4))
            axes.xaxis.set_minor_locator(NullLocator())
        else:
            pad = 0.05 * (high - low) or 0.05 * abs(high) or 1.0
            low, high = low - pad, high + pad
            axes.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: self.say.numbers.tick(value)))
        axes.set(xlim=(low, high), ylim=(len(self.rows) - 0.5, -0.5))
        lines = ((low, y, high, y) for y, row in enumerate(self.rows) if row.values is not None)
        segments(axes, lines, color=GRID, linewidth=0.6, zorder=0)

    def _dots(self, axes: Axes, y: float, values: pd.Series, colour: str) -> None:
        """A dot a value; larger ones where several fall together."""
        start, end = axes.get_xlim()
        counts = values.round(max(0, 2 - math.floor(math.log10(end - start)))).value_counts()
        for size, least, most in ((2.2, 1, 1), (3.2, 2, 3), (4.4, 4, math.inf)):
            places = ((x, y) for x, count in counts.items() if least <= count <= most)
            dots(axes, places, size, colour, alpha=0.6, zorder=2)


def fitted(strips: list[Strip], room: float) -> list[Strip]:
    """Pool rows, of the tallest strip first, until all stand in `room` inches or nothing is left to pool."""
    while sum(strip.height for strip in strips) > room and any(strip.keys for strip in strips):
        tallest = max((strip for strip in strips if strip.keys), key=lambda strip: strip.height)
        strips = [strip.coarser() if strip is tallest else strip for strip in strips]
    return strips


@dataclass(frozen=True)
class Dial:
    """The mean over settings against the value of a dial, seed by seed; axes side by side, one an arm."""

    name: ClassVar[str] = "dial"
    say: Names
    estimand: Estimand
    arms: dict[str, pd.DataFrame]
    """By arm: base (the technique without its dial), name and value of the dial (name, dial), seed, value."""

    @cached_property
    def _looks(self) -> dict[str, str]:
        bases = dict.fromkeys(base for data in self.arms.values() for base in data["base"])
        return {base: LINES[i % len(LINES)] for i, base in enumerate(bases)}

    @cached_property
    def _titles(self) -> dict[str, list[str]]:
        long = int(48 / len(self.arms) / self.say.words.rules.width)
        return {arm: textwrap.wrap(self.say.arm(arm), long) for arm in self.arms}

    @property
    def _head(self) -> float:
        return LINE * (max(map(len, self._titles.values())) + len(self._looks)) + 0.06

    @property
    def height(self) -> float:
        return self._head + CURVES + FOOT

    def draw(self, figure: Figure, top: float) -> None:
        width = (WIDTH - 0.3) / len(self.arms)
        for i, (arm, data) in enumerate(self.arms.items()):
            left = LEFT + 0.3 + i * width
            axes = axes_at(figure, Box(left, top + self._head, width - 0.15, CURVES))
            for line, text in enumerate(self._titles[arm]):
                note(figure, left, top + LINE * (line + 0.5), text, colour=INK)
            self._panel(axes, data)
            if i:
                axes.set_yticks([])
        below = max(map(len, self._titles.values()))
        for line, (base, colour) in enumerate(self._looks.items(), start=below):
            note(figure, LEFT + 0.3, top + LINE * (line + 0.5), self.say.technique(base), size=6.3, colour=colour)

    def _panel(self, axes: Axes, data: pd.DataFrame) -> None:
        places = sorted(data["dial"].unique())
        shown = [part["value"] for part in self.arms.values()]
        low, high = self.estimand.axis or (min(map(min, shown)), max(map(max, shown)))
        pad = 0.05 * (high - low)
        axes.set(xlim=(-0.4, len(places) - 0.6), ylim=(low - pad, high + pad))
        axes.set_xticks(range(len(places)), [f"{place:g}" for place in places])
        axes.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
        for i, (base, own) in enumerate(data.groupby("base", sort=False)):
            colour, shift = self._looks[str(base)], 0.08 * i
            means = own.groupby("dial")["value"].agg(list)
            x = [places.index(place) + shift for place in means.index]
            dots(axes, [(p, v) for p, values in zip(x, means, strict=True) for v in values], 2.2, colour, alpha=0.45)
            intervals = [mean_interval(values, CONFIDENCE) for values in means]
            bars = ((p, max(i.low, low - pad), p, min(i.high, high + pad)) for p, i in zip(x, intervals, strict=True))
            segments(axes, bars, color=colour, linewidth=1)
            axes.plot(x, [np.mean(v) for v in means], color=colour, linewidth=1.2)
            for at, (place, values) in zip(x, means.items(), strict=True):
                of = [self.say.technique(str(base)), f"{place:g}"]
                mark(axes, at, float(np.mean(values)), mean_told(self.say, of, values))
        axes.set_xlabel(self.say.numbers.join(data["name"].unique()), fontsize=6.5, color=MUTED, labelpad=2)


class Curve(NamedTuple):
    """A gradient's profile: lag_back and log10_norm."""

    name: str
    colour: str
    dash: Any
    points: pd.DataFrame


@dataclass(frozen=True)
class Profiles:
    """The gradient's norm by steps back in time; axes side by side."""

    name: ClassVar[str] = "profiles"
    say: Names
    axes: dict[str, list[Curve]]
    """By what stands above them."""

    @cached_property
    def _named(self) -> dict[str, Curve]:
        return {curve.name: curve for curves in self.axes.values() for curve in curves}

    @property
    def _head(self) -> float:
        return LINE * max(title.count("\n") + 1 for title in self.axes) + 0.05

    @property
    def height(self) -> float:
        return self._head + max(CURVES, 0.13 * len(self._named)) + FOOT

    def draw(self, figure: Figure, top: float) -> None:
        names, ticks = 1.2, 0.36
        width = (WIDTH - names - ticks) / len(self.axes)
        shown = pd.concat([curve.points for curves in self.axes.values() for curve in curves])
        below = top + self._head
        for i, (title, curves) in enumerate(self.axes.items()):
            left = LEFT + ticks + i * width
            axes = axes_at(figure, Box(left, below, width - 0.18, self.height - FOOT - self._head))
            for line, text in enumerate(title.splitlines()):
                note(figure, left, top + LINE * (line + 0.5), text, colour=INK)
            dress(axes, self.say, shown["log10_norm"], int(shown["lag_back"].max()), left=not i)
            for curve in curves:
                plot(axes, curve)
                mark_curve(axes, self.say, curve.name, curve.points)
            axes.set_xlabel(self.say.words("steps back in time"), fontsize=6.5, color=MUTED, labelpad=1)
        for i, curve in enumerate(self._named.values()):
            left, middle = LEFT + WIDTH - names, below + 0.07 + 0.13 * i
            sample(figure, left - 0.1, middle, color=curve.colour, linestyle=curve.dash, linewidth=1.1)
            note(figure, left + 0.1, middle, curve.name, size=6.3, colour=curve.colour)


def plot(axes: Axes, curve: Curve, width: float = 1.1, alpha: float = 1.0) -> None:
    """One profile, with a dot where it ends."""
    x, y = curve.points["lag_back"], curve.points["log10_norm"]
    axes.plot(x, y, color=curve.colour, linestyle=curve.dash, linewidth=width, alpha=alpha)
    dots(axes, [(x.iloc[-1], y.iloc[-1])], 2.5, curve.colour, clip_on=True)


def mean_told(say: Names, of: list[str], values: Any) -> str:
    """What a reader who points at a row of values is told: their mean, how many there are, and from where to where."""
    mean, low, high = (say.numbers.metric(float(value)) for value in (np.mean(values), min(values), max(values)))
    return told(say.words, of, say.words("mean {mean} of {count}", mean=mean, count=len(values)), low, high)


MOST_DECADES = 300
"""What is larger, in a made-up file, is no number any more."""


def mark_curve(axes: Axes, say: Names, name: str, points: pd.DataFrame) -> None:
    """What a reader who points at a profile is told: whose it is, how far back, and the norm."""
    for at in thinned(points).itertuples():
        of = [name, say.words("{steps} steps back", steps=say.numbers.count(at.lag_back))]
        mark(
            axes,
            at.lag_back,
            at.log10_norm,
            told(say.words, of, say.numbers.metric(10.0 ** min(at.log10_norm, MOST_DECADES))),
        )


def dress(axes: Axes, say: Names, norms: pd.Series, furthest: int, *, left: bool = True, bottom: bool = True) -> None:
    """Powers of ten, steps back from 0, and the floor of single precision where it is in view.

    `left` and `bottom`: whether the axes are labelled there.
    """
    low, high = max(float(norms.min()), FLOOR - 1), float(norms.max())  # what lies below is 0 in training
    pad = max(0.5, 0.05 * (high - low))
    axes.set(xlim=(0, furthest * 1.03), ylim=(low - pad, high + pad))
    steps = MaxNLocator(3, integer=True, steps=[1, 2, 5, 10]) if bottom else NullLocator()
    powers = MaxNLocator(4, integer=True, steps=[1, 2, 5, 10]) if left else NullLocator()
    axes.xaxis.set_major_locator(steps)
    axes.yaxis.set_major_locator(powers)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: say.numbers.power_of_ten(value)))
    if low - pad < FLOOR:
        axes.axhline(FLOOR, color=MUTED, linewidth=0.7, linestyle=(0, (1.2, 1.6)), zorder=0)
