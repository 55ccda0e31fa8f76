"""What a dial is worth: by hand, and free of the luck of the best."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bench.errors import BenchError
from bench.evidence.statistics import BestLessWorst, BoundedMean, split_halves

SHARES = (0.0, 1.0)


def test_of_two_values_it_is_their_difference_either_way() -> None:
    scores = np.random.default_rng(1).beta([[4], [2]], 2, (2, 10))
    found, pair = BestLessWorst(scores, SHARES), BoundedMean(scores[0] - scores[1], (-1, 1))
    assert pair.estimate > 0
    assert found.above(0) == pytest.approx(2 * pair.above(0))
    assert found.below(0.5) == pytest.approx(pair.below(0.5))
    low, high = found.interval(0.95)
    assert (low, high) == pytest.approx((pair.interval(0.975).low, pair.interval(0.95).high))


def test_a_dial_that_matters_is_found_and_one_that_does_not_is_bounded() -> None:
    rng = np.random.default_rng(2)
    scores = rng.beta(8, 2, (5, 20)) * np.array([[1], [1], [1], [1], [0.05]])
    found = BestLessWorst(scores, SHARES)
    assert found.above(0.1) < 0.01
    assert found.interval(0.95).low > 0.1
    alike = BestLessWorst(np.full((3, 60), 0.4), SHARES)
    assert alike.within(0.1) < 0.05
    assert alike.above(0) == 1


def test_split_halves_by_hand() -> None:
    # even places (0, 2): means 2.5, 2.0, 0.0 choose rows 0 and 2; odd ones (1, 3): 1.0, 4.0, 2.5 choose rows 1 and 0
    scores = np.array([[3, 0, 2, 2], [2, 5, 2, 3], [0, 1, 0, 4]])
    assert list(split_halves(scores)) == [2 - 3, 0 - 1, 2 - 2, 2 - 4]


def test_split_halves_have_no_luck_of_the_best() -> None:
    rng = np.random.default_rng(11)
    means = [split_halves(rng.normal(size=(6, 12))).mean() for _ in range(400)]
    assert np.mean(means) == pytest.approx(0, abs=4 * np.std(means) / 20)


@pytest.mark.parametrize("scores", [[1.0, 2.0], [[1.0, math.nan], [1.0, 2.0]], [[1.0, 1.0]], [[1.0], [1.0]]])
def test_what_shows_no_dial_is_said(scores) -> None:
    with pytest.raises(BenchError, match="dial"):
        BestLessWorst(scores, (0, 2))
