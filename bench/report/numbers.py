"""Formats numbers, by language."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from typing import Any

from bench.languages import Language
from bench.records.columns import Column, Shown

LEAST_P = 0.001
"""Smaller p-values are shown as below it."""
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_PREFIXES = ("", "k", "M", "G", "T", "P")


class Numbers:
    """Formats counts, shares, ratios and updates; what is missing becomes a dash."""

    def __init__(self, words: Language) -> None:
        self.words = words

    @property
    def none(self) -> str:
        """The dash that stands where there is no number."""
        return "–"

    def count(self, value: float) -> str:
        """12345 → 12,345."""
        return f"{value:,.0f}" if math.isfinite(value) else self.not_finite(value)

    def metric(self, value: float) -> str:
        """Three significant digits: 0.0123, 0.167, 1."""
        return f"{value:.3g}" if math.isfinite(value) else self.not_finite(value)

    def value(self, value: float) -> str:
        """A measured value of any size: 0.0123, 46.2, 4,513, 512 k."""
        if not 1000 <= abs(value) < math.inf:
            return self.metric(value)
        return self.count(round(value)) if abs(value) < 100_000 else self.si(value)

    def not_finite(self, value: float) -> str:
        """∞, −∞; a dash for what is not known."""
        return self.none if math.isnan(value) else "∞" if value > 0 else "−∞"

    def range(self, low: str, high: str) -> str:
        """'0.1 to 0.5'."""
        return self.words("{low} to {high}", low=low, high=high)

    def signed(self, value: float) -> str:
        """Two significant digits and a sign: +0.23, −1.4, +120."""
        if not math.isfinite(value):
            return self.not_finite(value)
        return _minus(f"{_significant(value):+,g}" if value else "0")

    def steps(self, value: float) -> str:
        """A number of steps that need not be whole: 0.92, 13, 1,700, ∞."""
        return f"{_significant(value):,g}" if math.isfinite(value) else self.not_finite(value)

    def tick(self, value: float) -> str:
        """Format a number at an axis: 0.05, 20, 10 k."""
        return self.si(value) if abs(value) >= 1000 else _minus(f"{value:g}")

    def power_of_ten(self, exponent: float) -> str:
        """−5 → 10⁻⁵."""
        return "10" + f"{exponent:.0f}".translate(_RAISED)

    def p(self, value: float | None) -> str:
        """A p-value: 0.034, < 0.001; a dash where there is none."""
        if value is None or math.isnan(value):
            return self.none
        return f"< {LEAST_P:g}" if value < LEAST_P else f"{value:.2g}" if value < 0.995 else "1"

    def percent(self, share: float) -> str:
        """0.8 → 80 %."""
        return self.words("{value} %", value=self.count(100 * share))

    def interval(self, low: float, high: float) -> str:
        """0.43, 1.0 → 43–100 %."""
        return self.words("{low}–{high} %", low=self.count(100 * low), high=self.count(100 * high))

    def ratio(self, value: float) -> str:
        """3.87 → 3.9×; from 0.1 to 2 with two decimals."""
        return self.none if math.isnan(value) else self.words("{value}×", value=self.factor(value))

    def factor(self, value: float) -> str:
        """Format a ratio without its sign: 3.9; 0.0071."""
        if not 0 < value < math.inf:
            return self.signed(value).lstrip("+")
        return _short(value) if value >= 0.1 else f"{value:.2g}"

    def ratio_range(self, low: float, high: float) -> str:
        """3.87, 4.1 → 3.9–4.1×; one number where both round to the same."""
        if math.isnan(low + high) or _short(low) == _short(high):
            return self.ratio(low)
        return self.words("{low}–{high}×", low=_short(low), high=_short(high))

    def si(self, value: float, unit: str = "", base: int = 1000) -> str:
        """12345678 → 12.3 M."""
        if not math.isfinite(value):
            return self.not_finite(value)
        power = min(int(math.log(max(value, 1), base)), len(_PREFIXES) - 1)
        scaled = value / base**power
        digits = f"{scaled:.3g}" if scaled < 1000 else f"{scaled:,.0f}"
        return f"{digits}\u202f{_PREFIXES[power]}{unit}".rstrip("\u202f")

    def shown(self, column: Column, value: Any) -> str:
        """A value of a table, in the way in which its column is shown."""
        shows: dict[Shown, Callable[[Any], str]] = {
            "text": str,
            "count": self.count,
            "si": self.si,
            "bytes": lambda size: self.si(size, "B"),
            "ratio": self.ratio,
        }
        return shows[column.shown](value)

    def updates(self, value: float, budget: float) -> str:
        """Updates to solve; infinite means beyond the budget."""
        return f"> {self.count(budget)}" if math.isinf(value) else self.count(value)

    def horizon(self, row: Any) -> str:
        """A row of `evidence.horizons.horizons`, or None."""
        if row is None or math.isnan(row.horizon):
            return self.none
        horizon, shortest = row.horizon, row.shortest
        if horizon == 0:
            return f"< {self.count(shortest)}"
        if row.open:
            return f"≥ {self.count(horizon)}"
        return self.count(horizon)

    def rates(self, winners: dict[int, float]) -> str:
        """The learning rate of each lag; one number where all are the same."""
        by_rate: dict[float, list[int]] = {}
        for lag, rate in winners.items():
            by_rate.setdefault(rate, []).append(lag)
        if len(by_rate) == 1:
            return f"{next(iter(by_rate)):g}"
        items = [
            self.words("{rate} (lag {lags})", rate=f"{rate:g}", lags=self.join(lags)) for rate, lags in by_rate.items()
        ]
        return self.words.rules.between_clauses.join(items) or self.none

    def dials(self, text: str) -> str:
        """A technique's dials, from JSON."""
        values = json.loads(text) if text else {}
        items = [f"{name} = {value:g}" for name, value in sorted(values.items())]
        return self.words.rules.between_items.join(items) or self.words("none")

    def join(self, items: Iterable[object]) -> str:
        """a, b and c."""
        return self.words.all_of([str(item) for item in items])

    def when(self, stamp: str | float) -> str:
        """2026-02-03T04:05:06+00:00 → 2026-02-03 04:05; a dash where nothing has started."""
        return stamp[:16].replace("T", " ") if isinstance(stamp, str) else self.none


def _significant(value: float) -> float:
    return float(f"{value:.2g}") if abs(value) < 100 else round(value)


def _minus(text: str) -> str:
    return text.replace("-", "−")


def _short(value: float) -> str:
    if math.isinf(value):
        return "∞"
    return f"{value:.2f}" if value < 2 else f"{value:.1f}" if value < 100 else f"{value:,.0f}"
