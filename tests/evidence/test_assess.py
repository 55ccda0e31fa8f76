"""Each part of each claim can come out either way: no test here is naive."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from _pytest.mark import ParameterSet

from bench.evidence.assess import Assessment, assess
from bench.evidence.claims import Part, source_claims
from bench.evidence.contrasts import Results
from bench.evidence.family import Family
from bench.evidence.scope import scopes
from bench.testing.made_up import Level, world


def shape(part: Part) -> tuple[object, ...]:
    """What a part's test depends on, but for the names of techniques."""
    contrast = (bool(part.references), part.against, part.choice, part.reference_arm, part.reference_moment)
    return (part.kind, part.direction, part.arm, part.moment, part.quantity, part.lags, *contrast)


EVERY = {(test.id, *shape(part)): (f"{test.id}-{part.id}", part) for test in source_claims() for part in test.parts}
KINDS = {shape(part)[:2] + shape(part)[5:]: (name, part) for name, part in EVERY.values()}


def parts(of: dict[tuple[object, ...], tuple[str, Part]], wanted: Callable[[Part], bool]) -> list[ParameterSet]:
    return [pytest.param(part, id=name) for name, part in of.values() if wanted(part)]


FEW, MANY = 20, 60
"""Seeds that tell a large difference; seeds that can show equality of shares within a tenth."""


def judged(part: Part, level: Level, seeds: int) -> tuple[str, Assessment]:
    found = assess(part, Results(scopes(world(part, level, seeds))))
    assert found.estimate is not None, found.why
    return Family([found]).verdict(found)[0], found


def claimed(part: Part) -> Level:
    levels: dict[str, Level] = {"higher": "high", "lower": "low", "equal": "mid", "not lower": "high"}
    return levels[part.direction]


@pytest.mark.parametrize("part", parts(EVERY, lambda part: True))
def test_plainly_so_is_supported(part: Part) -> None:
    verdict, found = judged(part, claimed(part), MANY if part.direction == "equal" else FEW)
    assert verdict == "supported"
    assert found.whole
    if part.direction in ("higher", "lower"):
        assert (found.whole.effect > 0) == (part.direction == "higher")
    assert found.whole.interval.low <= found.whole.effect <= found.whole.interval.high


@pytest.mark.parametrize("part", parts(EVERY, lambda part: not part.choice))
def test_plainly_not_so_is_contradicted(part: Part) -> None:
    verdict, _ = judged(part, "high" if claimed(part) == "low" else "low", FEW)
    assert verdict == "contradicted"


@pytest.mark.parametrize("part", parts(KINDS, lambda part: part.direction != "not lower"))
def test_no_difference_is_practically_equal(part: Part) -> None:
    seeds = FEW if part.estimand.bounds is None else MANY if part.margin >= 0.1 else 300
    verdict, found = judged(part, "mid", seeds)
    assert verdict == ("supported" if part.direction == "equal" else "practically equal")
    assert found.telling
    assert abs(found.telling.effect) < found.margin


def test_few_seeds_cannot_show_equality() -> None:
    """A share of .1 cannot be ruled out by n seeds that do not meet it unless .9^n is small enough."""
    part = next(p for t in source_claims() for p in t.parts if (t.id, p.id) == ("S16", "score"))
    assert judged(part, "mid", FEW)[0] == "undecided"


def test_needed_seeds_are_more_than_there_are_and_enough_to_reach_the_level() -> None:
    part = next(p for t in source_claims() for p in t.parts if (t.id, p.id) == ("S16", "score"))
    found = assess(part, Results(scopes(world(part, "mid", 10))))
    needed = found.needed(0.001)
    assert needed.seeds is not None
    assert needed.seeds > 70  # 0.9^n ≤ 0.0005 even if all are alike
    assert found.needed(0.05 / 5).order < needed.seeds
    high = assess(part, Results(scopes(world(part, "high", 5))))
    for level in (0.05, 0.05 / 100):
        planned = high.needed(level)
        assert planned.seeds is not None
        assert planned.fewest is not None
        assert 6 <= planned.fewest <= planned.seeds
        again = assess(part, Results(scopes(world(part, "high", planned.seeds + 2))))
        assert again.answers[3].p <= level  # told from 0
