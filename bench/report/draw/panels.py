"""Draws the values that effects are computed from: seed by seed, scores by a dial's value, gradients by step."""

from __future__ import annotations

import math
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator
from numpy.typing import NDArray

from bench.evidence.estimands import Estimand
from bench.evidence.estimates import CONFIDENCE
from bench.evidence.scope import BASELINE
from bench.evidence.statistics import mean_interval
from bench.report.draw.canvas import GRID, Box, axes_at, cut, dots, names_width, note, sample, segments
from bench.report.draw.marks import mark, thinned, told
from bench.report.draw.style import BASELINE_LINE, INK, LINES, MUTED
from bench.report.flow import FLOOR, Profile
from bench.report.names import Names
from bench.report.rows import Value, grouped, numbers_of

LEFT, WIDTH = 3.3, 3.35  # inches: where panels stand in a figure
ROW, FOOT, LINE = 0.118, 0.36, 0.115
END = 0.08  # inches: for half of the last tick's label
CURVES, STACKED, APART = 1.35, 0.85, 0.09  # inches: the height of axes alone, and in rows with a gap between them
ROOM = 3.2  # inches: for rows of axes


class Panel(Protocol):
    """A part of a figure that knows its height in inches."""

    name: ClassVar[str]
    """Key in the catalogue of panels."""

    @property
    def height(self) -> float: ...

    def draw(self, figure: Figure, top: float) -> None: ...

    def told(self) -> str:
        """The means that it shows, in words."""
        ...


class Row(NamedTuple):
    """A line of a strip; without values it is the heading of those below."""

    label: str
    indent: bool
    values: NDArray[np.float64] | None
    colour: str


@dataclass(frozen=True)
class Strip:
    """Every seed's value; a row a technique and setting, or fewer where that would be too many."""

    name: ClassVar[str] = "values"
    say: Names
    estimand: Estimand
    data: list[Value]
    apart: int = 2
    """Level that has a row of its own within a technique: 2 a cell, 1 a task, 0 nothing."""

    @cached_property
    def rows(self) -> list[Row]:
        """Technique by technique."""
        return list(self._rows())

    def coarser(self) -> Strip:
        """Pool lags, then tasks."""
        return replace(self, apart=self.apart - 1)

    @property
    def height(self) -> float:
        return ROW * len(self.rows) + FOOT

    def _rows(self) -> Iterator[Row]:
        for technique, own in grouped(self.data, lambda value: value.technique).items():
            name, colour = self.say.technique(technique), BASELINE_LINE if technique == BASELINE else LINES[0]
            groups = grouped(own, lambda value: value.cell[: self.apart])
            if len(groups) < 2:
                yield Row(name, False, numbers_of(own), colour)
                continue
            yield Row(name, False, None, colour)
            for values in sorted(groups.values(), key=lambda values: self._place(values[0])):
                lag = values[0].lag if self.apart > 1 else None
                yield Row(self.say.cell(values[0].task, lag), True, numbers_of(values), colour)

    def _place(self, first: Value) -> tuple[int, int]:
        """Tasks in the report's order, lags rising."""
        tasks = self.say.findings.tasks
        return tasks.index(first.task) if first.task in tasks else len(tasks), first.lag

    def draw(self, figure: Figure, top: float) -> None:
        names = names_width(row.label for row in self.rows)
        axes = axes_at(figure, Box(LEFT + names, top, WIDTH - names - END, ROW * len(self.rows)), y_axis=False)
        self._frame(axes)
        means = []
        for y, row in enumerate(self.rows):
            weight = "bold" if row.values is None else "normal"
            place = LEFT + 0.1 * row.indent, top + ROW * (y + 0.5)
            note(figure, *place, cut(row.label, names), size=6.3, colour=INK, fontweight=weight)
        for y, of, known in self._known():
            self._dots(axes, y, known, self.rows[y].colour)
            means.append((known.mean(), y - 0.36, known.mean(), y + 0.36))
            mark(axes, float(known.mean()), y, mean_told(self.say, of, known))
        segments(axes, means, color=INK, linewidth=1.1, zorder=3)
        axes.set_xlabel(self.say.words(self.estimand.noun), fontsize=6.5, color=MUTED, labelpad=1)

    def _known(self) -> Iterator[tuple[int, list[str], NDArray[np.float64]]]:
        """Yield the rows that have finite values: where they stand, what they are of, and the values."""
        heading = ""
        for y, row in enumerate(self.rows):
            heading = heading if row.indent else row.label
            if row.values is not None and len(known := row.values[np.isfinite(row.values)]):
                yield y, list(dict.fromkeys([heading, row.label])), known

    def told(self) -> str:
        return means_told(self.say, self.say.words(self.estimand.noun), ((of, known) for _, of, known in self._known()))

    def _frame(self, axes: Axes) -> None:
        values = numbers_of(self.data)
        values = values[np.isfinite(values)]
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

    def _dots(self, axes: Axes, y: float, values: NDArray[np.float64], colour: str) -> None:
        """A dot a value; larger ones where several fall together."""
        start, end = axes.get_xlim()
        counts = Counter(values.round(max(0, 2 - math.floor(math.log10(end - start)))).tolist())
        for size, least, most in ((2.2, 1, 1), (3.2, 2, 3), (4.4, 4, math.inf)):
            places = ((x, y) for x, count in counts.most_common() if least <= count <= most)
            dots(axes, places, size, colour, alpha=0.6, zorder=2)


