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

EXACT_SEEDS = 32
"""Up to so many seeds that differ from 0, all sign flips are counted: milliseconds."""
RESAMPLES = 19_999
"""Sign flips or permutations drawn where there are too many to count: no p is then below 1 / 20 000."""
MOST_SEEDS = 1000
"""More seeds than this are nobody's plan."""
_ROUNDING = 1e-9
"""Numbers that differ by no more than this share of their size are equal."""


class Interval(NamedTuple):
    """A confidence interval."""

    low: float
    high: float


def sign_flip_p(values: ArrayLike, rng: np.random.Generator) -> float:
    """Two-sided p of the paired sign-flip test that the mean is 0 (Fisher 1935, §21).

    Under the null each value is as likely as its negative, as a difference between two runs is if the technique makes
    none. p is the share of the 2^n ways to choose signs whose |mean| is at least the observed one: counted up to
    EXACT_SEEDS values other than 0 (a 0 has no sign to flip), otherwise estimated from RESAMPLES draws. The smallest p
    possible is `smallest_p(n)`. Values against a constant, and not against another run, are supposed to be symmetric:
    if they are exponential, 9 % of true nulls are rejected at 5 %.
    """
    sample = _sample(values)
    flipped = sample[sample != 0]
    if len(flipped) > EXACT_SEEDS:
        test = stats.permutation_test(
            (flipped,), np.mean, permutation_type="samples", n_resamples=RESAMPLES, vectorized=True, batch=1000, rng=rng
        )
        return float(test.pvalue)
    observed = abs(flipped.sum()) - _ROUNDING * np.abs(flipped).sum()
    if observed <= 0:
        return 1.0
    # Each sum is one of the first half's and one of the second half's: sort one side, look the other up.
    first, second = (_signed_sums(half) for half in np.array_split(flipped, 2))
    second.sort()
    above = len(second) - np.searchsorted(second, observed - first, side="left")
    below = np.searchsorted(second, -observed - first, side="right")
    return float(above.sum() + below.sum()) / (len(first) * len(second))


def _signed_sums(values: Array) -> Array:
    """Σ ± values for all 2^n choices of signs."""
    sums = np.zeros(1)
    for value in values:
        sums = np.concatenate([sums + value, sums - value])
    return sums


def smallest_p(n: int) -> float:
    """The smallest two-sided p that n sign flips can give: 2 / 2^n."""
    return min(1.0, 2.0 ** (1 - n))


def least_n(level: float) -> int:
    """The fewest seeds whose smallest p reaches a level."""
    return 1 - math.floor(math.log2(_share(level, "level")))


