"""One family of comparisons, by hand and by simulation."""

from __future__ import annotations

import numpy as np
import pytest

from bench.evidence.family import LEVEL, able, adjusted
from bench.evidence.statistics import holm


def test_one_comparison_pays_nothing_for_its_two_sides() -> None:
    assert adjusted([(0.03, 0.9)]) == [pytest.approx((0.03, 0.9))]


def test_a_comparison_counts_until_both_of_its_nulls_are_rejected() -> None:
    # in order: .001 (3 may be true), .002 (3: its other null may be), .01 (2 are left), .02 (2), .3 (2), .9 (1)
    found = adjusted([(0.001, 0.002), (0.01, 0.9), (0.3, 0.02)])
    assert found[0] == pytest.approx((0.003, 0.006))
    assert found[1] == pytest.approx((0.02, 0.9))
    assert found[2] == pytest.approx((0.6, 0.04))


def test_adjusted_values_never_fall_and_end_at_1() -> None:
    found = adjusted([(0.02, 0.5), (0.021, 0.6), (0.9, 0.8)])
    assert found[0][0] == pytest.approx(0.06)
    assert found[1][0] == pytest.approx(0.063)
    assert max(p for both in found for p in both) == 1


def test_never_more_than_holm_over_twice_as_many() -> None:
    rng = np.random.default_rng(3)
    pairs = rng.uniform(size=(20, 2)) ** 4
    mine = np.array(adjusted([(a, b) for a, b in pairs]))
    assert (mine <= holm(pairs.ravel()).reshape(20, 2) + 1e-12).all()
    assert (mine >= pairs).all()


def test_what_cannot_reach_the_level_costs_the_others_nothing() -> None:
    # 12 seeds reach 2 / 4096 = 0.05 / 102; 5 seeds reach 1 / 16 alone
    assert able([12] * 80 + [5] * 200) == [True] * 80 + [False] * 200
    assert able([12] * 102) == [True] * 102
    assert able([12] * 103) == [False] * 103
    assert able([12] * 103 + [20] * 10) == [False] * 103 + [True] * 10
    assert able([5, 4]) == [False, False]
    assert able([]) == []


@pytest.mark.parametrize("mixed", [False, True])
def test_errors_of_a_whole_family_stay_below_the_level(mixed: bool) -> None:
    """Of 12 comparisons without difference, or half with a difference just as large as the margin."""
    rng = np.random.default_rng(7)
    families, comparisons, errors = 2000, 12, 0
    for _ in range(families):
        false = rng.uniform(size=comparisons)  # p of a null that is true
        true = rng.uniform(size=comparisons) ** 8  # p of one that is not
        sides = [i % 2 if mixed else 0 for i in range(comparisons)]
        pairs = [(f, t) if side == 0 else (t, f) for f, t, side in zip(false, true, sides, strict=True)]
        found = adjusted(pairs)
        errors += any(both[side] <= LEVEL for both, side in zip(found, sides, strict=True))
    assert errors / families <= LEVEL + 3 * np.sqrt(LEVEL * (1 - LEVEL) / families)
    assert errors / families >= LEVEL / 2  # a correction that never errs would hide what is there