def fitted(strips: list[Strip], room: float) -> list[Strip]:
    """Pool rows, of the tallest strip first, until all stand in `room` inches or nothing is left to pool."""
    while sum(strip.height for strip in strips) > room and any(strip.apart for strip in strips):
        tallest = max((strip for strip in strips if strip.apart), key=lambda strip: strip.height)
        strips = [strip.coarser() if strip is tallest else strip for strip in strips]
    return strips


class Turned(NamedTuple):
    """A seed's mean over settings at a value of a dial."""

    base: str
    """The technique without its dial."""
    name: str
    """The dial's."""
    dial: float
    seed: int
    value: float


@dataclass(frozen=True)
class Dial:
    """The mean over settings against the value of a dial, seed by seed; axes side by side, one an arm."""

    name: ClassVar[str] = "dial"
    say: Names
    estimand: Estimand
    arms: dict[str, list[Turned]]

    @cached_property
    def _looks(self) -> dict[str, str]:
        bases = dict.fromkeys(turned.base for data in self.arms.values() for turned in data)
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

    def told(self) -> str:
        arms = {arm: grouped(data, lambda turned: (turned.base, turned.dial)) for arm, data in self.arms.items()}
        found = [
            (
                [self.say.technique(base), f"{dial:g}", *([self.say.arm(arm)] if len(arms) > 1 else [])],
                [turned.value for turned in own],
            )
            for arm, places in arms.items()
            for (base, dial), own in sorted(places.items())
        ]
        return means_told(self.say, self.say.words(self.estimand.noun), found)

    def _panel(self, axes: Axes, data: list[Turned]) -> None:
        places = sorted({turned.dial for turned in data})
        shown = [turned.value for part in self.arms.values() for turned in part]
        low, high = self.estimand.axis or (min(shown), max(shown))
        pad = 0.05 * (high - low)
        axes.set(xlim=(-0.4, len(places) - 0.6), ylim=(low - pad, high + pad))
        axes.set_xticks(range(len(places)), [f"{place:g}" for place in places])
        axes.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
        for i, (base, own) in enumerate(grouped(data, lambda turned: turned.base).items()):
            colour, shift = self._looks[base], 0.08 * i
            by_dial = grouped(own, lambda turned: turned.dial)
            means = {dial: [turned.value for turned in by_dial[dial]] for dial in sorted(by_dial)}
            x = [places.index(place) + shift for place in means]
            told_apart = [(p, v) for p, values in zip(x, means.values(), strict=True) for v in values]
            dots(axes, told_apart, 2.2, colour, alpha=0.45)
            intervals = [mean_interval(values, CONFIDENCE) for values in means.values()]
            bars = ((p, max(i.low, low - pad), p, min(i.high, high + pad)) for p, i in zip(x, intervals, strict=True))
            segments(axes, bars, color=colour, linewidth=1)
            axes.plot(x, [np.mean(v) for v in means.values()], color=colour, linewidth=1.2)
            for at, (place, values) in zip(x, means.items(), strict=True):
                of = [self.say.technique(base), f"{place:g}"]
                mark(axes, at, float(np.mean(values)), mean_told(self.say, of, values))
        axes.set_xlabel(
            self.say.numbers.join(dict.fromkeys(turned.name for turned in data)), fontsize=6.5, color=MUTED, labelpad=2
        )


class Curve(NamedTuple):
    """A gradient's profile and how it is drawn."""

    name: str
    colour: str
    dash: Any
    profile: Profile