def mean_interval(values: ArrayLike, confidence: float, bounds: Bounds | None = None) -> Interval:
    """A two-sided confidence interval of the mean of n values, with equal error on both sides.

    With bounds (lo, hi) on a single value it is Gaffke's (2005): `_cumulated` with one more value, at the bound. For
    values at lo and hi alone that is Clopper and Pearson's interval; that it covers for every distribution within the
    bounds is conjectured, and holds in simulations (`tests/evidence/test_calibration.py`). It is wide because few seeds
    cannot rule out what they did not meet: where n agree, a share of 1 − 0.025^(1/n) may differ, a quarter for 13.
    Student's t and bootstraps miss those, and cover 23 % to 90 % where now and then a seed fails. Pseudo-observations
    at the bounds, as in Agresti and Coull's interval, cover at 95 %, but err on one side in 9 % where 5 % is said.

    Without bounds it is Student's t: sound for values that are roughly normal. Where all of them agree its width is 0,
    which is right for what is deterministic and for nothing else. One value without bounds says nothing (−∞ to ∞).
    """
    sample, error = _sample(values, bounds), (1 - _share(confidence, "confidence")) / 2
    if bounds is not None:
        lo, hi = bounds
        return Interval(_quantile(np.append(sample, lo), error), _quantile(np.append(sample, hi), 1 - error))
    if len(sample) == 1:
        return Interval(-math.inf, math.inf)
    half = stats.t.ppf(1 - error, len(sample) - 1) * _spread(sample) / math.sqrt(len(sample))
    return Interval(float(sample.mean() - half), float(sample.mean() + half))


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
    above, spread = sample.mean() - threshold, _spread(sample)
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
    mean, spread = abs(sample.mean()), _spread(sample)
    if margin is not None and mean >= margin:
        return None

    def enough(n: int) -> bool:
        if margin is not None:
            alike = np.sort(sample)[np.arange(n) * len(sample) // n]
            slack = stats.norm.ppf((1 + power) / 2) * spread / math.sqrt(n)
            return slack < margin and equivalence_p(alike, margin - slack, bounds) <= level
        if spread == 0:
            return bool(mean > 0)
        critical = stats.t.ppf(1 - level / 2, n - 1)
        shift = min(mean / spread * math.sqrt(n), 1e6)  # SciPy gives NaN much further out
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
    """Interval of a statistic of all values together; each stratum (a task) is resampled by itself.

    `statistic(pooled, axis=-1)` reduces the last axis, as `interquartile_mean` does (Agarwal et al. 2021). It is the
    percentile interval, expanded for few values (Hesterberg 2015): as it stands it covers 88 % instead of 95 % for five
    values a stratum. With one value a stratum nothing is known (−∞ to ∞).
    """
    strata = [_sample(values) for values in values_by_stratum]
    if not strata:
        raise BenchError("A bootstrap needs at least one stratum of values.")
    freedom = sum(map(len, strata)) - len(strata)
    if not freedom:
        return Interval(-math.inf, math.inf)
    drawn = np.concatenate([rng.choice(values, (resamples, len(values))) for values in strata], axis=-1)
    quantile = stats.t.ppf((1 + _share(confidence, "confidence")) / 2, freedom)
    error = stats.norm.sf(quantile * math.sqrt(1 + len(strata) / freedom))
    low, high = np.quantile(np.asarray(statistic(drawn, axis=-1)), [error, 1 - error])
    return Interval(float(low), float(high))


def split_half_range(scores: ArrayLike) -> Array:
    """What a dial is worth, a value a seed, free of the luck that the best value had; scores: (dial values, seeds).

    The best and the worst value of the dial are chosen by their mean over every other seed, and their difference is
    taken on the seeds between; then the halves change places. Without dependence the mean is 0 on average, whereas
    best minus worst on the seeds that chose them is never negative.
    """
    table = _dial_table(scores)
    result = np.empty(table.shape[1])
    for chosen_on, measured_on in ((0, 1), (1, 0)):
        means = table[:, chosen_on::2].mean(axis=1)
        result[measured_on::2] = table[means.argmax(), measured_on::2] - table[means.argmin(), measured_on::2]
    return result


def range_p(scores: ArrayLike, rng: np.random.Generator) -> float:
    """p of a permutation test that a dial changes nothing; scores: (dial values, seeds).

    Without dependence a seed's scores may change places among the dial's values. The statistic is the best mean minus
    the worst: permuted scores have the same luck in choosing. (A sign-flip test of `split_half_range` at 5 % rejects up
    to 13 % of true nulls: each half chooses for the other, so that its values are not independent.)
    """
    test = stats.permutation_test(
        tuple(_dial_table(scores)),
        lambda *rows, axis: np.ptp([row.mean(axis=axis) for row in rows], axis=0),
        permutation_type="samples",
        alternative="greater",
        n_resamples=RESAMPLES,
        vectorized=True,
        batch=1000,
        rng=rng,
    )
    return float(test.pvalue)


def _dial_table(scores: ArrayLike) -> Array:
    """Scores as an array (dial values, seeds); raises BenchError where they cannot show what a dial does."""
    table = np.asarray(scores, dtype=float)
    if table.ndim != 2 or min(table.shape) < 2 or not np.isfinite(table).all():
        raise BenchError("A dial's range needs finite scores of at least two values of the dial and two seeds.")
    return table


def _cumulated(points: Array, threshold: float) -> float:
    """P(Σ D_i points_i ≤ threshold) for D uniform on the simplex."""
    return _distribution(points)(threshold)


def _distribution(points: Array) -> Callable[[float], float]:
    """`_cumulated` for any threshold.

    The density of such a sum is the B-spline whose knots are the points, over its integral (Curry & Schoenberg 1966).
    """
    knots = np.sort(points)
    low, high = knots[0], knots[-1]
    if low == high:
        return lambda threshold: float(threshold >= high)
    integral = interpolate.BSpline.basis_element(knots, extrapolate=True).antiderivative()

    def below(threshold: float) -> float:
        if threshold >= high or threshold < low:
            return float(threshold >= high)
        share = (integral(threshold) - integral(low)) * (len(knots) - 1) / (high - low)
        return float(np.clip(share, 0.0, 1.0))

    return below


def _quantile(points: Array, share: float) -> float:
    """The inverse of `_cumulated`."""
    low, high = float(points.min()), float(points.max())
    if low == high:
        return low
    below = _distribution(points)
    return float(optimize.brentq(lambda t: below(t) - share, low, high))


def _spread(sample: Array) -> float:
    """The standard deviation; 0 for one value, and for values that differ by rounding alone."""
    if np.ptp(sample) <= _ROUNDING * np.abs(sample).max():
        return 0.0
    return float(sample.std(ddof=1))


def _share(value: float, name: str) -> float:
    """The value, if it lies between 0 and 1; otherwise raises BenchError."""
    if not 0 < value < 1:
        raise BenchError(f"A {name} lies between 0 and 1, not {value}.")
    return value


def _sample(values: ArrayLike, bounds: Bounds | None = None) -> Array:
    """The values as an array; raises BenchError where they cannot be estimated from."""
    sample = np.asarray(values, dtype=float)
    if sample.ndim != 1 or not len(sample) or not np.isfinite(sample).all():
        raise BenchError("An estimate needs a list of at least one value, all of them finite.")
    if bounds is not None and not (bounds[0] <= sample.min() and sample.max() <= bounds[1]):
        raise BenchError(f"Values from {sample.min()} to {sample.max()} do not lie within {bounds}.")
    return sample
