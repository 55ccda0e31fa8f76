"""One part by itself: its effect, interval, raw p-values, needed seeds and robustness. No correction yet."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from bench.evidence.claims import Direction, Part
from bench.evidence.contrasts import Estimate, NotEstimable, Results, Sample, draw, estimate
from bench.evidence.estimands import Sampled
from bench.evidence.statistics import (
    Array,
    Bounds,
    Interval,
    equivalence_p,
    interquartile_mean,
    mean_interval,
    needed_n,
    range_p,
    sign_flip_p,
    stratified_bootstrap,
    superiority_p,
)
from bench.records.study import MAIN

Verdict = Literal["supported", "contradicted", "practically equal", "undecided", "not run"]
DECIDED: tuple[Verdict, ...] = ("supported", "contradicted", "practically equal")
Orthogonal = Literal["holds", "does not hold", "undecided", "not run"]

CONFIDENCE = 0.95
RESAMPLES = 2000
LARGEST = 700.0
"""The logarithm of about the largest number in double precision."""
ORTHOGONAL = "orthogonal"
"""The arm in which all techniques start from orthogonal recurrent weights."""


NOTHING = Interval(math.nan, math.nan)


@dataclass(frozen=True)
class Analysis:
    """One way to look at a part; a ratio is on its own scale, not on that of logarithms."""

    name: str
    effect: float
    low: float
    high: float
    agrees: bool


@dataclass(frozen=True)
class Assessment:
    """A part before the correction for all comparisons; effects are means of logarithms for a ratio."""

    part: Part
    estimate: Estimate | None
    why: NotEstimable | None = None
    interval: Interval = NOTHING
    p_apart: float = math.nan
    """p of no difference; for "equal" and "not lower", of a mean that is within the margin, or above it."""
    p_close: float = math.nan
    """p of a mean beyond the margin."""
    analyses: tuple[Analysis, ...] = ()
    orthogonal: Orthogonal = "not run"

    @property
    def sample(self) -> Sample:
        """Raises if there is none."""
        assert self.estimate is not None
        return self.estimate.sample

    @property
    def tested(self) -> bool:
        """Whether chance has a part in it."""
        return self.estimate is not None and not self.estimate.counted

    @property
    def effect(self) -> float:
        """The mean over seeds."""
        return float(self.sample.values.mean()) if self.estimate else math.nan

    @property
    def n(self) -> int:
        """Pairs of seeds; rounds for a time; 1 for what is counted."""
        if self.estimate is None:
            return 0
        return 1 if self.estimate.counted else len(self.sample.values)


def assess(part: Part, results: Results, rng: np.random.Generator) -> Assessment:
    """Everything about a part that needs no other part."""
    try:
        found = estimate(part, results)
    except NotEstimable as why:
        return Assessment(part, None, why)
    margin = margin_of(part, found.ratio)
    interval = _interval(found.sample, found.bounds, found.counted, rng)
    bare = Assessment(part, found, interval=interval)
    if found.counted:
        return bare
    p_apart, p_close = p_values(part.direction, found, margin, rng)
    main = reading(interval, margin, part.direction)
    analyses = []
    for name, sample in found.variants.items():
        limits = _interval(sample, found.bounds, False, rng)
        effect, low, high = shown((_centre(sample), *limits), found.ratio)
        analyses.append(Analysis(name, effect, low, high, reading(limits, margin, part.direction) == main))
    other = _orthogonal(part, results, found, margin, main, rng)
    return replace(bare, p_apart=p_apart, p_close=p_close, analyses=tuple(analyses), orthogonal=other)


def shown(values: tuple[float, float, float], ratio: bool) -> tuple[float, float, float]:
    """Effect and interval as a reader sees them: a ratio, not its logarithm."""
    effect, low, high = np.exp(np.minimum(values, LARGEST)) if ratio else values
    return float(effect), float(low), float(high)


def margin_of(part: Part, ratio: bool) -> float:
    """The margin on the scale of the values: a ratio's 0.1 means a factor of 1.1 either way."""
    return math.log1p(part.margin) if ratio else part.margin


def reading(interval: Interval, margin: float, direction: Direction) -> Verdict:
    """Read a verdict off an interval by itself."""
    low, high = interval
    if direction == "not lower":
        return "supported" if low > -margin else "contradicted" if high < -margin else "undecided"
    if -margin < low and high < margin:
        return "supported" if direction == "equal" else "practically equal"
    if direction == "equal":
        return "contradicted" if low > margin or high < -margin else "undecided"
    if low > 0 or high < 0:
        return "supported" if (low > 0) == (direction == "higher") else "contradicted"
    return "undecided"


