"""Estimates against closed forms and worked examples."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bench.evidence.estimates import updates_to_solve, wilson


@pytest.mark.parametrize(("solved", "runs"), [(0, 5), (5, 5), (3, 10), (1, 1), (17, 40)])
def test_wilson_is_the_textbook_formula(solved: int, runs: int) -> None:
    z, p = 1.959963984540054, solved / runs
    centre = (p + z**2 / (2 * runs)) / (1 + z**2 / runs)
    half = z / (1 + z**2 / runs) * math.sqrt(p * (1 - p) / runs + z**2 / (4 * runs**2))
    assert wilson(solved, runs) == pytest.approx((centre - half, centre + half), abs=1e-12)


def test_updates_without_censoring_are_the_order_statistics() -> None:
    survival = updates_to_solve([100, 200, 300, 400], [True] * 4, budget=1000)
    assert survival == pytest.approx((200, 100, 300, 250))


def test_unsolved_members_are_censored_at_the_budget() -> None:
    # two of five solve, at 100 and 300: a quarter by 300 (2 / 5 ≥ 1 / 4), a half never
    survival = updates_to_solve([100, 300, 1000, 1000, 1000], [True, True, False, False, False], budget=1000)
    assert survival.lower == 300
    assert survival.median == math.inf
    assert survival.restricted_mean == pytest.approx((100 + 300 + 3 * 1000) / 5)


def test_divergence_counts_as_unsolved_at_the_budget_whenever_it_came() -> None:
    early = updates_to_solve([200, 10], [True, False], budget=1000)
    late = updates_to_solve([200, 990], [True, False], budget=1000)
    assert early == late
    assert early.median == 200
    assert early.restricted_mean == pytest.approx(600)


def test_nothing_solved() -> None:
    assert updates_to_solve([0, 1000], [False, False], budget=1000) == (math.inf, math.inf, math.inf, 1000)


def test_restricted_mean_is_the_mean_of_the_smaller_of_time_and_budget() -> None:
    rng = np.random.default_rng(3)
    times = rng.integers(1, 40, 50) * 50
    solved = times < 1000
    expected = np.where(solved, times, 1000).mean()
    assert updates_to_solve(times, solved, budget=1000).restricted_mean == pytest.approx(expected)
