"""How far techniques get, how sure that is, and who gets further than the baseline."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bench.evidence.estimates import summarise
from bench.evidence.horizons import further, gains, horizons, losses
from bench.evidence.scope import Scope, select
from bench.testing.luck import at_least, at_most
from bench.testing.made_up import SmallStore, member, setting, study

LAGS = (10, 20, 40, 80)


def cells(solved: dict[str, list[int | None]], runs: int = 20) -> pd.DataFrame:
    """By technique, how many of the runs solve each lag; None: the lag was spared."""
    rows = [
        (name, "adding", lag, "measured" if count is not None else "ladder", count or 0, runs, (count or 0) / runs)
        for name, counts in solved.items()
        for lag, count in zip(LAGS, counts, strict=True)
    ]
    return pd.DataFrame(rows, columns=["technique", "task", "lag", "state", "solved", "runs", "rate"])


def found(solved: dict[str, list[int | None]], runs: int = 20) -> pd.DataFrame:
    return horizons(cells(solved, runs)).set_index("technique")


def test_a_horizon_needs_every_shorter_lag() -> None:
    table = found({"a": [20, 16, 15, 20], "b": [12, None, None, None], "c": [20, 20, 18, 17], "d": [None] * 4})
    assert list(table["horizon"][["a", "b", "c"]]) == [20, 0, 80]
    assert math.isnan(table["horizon"]["d"])
    assert list(table["open"]) == [False, False, True, False]
    assert set(table["shortest"]) == {10}
    assert set(table["longest"]) == {80}


def test_its_interval_ends_where_lags_are_told_to_be_solved_and_unsolved() -> None:
    # of twenty runs all tell a rate above .8 at 2.5 %, nineteen do not; eleven tell one below at .6 %, twelve do not
    assert stats.binom.sf(19, 20, 0.8) <= 0.025 < stats.binom.sf(18, 20, 0.8)
    assert stats.binom.cdf(11, 20, 0.8) > 0.00625 >= stats.binom.cdf(10, 20, 0.8)
    table = found({"a": [20, 20, 19, 10], "b": [19, 20, 20, 20], "c": [20, 11, 11, 11], "d": [10, None, None, None]})
    assert list(zip(table["low"], table["high"], strict=True)) == [(20, 40), (0, math.inf), (10, math.inf), (0, 0)]
    few = found({"a": [5, 5, 0, None]}, runs=5)
    assert (few["horizon"]["a"], few["low"]["a"], few["high"]["a"]) == (20, 0, 20)


@pytest.mark.parametrize("rates", [(1.0, 0.9, 0.8, 0.79), (0.99, 0.81, 0.5, 0.0), (0.7, 0.6, 0.3, 0.0), (0.8,) * 4])
@pytest.mark.parametrize("runs", [5, 20, 50])
def test_intervals_of_horizons_cover(rates: tuple[float, ...], runs: int) -> None:
    truth = max((lag for place, lag in enumerate(LAGS) if min(rates[: place + 1]) >= 0.8), default=0)
    rng = np.random.default_rng(runs)
    several = {f"{i}": list(rng.binomial(runs, rates)) for i in range(400)}
    table = found(several, runs)
    assert at_least((table["low"] <= truth) & (table["high"] >= truth), 0.95)


# Further than the baseline


def scope_of(solved: dict[tuple[str, str, int], list[bool]]) -> Scope:
    """By technique, task and lag, which seed solves; lags that are planned and missing were spared."""
    keys = sorted({(name, task) for name, task, _ in solved})
    settings = {(name, task, lag): setting(name, lag, task) for name, task in keys for lag in LAGS[:3]}
    rows = [
        member(settings[key], seed, "solved" if done else "unsolved", 50 if done else 100)
        for key, by_seed in solved.items()
        for seed, done in enumerate(by_seed, start=1)
    ]
    return select(SmallStore(rows, [study(*settings.values())]))


def test_who_gets_further_is_told_by_pairs_after_correction() -> None:
    all_, none, n = [True] * 20, [False] * 20, 20
    scope = scope_of(
        {
            ("tanh", "adding", 10): all_,
            ("tanh", "adding", 20): none,
            ("gru", "adding", 10): all_,
            ("gru", "adding", 20): all_,
            ("gru", "adding", 40): [True] * 18 + [False] * 2,
            ("relu", "adding", 10): all_,
            ("relu", "adding", 20): [True] * 5 + [False] * 15,
        }
    )
    known = horizons(summarise(scope))
    table = further(scope, known).set_index(["technique", "lag"])
    assert list(table.loc[("gru", 40)][["own", "base", "pairs"]]) == [18, 0, n]  # the baseline was spared that lag
    # relu at 20 and whatever no pair differs at cannot be told: two comparisons are left
    assert table["p"]["gru", 20] == pytest.approx(2 * 2 / 2**20)
    assert table["p"]["gru", 40] == pytest.approx(2 / 2**18)
    assert table["p"]["relu", 20] == 1
    assert ("relu", 40) not in table.index  # which neither ran
    assert list(table[table["further"]].index) == [("gru", 20), ("gru", 40)]
    assert gains(further(scope, known)) == {"gru": {"adding"}}


def test_who_does_worse_is_told_by_the_same_pairs() -> None:
    all_, few, most = [True] * 20, [True] * 2 + [False] * 18, [True] * 17 + [False] * 3
    scope = scope_of({("tanh", "adding", 10): all_, ("relu", "adding", 10): few, ("gru", "adding", 10): most})
    table = further(scope, horizons(summarise(scope)))
    assert losses(table) == {"relu": [("adding", 10)]}, (
        "three pairs of the GRU's cannot tell: p is 1/4 before correction"
    )
    assert gains(table) == {}


def test_a_lag_that_it_does_not_solve_is_not_further() -> None:
    half = [True] * 20 + [False] * 10
    scope = scope_of({("tanh", "adding", 10): [False] * 30, ("gru", "adding", 10): half})
    table = further(scope, horizons(summarise(scope)))
    assert table["p"][0] < 0.001
    assert not table["further"].any()


def test_five_seeds_tell_nothing() -> None:
    scope = scope_of({("tanh", "adding", 10): [False] * 5, ("gru", "adding", 10): [True] * 5})
    assert gains(further(scope, horizons(summarise(scope)))) == {}


@pytest.mark.parametrize("seeds", [5, 20])
def test_nobody_gets_further_than_the_baseline_who_is_the_baseline(seeds: int) -> None:
    """Three techniques that do as the baseline on three tasks of two lags: none gets further, in 95 of 100 stores."""
    rng, wrong = np.random.default_rng(seeds), []
    for _ in range(20):
        solved = {
            (name, task, lag): list(rng.random(seeds) < rate)
            for name in ("tanh", "clip-norm", "clip-value", "gru")
            for task in ("adding", "copy", "temporal-order")
            for lag, rate in ((10, 0.85), (20, 0.5))
        }
        scope = scope_of(solved)
        wrong.append(bool(gains(further(scope, horizons(summarise(scope))))))
    assert at_most(np.array(wrong), 0.05)
