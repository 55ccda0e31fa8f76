"""What may be said of a part, how it is read off an interval, and that p-values and intervals say the same."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from bench.evidence.claims import Direction
from bench.evidence.questions import DECIDED, OPEN, Verdict, alike, answers, reading, verdict_of
from bench.evidence.statistics import LEVEL, BoundedMean, Interval, Median, adjusted


@pytest.mark.parametrize(
    ("interval", "direction", "said"),
    [
        ((0.12, 0.2), "higher", "supported"),
        ((0.02, 0.2), "higher", "weakly supported"),
        ((-0.2, -0.12), "higher", "contradicted"),
        ((-0.2, -0.02), "higher", "weakly contradicted"),
        ((-0.2, -0.12), "lower", "supported"),
        ((-0.2, -0.02), "lower", "weakly supported"),
        ((-0.2, 0.02), "lower", "undecided"),
        ((0.01, 0.09), "higher", "practically equal"),
        ((0.01, 0.09), "lower", "practically equal"),
        ((-0.09, 0.09), "equal", "supported"),
        ((-0.11, 0.09), "equal", "undecided"),
        ((0.02, 0.3), "equal", "undecided"),
        ((0.11, 0.3), "equal", "contradicted"),
        ((-0.09, 0.5), "not lower", "supported"),
        ((-0.5, -0.09), "not lower", "undecided"),
        ((-0.5, -0.11), "not lower", "contradicted"),
    ],
)
def test_what_an_interval_says(interval: tuple[float, float], direction: Direction, said: str) -> None:
    assert reading(Interval(*interval), 0.1, direction) == said


@pytest.mark.parametrize("direction", get_args(Direction))
@pytest.mark.parametrize("made", [lambda v: BoundedMean(v, (-1, 1)), Median], ids=["mean", "median"])
def test_p_and_interval_never_contradict_each_other(direction: Direction, made) -> None:
    """A part by itself is judged as its 95 % interval reads: no verdict without its own interval."""
    rng, said = np.random.default_rng(4), set()
    for n in (8, 20, 60):
        for centre in (-0.4, -0.15, 0.0, 0.05, 0.2, 0.5):
            found = made(rng.normal(centre, 0.12, n).clip(-1, 1))
            stated = answers(direction, found, found, 0.1)
            told = [answer for answer in stated if answer.p <= LEVEL]
            final = [answer for answer in told if answer.final]
            verdicts = {verdict_of(answer.statement, direction) for answer in final or told} or {"undecided"}
            assert verdicts == {reading(found.interval(1 - LEVEL), 0.1, direction)}
            said |= verdicts
    assert len(said) > 2


def test_opposite_claims_ask_the_same_and_are_answered_with_one_p() -> None:
    found = BoundedMean(np.full(20, 0.4), (-1, 1))
    higher, lower = (answers(direction, found, found, 0.1) for direction in ("higher", "lower"))
    assert higher == lower
    assert [verdict_of(a.statement, "higher") for a in higher] != [verdict_of(a.statement, "lower") for a in lower]


def test_without_cells_that_can_tell_nothing_is_equal() -> None:
    found = BoundedMean(np.zeros(100), (-1, 1))
    assert {a.statement: a.p for a in answers("higher", found, None, 0.1)}["within"] == 1


def test_verdicts_are_decided_or_open() -> None:
    assert set(get_args(Verdict)) == DECIDED | OPEN
    assert not DECIDED & OPEN
    assert alike("supported", "weakly supported")
    assert not alike("supported", "weakly contradicted")
    assert not alike("practically equal", "undecided")


def test_corrected_for_a_family_what_is_said_is_still_read_off_one_interval() -> None:
    found = BoundedMean(np.full(30, 0.3), (-1, 1))
    stated = answers("higher", found, found, 0.1)
    (corrected, *_) = adjusted([[(a.p, a.final) for a in stated], *[[(0.5, True)]] * 9])
    told = [a.statement for a, p in zip(stated, corrected, strict=True) if p <= LEVEL]
    low, _ = found.interval(1 - LEVEL / 10)
    assert ("above" in told, "beyond above" in told) == (low > 0, low > 0.1) == (True, False)
