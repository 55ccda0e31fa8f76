"""Tests, intervals and sample sizes for one value a seed: paired differences, whose mean is asked about.

Every function takes plain numbers and knows nothing of techniques. Whatever draws takes its generator as an argument,
so that equal results give an equal report. Values that are not finite, or none at all, are a BenchError.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import interpolate, optimize, stats
from statsmodels.stats.multitest import multipletests

from bench.errors import BenchError

Array = NDArray[np.float64]
Bounds = tuple[float, float]

EXACT_SEEDS = 20
"""Up to so many seeds that differ from 0, all sign flips are counted (half a million: milliseconds)."""
RESAMPLES = 99_999
"""Sign flips or permutations drawn where there are too many to count: no p is below 2 / 100 000."""
MOST_SEEDS = 10_000
"""More seeds than this are nobody's plan."""
_ROUNDING = 1e-9
"""Sums that agree to this share of the largest possible sum are ties."""


class Interval(NamedTuple):
    """A confidence interval."""

    low: float
    high: float


def sign_flip_p(values: ArrayLike, rng: np.random.Generator) -> float:
    """Two-sided p of the paired sign-flip test that the mean is 0 (Fisher 1935, §21).

    Under the null each value is as likely as its negative. p is the share of the 2^n ways to choose signs whose |mean|
    is at least the observed one: counted up to EXACT_SEEDS values other than 0 (a 0 has no sign to flip), otherwise
    estimated from RESAMPLES draws. The smallest p possible is `smallest_p(n)`.
    """
    sample = _sample(values)
    flipped = sample[sample != 0]
    if len(flipped) > EXACT_SEEDS:
        test = stats.permutation_test(
            (flipped,), np.mean, permutation_type="samples", n_resamples=RESAMPLES, vectorized=True, batch=1000, rng=rng
        )
        return float(test.pvalue)
    sums = np.zeros(1)
    for value in flipped[1:]:  # the first sign stays: flipping all of them leaves |sum| as it is
        sums = np.concatenate([sums + value, sums - value])
    sums += flipped[:1].sum()
    return float(np.mean(np.abs(sums) >= abs(flipped.sum()) - _ROUNDING * np.abs(flipped).sum()))


def smallest_p(n: int) -> float:
    """The smallest two-sided p that n sign flips can give: 2 / 2^n."""
    return min(1.0, 2.0 ** (1 - n))


def least_n(level: float) -> int:
    """The fewest seeds whose smallest p reaches a level in (0, 1]."""
    if not 0 < level <= 1:
        raise BenchError(f"A level of significance lies between 0 and 1, not {level}.")
    return next(n for n in range(1, MOST_SEEDS) if smallest_p(n) <= level)


def mean_interval(values: ArrayLike, confidence: float, bounds: Bounds | None = None) -> Interval:
    """A two-sided confidence interval of the mean of n values, with equal error on both sides.

    With bounds (lo, hi) on a single value it is Gaffke's (2005): `_cumulated` with one more value, at the bound.
    Without bounds it is Student's t, whose width is 0 where all values agree: sound for what is deterministic, and for
    nothing else. One value without bounds says nothing (−∞ to ∞).
    """
    sample, error = _sample(values, bounds), (1 - confidence) / 2
    if not 0 < confidence < 1:
        raise BenchError(f"A confidence lies between 0 and 1, not {confidence}.")
    if bounds is not None:
        lo, hi = bounds
        return Interval(_quantile(np.append(sample, lo), error), _quantile(np.append(sample, hi), 1 - error))
    if len(sample) == 1:
        return Interval(-math.inf, math.inf)
    mean, half = sample.mean(), stats.t.ppf(1 - error, len(sample) - 1) * sample.std(ddof=1) / math.sqrt(len(sample))
    return Interval(float(mean - half), float(mean + half))


def superiority_p(values: ArrayLike, threshold: float, bounds: Bounds | None = None) -> float:
    """One-sided p against a mean of at most the threshold; consistent with `mean_interval`.

    p ≤ α just where the 1 − 2 α interval lies above the threshold. A threshold of −margin makes the test of
    non-inferiority.
    """
    sample = _sample(values, bounds)
    if bounds is not None:
        return _cumulated(np.append(sample, bounds[0]), threshold)
    if len(sample) == 1:
        return 1.0
    above, spread = sample.mean() - threshold, sample.std(ddof=1)
    if spread == 0:
        return 0.0 if above > 0 else 1.0
    return float(stats.t.sf(above / spread * math.sqrt(len(sample)), len(sample) - 1))


def equivalence_p(values: ArrayLike, margin: float, bounds: Bounds | None = None) -> float:
    """p of two one-sided tests (Schuirmann 1987) against a mean that is at least a margin away from 0.

    p ≤ α just where the 1 − 2 α `mean_interval` lies within ±margin.
    """
    sample = _sample(values, bounds)
    mirrored = None if bounds is None else (-bounds[1], -bounds[0])
    return max(superiority_p(sample, -margin, bounds), superiority_p(-sample, -margin, mirrored))


