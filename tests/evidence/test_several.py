"""Corrections for several comparisons, by hand and by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bench.errors import BenchError
from bench.evidence.family import able
from bench.evidence.statistics import LEVEL, BoundedMean, adjusted, holm
from bench.testing.luck import at_most


def test_holm_by_hand() -> None:
    # sorted 0.01, 0.02, 0.03, 0.5: times 4, 3, 2, 1, and never below the one before
    assert list(holm([0.03, 0.01, 0.5, 0.02])) == pytest.approx([0.06, 0.04, 0.5, 0.06])
    assert list(holm([0.9, 0.8])) == [1, 1]
    assert holm([]).size == 0
    for wrong in ([0.5, math.nan], [1.5]):
        with pytest.raises(BenchError):
            holm(wrong)


def test_one_comparison_pays_nothing_for_what_else_it_asks() -> None:
    assert adjusted([[(0.03, True), (0.01, False), (0.9, True)]]) == [pytest.approx([0.03, 0.01, 0.9])]


def test_a_comparison_counts_until_nothing_is_left_to_ask_of_it() -> None:
    # in order: .001 (three comparisons), .002 final (3), then two are left: .02 (2), .3 final (2), then one: .5
    found = adjusted([[(0.002, True), (0.001, False)], [(0.3, True), (0.02, False)], [(0.5, True)]])
    assert found[0] == pytest.approx([0.006, 0.003])
    assert found[1] == pytest.approx([0.6, 0.04])
    assert found[2] == pytest.approx([0.6])


def test_with_a_statement_each_it_is_holms() -> None:
    p = np.random.default_rng(3).uniform(size=20) ** 4
    assert [one for (one,) in adjusted([[(value, True)] for value in p])] == pytest.approx(list(holm(p)))


def test_adjusted_values_never_fall_and_end_at_1() -> None:
    found = adjusted([[(0.02, True), (0.5, True)], [(0.021, True), (0.6, True)], [(0.9, True), (0.8, False)]])
    assert found[0][0] == pytest.approx(0.06)
    assert found[1][0] == pytest.approx(0.06)
    assert max(p for several in found for p in several) <= 1


def test_what_cannot_reach_the_level_costs_the_others_nothing() -> None:
    # 12 seeds reach 2 / 4096 = 0.05 / 102; 5 seeds reach 1 / 16 alone
    assert able([12] * 80 + [5] * 200) == [True] * 80 + [False] * 200
    assert able([12] * 102) == [True] * 102
    assert able([12] * 103) == [False] * 103
    assert able([12] * 103 + [20] * 10) == [False] * 103 + [True] * 10
    assert able([5, 4]) == [False, False]
    assert able([]) == []


@pytest.mark.parametrize("truth", ["none", "margin", "mixed"])
def test_few_families_hold_a_false_statement(truth: str) -> None:
    """Five statements of each of twelve comparisons, ten seeds each; at 0, at the margin, or some of each."""
    rng, margin, n, comparisons = np.random.default_rng(7), 0.5, 10, 12
    means = {"none": [0.0] * 12, "margin": [margin] * 12, "mixed": [0.0, margin, -margin, 0.9] * 3}[truth]
    tables = {}
    wrong = []
    for _ in range(400):
        rows, false = [], []
        for mean in means:
            solved = int(rng.binomial(n, (1 + mean) / 2))
            if solved not in tables:
                found = BoundedMean(np.repeat([1.0, -1.0], [solved, n - solved]), (-1, 1))
                sides = (
                    found.above(margin),
                    found.below(-margin),
                    found.within(margin),
                    found.above(0),
                    found.below(0),
                )
                tables[solved] = [min(1, 2 * p) for p in sides]
            rows.append(list(zip(tables[solved], (True, True, True, False, False), strict=True)))
            false.append((mean <= margin, mean >= -margin, abs(mean) >= margin, mean <= 0, mean >= 0))
        told = np.array(adjusted(rows)) <= LEVEL
        final = told[:, :3].any(axis=1, keepdims=True)
        said = np.where(np.arange(5) < 3, told, told & ~final)  # a weak statement is made only without a final one
        wrong.append(bool((said & np.array(false)).any()))
    assert comparisons == len(means)
    assert at_most(np.array(wrong), LEVEL)