@dataclass(frozen=True)
class Profiles:
    """The gradient's norm by steps back in time; axes side by side, or in rows, each of which has its own scale."""

    name: ClassVar[str] = "profiles"
    say: Names
    axes: dict[str, list[Curve]]
    """Curves of each axes, by the title above."""
    places: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Row and column of each axes, where there are rows."""

    @cached_property
    def _named(self) -> dict[str, Curve]:
        return {curve.name: curve for curves in self.axes.values() for curve in curves}

    @property
    def _head(self) -> float:
        return LINE * max(title.count("\n") + 1 for title in self.axes) + 0.05 + APART * bool(self.places)

    @property
    def _rows(self) -> int:
        return 1 + max((row for row, _ in self.places.values()), default=0)

    @property
    def _tall(self) -> float:
        if not self.places:
            return max(CURVES, 0.13 * len(self._named))
        return min(STACKED, (ROOM - FOOT) / self._rows - self._head)

    @property
    def height(self) -> float:
        return (self._head + self._tall) * self._rows + FOOT

    def draw(self, figure: Figure, top: float) -> None:
        names, ticks = names_width(self._named), 0.36
        places = self.places or {title: (0, i) for i, title in enumerate(self.axes)}
        width = (WIDTH - names - ticks) / (1 + max(column for _, column in places.values()))
        lowest = {column: row for row, column in sorted(places.values())}
        for title, curves in self.axes.items():
            row, column = places[title]
            left, above = LEFT + ticks + column * width, top + row * (self._head + self._tall)
            axes = axes_at(figure, Box(left, above + self._head, width - 0.18, self._tall))
            for line, text in enumerate(title.splitlines()):
                note(figure, left, above + APART * bool(self.places) + LINE * (line + 0.5), text, colour=INK)
            beside = [other for other, place in places.items() if place[0] == row]
            shown = [curve.profile for other in beside for curve in self.axes[other]]
            dress(axes, self.say, shown, left=not column, bottom=row == lowest[column])
            for curve in curves:
                plot(axes, curve)
                mark_curve(axes, self.say, curve.name, curve.profile)
            if row == lowest[column]:
                axes.set_xlabel(self.say.words("steps back in time"), fontsize=6.5, color=MUTED, labelpad=1)
        for i, curve in enumerate(self._named.values()):
            left, middle = LEFT + WIDTH - names, top + self._head + 0.07 + 0.13 * i
            sample(figure, left - 0.1, middle, color=curve.colour, linestyle=curve.dash, linewidth=1.1)
            note(figure, left + 0.1, middle, cut(curve.name, names), size=6.3, colour=curve.colour)

    def told(self) -> str:
        ends = (_end_told(self.say, title, curve) for title, curves in self.axes.items() for curve in curves)
        rules = self.say.words.rules
        return self.say.words("the gradient's norm") + rules.colon + rules.between_clauses.join(ends)


def _end_told(say: Names, title: str, curve: Curve) -> str:
    """Say where a curve ends: what it is of, how far back, and the norm there."""
    back, norm = int(curve.profile.lags_back[-1]), float(curve.profile.log10_norms[-1])
    of = [curve.name, *title.splitlines(), say.words("{steps} steps back", steps=say.numbers.count(back))]
    return told(say.words, of, say.numbers.metric(10.0 ** min(norm, MOST_DECADES)))


def plot(axes: Axes, curve: Curve, width: float = 1.1, alpha: float = 1.0) -> None:
    """One profile, with a dot where it ends."""
    x, y = curve.profile
    axes.plot(x, y, color=curve.colour, linestyle=curve.dash, linewidth=width, alpha=alpha)
    dots(axes, [(x[-1], y[-1])], 2.5, curve.colour, clip_on=True)


def mean_told(say: Names, of: list[str], values: Any) -> str:
    """Return the text for a reader who points at a row of values: their mean, their range, and how many there are."""
    mean, low, high = (say.numbers.value(float(value)) for value in (np.mean(values), min(values), max(values)))
    if len(values) == 1:
        return told(say.words, of, mean)
    count = say.words.counted("{n} value", "{n} values", len(values))
    if low == high:
        return told(say.words, of, say.words("{mean} in all {values}", mean=mean, values=count))
    spread = say.numbers.range(low, high)
    return told(say.words, of, say.words("mean {mean} ({range}; {values})", mean=mean, range=spread, values=count))


def means_told(say: Names, what: str, values: Iterable[tuple[list[str], Any]]) -> str:
    """Return a panel in words: what its values are, and the mean of each row."""
    rows = [told(say.words, of, say.numbers.value(float(np.mean(known)))) for of, known in values]
    return what + say.words.rules.colon + say.words.rules.between_clauses.join(rows)


MOST_DECADES = 300
"""Largest power of ten that is shown: larger ones, in a made-up file, would overflow."""


def mark_curve(axes: Axes, say: Names, name: str, profile: Profile) -> None:
    """Mark points of a profile with the text for a reader who points at them: its name, how far back, and the norm."""
    for at in thinned(len(profile.lags_back)):
        back, norm = int(profile.lags_back[at]), float(profile.log10_norms[at])
        of = [name, say.words("{steps} steps back", steps=say.numbers.count(back))]
        mark(axes, back, norm, told(say.words, of, say.numbers.metric(10.0 ** min(norm, MOST_DECADES))))


def dress(axes: Axes, say: Names, shown: list[Profile], *, left: bool = True, bottom: bool = True) -> None:
    """Powers of ten, steps back from 0, and the floor of single precision where it is in view.

    `shown`: what has to fit in. `left` and `bottom`: whether the axes are labelled there.
    """
    norms = np.concatenate([profile.log10_norms for profile in shown])
    furthest = max(int(profile.lags_back.max()) for profile in shown)
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
