"""Means: Gaffke's test and interval for bounded values, and Student's for what is roughly normal."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from scipy import interpolate, optimize, stats

from bench.evidence.statistics import planning
from bench.evidence.statistics.base import ROUNDING, Array, Bounds, Inference, Interval, sample_of, share
from bench.evidence.statistics.planning import Needed


class BoundedMean(Inference):
    """The mean of values that lie within bounds, by Gaffke's (2005) statistic.

    The n values and one more at a bound have random weights, uniform on the simplex. p against a mean of at most t is
    the chance that their sum, with the lower bound added, is at most t. Of values at the bounds alone that is Clopper
    and Pearson's binomial test, and of n equal values no valid test gives a smaller p. That it keeps its level for
    every distribution within the bounds is conjectured (Learned-Miller & Thomas 2020); for all distributions on three
    points of a grid it is reckoned out in `tests/evidence/test_means.py`, without drawing anything.

    It is wide because few seeds cannot rule out what they did not meet: where n agree, a share of 1 − α^(1/n) may
    differ. Student's t and bootstraps miss those, and cover 23 % to 90 % where now and then a seed fails.
    """

    def __init__(self, values: ArrayLike, bounds: Bounds) -> None:
        self.values, self.bounds = sample_of(values, bounds), bounds
        self.n, self.estimate = len(self.values), float(self.values.mean())

    def above(self, threshold: float) -> float:
        return self._lower(threshold)

    def below(self, threshold: float) -> float:
        return self._upper(-threshold)

    def interval(self, confidence: float) -> Interval:
        error = (1 - share(confidence, "confidence")) / 2
        low = _quantile(np.append(self.values, self.bounds[0]), error)
        return Interval(low, _quantile(np.append(self.values, self.bounds[1]), 1 - error))

    def needed_apart(self, threshold: float, level: float) -> Needed:
        low, high = self.interval(planning.CONFIDENCE)
        if self.estimate >= threshold:
            return planning.ranged(lambda mean: self._growing(mean, threshold, level), self.estimate, low, high)
        return self._mirrored.needed_apart(-threshold, level)

    def needed_within(self, margin: float, level: float) -> Needed:
        low, high = self.interval(planning.CONFIDENCE)
        nearest, furthest = (0.0 if low <= 0 <= high else min(abs(low), abs(high))), max(abs(low), abs(high))
        return planning.ranged(lambda mean: self._shrinking(mean, margin, level), abs(self.estimate), furthest, nearest)

    def _growing(self, mean: float, threshold: float, level: float) -> int | None:
        """Seeds that tell a mean like the sample's, but for this shift, to be above a threshold."""
        return planning.seeds_above(self._moved(mean), threshold, self.bounds[0], level / 2, planning.POWER)

    def _shrinking(self, mean: float, margin: float, level: float) -> int | None:
        """Seeds that tell a mean of this size to be within ±margin; each side errs half as often."""
        values, power = self._moved(math.copysign(mean, self.estimate)), (1 + planning.POWER) / 2
        low, high = self.bounds
        sides = ((values, low), (-values, -high))
        found = [planning.seeds_above(side, -margin, bound, level / 2, power) for side, bound in sides]
        known = [n for n in found if n is not None]
        return max(known) if len(known) == 2 else None

    def _moved(self, mean: float) -> Array:
        return np.clip(self.values + (mean - self.estimate), *self.bounds)

    @cached_property
    def _mirrored(self) -> BoundedMean:
        return BoundedMean(-self.values, (-self.bounds[1], -self.bounds[0]))

    @cached_property
    def _lower(self) -> Callable[[float], float]:
        return _distribution(np.append(self.values, self.bounds[0]))

    @cached_property
    def _upper(self) -> Callable[[float], float]:
        return _distribution(-np.append(self.values, self.bounds[1]))


class Student(Inference):
    """The mean of values that are roughly normal, by Student's t.

    Where all values agree its interval's width is 0, which is right for what is deterministic and for nothing else. One
    value alone says nothing.
    """

    def __init__(self, values: ArrayLike) -> None:
        self.values = sample_of(values)
        self.n, self.estimate = len(self.values), float(self.values.mean())
        self.spread = 0.0 if self._alike else float(self.values.std(ddof=1))

    @property
    def _alike(self) -> bool:
        return self.n < 2 or bool(np.ptp(self.values) <= ROUNDING * np.abs(self.values).max())

    def above(self, threshold: float) -> float:
        if self.n < 2:
            return 1.0
        over = self.estimate - threshold
        if self.spread == 0:
            return 0.0 if over > 0 else 1.0
        return float(stats.t.sf(over / self.spread * math.sqrt(self.n), self.n - 1))

    def below(self, threshold: float) -> float:
        return Student(-self.values).above(-threshold)

    def interval(self, confidence: float) -> Interval:
        error = (1 - share(confidence, "confidence")) / 2
        if self.n < 2:
            return Interval(-math.inf, math.inf)
        half = float(stats.t.ppf(1 - error, self.n - 1)) * self.spread / math.sqrt(self.n)
        return Interval(self.estimate - half, self.estimate + half)


def mean_interval(values: ArrayLike, confidence: float, bounds: Bounds | None = None) -> Interval:
    """A confidence interval of the mean: `BoundedMean`'s, or without bounds `Student`'s."""
    return (Student(values) if bounds is None else BoundedMean(values, bounds)).interval(confidence)


def _distribution(points: Array) -> Callable[[float], float]:
    """P(Σ D_i points_i ≤ threshold) for D uniform on the simplex, as a function of the threshold.

    The density of such a sum is the B-spline whose knots are the points, over its integral (Curry & Schoenberg 1966).
    """
    knots = np.sort(points)
    low, high = knots[0], knots[-1]
    if high - low <= ROUNDING * max(abs(low), abs(high)):
        return lambda threshold: float(threshold >= high)
    integral = interpolate.BSpline.basis_element(knots, extrapolate=True).antiderivative()

    def below(threshold: float) -> float:
        if threshold >= high or threshold < low:
            return float(threshold >= high)
        area = (integral(threshold) - integral(low)) * (len(knots) - 1) / (high - low)
        return float(np.clip(area, 0.0, 1.0))

    return below


def _quantile(points: Array, error: float) -> float:
    """The inverse of `_distribution`."""
    low, high = float(points.min()), float(points.max())
    if low == high:
        return low
    below = _distribution(points)
    return float(optimize.brentq(lambda t: below(t) - error, low, high))
