"""One part by itself: its effect, its interval, p before any correction, and how it looks in other ways."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bench.evidence.claims import Part
from bench.evidence.contrasts import Estimate, NotEstimable, Results, Sample, draw, estimate
from bench.evidence.estimands import Sampled
from bench.evidence.measuring.costs import Size, size_of
from bench.evidence.questions import Answer, Verdict, answers, reading, seeds_needed
from bench.evidence.rates import Unlike, given_rate, unlike_rates
from bench.evidence.statistics import Inference, Interval, Needed
from bench.records.study import MAIN

CONFIDENCE = 0.95
LARGEST = 700.0
"""The logarithm of about the largest number in double precision."""
ORTHOGONAL = "orthogonal"
"""The arm in which all techniques start from orthogonal recurrent weights."""
NOTHING = Interval(math.nan, math.nan)


@dataclass(frozen=True)
class Look:
    """A sample and what it says; effects are logarithms for a ratio."""

    sample: Sample
    found: Inference | None
    """None where the values are counted and not sampled."""

    @property
    def effect(self) -> float:
        """The centre of the values."""
        return float(self.sample.values.mean()) if self.found is None else self.found.estimate

    @property
    def interval(self) -> Interval:
        """The interval at CONFIDENCE, for this look alone."""
        return Interval(self.effect, self.effect) if self.found is None else self.found.interval(CONFIDENCE)

    @property
    def n(self) -> int:
        """Pairs of seeds; rounds for a time; 1 for what is counted."""
        return 1 if self.found is None else self.found.n


@dataclass(frozen=True)
class Assessment:
    """A part before the correction for all comparisons."""

    part: Part
    estimate: Estimate | None
    why: NotEstimable | None = None
    whole: Look | None = None
    """The look at all cells that count."""
    telling: Look | None = None
    """The look at the cells that can show equality; None if there are none."""
    answers: tuple[Answer, ...] = ()
    analyses: tuple[tuple[str, Look], ...] = ()
    """Other ways to look at it, by name."""
    size: Size | None = None
    """The size at which costs are compared, if it is about costs."""
    orthogonal: Look | None = None
    """The same in the arm of orthogonal starts, if it was run."""
    given_rate: float | None = None
    """The learning rate, if its runs were trained at one that was given and not tuned."""
    unlike: Unlike | None = None
    """The settings in which tuning chose different rates for those who are compared, if it matters."""

    def reading(self, look: Look) -> Verdict:
        """The verdict that a look gives by itself."""
        return reading(look.interval, self.margin, self.part.direction)

    @property
    def tested(self) -> bool:
        """True if chance has a part in it."""
        return self.estimate is not None and not self.estimate.counted

    @property
    def margin(self) -> float:
        """The margin on the scale of the values."""
        assert self.estimate is not None
        return margin_of(self.part, self.estimate.ratio)

    def look(self, verdict: Verdict) -> Look:
        """The look that a verdict rests on."""
        assert self.whole is not None
        return self.telling if verdict == "practically equal" and self.telling else self.whole

    def needed(self, level: float) -> Needed:
        """Seeds that would decide it at a level; none is fewer than there are already, and one."""
        assert self.whole is not None
        assert self.whole.found is not None
        telling = self.telling.found if self.telling else None
        found = seeds_needed(self.part.direction, self.whole.found, telling, self.margin, level)
        more = self.whole.n + 1
        return Needed(*(None if seeds is None else max(more, seeds) for seeds in found))


def assess(part: Part, results: Results) -> Assessment:
    """Assess a part in everything that needs no other part."""
    try:
        found = estimate(part, results)
    except NotEstimable as why:
        return Assessment(part, None, why)
    whole = Look(found.sample, None if found.counted else found.sample.inference)
    size = size_of(results.scope(part.arm), part) if part.estimand.one_place else None
    if whole.found is None:
        return Assessment(part, found, whole=whole, telling=whole, size=size)
    margin = margin_of(part, found.ratio)
    telling = Look(found.telling, found.telling.inference) if found.telling else None
    stated = answers(part.direction, whole.found, telling.found if telling else None, margin)
    analyses = tuple((name, Look(sample, sample.inference)) for name, sample in found.variants.items())
    return Assessment(
        part, found, None, whole, telling, stated, analyses, size, _orthogonal(part, results),
        given_rate(part, found.sample, results), unlike_rates(part, found.sample, results),
    )  # fmt: skip


def shown(values: tuple[float, float, float], ratio: bool) -> tuple[float, float, float]:
    """Effect and interval as a reader sees them: a ratio, not its logarithm."""
    effect, low, high = (_exp(value) for value in values) if ratio else values
    return effect, low, high


def _exp(logarithm: float) -> float:
    return math.inf if logarithm > LARGEST else math.exp(logarithm)


def margin_of(part: Part, ratio: bool) -> float:
    """The margin on the scale of the values: a ratio's 0.1 means a factor of 1.1 either way."""
    return math.log1p(part.margin) if ratio else part.margin


def _orthogonal(part: Part, results: Results) -> Look | None:
    """The same estimand in the arm of orthogonal starts."""
    if part.arm != MAIN or part.estimand.sampled is not Sampled.SEEDS:
        return None
    try:
        sample = draw(part.model_copy(update={"arm": ORTHOGONAL}), results)
    except NotEstimable:
        return None
    return Look(sample, sample.inference)
