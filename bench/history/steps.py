"""Steps in series over runs: where a level changed, and how surely, without supposing how the noise is distributed."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

LEVEL = 0.05
"""Of one false step or more in all series together."""
LEAST_RUNS = 3
"""On either side of a step: two bad nights make no step."""
SHORTEST = 8
"""Runs in a series that can be tested: 2 of its 56 ways to choose three runs put them at an end."""
LEAST_STEP = math.log(1.05)
"""Smaller steps are not worth telling."""
PERMUTATIONS = 4999
BATCH = 250_000
"""Numbers permuted at a time."""


@dataclass(frozen=True)
class Step:
    """A change of level within a series."""

    series: int
    """Which column of the table."""
    run: int
    """The first row of the new level."""
    before: float
    """The mean level since the step before, or since the beginning."""
    after: float
    p: float
    """Adjusted for all series."""

    @property
    def size(self) -> float:
        """How much the level rose."""
        return self.after - self.before


@dataclass(frozen=True)
class _Segment:
    """A stretch of a series without a step so far: its runs, and their values."""

    series: int
    runs: NDArray[np.int64]
    values: Array


def find_steps(table: Array, rng: np.random.Generator, level: float = LEVEL) -> list[Step]:
    """Steps in series that the same runs made; table: (runs, series), NaN where a run has no value.

    A series is cut where the mean changes most (Vostrikova's 1981 binary segmentation). Whether there is a step at all
    is a permutation test: had nothing changed, the runs could have come in any order. The same order is drawn for all
    series at once, and each largest F is compared with the largest of all series (Westfall & Young 1993, step-down), so
    that noise which series share, as of a busy machine, is allowed for and few series pay for many. Noise that goes on
    from run to run lessens F by what it adds to a mean's variance. Where steps are found, what lies before and after
    them is looked through again.
    """
    segments = [_segment(series, np.flatnonzero(np.isfinite(column)), column) for series, column in enumerate(table.T)]
    found: list[Step] = []
    while segments := [s for s in segments if len(s.runs) >= SHORTEST and np.ptp(s.values) > 0]:
        adjusted = _adjusted(segments, len(table), rng)
        halves = []
        for segment, p in zip(segments, adjusted, strict=True):
            cut = _best_cut(segment.values)
            before, after = segment.values[:cut], segment.values[cut:]
            if p > level or abs(after.mean() - before.mean()) < LEAST_STEP:
                continue
            found.append(
                Step(segment.series, int(segment.runs[cut]), float(before.mean()), float(after.mean()), float(p))
            )
            column = table[:, segment.series]
            halves += [_segment(segment.series, runs, column) for runs in (segment.runs[:cut], segment.runs[cut:])]
        segments = halves
    return _levelled(found, table)


def _segment(series: int, runs: NDArray[np.int64], column: Array) -> _Segment:
    return _Segment(series, runs, column[runs])


def _adjusted(segments: list[_Segment], runs: int, rng: np.random.Generator) -> Array:
    """Each segment's p of no step, adjusted for all segments by step-down maxT."""
    memory = _memory(segments)
    observed = np.array([_largest_f(segment.values[None])[0] for segment in segments]) * (1 - memory) / (1 + memory)
    drawn = np.empty((PERMUTATIONS, len(segments)))
    size = max(1, BATCH // runs)
    for start in range(0, PERMUTATIONS, size):
        rows = slice(start, min(start + size, PERMUTATIONS))
        ranks = rng.random((rows.stop - rows.start, runs))
        for column, segment in enumerate(segments):
            order = ranks[:, segment.runs].argsort(axis=1)
            drawn[rows, column] = _largest_f(segment.values[order])
    largest_first = observed.argsort()[::-1]
    rivals = np.maximum.accumulate(drawn[:, largest_first[::-1]], axis=1)[:, ::-1]
    tolerance = 1 - 1e-9  # equal orders have equal F but for rounding
    reached = (rivals >= observed[largest_first] * tolerance).sum(axis=0)
    adjusted = np.empty(len(segments))
    adjusted[largest_first] = np.maximum.accumulate((1 + reached) / (1 + PERMUTATIONS))
    return adjusted


def _memory(segments: list[_Segment]) -> float:
    """The autocorrelation of one run's noise with the next one's, all series together; 0 where it is negative.

    Of what is left about the levels on both sides of the best cut; two means taken out of n values lower it by 2 / n.
    """
    products, squares = 0.0, 0.0
    for segment in segments:
        cut, values = _best_cut(segment.values), segment.values
        rest = np.concatenate([values[:cut] - values[:cut].mean(), values[cut:] - values[cut:].mean()])
        rest /= max(rest.std(), 1e-12)
        products += float(rest[1:] @ rest[:-1]) + 2
        squares += float(rest @ rest)
    return min(max(products / squares, 0.0), 0.9)


def _largest_f(values: Array) -> Array:
    """Over all cuts, the largest F of a change of mean; values: (orders, runs)."""
    count = values.shape[1]
    centred = values - values.mean(axis=1, keepdims=True)
    total = (centred**2).sum(axis=1)
    left = np.arange(LEAST_RUNS, count - LEAST_RUNS + 1)
    sums = centred.cumsum(axis=1)[:, left - 1]
    between = (sums**2 * count / (left * (count - left))).max(axis=1)
    return between * (count - 2) / np.maximum(total - between, 1e-12 * total)


def _best_cut(values: Array) -> int:
    """How many values stand before the change of mean that explains most."""
    count = len(values)
    left = np.arange(LEAST_RUNS, count - LEAST_RUNS + 1)
    sums = (values - values.mean()).cumsum()[left - 1]
    return int(left[(sums**2 / (left * (count - left))).argmax()])


def _levelled(found: list[Step], table: Array) -> list[Step]:
    """The steps in the order of their series and runs, each with the levels from the step before and to the next."""
    result = []
    for series in sorted({step.series for step in found}):
        steps = sorted((step for step in found if step.series == series), key=lambda step: step.run)
        edges = [0, *(step.run for step in steps), len(table)]
        levels = [float(np.nanmean(table[a:b, series])) for a, b in itertools.pairwise(edges)]
        result += [Step(series, step.run, levels[i], levels[i + 1], step.p) for i, step in enumerate(steps)]
    return result
