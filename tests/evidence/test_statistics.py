"""Statistics of paired differences: answers by hand, against other libraries, and at the edges."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from bench.errors import BenchError
from bench.evidence import statistics
from bench.evidence.statistics import (
    Interval,
    equivalence_p,
    holm,
    interquartile_mean,
    least_n,
    mean_interval,
    needed_n,
    range_p,
    sign_flip_p,
    smallest_p,
    split_half_range,
    stratified_bootstrap,
    superiority_p,
)

SCORES = (-1.0, 1.0)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(11)


def test_sign_flips_by_hand(rng) -> None:
    # the eight sums of ±1 ±2 ±3 are ±6, ±4, ±2, 0, 0: two are as far out as 6, and four as 4
    assert sign_flip_p([1, 2, 3], rng) == 2 / 8
    assert sign_flip_p([-1, 2, 3], rng) == 4 / 8
    assert sign_flip_p([1, 2, -3], rng) == 1


def test_sign_flips_that_tie_count_in_spite_of_rounding(rng) -> None:
    # 0.1 + 0.2 − 0.3 is not 0 in floating point, and the sums of 0.1 and 0.7 depend on their order
    assert sign_flip_p([0.1, 0.2, -0.3], rng) == 1
    values = [0.1, 0.7, 0.1, -0.7, 0.1, 0.3]
    sums = [abs(sum(s * round(10 * v) for s, v in zip(signs, values, strict=True))) for signs in _signs(6)]
    assert sign_flip_p(values, rng) == np.mean([s >= 6 for s in sums])


def _signs(n: int) -> itertools.product[tuple[int, ...]]:
    return itertools.product((-1, 1), repeat=n)


def test_seeds_without_a_difference_neither_help_nor_harm(rng) -> None:
    assert sign_flip_p([0, 1, 2, 0, 3, 0], rng) == sign_flip_p([1, 2, 3], rng)
    assert sign_flip_p([0, 0, 0], rng) == 1
    assert sign_flip_p([0], rng) == 1


@pytest.mark.parametrize("n", [1, 2, 3, 7, 12])
def test_sign_flips_agree_with_scipy(n: int, rng) -> None:
    for decimals in (0, 1, 12):  # with many ties, some, none
        values = np.round(rng.normal(0.5, 1, n), decimals)
        value_mean = abs(values.mean())
        flipped = np.abs([np.mean(np.array(s) * values) for s in _signs(n)])
        assert sign_flip_p(values, rng) == pytest.approx(np.mean(flipped >= value_mean - 1e-12), abs=1e-15)
        if n > 1:
            exact = stats.permutation_test((values,), np.mean, permutation_type="samples", n_resamples=np.inf)
            assert sign_flip_p(values, rng) == pytest.approx(exact.pvalue, abs=1e-15)


def test_sign_flips_have_no_direction(rng) -> None:
    values = rng.normal(0.4, 1, 15)
    assert sign_flip_p(values, rng) == sign_flip_p(-values, rng) == sign_flip_p(values[::-1], rng)


@pytest.mark.parametrize("n", [1, 4, 13, 20, 32])
def test_no_p_is_below_the_smallest(n: int, rng) -> None:
    assert sign_flip_p(np.ones(n), rng) == smallest_p(n) == 2 / 2**n


def test_many_sign_flips_are_drawn_with_the_generator_given() -> None:
    values = np.random.default_rng(0).normal(0.3, 1, 2 * statistics.EXACT_SEEDS)
    first, again = (sign_flip_p(values, np.random.default_rng(5)) for _ in range(2))
    other = sign_flip_p(values, np.random.default_rng(6))
    assert first == again != other
    # with so many values the test is close to the t-test
    assert first == pytest.approx(stats.ttest_1samp(values, 0).pvalue, rel=0.25)


def test_fewest_seeds() -> None:
    assert [least_n(level) for level in (0.5, 0.25, 0.1, 0.0625, 0.05, 0.01, 0.05 / 120)] == [2, 3, 5, 5, 6, 8, 13]
    for level in np.random.default_rng(1).random(100):
        assert smallest_p(least_n(level)) <= level < smallest_p(least_n(level) - 1)


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
    assert mean_interval(np.full(13, 0.1), 0.95) == pytest.approx((0.1, 0.1))


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
    assert np.ptp(mean_interval(values, 0.95)) == 0


def test_interval_without_bounds_is_students(rng) -> None:
    values = rng.normal(-0.05, 0.01, 12)
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert mean_interval(values, 0.95) == pytest.approx((expected.low, expected.high))
    assert mean_interval([3.0], 0.95) == (-math.inf, math.inf)


@pytest.mark.parametrize("bounds", [None, SCORES])
@pytest.mark.parametrize("level", [0.05, 0.0006])
def test_equivalence_agrees_with_the_interval(bounds, level: float, rng) -> None:
    decisions = set()
    for scale, n in itertools.product((0.0, 0.01, 0.1, 0.3), (2, 8, 20, 60)):
        values = rng.normal(scale / 2, scale, n).clip(-1, 1)
        low, high = mean_interval(values, 1 - 2 * level, bounds)
        for margin in (0.05, 0.2, 0.6):
            within = -margin < low and high < margin
            decisions.add(within)
            assert (equivalence_p(values, margin, bounds) <= level) == within
            assert (superiority_p(values, -margin, bounds) <= level) == (low > -margin)
    assert decisions == {True, False}


def test_equivalence_without_bounds_is_two_t_tests(rng) -> None:
    values = rng.normal(0.02, 0.1, 15)
    sides = [
        stats.ttest_1samp(values, edge, alternative=side).pvalue for edge, side in ((-0.1, "greater"), (0.1, "less"))
    ]
    assert equivalence_p(values, 0.1) == pytest.approx(max(sides))
    assert superiority_p(values, -0.1) == pytest.approx(sides[0])


def test_equivalence_at_the_edges() -> None:
    # n zeros are within ±m at the level α just where (1 − m)^n ≤ α
    assert equivalence_p(np.zeros(13), 0.05, SCORES) == pytest.approx(0.95**13)
    assert equivalence_p(np.zeros(4), 1.5, SCORES) == 0
    assert equivalence_p(np.ones(4), 0.5, SCORES) > 0.9
    assert [equivalence_p(np.full(5, v), 0.1) for v in (0.0, 0.0999, 0.1, -0.2)] == [0, 0, 1, 1]
    assert equivalence_p([0.0], 0.1) == 1


def test_seeds_needed_for_a_difference(rng) -> None:
    # Cohen's d of 0.5 at 5 % and 80 %: 34 pairs, in any textbook's table
    values = np.array([-1.0, 1.0])
    values = values / values.std(ddof=1) + 0.5
    assert needed_n(values, 0.05) == 34
    assert needed_n(values, 0.05, power=0.95) == 54
    assert needed_n(-values, 0.05) == 34


def test_seeds_needed_are_never_fewer_than_the_test_needs() -> None:
    level = 0.05 / 120
    assert needed_n(np.ones(5), level) == least_n(level) == 13
    assert needed_n([0.1, 0.1, 0.1 + 1e-16], level) == 13
    assert needed_n([1.0, 1.0, 1.0 + 1e-8], level) == 13
    assert needed_n([0.7], level) == 13


def test_no_number_of_seeds_tells_nothing_from_nothing() -> None:
    assert needed_n(np.zeros(13), 0.05) is None
    assert needed_n([1.0, -1.0], 0.05) is None
    assert needed_n([1.0, -0.99], 0.05) is None  # more than MOST_SEEDS
    assert needed_n([0.2, 0.3], 0.05, margin=0.1) is None
    assert needed_n([0.2, 0.3], 0.05, margin=0.1, bounds=SCORES) is None


def test_seeds_needed_for_equivalence() -> None:
    # zeros alone: 0.95^n ≤ level
    assert needed_n(np.zeros(13), 0.05, margin=0.05, bounds=SCORES) == math.ceil(math.log(0.05) / math.log(0.95))
    assert needed_n(np.zeros(13), 0.05, margin=0.05) == least_n(0.05)
    narrow, wide = (needed_n(np.array([-1, 0, 1]) * s, 0.05, margin=0.1) for s in (0.05, 0.2))
    assert narrow is not None
    assert wide is not None
    assert narrow < wide


def test_holm_by_hand() -> None:
    # sorted 0.01, 0.02, 0.03, 0.5: times 4, 3, 2, 1, and never below the one before
    assert list(holm([0.03, 0.01, 0.5, 0.02])) == pytest.approx([0.06, 0.04, 0.5, 0.06])
    assert list(holm([0.9, 0.8])) == [1, 1]
    assert holm([]).size == 0


def test_interquartile_mean_by_hand() -> None:
    assert interquartile_mean([8, 1, 2, 3, 4, 5, 6, 1000]) == pytest.approx((3 + 4 + 5 + 6) / 4)
    assert list(interquartile_mean([[0, 0, 1, 9], [5, 5, 5, 5]])) == [0.5, 5]


def test_bootstrap_repeats_to_the_byte() -> None:
    strata = [np.random.default_rng(s).random(8) for s in range(3)]
    runs = [stratified_bootstrap(strata, interquartile_mean, np.random.default_rng(4)) for _ in range(2)]
    assert np.array(runs[0]).tobytes() == np.array(runs[1]).tobytes()
    assert runs[0] != stratified_bootstrap(strata, interquartile_mean, np.random.default_rng(5))


def test_bootstrap_of_a_mean_comes_near_its_formula(rng) -> None:
    # unlike levels of the strata add nothing to the width, as they would if all were resampled together
    strata = [rng.normal(level, 1, 30) for level in (0, 100, 1000)]
    low, high = stratified_bootstrap(strata, np.mean, rng)
    error = math.sqrt(sum(s.var(ddof=1) / 30 for s in strata)) / 3
    assert (low + high) / 2 == pytest.approx(np.mean(strata), abs=0.02)
    assert high - low == pytest.approx(2 * stats.t.ppf(0.975, 87) * error, rel=0.05)


def test_bootstrap_agrees_with_scipy_where_values_are_many(rng) -> None:
    strata = [rng.beta(a, 2, 200) for a in (0.5, 1, 4)]
    ours = stratified_bootstrap(strata, interquartile_mean, rng, resamples=5000)
    scipys = stats.bootstrap(
        strata,
        lambda *parts, axis: interquartile_mean(np.concatenate(parts, axis=-1), axis=axis),
        method="percentile",
        n_resamples=5000,
        rng=rng,
    ).confidence_interval
    assert ours == pytest.approx((scipys.low, scipys.high), abs=0.005)


def test_bootstrap_of_one_value_a_stratum_says_nothing(rng) -> None:
    assert stratified_bootstrap([[1.0], [2.0]], np.mean, rng) == (-math.inf, math.inf)
    assert np.isfinite(stratified_bootstrap([[1.0], [2.0, 3.0]], np.mean, rng)).all()


def test_split_half_by_hand() -> None:
    # even places (0, 2): means 2.5, 2.0, 0.0 choose rows 0 and 2; odd ones (1, 3): 1.0, 4.0, 2.5 choose rows 1 and 0
    scores = [[3, 0, 2, 2], [2, 5, 2, 3], [0, 1, 0, 4]]
    assert list(split_half_range(scores)) == [2 - 3, 0 - 1, 2 - 2, 2 - 4]


def test_split_half_has_no_luck_of_the_best(rng) -> None:
    means = [split_half_range(rng.normal(size=(6, 12))).mean() for _ in range(400)]
    assert np.mean(means) == pytest.approx(0, abs=4 * np.std(means) / 20)


def test_range_of_two_values_is_the_sign_flip_test(rng) -> None:
    scores = rng.normal(size=(2, 10)) + np.array([[0.6], [0.0]])
    assert range_p(scores, rng) == pytest.approx(sign_flip_p(scores[0] - scores[1], rng))


def test_range_finds_a_dial_that_matters(rng) -> None:
    scores = rng.normal(size=(5, 13)) * 0.3 + np.array([[0], [0], [0], [0], [-1]])
    assert range_p(scores, rng) <= 1 / (statistics.RESAMPLES + 1) * (1 + 1e-9)
    first, again = (range_p(scores[:4], np.random.default_rng(2)) for _ in range(2))
    assert first == again > 0.01


@pytest.mark.parametrize(
    "call",
    [
        lambda: mean_interval([], 0.95),
        lambda: mean_interval([1.0, math.nan], 0.95),
        lambda: mean_interval([[1.0]], 0.95),
        lambda: mean_interval([0.5, 1.5], 0.95, (0, 1)),
        lambda: mean_interval([0.5], 95),
        lambda: sign_flip_p([math.inf, 1.0], np.random.default_rng()),
        lambda: equivalence_p([], 0.1),
        lambda: superiority_p([2.0], 0.1, (0, 1)),
        lambda: needed_n([1.0], 0),
        lambda: least_n(2),
        lambda: holm([0.5, math.nan]),
        lambda: holm([1.5]),
        lambda: stratified_bootstrap([[1.0], []], np.mean, np.random.default_rng()),
        lambda: stratified_bootstrap([], np.mean, np.random.default_rng()),
        lambda: split_half_range([1.0, 2.0]),
        lambda: split_half_range([[1.0, math.nan], [1.0, 2.0]]),
        lambda: range_p([[1.0, 2.0]], np.random.default_rng()),
    ],
)
def test_what_cannot_be_estimated_is_said(call) -> None:
    with pytest.raises(BenchError, match=r"^[A-Z].*\.$"):
        call()


def test_intervals_are_plain_numbers() -> None:
    for interval in (mean_interval([0.1, 0.2], 0.95), mean_interval([0.1, 0.2], 0.95, SCORES)):
        assert isinstance(interval, Interval)
        assert {type(v) for v in interval} == {float}
