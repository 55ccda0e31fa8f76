"""Steps in series over runs: where a level changed, and how surely, without supposing how the noise is distributed."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Largest = Callable[[Array], tuple[Array, NDArray[np.int64]]]
"""Function that gives the largest F of each of several series of equal length, and where the series is cut for it."""

LEVEL = 0.05
"""Probability of one false step or more in all series together."""
TWO_CUTS_LEVEL = 0.01
"""The share of it for steps that were taken back."""
LEAST_RUNS = 3
"""Fewest runs on either side of a step: two bad nights make no step."""
SHORTEST = 8
"""Runs in a series that can be tested: 2 of its 56 ways to choose three runs put them at an end."""
LEAST_STEP = math.log(1.05)
"""Smallest step that is worth reporting."""
MOST_MEMORY = 0.7
"""Largest autocorrelation that counts as noise: a larger one is a trend."""
PERMUTATIONS = 4999
BATCH = 250_000
"""Numbers permuted at a time."""


@dataclass(frozen=True)
class Step:
    """A change of level within a series."""

    series: int
    """Column of the table."""
    run: int
    """The first row of the new level."""
    before: float
    """The mean level since the step before, or since the beginning."""
    after: float
    p: float
    """Adjusted for all series."""

    @property
    def size(self) -> float:
        """Return how much the level rose."""
        return self.after - self.before


@dataclass(frozen=True)
class _Segment:
    """A stretch of a series without a step so far: its runs, and their values."""

    series: int
    runs: NDArray[np.int64]
    values: Array


def find_steps(table: Array, rng: np.random.Generator) -> list[Step]:
    """Steps in series that the same runs made; table: (runs, series), NaN where a run has no value.

    A series is cut where the mean changes most (Vostrikova's 1981 binary segmentation). Whether there is a step at all
    is a permutation test: had nothing changed, the runs could have come in any order. The same order is drawn for all
    series at once, and each largest F is compared with the largest of all series (Westfall & Young 1993, step-down), so
    that noise which series share, as of a busy machine, is allowed for and few series pay for many. Noise that goes on
    from run to run lessens F by what it adds to a mean's variance. What one cut does not show, as a rise that was taken
    back, two may (Olshen et al. 2004); that has a small share of the level. Where steps are found, what lies before and
    after them is looked through again.
    """
    segments = [_segment(series, np.flatnonzero(np.isfinite(column)), column) for series, column in enumerate(table.T)]
    found: list[tuple[int, int, float]] = []
    while segments := [s for s in segments if len(s.runs) >= SHORTEST and np.ptp(s.values) > 0]:
        parts: list[_Segment] = []
        for segment, cuts, p in _cut(segments, len(table), rng):
            found += [(segment.series, int(segment.runs[cut]), p) for cut in cuts]
            parts += [_segment(segment.series, runs, table[:, segment.series]) for runs in np.split(segment.runs, cuts)]
        segments = parts
    return _levelled(found, table)


def _cut(segments: list[_Segment], runs: int, rng: np.random.Generator) -> list[tuple[_Segment, list[int], float]]:
    """Find the segments with a step, or two, how many values precede each, and the adjusted p."""
    found: list[tuple[_Segment, list[int], float]] = []
    for largest, level in ((_one_cut, LEVEL - TWO_CUTS_LEVEL), (_two_cuts, TWO_CUTS_LEVEL)):
        left = [s for s in segments if not any(s is cut for cut, _, _ in found)]
        adjusted = _adjusted(left, largest, runs, rng) if left else ()
        for segment, p in zip(left, adjusted, strict=True):
            cuts = [int(cut) for cut in largest(segment.values[None])[1][0] if 0 < cut < len(segment.values)]
            levels = [part.mean() for part in np.split(segment.values, cuts)]
            if p <= level and np.abs(np.diff(levels)).max() >= LEAST_STEP:
                found.append((segment, cuts, float(p)))
    return found


def _segment(series: int, runs: NDArray[np.int64], column: Array) -> _Segment:
    return _Segment(series, runs, column[runs])


def _adjusted(segments: list[_Segment], largest: Largest, runs: int, rng: np.random.Generator) -> Array:
    """Each segment's p of no step, adjusted for all segments by step-down maxT."""
    memory = _memory(segments)
    observed = np.array([largest(segment.values[None])[0][0] for segment in segments]) * (1 - memory) / (1 + memory)
    drawn = np.empty((PERMUTATIONS, len(segments)))
    size = max(1, BATCH // runs)
    for start in range(0, PERMUTATIONS, size):
        rows = slice(start, min(start + size, PERMUTATIONS))
        ranks = rng.random((rows.stop - rows.start, runs))
        for column, segment in enumerate(segments):
            order = ranks[:, segment.runs].argsort(axis=1)
            drawn[rows, column] = largest(segment.values[order])[0]
    largest_first = observed.argsort()[::-1]
    rivals = np.maximum.accumulate(drawn[:, largest_first[::-1]], axis=1)[:, ::-1]
    tolerance = 1 - 1e-9  # equal orders have equal F except for rounding
    reached = (rivals >= observed[largest_first] * tolerance).sum(axis=0)
    adjusted = np.empty(len(segments))
    adjusted[largest_first] = np.maximum.accumulate((1 + reached) / (1 + PERMUTATIONS))
    return adjusted


def _memory(segments: list[_Segment]) -> float:
    """The autocorrelation of one run's noise with the next one's, all series together; 0 where it is negative.

    Differences between values two runs apart have 1 + ρ times the variance of those between neighbours. Few of them
    span a step, so that their medians do not see it.
    """
    near, far = [], []
    for segment in segments:
        steps = np.abs(np.diff(segment.values))
        scale = np.median(steps) or 1.0
        near.append(steps / scale)
        far.append(np.abs(segment.values[2:] - segment.values[:-2]) / scale)
    ratio = float(np.median(np.concatenate(far)) / max(np.median(np.concatenate(near)), 1e-12))
    return min(max(ratio**2 - 1, 0.0), MOST_MEMORY)


def _one_cut(values: Array) -> tuple[Array, NDArray[np.int64]]:
    """Find the largest F of a change of mean, and how many values precede it (·, 1); values: (orders, runs)."""
    count = values.shape[1]
    centred = values - values.mean(axis=1, keepdims=True)
    left = np.arange(LEAST_RUNS, count - LEAST_RUNS + 1)
    between = centred.cumsum(axis=1)[:, left - 1] ** 2 * count / (left * (count - left))
    return _f(between.max(axis=1), centred, 2), left[between.argmax(axis=1)][:, None]


def _two_cuts(values: Array) -> tuple[Array, NDArray[np.int64]]:
    """Find the largest F of a stretch whose mean differs from that of the rest, and where it begins and ends (·, 2)."""
    orders, count = values.shape
    centred = values - values.mean(axis=1, keepdims=True)
    sums = np.concatenate([np.zeros((orders, 1)), centred.cumsum(axis=1)], axis=1)
    best, ends = np.full(orders, -1.0), np.zeros((orders, 2), dtype=np.int64)
    for length in range(LEAST_RUNS, count - LEAST_RUNS + 1):
        between = (sums[:, length:] - sums[:, :-length]) ** 2 * count / (length * (count - length))
        starts = between.argmax(axis=1)
        heights = between[np.arange(orders), starts]
        higher = heights > best
        best[higher] = heights[higher]
        ends[higher] = np.stack([starts, starts + length], axis=1)[higher]
    return _f(best, centred, 3), ends


def _f(between: Array, centred: Array, levels: int) -> Array:
    """Compute F from the sum of squares `between` that the levels explain; the rest is never less than rounding."""
    total = (centred**2).sum(axis=1)
    return between * (centred.shape[1] - levels) / np.maximum(total - between, 1e-12 * total)


def _levelled(found: list[tuple[int, int, float]], table: Array) -> list[Step]:
    """Turn (series, run, p) into steps by series and run, each with the levels just before and after it."""
    result = []
    for series in sorted({place for place, _, _ in found}):
        steps = sorted((run, p) for place, run, p in found if place == series)
        edges = [0, *(run for run, _ in steps), len(table)]
        levels = [float(np.nanmean(table[a:b, series])) for a, b in itertools.pairwise(edges)]
        changes = zip(steps, itertools.pairwise(levels), strict=True)
        result += [Step(series, run, before, after, p) for (run, p), (before, after) in changes]
    return result
