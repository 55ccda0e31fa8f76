"""Inference where seeds were spared, against what is reckoned out directly."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from bench.evidence.statistics import BestLessWorst, BoundedMean, Screened, bias_bound, rate_p


def whole(solved: int, runs: int) -> BoundedMean:
    """Nothing less a reference that solved so many."""
    return BoundedMean(np.repeat([-1.0, 0.0], [solved, runs - solved]), (-1, 1))


@pytest.mark.parametrize("screening", [2, 5, 8])
@pytest.mark.parametrize("share", [0.01, 0.05, 0.1, 0.2, 0.5, 0.9])
def test_what_a_setting_loses_on_average_is_bounded(screening: int, share: float) -> None:
    """All outcomes of the seeds that screen, one by one; the others solve as often as these."""
    runs, mean = 32, 0.0
    for outcome in itertools.product((0, 1), repeat=screening):
        chance = np.prod([share if solved else 1 - share for solved in outcome])
        mean += chance * ((sum(outcome) + (runs - screening) * share) / runs if any(outcome) else 0.0)
    lost = share - mean
    assert lost == pytest.approx((1 - screening / runs) * share * (1 - share) ** screening)
    assert 0 < lost <= bias_bound(screening)


def test_the_bound_is_the_largest_loss() -> None:
    shares = np.linspace(0, 1, 100_001)
    for screening in (1, 2, 8):
        assert bias_bound(screening) == pytest.approx((shares * (1 - shares) ** screening).max(), rel=1e-8)
    assert bias_bound(8) == pytest.approx(0.0433, abs=5e-5)


def test_nothing_that_was_spared_is_the_inference_from_what_was_seen() -> None:
    values = np.array([0.2, -0.1, 0.4, 0.0])
    seen = BoundedMean(values, (-1, 1))
    found = Screened(seen, 0.0, 0.0, 8)
    assert found.interval(0.9) == seen.interval(0.9)
    assert (found.above(0.1), found.below(0.1)) == (seen.above(0.1), seen.below(0.1))
    assert (found.n, found.estimate) == (4, seen.estimate)


@pytest.mark.parametrize(("solved", "runs", "screening"), [(22, 32, 8), (32, 32, 8), (9, 20, 5), (3, 32, 8)])
def test_a_reference_that_solved_against_one_given_up(solved: int, runs: int, screening: int) -> None:
    """The p is twice the largest product of two chances: to be given up, and to solve so many."""
    shares = np.linspace(0, 1, 20_001)
    worst = ((1 - shares) ** screening * stats.binom.sf(solved - 1, runs, shares)).max()
    exact = min(1.0, 4 * worst)
    assert exact <= rate_p(solved, runs, screening) <= min(1.0, 1.03 * exact)
    # of solved or not, the mean of differences between −1 and 1 is never told sooner
    assert 2 * Screened(whole(solved, runs), 1.0, 0.0, screening).below(0) >= 0.99 * exact


def test_more_seeds_that_screen_tell_sooner_and_none_at_all_tells_as_if_none_had_been_spared() -> None:
    seen = whole(24, 32)
    p = [Screened(seen, 1.0, 0.0, screening).below(0) for screening in (4, 8, 16, 10_000)]
    assert p == sorted(p, reverse=True)
    assert p[0] > 100 * p[2]
    assert p[-1] == pytest.approx(2 * seen.below(0), rel=0.2)


def test_only_the_side_of_the_spared_is_uncertain() -> None:
    """A technique that was given up may be better than it looks, not worse; of its reference the reverse holds."""
    seen = BoundedMean(np.repeat([-0.6, 0.0], [20, 12]), (-1, 1))
    low, high = seen.interval(0.95)
    own, twin = (Screened(seen, *spared, 8).interval(0.95) for spared in ((0.5, 0.0), (0.0, 0.5)))
    assert own.low == low
    assert high < own.high < high + 0.5
    assert twin.high == high
    assert low - 0.5 < twin.low < low


@pytest.mark.parametrize("spared", [(1.0, 0.0), (0.0, 1.0), (0.25, 0.5)])
def test_the_interval_is_what_no_p_rejects(spared: tuple[float, float]) -> None:
    rng = np.random.default_rng(3)
    found = Screened(BoundedMean(np.clip(rng.normal(-0.1, 0.2, 20), -1, 1), (-1, 1)), *spared, 6)
    low, high = found.interval(0.9)
    assert found.above(low - 1e-3) <= 0.05 <= found.above(low + 1e-3)
    assert found.below(high + 1e-3) <= 0.05 <= found.below(high - 1e-3)


def test_spared_seeds_show_no_equality() -> None:
    """Both solve nothing that was seen; yet a technique of which 8 seeds failed may solve a third."""
    nothing = BoundedMean(np.zeros(200), (-1, 1))
    assert nothing.within(0.1) < 0.001
    assert Screened(nothing, 1.0, 0.0, 8).within(0.1) > 0.5
    assert Screened(nothing, 1 / 9, 0.0, 8).within(0.1) > nothing.within(0.1)


def test_a_value_of_a_dial_may_be_given_up() -> None:
    scores = np.vstack([np.full(32, 0.5), np.zeros(32)])
    seen = BestLessWorst(scores, (0, 1))
    found = Screened(seen, 1.0, 1.0, 8)
    assert found.above(0) > seen.above(0)
    assert found.below(0.6) > seen.below(0.6)


def test_seeds_that_are_needed_suffice() -> None:
    seen = whole(30, 32)
    found = Screened(seen, 1.0, 0.0, 8)
    needed = found.needed_apart(0.0, 0.05)
    assert needed.seeds is not None
    n = needed.seeds
    many = whole(round(n * 30 / 32), n)
    assert 2 * Screened(many, 1.0, 0.0, 8).below(0) <= 0.05
    assert Screened(whole(8, 32), 1.0, 0.0, 8).needed_apart(0.0, 0.05 / 81).seeds is None
    assert found.needed_within(0.1, 0.05).seeds is None


def test_two_that_are_alike_are_told_apart_no_more_often_than_promised() -> None:
    """Every number of runs that a reference may solve, with its chance; the technique was given up or not.

    What it says where it was not given up has its own error, which comes on top: see `benchmarks/calibration.py`.
    """
    runs, screening = 32, 8
    p = np.array([2 * Screened(whole(solved, runs), 1.0, 0.0, screening).below(0) for solved in range(runs + 1)])
    for level in (0.05, 0.05 / 81):
        told = int(np.argmax(p <= level))
        errors = [2 * (1 - u) ** screening * stats.binom.sf(told - 1, runs, u) for u in np.linspace(0, 1, 101)]
        assert max(errors) <= level / 2
