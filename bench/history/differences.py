"""Two samples side by side: is the one's mean another, and by how much? Plain numbers, nothing of techniques."""

from __future__ import annotations

import math

import numpy as np
from scipy import stats

from bench.evidence.statistics import Array, Interval, mean_interval, sign_flip_p, smallest_p

CONFIDENCE = 0.95
RESAMPLES = 19_999
"""Permutations of two samples that are drawn where there are too many to count: no p is then below 1 / 10 000."""
LEAST_PAIRS = 12
"""Fewest pairs for a sign-flip test: fewer hardly reach a level that is corrected for many comparisons."""

ROUNDING = 1e-12
"""Values whose range is at most this share of the largest are equal: their variance would be rounding."""


def scores_p(before: Array, after: Array, paired: bool, rng: np.random.Generator) -> float:
    """Two-sided p that two samples come from one distribution; paired: value by value, on the same data.

    LEAST_PAIRS pairs have a sign-flip test. Others have a permutation test of two samples, pairs too: what they share
    makes them more alike than the test supposes, so it rejects true nulls less often than the level.
    """
    if _in_pairs(before, paired):
        return sign_flip_p(after - before)
    if np.ptp([*before, *after]) == 0:
        return 1.0
    test = stats.permutation_test(
        (before, after), lambda x, y, axis: x.mean(axis=axis) - y.mean(axis=axis),
        n_resamples=RESAMPLES, vectorized=True, batch=2000, rng=rng,
    )  # fmt: skip
    return float(test.pvalue)


def smallest_scores_p(before: Array, after: Array, paired: bool) -> float:
    """The smallest p that `scores_p` could give for samples of these sizes."""
    if _in_pairs(before, paired):
        return smallest_p(len(before))
    return 2 / math.comb(len(before) + len(after), len(before))


def _in_pairs(before: Array, paired: bool) -> bool:
    return paired and len(before) >= LEAST_PAIRS


def scores_interval(before: Array, after: Array) -> Interval:
    """Return an interval for the rise of a mean of scores between 0 and 1, from each mean's own (Zou & Donner 2008).

    For shares that is Newcombe's (1998) method. It supposes two independent samples; pairs are more alike, which makes
    it too wide and not too narrow.
    """
    (low1, high1), (low2, high2) = (mean_interval(values, CONFIDENCE, (0.0, 1.0)) for values in (before, after))
    mean1, mean2 = float(before.mean()), float(after.mean())
    rise = mean2 - mean1
    return Interval(rise - math.hypot(mean2 - low2, high1 - mean1), rise + math.hypot(high2 - mean2, mean1 - low1))


def rise_interval(before: Array, after: Array, family: int) -> Interval:
    """Return an interval for the rise of a mean (Welch 1947), widened for a family of so many intervals (Bonferroni).

    A single value gives −∞ to ∞.
    """
    if min(len(before), len(after)) < 2:
        return Interval(-math.inf, math.inf)
    rise = float(after.mean() - before.mean())
    if all(np.ptp(values) <= ROUNDING * np.abs(values).max() for values in (before, after)):
        return Interval(rise, rise)
    test = stats.ttest_ind(after, before, equal_var=False)
    found = test.confidence_interval(1 - (1 - CONFIDENCE) / family)
    return Interval(float(found.low), float(found.high))
