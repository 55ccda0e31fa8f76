"""Each part of each claim can come out either way: no test here is naive."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from _pytest.mark import ParameterSet

from bench.evidence.assess import Assessment, assess, p_values, reading, seeds_needed
from bench.evidence.claims import Direction, Part, source_claims
from bench.evidence.contrasts import Estimate, Results, Sample
from bench.evidence.scope import scopes
from bench.evidence.statistics import Interval, equivalence_p
from bench.evidence.verdicts import Family, verdict_of
from bench.testing.made_up import CELLS, world


def shape(part: Part) -> tuple[object, ...]:
    """What a part's test depends on, but for the names of techniques."""
    contrast = (bool(part.references), part.against, part.choice, part.reference_arm, part.reference_moment)
    return (part.kind, part.direction, part.arm, part.moment, part.quantity, part.lags, *contrast)


EVERY = {(test.id, *shape(part)): (f"{test.id}-{part.id}", part) for test in source_claims() for part in test.parts}
KINDS = {shape(part)[:2] + shape(part)[5:]: (name, part) for name, part in EVERY.values()}


def parts(of: dict[tuple[object, ...], tuple[str, Part]], wanted: Callable[[Part], bool]) -> list[ParameterSet]:
    return [pytest.param(part, id=name) for name, part in of.values() if wanted(part)]


FEW, MANY = 14, 40
"""Seeds of the standard preset; seeds that can show equality of shares within a tenth."""


def judged(part: Part, level: str, seeds: int) -> tuple[str, Assessment]:
    found = assess(part, Results(scopes(world(part, level, seeds))), np.random.default_rng(0))
    assert found.estimate is not None, found.why
    return verdict_of(found, Family([found]))[0], found


def claimed(part: Part) -> str:
    return {"higher": "high", "lower": "low", "equal": "mid", "not lower": "high"}[part.direction]


@pytest.mark.parametrize("part", parts(EVERY, lambda part: True))
def test_plainly_so_is_supported(part: Part) -> None:
    verdict, found = judged(part, claimed(part), MANY if part.direction == "equal" else FEW)
    assert verdict == "supported"
    if part.direction in ("higher", "lower"):
        assert (found.effect > 0) == (part.direction == "higher")
    assert found.interval.low <= found.effect <= found.interval.high


@pytest.mark.parametrize("part", parts(EVERY, lambda part: not part.choice))
def test_plainly_not_so_is_contradicted(part: Part) -> None:
    verdict, _ = judged(part, "high" if claimed(part) == "low" else "low", FEW)
    assert verdict == "contradicted"


@pytest.mark.parametrize("part", parts(KINDS, lambda part: part.direction != "not lower"))
def test_no_difference_is_practically_equal(part: Part) -> None:
    seeds = FEW if part.estimand.bounds is None else MANY if part.margin >= 0.1 else 300
    verdict, found = judged(part, "mid", seeds)
    assert verdict == ("supported" if part.direction == "equal" else "practically equal")
    assert abs(found.effect) < math.log1p(part.margin)


def test_rare_differences_are_not_taken_for_equality() -> None:
    """One run in ten differs wholly, so that the mean is at the margin: 14 seeds of 2 cells often show hardly any."""
    rng, runs, level = np.random.default_rng(5), 400, 0.01
    cells = pd.MultiIndex.from_tuples(CELLS[:2], names=["task", "lag"])
    errors = {"seeds alone": 0, "both views": 0}
    for _ in range(runs):
        differences = pd.DataFrame(rng.random((FEW, 2)) < 0.1, columns=cells).astype(float)
        sample = Sample(differences, pd.DataFrame())
        errors["seeds alone"] += equivalence_p(sample.values, 0.1) <= level
        close = p_values("equal", Estimate(sample, {}, (-1, 1), False, False), 0.1, rng)[1]
        errors["both views"] += close <= level
    assert errors["both views"] / runs <= level
    assert errors["seeds alone"] / runs > 2 * level


@pytest.mark.parametrize(
    ("interval", "direction", "said"),
    [
        ((0.02, 0.2), "higher", "supported"),
        ((-0.2, -0.02), "higher", "contradicted"),
        ((-0.2, -0.02), "lower", "supported"),
        ((-0.2, 0.02), "lower", "undecided"),
        ((0.01, 0.09), "higher", "practically equal"),
        ((-0.09, 0.09), "equal", "supported"),
        ((-0.11, 0.09), "equal", "undecided"),
        ((0.11, 0.3), "equal", "contradicted"),
        ((-0.09, 0.5), "not lower", "supported"),
        ((-0.5, -0.09), "not lower", "undecided"),
        ((-0.5, -0.11), "not lower", "contradicted"),
    ],
)
def test_what_an_interval_says(interval: tuple[float, float], direction: Direction, said: str) -> None:
    assert reading(Interval(*interval), 0.1, direction) == said


def test_needed_seeds_are_more_than_there_are_and_enough_to_reach_the_level() -> None:
    part = next(p for t in source_claims() for p in t.parts if (t.id, p.id) == ("S16", "score"))
    found = assess(part, Results(scopes(world(part, "mid", 10))), np.random.default_rng(0))
    needed = seeds_needed(found, 0.001)
    assert needed is not None
    assert needed >= 14  # with five cells each, as many as it takes to rule out what so few have not met
    assert seeds_needed(found, 0.05 / 5) < needed
    high = assess(part, Results(scopes(world(part, "high", 5))), np.random.default_rng(0))
    assert seeds_needed(high, 0.05) == 6
    assert seeds_needed(high, 0.05 / 100) == 12