def needed_n(
    values: ArrayLike, level: float, power: float = 0.8, margin: float | None = None, bounds: Bounds | None = None
) -> int | None:
    """Seeds needed if the truth is what was observed: to tell the mean from 0, or to show that |mean| < margin.

    Never fewer than `least_n(level)`. None where more than MOST_SEEDS would be needed or no number would do. For the
    difference it is the power of the t-test, which the sign-flip test comes near.
    """
    sample, floor = _sample(values, bounds), least_n(level)
    mean, spread = abs(sample.mean()), sample.std(ddof=1) if len(sample) > 1 else 0.0
    if margin is not None and mean >= margin:
        return None

    def enough(n: int) -> bool:
        if margin is not None:
            alike = np.sort(sample)[np.arange(n) * len(sample) // n]
            slack = stats.norm.ppf((1 + power) / 2) * spread / math.sqrt(n)
            return slack < margin and equivalence_p(alike, margin - slack, bounds) <= level
        if spread == 0:
            return bool(mean > 0)
        critical, shift = stats.t.ppf(1 - level / 2, n - 1), mean / spread * math.sqrt(n)
        return bool(stats.nct.sf(critical, n - 1, shift) >= power)

    sizes = range(max(floor, 2), MOST_SEEDS + 1)
    first = bisect.bisect_left(sizes, True, key=enough)
    return sizes[first] if first < len(sizes) else None


def holm(p_values: ArrayLike) -> Array:
    """p adjusted for all the tests of a family (Holm 1979), in the order given."""
    p = np.asarray(p_values, dtype=float)
    if not np.all((p >= 0) & (p <= 1)):
        raise BenchError("Holm's correction needs p-values between 0 and 1.")
    return np.asarray(multipletests(p, method="holm")[1]) if p.size else p


def interquartile_mean(values: ArrayLike, axis: int = -1) -> Array:
    """The mean without the lowest and the highest quarter (Agarwal et al. 2021)."""
    return np.asarray(stats.trim_mean(np.asarray(values, dtype=float), 0.25, axis=axis))


def stratified_bootstrap(
    values_by_stratum: Sequence[ArrayLike],
    statistic: Callable[..., ArrayLike],
    rng: np.random.Generator,
    confidence: float = 0.95,
    resamples: int = 9999,
) -> Interval:
    """Percentile interval of a statistic of all values together; each stratum (a task) is resampled by itself.

    `statistic(pooled, axis=-1)` reduces the last axis, as `interquartile_mean` does (Agarwal et al. 2021).
    """
    strata = [_sample(values) for values in values_by_stratum]
    if not strata:
        raise BenchError("There is no stratum to resample.")
    drawn = np.concatenate([rng.choice(values, (resamples, len(values))) for values in strata], axis=-1)
    low, high = np.quantile(np.asarray(statistic(drawn, axis=-1)), [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(float(low), float(high))


def split_half_range(scores: ArrayLike) -> Array:
    """What a dial is worth, a value a seed, free of the luck that the best value had; scores: (dial values, seeds).

    The best and the worst value of the dial are chosen by their mean over every other seed, and their difference is
    taken on the seeds between; then the halves change places. Without dependence the mean is 0 on average, whereas
    best minus worst on the seeds that chose them is never negative.
    """
    table = np.asarray(scores, dtype=float)
    if table.ndim != 2 or table.shape[0] < 2 or table.shape[1] < 2 or not np.isfinite(table).all():
        raise BenchError("A dial's range needs finite scores of at least two values of the dial and two seeds.")
    return _split_half(table)


def range_p(scores: ArrayLike, rng: np.random.Generator) -> float:
    """p that a dial changes nothing; scores: (dial values, seeds). Draws `RESAMPLES // 10` permutations.

    Without dependence a seed's scores may change places among the dial's values. The statistic is the mean of
    `split_half_range`. A sign-flip test of that would reject too often: each half chooses for the other, so that its
    values are not independent.
    """
    table = np.asarray(scores, dtype=float)
    split_half_range(table)
    test = stats.permutation_test(
        tuple(table),
        lambda *rows, axis=-1: _split_half(np.stack(np.broadcast_arrays(*rows), axis=-2)).mean(axis=-1),
        permutation_type="samples",
        alternative="greater",
        n_resamples=RESAMPLES // 10,
        vectorized=True,
        batch=1000,
        rng=rng,
    )
    return float(test.pvalue)


def _split_half(table: Array) -> Array:
    """`split_half_range` over the last two axes."""
    result = np.empty((*table.shape[:-2], table.shape[-1]))
    for chosen_on, measured_on in ((0, 1), (1, 0)):
        means = table[..., chosen_on::2].mean(axis=-1)
        rows = [choose(means, axis=-1)[..., None, None] for choose in (np.argmax, np.argmin)]
        best, worst = (np.take_along_axis(table[..., measured_on::2], r, axis=-2)[..., 0, :] for r in rows)
        result[..., measured_on::2] = best - worst
    return result


def _cumulated(points: Array, threshold: float) -> float:
    """P(Σ D_i points_i ≤ threshold) for D uniform on the simplex.

    The density of such a sum is the B-spline whose knots are the points, over its integral (Curry & Schoenberg 1966).
    """
    knots = np.sort(points)
    low, high = knots[0], knots[-1]
    if threshold >= high or threshold < low:
        return float(threshold >= high)
    integral = interpolate.BSpline.basis_element(knots, extrapolate=True).antiderivative()
    share = (integral(threshold) - integral(low)) * (len(knots) - 1) / (high - low)
    return float(np.clip(share, 0.0, 1.0))


def _quantile(points: Array, share: float) -> float:
    """The inverse of `_cumulated`."""
    low, high = float(points.min()), float(points.max())
    if low == high:
        return low
    return float(optimize.brentq(lambda t: _cumulated(points, t) - share, low, high))


def _sample(values: ArrayLike, bounds: Bounds | None = None) -> Array:
    """The values as an array; raises BenchError where they cannot be estimated from."""
    sample = np.asarray(values, dtype=float)
    if sample.ndim != 1 or not len(sample) or not np.isfinite(sample).all():
        raise BenchError("An estimate needs a list of at least one value, all of them finite.")
    if bounds is not None and not (bounds[0] <= sample.min() and sample.max() <= bounds[1]):
        raise BenchError(f"Values from {sample.min()} to {sample.max()} do not lie within {bounds}.")
    return sample