def seeds_needed(found: Assessment, level: float) -> int | None:
    """Seeds that would decide the part at a level if the truth is what was observed, and more than there are.

    None if no number would do.
    """
    assert found.estimate is not None
    sample, bounds = found.sample, found.estimate.bounds
    values, margin = sample.values, margin_of(found.part, found.estimate.ratio)
    direction, mean = found.part.direction, float(values.mean())
    needed: list[int | None]
    if direction == "not lower":
        needed = [needed_n(values + margin, level)]
    elif abs(mean) < margin:
        needed = [needed_n(values, level, margin=margin)]
    else:
        beyond = math.copysign(margin, mean) if direction == "equal" else 0.0
        needed = [needed_n(values - beyond, level)]
    if abs(mean) < margin and bounds is not None:
        pooled = needed_n(np.concatenate(sample.by_cell), level, margin=margin, bounds=bounds)
        needed.append(pooled and math.ceil(pooled / len(sample.by_cell)))
    known = [n for n in needed if n is not None]
    return max(found.n + 1, *known) if len(known) == len(needed) else None


def p_values(direction: Direction, found: Estimate, margin: float, rng: np.random.Generator) -> tuple[float, float]:
    """Give p of the two nulls: see `Assessment.p_apart` and `p_close`."""
    sample, bounds = found.sample, found.bounds
    if direction == "not lower":
        return _above(sample, -margin, bounds, negated=True), _above(sample, -margin, bounds)
    close = _both(lambda values, within: equivalence_p(values, margin, within), sample, bounds)
    if direction == "equal":
        sides = [_above(sample, margin, bounds), _above(sample, -margin, bounds, negated=True)]
        return min(1.0, 2 * min(sides)), close
    if sample.dial is not None:
        return range_p(sample.dial, rng), close
    return sign_flip_p(sample.values, rng), close


def _above(sample: Sample, threshold: float, bounds: Bounds | None, negated: bool = False) -> float:
    """p against a mean of at most the threshold; `negated`: of at least it."""
    if not negated:
        return _both(lambda values, within: superiority_p(values, threshold, within), sample, bounds)
    mirrored = None if bounds is None else (-bounds[1], -bounds[0])
    turned = replace(sample, differences=-sample.differences)
    return _both(lambda values, within: superiority_p(values, -threshold, within), turned, mirrored)


def _both(test: Callable[[Array, Bounds | None], float], sample: Sample, bounds: Bounds | None) -> float:
    """The larger p of two views: Student's t of the seeds' means, and, where values are bounded, all cells at once.

    The first knows that a seed's cells go together, but nothing of what so few seeds did not meet (where all agree, its
    spread is 0); the second the other way round.
    """
    p = test(sample.values, None)
    return p if bounds is None else max(p, test(np.concatenate(sample.by_cell), bounds))


def _interval(sample: Sample, bounds: Bounds | None, counted: bool, rng: np.random.Generator) -> Interval:
    """At CONFIDENCE, for this part alone; the wider of the two views of `_both`."""
    if counted:
        return Interval(_centre(sample), _centre(sample))
    if sample.statistic == "median":
        return stratified_bootstrap([sample.values], np.median, rng, CONFIDENCE, RESAMPLES)
    if sample.statistic == "interquartile mean":
        return stratified_bootstrap(sample.by_cell, interquartile_mean, rng, CONFIDENCE, RESAMPLES)
    low, high = mean_interval(sample.values, CONFIDENCE)
    if bounds is None:
        return Interval(low, high)
    cells = mean_interval(np.concatenate(sample.by_cell), CONFIDENCE, bounds)
    return Interval(min(low, cells.low), max(high, cells.high))


def _centre(sample: Sample) -> float:
    if sample.statistic == "median":
        return float(np.median(sample.values))
    if sample.statistic == "interquartile mean":
        return float(interquartile_mean(np.concatenate(sample.by_cell)))
    return float(sample.values.mean())


def _orthogonal(
    part: Part, results: Results, found: Estimate, margin: float, main: Verdict, rng: np.random.Generator
) -> Orthogonal:
    """Whether the same estimand in the arm of orthogonal starts reads the same."""
    if part.arm != MAIN or part.estimand.sampled is not Sampled.SEEDS:
        return "not run"
    try:
        sample = draw(part.model_copy(update={"arm": ORTHOGONAL}), results)
    except NotEstimable:
        return "not run"
    there = reading(_interval(sample, found.bounds, False, rng), margin, part.direction)
    if "undecided" in (there, main):
        return "undecided"
    return "holds" if there == main else "does not hold"
