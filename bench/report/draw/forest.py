"""The effects of a claim's parts with their intervals, on one axis a unit."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from bench.evidence import wording
from bench.evidence.verdicts import PartVerdict
from bench.languages import Language
from bench.report.draw.canvas import GRID, Box, axes_at, note, segments
from bench.report.draw.marks import mark, told
from bench.report.draw.style import INK, LINES, MUTED, PAPER
from bench.report.names import Names

RATIO = "×"
"""The unit of effects that are ratios: 1 is no effect, and their axis is logarithmic."""
LABELS, AXIS = 1.32, 1.55  # inches: the names of the parts, and the axis next to them
ROW, FOOT = 0.235, 0.38
BAND = "#e3e7ec"
RATIO_TICKS = ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 5, 7), (1, 1.2, 1.5, 2, 5, 8), (1, 1.1, 1.2, 9), (1, 1.05, 9.5))
"""Leading digits, from wide to narrow ranges."""
LOOKS = {  # marker, filled, colour
    "supported": ("o", True, LINES[0]),
    "weakly supported": ("o", False, LINES[0]),
    "contradicted": ("X", True, LINES[1]),
    "weakly contradicted": ("X", False, LINES[1]),
    "practically equal": ("s", False, LINES[2]),
    "undecided": ("o", False, MUTED),
}


def in_margins(part: PartVerdict) -> tuple[float, float, float]:
    """Effect and interval in margins from no effect, which compares across units; not a number without a margin."""
    if not part.margin:
        return math.nan, math.nan, math.nan
    effects = part.effect, part.low, part.high
    if part.unit != RATIO:
        effect, low, high = (value / part.margin for value in effects)
    else:
        effect, low, high = (_log(value) / math.log1p(part.margin) for value in effects)
    return effect, low, high


def _log(ratio: float) -> float:
    return math.log(ratio) if ratio > 0 else -math.inf


def measured(parts: tuple[PartVerdict, ...]) -> list[PartVerdict]:
    """The parts that have an effect to show."""
    return [part for part in parts if math.isfinite(part.effect)]


FARTHEST = 1e6
"""The largest ratio on an axis: the interval of two rounds of timing on a busy machine has hardly an end."""


def by_unit(parts: list[PartVerdict]) -> Iterator[tuple[str, list[PartVerdict]]]:
    """Parts by unit, in the order in which units first appear."""
    for unit in dict.fromkeys(part.unit for part in parts):
        yield unit, [part for part in parts if part.unit == unit]


def height(parts: list[PartVerdict]) -> float:
    """Inches that `draw` needs."""
    return sum(ROW * len(group) + FOOT for _, group in by_unit(parts))


def draw(figure: Figure, top: float, parts: list[PartVerdict], say: Names) -> None:
    """Draw at the figure's left edge: names, intervals, the margin as a band, and which side the claim is on."""
    for unit, group in by_unit(parts):
        axes = axes_at(figure, Box(LABELS, top, AXIS, ROW * len(group)), y_axis=False)
        _frame(axes, group, logarithmic=unit == RATIO)
        if unit != RATIO:
            axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: say.numbers.tick(value)))
        for y, part in enumerate(group):
            _row(axes, y, part)
            mark(axes, part.effect, y, _told(part, say))
            label = _wrapped(wording.label(part.asked, say.words), say.words)
            note(figure, 0.0, top + ROW * (y + 0.5), label, size=6.8, colour=INK, linespacing=1.0)
        axes.set_xlabel(say.words(group[0].asked.estimand.unit.axis), fontsize=6.5, color=MUTED, labelpad=1)
        top += ROW * len(group) + FOOT


def _frame(axes: Axes, parts: list[PartVerdict], *, logarithmic: bool) -> None:
    ends = [end for part in parts for end in (part.low, part.effect, part.high, part.null, *part.band)]
    ends = [end for end in ends if math.isfinite(end) and (end > 0 or not logarithmic)]
    low, high = min(ends), max(ends)
    if logarithmic:
        low, high = max(low, 1 / FARTHEST), min(high, FARTHEST)
        axes.set_xscale("log")
        low, high = low / (high / low) ** 0.06, high * (high / low) ** 0.06
        axes.xaxis.set_major_locator(_ratio_ticks(low, high))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    else:
        low, high = low - 0.06 * (high - low), high + 0.06 * (high - low)
        axes.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    axes.set(xlim=(low, high), ylim=(len(parts) - 0.5, -0.5))
    axes.axvline(parts[0].null, color=MUTED, linewidth=0.8, zorder=1)
    segments(axes, ((low, y, high, y) for y in range(len(parts))), color=GRID, linewidth=0.6, zorder=0)


def _ratio_ticks(low: float, high: float) -> FixedLocator:
    """Each decade's first tick; in narrow ranges ever more of them, so that there are two at least."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for digits in RATIO_TICKS:
        ticks = [digit * 10.0**decade for decade in decades for digit in digits]
        within = [tick for tick in ticks if low <= tick <= high]
        if len(within) > 2:
            break
    return FixedLocator(within)


def _row(axes: Axes, y: int, part: PartVerdict) -> None:
    start, end = axes.get_xlim()
    axes.fill_betweenx([y - 0.5, y + 0.5], *part.band, color=BAND, linewidth=0, zorder=0.5)
    marker, filled, colour = LOOKS.get(part.verdict, LOOKS["undecided"])
    low, high = max(part.low, start), min(part.high, end)
    axes.plot([low, high], [y, y], color=colour, linewidth=1.4, solid_capstyle="butt")
    face = colour if filled else PAPER
    axes.plot(part.effect, y, marker, color=colour, markerfacecolor=face, markersize=4.5, markeredgewidth=1.0)
    side = {"higher": 1.0, "not lower": 1.0, "lower": 0.0}.get(part.direction)
    if side is not None:
        axes.plot(
            side,
            y,
            ">" if side else "<",
            transform=axes.get_yaxis_transform(),
            color=MUTED,
            markerfacecolor=PAPER if part.direction == "not lower" else MUTED,
            markersize=3,
            markeredgewidth=0.6,
            clip_on=False,
        )


def _told(part: PartVerdict, say: Names) -> str:
    """Return the text for a reader who points at a row: the effect and its interval."""
    number = say.numbers.factor if part.unit == RATIO else say.numbers.signed
    spread = [number(value) for value in (part.effect, part.low, part.high)]
    return told(say.words, [wording.label(part.asked, say.words)], *spread)


def _wrapped(text: str, words: Language) -> str:
    return "\n".join(textwrap.wrap(text, round(25 / words.rules.width)))
