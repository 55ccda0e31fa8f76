"""Seeds needed: enough of them decide, as often as promised, and the range holds the truth."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bench.evidence.statistics import BestLessWorst, BoundedMean, Median, Needed
from bench.testing.luck import at_least, at_most

SCORES = (-1.0, 1.0)
LEVEL = 0.05 / 20


def test_seeds_that_agree_need_as_many_as_rule_out_what_was_not_seen() -> None:
    # (1 / 1.3)^n ≤ level / 2, and (1.1 / 1.3)^n where a margin of .1 is to be exceeded; 0.9^n ≤ level / 2 for equality
    alike = BoundedMean(np.full(13, 0.3), SCORES)
    for threshold in (0.0, 0.1):
        expected = math.ceil(math.log(LEVEL / 2) / math.log((1 + threshold) / 1.3))
        assert alike.needed_apart(threshold, LEVEL).seeds == expected
        assert 2 * BoundedMean(np.full(expected, 0.3), SCORES).above(threshold) <= LEVEL
    equal = BoundedMean(np.zeros(13), SCORES).needed_within(0.1, LEVEL)
    assert equal.seeds == math.ceil(math.log(LEVEL / 2) / math.log(0.9))
    assert Median(np.ones(13)).needed_apart(0, LEVEL).seeds == 10  # 2 / 2^10 ≤ .0025


def test_either_side_needs_as_many() -> None:
    values = np.random.default_rng(1).normal(0.2, 0.3, 20).clip(-1, 1)
    for made in (lambda v: BoundedMean(v, SCORES), Median):
        assert made(values).needed_apart(0, LEVEL) == made(-values).needed_apart(0, LEVEL)


def test_what_no_number_decides_needs_none() -> None:
    assert BoundedMean([0.5, -0.5], SCORES).needed_apart(0, LEVEL).seeds is None
    assert BoundedMean([0.3, 0.2], SCORES).needed_within(0.1, LEVEL).seeds is None
    assert Median([0.3, 0.2, -0.1, -0.2]).needed_apart(0, LEVEL).seeds is None
    assert Needed(None, 3, None).order == math.inf


DRAWS = {
    "normal": lambda rng, shape: rng.normal(0.25, 0.35, shape).clip(-1, 1),
    "solved or not": lambda rng, shape: 1.0 * (rng.random(shape) < 0.55) - (rng.random(shape) < 0.25),
    "rare failures": lambda rng, shape: np.where(rng.random(shape) < 0.1, -0.6, 0.3),
}


@pytest.mark.parametrize("case", DRAWS)
@pytest.mark.parametrize("made", [lambda v: BoundedMean(v, SCORES), Median], ids=["mean", "median"])
def test_seeds_needed_give_the_power_promised(case: str, made) -> None:
    rng = np.random.default_rng(9)
    needed = made(DRAWS[case](rng, 4000)).needed_apart(0, LEVEL).seeds
    if needed is None:
        assert made is Median
        return
    found = np.array([2 * made(values).above(0) <= LEVEL for values in DRAWS[case](rng, (300, needed))])
    assert at_least(found, 0.72)
    assert at_most(found, 0.92)


@pytest.mark.parametrize("case", DRAWS)
def test_the_range_of_seeds_needed_covers(case: str) -> None:
    """The number that the truth needs lies within the range that twenty seeds give, eight times of ten."""
    rng = np.random.default_rng(10)
    truth = BoundedMean(DRAWS[case](rng, 4000), SCORES).needed_apart(0, LEVEL).seeds
    assert truth is not None
    found = [BoundedMean(values, SCORES).needed_apart(0, LEVEL) for values in DRAWS[case](rng, (200, 20))]
    covered = [(n.fewest or math.inf) <= truth <= (n.most or math.inf) for n in found]
    assert at_least(np.array(covered), 0.8)


def test_a_dial_needs_what_its_widest_pair_needs_after_correction() -> None:
    scores = np.random.default_rng(3).beta([[6], [4], [2]], 2, (3, 20))
    widest = BoundedMean(scores[0] - scores[2], SCORES)
    assert BestLessWorst(scores, (0.0, 1.0)).needed_apart(0, LEVEL) == widest.needed_apart(0, LEVEL / 6)
