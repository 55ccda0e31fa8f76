"""Medians by counting: against SciPy, by hand, and where values are worse than can be measured."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from bench.evidence.statistics import Median, smallest_p


@pytest.mark.parametrize("n", [1, 2, 5, 6, 9, 20, 50])
def test_the_sign_test_is_the_binomial_one(n: int) -> None:
    values = np.random.default_rng(n).normal(0.3, 1, n)
    for threshold in (-0.2, 0.0, 0.5):
        found = Median(values)
        above, below = int((values > threshold).sum()), int((values < threshold).sum())
        assert found.above(threshold) == pytest.approx(stats.binomtest(above, n, alternative="greater").pvalue)
        assert found.below(threshold) == pytest.approx(stats.binomtest(below, n, alternative="greater").pvalue)
    assert 2 * Median(np.ones(n)).above(0) == pytest.approx(smallest_p(n))


@pytest.mark.parametrize("n", [5, 6, 9, 20, 50])
@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.999])
def test_the_interval_is_scipys_of_the_quantile(n: int, confidence: float) -> None:
    values = np.random.default_rng(n).exponential(1, n)
    expected = stats.quantile_test(values, p=0.5).confidence_interval(confidence)
    low, high = Median(values).interval(confidence)
    if math.isfinite(low):
        assert (low, high) == (expected.low, expected.high)
    else:
        assert math.isnan(expected.low) or math.isinf(expected.low)


def test_values_on_the_threshold_count_for_the_null() -> None:
    assert Median([0, 0, 0, 1, 1, 1]).above(0) == pytest.approx(42 / 64)
    assert Median(np.zeros(9)).within(0.1) == pytest.approx(1 / 512)
    assert Median(np.zeros(9)).above(0) == Median(np.zeros(9)).below(0) == 1


@pytest.mark.parametrize("level", [0.05, 0.0006])
def test_what_is_told_is_what_the_interval_says(level: float) -> None:
    rng, told = np.random.default_rng(2), set()
    for n in (3, 8, 13, 20, 60):
        values = np.round(rng.normal(0.2, 0.2, n), 1)
        low, high = Median(values).interval(1 - 2 * level)
        for threshold in np.arange(-0.5, 0.6, 0.1).round(1):
            told.add(low > threshold)
            assert (Median(values).above(threshold) <= level) == (low > threshold)
            assert (Median(values).below(threshold) <= level) == (high < threshold)
    assert told == {True, False}


def test_how_bad_the_worst_are_does_not_matter() -> None:
    for worst in (-2.0, -700.0):
        found = Median([worst, worst, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8])
        assert found.estimate == pytest.approx(0.35)
        assert found.interval(0.9) == (worst, 0.7)
        assert found.above(0) == pytest.approx(stats.binom.sf(7, 10, 0.5))
