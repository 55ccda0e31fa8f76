"""Means of bounded values: answers by hand and against other libraries, and every distribution on three points."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from bench.errors import BenchError
from bench.evidence.statistics import BoundedMean, Interval, Student, mean_interval, smallest_p

SCORES = (-1.0, 1.0)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(11)


# Does Gaffke's test keep its level? It is not proved, so it is reckoned out, without any drawing.

LEVELS = np.array([0.25, 0.1, 0.05, 0.025, 0.01, 0.001, 0.0003])
TENTHS = [(low / 10, middle / 10) for low in range(11) for middle in range(11 - low)]
RARE = [(low, middle) for low in (0.005, 0.01, 0.02, 0.05, 0.1, 0.2) for middle in (0, 0.01, 0.05, 0.5, 0.8)]


@pytest.mark.parametrize(
    ("n", "places", "shares"),
    [(n, (0.1, 0.3, 0.5, 0.7, 0.9), TENTHS) for n in (2, 3, 5, 8)]
    + [(n, (0.02, 0.05, 0.1, 0.5, 0.9, 0.98), RARE) for n in (5, 8, 13)],
)
def test_the_level_is_kept_by_every_distribution_on_three_points(
    n: int, places: tuple[float, ...], shares: list[tuple[float, float]]
) -> None:
    """Of 0, a place between and 1; the chance of every sample is that of its counts."""
    counts = [(low, middle, n - low - middle) for low in range(n + 1) for middle in range(n + 1 - low)]
    for place in places:
        found = [BoundedMean(np.repeat([0.0, place, 1.0], count), (0.0, 1.0)) for count in counts]
        for low, middle in shares:
            high = max(0.0, 1 - low - middle)
            p = np.array([one.above(middle * place + high) for one in found])
            chance = stats.multinomial.pmf(counts, n, [low, middle, high])
            errors = [chance[p <= level * (1 + 1e-9)].sum() for level in LEVELS]
            assert (np.array(errors) <= LEVELS * (1 + 1e-9)).all(), (place, low, middle)


# By hand, and beside other libraries


@pytest.mark.parametrize(("ones", "n"), [(0, 13), (13, 13), (3, 8), (1, 1), (0, 1), (19, 20)])
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.999])
def test_interval_of_a_share_is_clopper_and_pearsons(ones: int, n: int, confidence: float) -> None:
    values = np.repeat([1.0, 0.0], [ones, n - ones])
    expected = stats.binomtest(ones, n).proportion_ci(confidence, method="exact")
    assert mean_interval(values, confidence, (0, 1)) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_seeds_that_agree_leave_room_for_those_that_were_not_seen() -> None:
    # thirteen differences of exactly 1: the lowest share q of ones with q^13 ≥ 0.025, the rest at −1
    q = 0.025 ** (1 / 13)
    assert mean_interval(np.ones(13), 0.95, SCORES) == pytest.approx((2 * q - 1, 1))
    assert mean_interval(np.zeros(13), 0.95, SCORES) == pytest.approx((q - 1, 1 - q))


@pytest.mark.parametrize("n", [1, 5, 20])
@pytest.mark.parametrize("value", [0.1, 0.5, 1.0])
def test_no_valid_test_of_values_that_agree_has_a_smaller_p(value: float, n: int) -> None:
    # a mean of t at most may be that of the value and −1, which n seeds then miss with this chance
    for threshold in (0.0, 0.05):
        unseen = ((1 + threshold) / (1 + value)) ** n
        assert BoundedMean(np.full(n, value), SCORES).above(threshold) == pytest.approx(unseen)
    assert 2 * BoundedMean(np.ones(n), SCORES).above(0) == pytest.approx(smallest_p(n))


@pytest.mark.parametrize("n", [1, 2, 6, 20, 60])
def test_interval_is_the_quantile_of_random_shares(n: int, rng) -> None:
    values = np.round(rng.normal(0.2, 0.3, n).clip(-1, 1), 1)  # with ties
    shares = rng.dirichlet(np.ones(n + 1), 100_000)
    low, high = mean_interval(values, 0.9, SCORES)
    assert np.mean(shares @ [*values, -1] <= low) == pytest.approx(0.05, abs=0.004)
    assert np.mean(shares @ [*values, 1] >= high) == pytest.approx(0.05, abs=0.004)


def test_interval_follows_the_scale_of_the_values(rng) -> None:
    values = rng.beta(2, 5, 9)
    low, high = mean_interval(values, 0.95, (0, 1))
    assert mean_interval(3 * values - 1, 0.95, (-1, 2)) == pytest.approx((3 * low - 1, 3 * high - 1))
    assert mean_interval(-values, 0.95, (-1, 0)) == pytest.approx((-high, -low))


def test_interval_of_values_that_differ_by_rounding_alone() -> None:
    values = [0.1 + 0.2, 0.3, 0.3, 0.3]
    assert mean_interval(values, 0.95, SCORES) == pytest.approx(mean_interval([0.3] * 4, 0.95, SCORES))
    assert BoundedMean([1.0, 1.0 - 1e-16], SCORES).interval(0.9).high == pytest.approx(1)
    assert np.ptp(mean_interval(values, 0.95)) == 0


@pytest.mark.parametrize("bounds", [None, SCORES])
@pytest.mark.parametrize("level", [0.05, 0.0006])
def test_what_is_told_is_what_the_interval_says(bounds, level: float, rng) -> None:
    decisions = set()
    for scale, n in itertools.product((0.0, 0.01, 0.1, 0.3), (2, 8, 20, 60)):
        values = rng.normal(scale / 2, scale, n).clip(-1, 1)
        found = Student(values) if bounds is None else BoundedMean(values, bounds)
        low, high = found.interval(1 - 2 * level)
        for margin in (0.05, 0.2, 0.6):
            within = -margin < low and high < margin
            decisions.add(within)
            assert (found.within(margin) <= level) == within
            assert (found.above(-margin) <= level) == (low > -margin)
            assert (found.below(margin) <= level) == (high < margin)
    assert decisions == {True, False}


def test_equality_at_the_edges() -> None:
    # n zeros are within ±m at the level α just where (1 − m)^n ≤ α
    assert BoundedMean(np.zeros(13), SCORES).within(0.05) == pytest.approx(0.95**13)
    assert BoundedMean(np.zeros(4), SCORES).within(1.5) == 0
    assert BoundedMean(np.ones(4), SCORES).within(0.5) > 0.9


# Student's


def test_without_bounds_an_interval_is_students(rng) -> None:
    values = rng.normal(-0.05, 0.01, 12)
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert mean_interval(values, 0.95) == pytest.approx((expected.low, expected.high))
    assert mean_interval([3.0], 0.95) == (-math.inf, math.inf)
    assert mean_interval(np.full(13, 0.1), 0.95) == pytest.approx((0.1, 0.1))


def test_students_tests_are_scipys(rng) -> None:
    values = rng.normal(0.02, 0.1, 15)
    for threshold, side in ((-0.1, "greater"), (0.1, "less")):
        p = Student(values).above(threshold) if side == "greater" else Student(values).below(threshold)
        assert p == pytest.approx(stats.ttest_1samp(values, threshold, alternative=side).pvalue)
    assert [Student(np.full(5, v)).within(0.1) for v in (0.0, 0.0999, 0.1, -0.2)] == [0, 0, 1, 1]
    assert Student([0.0]).within(0.1) == 1


@pytest.mark.parametrize(
    "call",
    [
        lambda: mean_interval([], 0.95),
        lambda: mean_interval([1.0, math.nan], 0.95),
        lambda: mean_interval([[1.0]], 0.95),
        lambda: mean_interval([0.5, 1.5], 0.95, (0, 1)),
        lambda: mean_interval([0.5], 95),
        lambda: BoundedMean([2.0], (0, 1)),
    ],
)
def test_what_cannot_be_estimated_is_said(call) -> None:
    with pytest.raises(BenchError, match=r"^[A-Z].*\.$"):
        call()


def test_intervals_are_plain_numbers() -> None:
    for interval in (mean_interval([0.1, 0.2], 0.95), mean_interval([0.1, 0.2], 0.95, SCORES)):
        assert isinstance(interval, Interval)
        assert {type(v) for v in interval} == {float}
