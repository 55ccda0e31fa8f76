"""Does the statistics layer keep its word? Simulated results, whose truth is known, are put through it.

Rates are compared with what they should be at most, allowing for the luck of the simulation: a sound method fails a
check with a chance of 1 in 10 000, and the seeds are fixed.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from bench.evidence import statistics
from bench.evidence.statistics import (
    equivalence_p,
    holm,
    interquartile_mean,
    mean_interval,
    needed_n,
    range_p,
    sign_flip_p,
    split_half_range,
    stratified_bootstrap,
    superiority_p,
)

SCORES = (-1.0, 1.0)
LUCK = 1e-4

Draw = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]


def at_most(hits: np.ndarray, rate: float) -> bool:
    """Whether so many hits are no sign of a rate above the one said."""
    return int(np.sum(hits)) <= stats.binom.ppf(1 - LUCK, len(hits), rate)


def at_least(hits: np.ndarray, rate: float) -> bool:
    """Whether so many hits are no sign of a rate below the one said."""
    return at_most(~np.asarray(hits), 1 - rate)


def failing(share: float, otherwise: float, failed: float) -> Draw:
    """Seeds of which a share fails and the rest agree to within 0.01."""
    return lambda rng, shape: np.where(rng.random(shape) < share, failed, rng.normal(otherwise, 0.01, shape))


# name: what draws the differences, and their mean
BOUNDED: dict[str, tuple[Draw, float]] = {
    "one seed in twenty solves what none solved": (lambda rng, s: 1.0 * (rng.random(s) < 0.05), 0.05),
    "nine in ten, the tenth only the baseline": (lambda rng, s: 1 - 2.0 * (rng.random(s) < 0.1), 0.8),
    "two shares of a half": (lambda rng, s: 1.0 * (rng.random(s) < 0.5) - (rng.random(s) < 0.5), 0.0),
    "one seed in twenty fails": (failing(0.05, 0.8, -0.2), 0.75),
    "mostly alike": (lambda rng, s: np.where(rng.random(s) < 0.8, 0, rng.random(s)), 0.1),
    "skewed": (lambda rng, s: rng.beta(0.5, 3, s), 1 / 7),
    "skewed the other way": (lambda rng, s: rng.beta(8, 1, s), 8 / 9),
    "normal": (lambda rng, s: rng.normal(0.1, 0.2, s).clip(-1, 1), 0.1),
}

# no difference: the technique's runs and the baseline's come from one distribution
NULLS: dict[str, Draw] = {
    "normal": lambda rng, s: rng.normal(size=s) - rng.normal(size=s),
    "solved or not": lambda rng, s: 1.0 * (rng.random(s) < 0.7) - (rng.random(s) < 0.7),
    "skewed": lambda rng, s: rng.exponential(size=s) - rng.exponential(size=s),
    "with outliers": lambda rng, s: rng.standard_cauchy(s),
}


@pytest.mark.parametrize("null", NULLS)
@pytest.mark.parametrize("n", [8, 13])
def test_no_difference_is_seldom_found(null: str, n: int) -> None:
    rng = np.random.default_rng(n)
    p = np.array([sign_flip_p(values, rng) for values in NULLS[null](rng, (1500, n))])
    for level in (0.1, 0.05, 0.01):
        assert at_most(p <= level, level)
        if null != "solved or not":  # without ties the test is exact: it rejects as often as it may
            attained = np.floor(level * 2 ** (n - 1)) / 2 ** (n - 1)
            assert at_least(p <= level, attained)


def test_drawn_sign_flips_hold_the_level_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statistics, "EXACT_SEEDS", 0)
    monkeypatch.setattr(statistics, "RESAMPLES", 199)
    rng = np.random.default_rng(3)
    p = np.array([sign_flip_p(values, rng) for values in rng.normal(size=(600, 13))])
    assert at_most(p <= 0.05, 0.05)
    assert at_least(p <= 0.05, 0.04)


@pytest.mark.parametrize("case", BOUNDED)
@pytest.mark.parametrize("n", [5, 13, 20])
def test_intervals_of_bounded_values_cover_on_either_side(case: str, n: int) -> None:
    draw, mean = BOUNDED[case]
    rng = np.random.default_rng(n)
    samples = draw(rng, (300, n))
    for level in (0.025, 0.001):  # of the 95 % interval, and of one far down Holm's list
        above = np.array([superiority_p(values, mean, SCORES) for values in samples]) <= level
        below = np.array([superiority_p(-values, -mean, SCORES) for values in samples]) <= level
        assert at_most(above, level)
        assert at_most(below, level)


def test_students_interval_does_not_cover_where_a_seed_may_fail() -> None:
    # why bounded values have an interval of their own
    draw, mean = BOUNDED["one seed in twenty fails"]
    intervals = np.array([mean_interval(values, 0.95) for values in draw(np.random.default_rng(1), (500, 13))])
    assert np.mean((intervals[:, 0] <= mean) & (mean <= intervals[:, 1])) < 0.6


@pytest.mark.parametrize("n", [5, 20])
def test_intervals_without_bounds_cover_normal_values(n: int) -> None:
    samples = np.random.default_rng(n).normal(-0.03, 0.01, (1000, n))
    for confidence in (0.9, 0.99):
        low, high = np.array([mean_interval(values, confidence) for values in samples]).T
        covered = (low <= -0.03) & (high >= -0.03)
        assert at_least(covered, confidence)
        assert at_most(covered, confidence)


@pytest.mark.parametrize("n", [13, 40])
@pytest.mark.parametrize("margin", [0.05, 0.2])
def test_a_difference_of_the_margin_is_seldom_called_equal(n: int, margin: float) -> None:
    rng = np.random.default_rng(n)
    rarely = 1.0 * (rng.random((500, n)) < margin)  # the worst case: seeds that mostly agree
    level = 0.05
    assert at_most(np.array([equivalence_p(v, margin, SCORES) for v in rarely]) <= level, level)
    normal = rng.normal(-margin, margin / 3, (1000, n))
    equal = np.array([equivalence_p(v, margin) for v in normal]) <= level
    assert at_most(equal, level)
    assert at_least(equal, level)


def test_equal_things_are_called_equal() -> None:
    rng = np.random.default_rng(8)
    found = [equivalence_p(v, 0.2, SCORES) <= 0.05 for v in rng.normal(0, 0.05, (100, 20))]
    assert np.mean(found) > 0.9


def test_few_documents_hold_a_false_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    """Holm's level is the document's: sixty parts of mixed truth, tested for a difference and, half, for equality."""
    monkeypatch.setattr("gc.collect", lambda: 0)  # statsmodels collects all garbage each time: most of the time here
    rng = np.random.default_rng(21)
    n, margin, documents = 13, 0.25, 100
    wrong = []
    for _ in range(documents):
        same = np.concatenate([rng.normal(0, 0.05, (10, n)), *(draw(rng, (5, n)) for draw in NULLS.values())])
        unlike = [1.0 * (rng.random((10, n)) < margin), rng.normal(margin, 0.05, (10, n)), np.ones((10, n))]
        p = [sign_flip_p(v, rng) for v in same]
        p += [equivalence_p(v, margin, SCORES) for group in unlike for v in group]
        nulls = len(p)
        p += [sign_flip_p(v, rng) for group in unlike for v in group]
        adjusted = holm(p)
        wrong.append((adjusted[:nulls] <= 0.05).any())
        assert (adjusted[-20:] <= 0.05).all()  # what is true of every seed is found in every document
    assert at_most(np.array(wrong), 0.05)


@pytest.mark.parametrize("n", [5, 20])
@pytest.mark.parametrize("case", ["skewed", "normal", "failing"])
def test_bootstrap_intervals_cover(case: str, n: int) -> None:
    draws: dict[str, Draw] = {
        "skewed": BOUNDED["skewed"][0],
        "normal": BOUNDED["normal"][0],
        "failing": failing(0.3, 0.8, 0.0),
    }
    rng = np.random.default_rng(n)
    truth = float(interquartile_mean(draws[case](rng, (300_000,))))
    samples = draws[case](rng, (200, 3, n))
    intervals = [stratified_bootstrap(list(v), interquartile_mean, rng, 0.95, 499) for v in samples]
    covered = np.array([low <= truth <= high for low, high in intervals])
    assert at_least(covered, 0.93)


@pytest.fixture
def few_permutations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statistics, "RESAMPLES", 199)


@pytest.mark.parametrize("values", [2, 5])
@pytest.mark.parametrize("case", ["normal", "solved or not", "skewed"])
def test_a_dial_without_effect_is_seldom_found(case: str, values: int, few_permutations) -> None:
    rng = np.random.default_rng(values)
    tables = rng.normal(size=(400, 1, 13)) + NULLS[case](rng, (400, values, 13))  # seeds differ, dial values do not
    p = np.array([range_p(scores, rng) for scores in tables])
    assert at_most(p <= 0.05, 0.05)
    assert at_least(p <= 0.05, 0.03)


def test_split_halves_are_no_independent_values() -> None:
    # why a dial is tested by permutation: sign flips of the split halves reject twice as often as they say
    rng = np.random.default_rng(0)
    halves = [split_half_range(scores) for scores in rng.normal(size=(1000, 5, 13))]
    found = np.array([sign_flip_p(values, rng) for values in halves]) <= 0.05
    assert not at_most(found, 0.05)


@pytest.mark.parametrize("level", [0.05, 0.001])
@pytest.mark.parametrize("effect", [0.9, 1.2])
def test_seeds_needed_give_the_power_promised(effect: float, level: float) -> None:
    rng = np.random.default_rng(9)
    observed = np.array([-1.0, 1.0]) / np.sqrt(2) + effect
    n = needed_n(observed, level)
    assert n is not None
    found = np.array([sign_flip_p(v, rng) for v in rng.normal(effect, 1, (300, n))]) <= level
    assert at_least(found, 0.75)
    assert at_most(found, 0.88)


@pytest.mark.parametrize(("spread", "bounds"), [(0.05, SCORES), (0.3, SCORES), (0.3, None)])
def test_seeds_needed_for_equality_give_the_power_promised(spread: float, bounds) -> None:
    rng = np.random.default_rng(10)
    n = needed_n(stats.norm.ppf((np.arange(20) + 0.5) / 20) * spread, 0.05, margin=0.2, bounds=bounds)
    assert n is not None
    samples = rng.normal(0, spread, (300, n)).clip(-1, 1)
    assert at_least(np.array([equivalence_p(v, 0.2, bounds) for v in samples]) <= 0.05, 0.75)
