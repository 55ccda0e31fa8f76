"""Steps in noise: how often one is seen where there is none, and how often one that is there."""

from __future__ import annotations

import numpy as np
import pytest

from bench.history import steps
from bench.history.steps import LEAST_RUNS, SHORTEST, find_steps

SERIES, RUNS, HISTORIES = 12, 16, 100


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "PERMUTATIONS", 199)


def noise(kind: str, rng: np.random.Generator) -> np.ndarray:
    """Logarithms of ratios, (runs, series), of about 3 %."""
    draws = rng.standard_t(3, (RUNS, SERIES)) if kind == "heavy tails" else rng.standard_normal((RUNS, SERIES))
    if kind == "shared":
        draws += rng.standard_normal((RUNS, 1))
    if kind == "remembered":
        for run in range(1, RUNS):
            draws[run] += 0.3 * draws[run - 1]
    return 0.03 * draws


@pytest.mark.parametrize(("kind", "most"), [("normal", 9), ("heavy tails", 9), ("shared", 9), ("remembered", 20)])
def test_false_alarms_keep_the_level(kind, most):
    """Of 100 histories in which nothing changed, 5 may show a step in any of the series; 9 is the 95 % limit.

    Where noise goes on from one run to the next, a permutation test promises nothing; what is promised is that it
    does not get out of hand.
    """
    rng = np.random.default_rng(3)
    alarms = sum(bool(find_steps(noise(kind, rng), rng)) for _ in range(HISTORIES))
    assert alarms <= most


@pytest.mark.parametrize(("size", "after", "least"), [(0.30, LEAST_RUNS, 0.95), (0.15, 5, 0.8), (-0.25, 8, 0.95)])
def test_a_planted_step_is_found_where_it_is(size, after, least):
    rng = np.random.default_rng(4)
    found = 0
    for _ in range(30):
        table = noise("normal", rng)
        table[RUNS - after :, 7] += np.log1p(size)
        told = [step for step in find_steps(table, rng) if step.series == 7]
        found += len(told) == 1 and abs(told[0].run - (RUNS - after)) <= 1 and (told[0].size > 0) == (size > 0)
    assert found / 30 >= least


def test_a_rise_and_a_fall_are_two_steps_and_levels_lie_between_them():
    rng = np.random.default_rng(5)
    table = 0.02 * rng.standard_normal((40, 3))
    table[15:28, 1] += 0.4
    up, down = find_steps(table, rng)
    assert [(s.series, s.run) for s in (up, down)] == [(1, 15), (1, 28)]
    assert up.after == down.before == pytest.approx(0.4, abs=0.03)
    assert down.after == pytest.approx(0, abs=0.03)


def test_runs_without_a_value_are_passed_over():
    rng = np.random.default_rng(6)
    table = 0.02 * rng.standard_normal((30, 2))
    table[20:, 0] += 0.3
    table[::3, 0] = np.nan
    (step,) = find_steps(table, rng)
    assert (step.series, step.run) == (0, 20)


def test_too_short_a_series_and_one_that_stands_still_are_not_tested():
    rng = np.random.default_rng(7)
    short = np.zeros((SHORTEST - 1, 1))
    short[4:] = 1.0
    assert find_steps(short, rng) == []
    assert find_steps(np.zeros((30, 2)), rng) == []


def test_a_step_below_the_least_is_not_told():
    rng = np.random.default_rng(8)
    table = 0.002 * rng.standard_normal((30, 1))
    table[15:] += 0.03
    assert find_steps(table, rng) == []
