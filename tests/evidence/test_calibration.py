"""A fast part of `benchmarks/calibration.py`: does the evidence keep its word?

Rates are compared with what was promised at most, allowing for the luck of the simulation: a sound method fails a check
with a chance of 1 in 10 000, and the seeds are fixed.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import calibration
import simulated

from bench.evidence.statistics import BoundedMean, Student, sign_flip_p
from bench.testing.luck import at_most

RUNS = {"scores": 60, "typical": 200, "dials": 40, "tuning": 100, "screening": 30}
"""Simulations of each case."""


@pytest.mark.parametrize("part", RUNS)
def test_what_is_said_of_one_comparison_errs_no_more_often_than_promised(
    part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calibration, "SIZES", (5, 13, 20))
    monkeypatch.setattr(calibration, "TUNINGS", {"own": calibration.own})
    monkeypatch.setattr(calibration, "SHARES", (0.1, 0.3))
    rows = list(calibration.PARTS[part](RUNS[part]))
    assert len(rows) >= 3
    for row in rows:
        for column in row.hits:
            assert row.kept(column), row.line()


def test_few_families_hold_a_false_statement() -> None:
    for row in calibration.family(6):
        assert row.kept("any"), row.line()


@pytest.mark.parametrize("draw", [simulated.Alike, simulated.Lopsided])
def test_few_stores_give_a_false_verdict(draw) -> None:
    names = ("tanh", "lstm", "gru", "clip-norm", "residual-time", "residual-depth")
    rng, hits = np.random.default_rng(5), []
    for _ in range(3):
        made = simulated.store(rng, 20, draw(), names)
        hits.append(bool(calibration.told_apart(calibration.compared(made))))
    assert at_most(hits, 0.05)


def test_hopeless_lags_make_nothing_equal() -> None:
    """A hundred seeds could show equality; that neither solves adding, or ran the longer lag, is no sign of it."""
    made = simulated.store(np.random.default_rng(6), 100, simulated.Hopeless(), simulated.HOPELESS)
    parts = calibration.compared(made)
    (clipped,) = [part for part in parts if (part.claim, part.part) == ("S16", "score")]
    assert clipped.verdict in ("undecided", "weakly contradicted")  # which it is: the mean is below 0
    assert set(zip(clipped.data["task"], clipped.data["lag"], strict=True)) == {
        ("copy", 5), ("temporal-order", 20),
    }  # fmt: skip


def test_a_broken_promise_is_seen() -> None:
    """The check is no formality: it fails a rate of twice the level, or an error of each family."""
    assert not at_most(np.arange(1000) < 100, 0.05)
    assert not calibration.Row("family", "-", 20, 20, {"any": 10}).kept("any")
    assert calibration.Row("family", "-", 20, 20, {"any": 3}).kept("any")


# Why not something simpler


def test_sign_flips_are_no_test_of_a_mean() -> None:
    """A small gain that rare failures make up for has a mean of 0, and sign flips tell it from 0 nearly every time."""
    truth, rng = simulated.SCORES[3], np.random.default_rng(20)
    samples = [truth.draw(rng, 20)[:, 0] for _ in range(200)]
    level = 0.05 / calibration.FAMILY
    assert np.mean([sign_flip_p(values) <= level for values in samples]) > 0.25
    assert not any(2 * BoundedMean(values, (-1, 1)).above(0) <= level for values in samples)


def test_students_interval_does_not_cover_where_a_seed_may_fail() -> None:
    rng = np.random.default_rng(1)
    for truth in (simulated.SCORES[3], simulated.SCORES[6]):
        limits = [Student(truth.draw(rng, 13).mean(axis=1)).interval(0.95) for _ in range(200)]
        assert np.mean([low <= truth.mean <= high for low, high in limits]) < 0.8


def test_cells_are_no_seeds() -> None:
    """Nine cells that go together make an interval of nine times as many values that covers far too seldom."""
    truth, rng = simulated.SCORES[6], np.random.default_rng(2)
    pooled = [BoundedMean(truth.draw(rng, 13).ravel(), (-1, 1)).interval(0.95) for _ in range(200)]
    assert np.mean([low <= truth.mean <= high for low, high in pooled]) < 0.85


def test_techniques_that_are_alike_and_share_a_rate_each_are_told_apart() -> None:
    """Two tuning seeds choose unlike rates, and more measured seeds make that surer; rates of their own do not."""
    response, rng, n = simulated.RESPONSES[2], np.random.default_rng(3), 50

    def missed(choose: object) -> list[bool]:
        found = []
        for _ in range(150):
            one, other = (response.scores(rng, choose(rng, response, n), n) for _ in range(2))  # type: ignore[operator]
            low, high = BoundedMean(one - other, (-1, 1)).interval(0.95)
            found.append(not low <= 0 <= high)
        return found

    assert np.mean(missed(calibration.shared(2))) > 0.2
    assert at_most(missed(calibration.own), 0.05)


def test_seeds_that_were_spared_are_not_seeds_that_failed() -> None:
    """Of two alike techniques that solve a fifth, one is often given up after 8 seeds, and the other is not.

    Were spared seeds to count like others, every fifth such pair would be told apart.
    """
    rng, naive, judged = np.random.default_rng(7), [], []
    for _ in range(300):
        one, other = (calibration.given_up(rng, 0.2, 1) for _ in range(2))
        whole = BoundedMean((one[0] - other[0]).mean(axis=1), (-1, 1))
        naive.append(2 * min(whole.above(0), whole.below(0)) <= 0.05)
        found = calibration.of_two(one, other)
        judged.append(2 * min(found.above(0), found.below(0)) <= 0.05)
    assert np.mean(naive) > 0.12
    assert at_most(judged, 0.05)


def test_the_made_up_truths_are_what_they_say() -> None:
    rng = np.random.default_rng(4)
    for truth in simulated.SCORES:
        assert truth.draw(rng, 40_000).mean() == pytest.approx(truth.mean, abs=0.015)
    for truth in simulated.TYPICAL:
        assert np.median(truth.draw(rng, 40_000)) == pytest.approx(truth.mean, abs=0.03)
    scores = simulated.store(rng, 400, simulated.Lopsided(), ("tanh", "gru")).members()
    value = (1 - scores["updates"] / 100).where(scores["outcome"] == "solved", 0.0)
    by_technique = value.groupby(scores["technique"]).mean()
    assert by_technique["gru"] == pytest.approx(by_technique["tanh"], abs=0.03)
    assert stats.norm.cdf(-stats.norm.isf(0.375)) * 0.8 + 0.2 == pytest.approx(0.5)
