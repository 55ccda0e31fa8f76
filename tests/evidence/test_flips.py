"""Sign flips, counted."""

from __future__ import annotations

import itertools
import math
import time

import numpy as np
import pytest
from scipy import stats

from bench.errors import BenchError
from bench.evidence.statistics import least_n, sign_flip_p, smallest_p


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(11)


def test_sign_flips_by_hand() -> None:
    # the eight sums of ±1 ±2 ±3 are ±6, ±4, ±2, 0, 0: two are as far out as 6, and four as 4
    assert sign_flip_p([1, 2, 3]) == 2 / 8
    assert sign_flip_p([-1, 2, 3]) == 4 / 8
    assert sign_flip_p([1, 2, -3]) == 1


def test_sign_flips_that_tie_count_in_spite_of_rounding() -> None:
    # 0.1 + 0.2 − 0.3 is not 0 in floating point, and the sums of 0.1 and 0.7 depend on their order
    assert sign_flip_p([0.1, 0.2, -0.3]) == 1
    values = [0.1, 0.7, 0.1, -0.7, 0.1, 0.3]
    sums = [abs(sum(s * round(10 * v) for s, v in zip(signs, values, strict=True))) for signs in _signs(6)]
    assert sign_flip_p(values) == np.mean([s >= 6 for s in sums])


def _signs(n: int) -> itertools.product[tuple[int, ...]]:
    return itertools.product((-1, 1), repeat=n)


def test_seeds_without_a_difference_neither_help_nor_harm() -> None:
    assert sign_flip_p([0, 1, 2, 0, 3, 0]) == sign_flip_p([1, 2, 3])
    assert sign_flip_p([0, 0, 0]) == 1
    assert sign_flip_p([0]) == 1


@pytest.mark.parametrize("n", [1, 2, 3, 7, 12])
@pytest.mark.parametrize("decimals", [0, 1, 2])
def test_on_a_lattice_they_agree_with_scipy(n: int, decimals: int, rng) -> None:
    values = np.round(rng.normal(0.5, 1, n), decimals)
    value_mean = abs(values.mean())
    flipped = np.abs([np.mean(np.array(s) * values) for s in _signs(n)])
    assert sign_flip_p(values) == pytest.approx(np.mean(flipped >= value_mean - 1e-12), abs=1e-12)
    if n > 1:
        exact = stats.permutation_test((values,), np.mean, permutation_type="samples", n_resamples=np.inf)
        assert sign_flip_p(values) == pytest.approx(exact.pvalue, abs=1e-12)


@pytest.mark.parametrize("n", [2, 7, 14])
def test_off_any_lattice_they_are_never_too_small_and_hardly_too_large(n: int, rng) -> None:
    for _ in range(20):
        values = rng.normal(0.5, 1, n)
        flipped = np.abs([np.dot(s, values) for s in _signs(n)])
        exact = np.mean(flipped >= abs(values.sum()) - 1e-12)
        assert exact - 1e-12 <= sign_flip_p(values) <= exact + 0.01


def test_fifty_scores_are_counted_to_the_last() -> None:
    # fifty shares of a budget of 30 intervals, averaged over three cells: p does not stop at what could be drawn
    values = np.round(np.random.default_rng(0).normal(0.4, 0.2, 50) * 90) / 90
    started = time.process_time()
    p = sign_flip_p(values)
    assert time.process_time() - started < 5
    assert 0 < p < 1e-10
    assert sign_flip_p(np.full(50, 1 / 90)) == smallest_p(50)
    weak = np.round(np.random.default_rng(2).normal(0.08, 0.3, 50) * 90) / 90
    assert sign_flip_p(weak) == pytest.approx(stats.ttest_1samp(weak, 0).pvalue, rel=0.1)


def test_sign_flips_have_no_direction(rng) -> None:
    values = rng.normal(0.4, 1, 15)
    assert sign_flip_p(values) == pytest.approx(sign_flip_p(-values))
    assert sign_flip_p(values) == pytest.approx(sign_flip_p(values[::-1]), rel=0.05)


@pytest.mark.parametrize("n", [1, 4, 13, 20, 32, 50])
def test_no_p_is_below_the_smallest(n: int) -> None:
    assert sign_flip_p(np.ones(n)) == smallest_p(n) == 2 / 2**n


def test_fewest_seeds() -> None:
    assert [least_n(level) for level in (0.5, 0.25, 0.1, 0.0625, 0.05, 0.01, 0.05 / 120)] == [2, 3, 5, 5, 6, 8, 13]
    for level in np.random.default_rng(1).random(100):
        assert smallest_p(least_n(level)) <= level < smallest_p(least_n(level) - 1)
    with pytest.raises(BenchError):
        least_n(2)
    with pytest.raises(BenchError):
        sign_flip_p([math.inf, 1.0])
