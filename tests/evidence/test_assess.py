"""Each part of each claim can come out either way: no test here is naive."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from _pytest.mark import ParameterSet
from worlds import world

from bench.evidence.assess import Assessment, assess, reading
from bench.evidence.claims import Direction, Part, load_tests
from bench.evidence.estimands import Results
from bench.evidence.scope import scopes
from bench.evidence.statistics import Interval
from bench.evidence.verdicts import Family, verdict_of


def shape(part: Part) -> tuple[object, ...]:
    """What a part's test depends on, but for the names of techniques."""
    contrast = (bool(part.references), part.against, part.choice, part.reference_arm, part.reference_moment)
    return (part.kind, part.direction, part.arm, part.moment, part.quantity, part.lags, *contrast)


EVERY = {(test.id, *shape(part)): (f"{test.id}-{part.id}", part) for test in load_tests() for part in test.parts}
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
    seeds = {"score": MANY, "solved": MANY, "exploded": MANY, "dead": 300}.get(part.kind, FEW)
    verdict, found = judged(part, "mid", seeds)
    assert verdict == ("supported" if part.direction == "equal" else "practically equal")
    assert abs(found.effect) < math.log1p(part.margin)


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
