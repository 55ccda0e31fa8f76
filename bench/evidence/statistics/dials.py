"""The worth of a dial: the best of its values less the worst, neither of which is known beforehand."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import ArrayLike

from bench.errors import BenchError
from bench.evidence.statistics.base import Array, Bounds, Inference, Interval
from bench.evidence.statistics.means import BoundedMean
from bench.evidence.statistics.planning import Needed


class BestLessWorst(Inference):
    """The largest mean over a dial's values less the smallest; scores within bounds: (dial values, seeds).

    That is the largest of the differences of all ordered pairs of values, each a bounded mean of paired seeds. It is at
    least as large as whatever one pair shows, if that holds for all of them together (Bonferroni); and at most as large
    as the largest upper bound, of which only the true best pair's has to hold. So no luck in choosing is left.

    The estimate has none either: best and worst are chosen on every other seed and compared on the seeds between.
    """

    def __init__(self, scores: ArrayLike, bounds: Bounds) -> None:
        table = _table(scores)
        span = bounds[1] - bounds[0]
        self.pairs = [BoundedMean(one - other, (-span, span)) for one, other in itertools.permutations(table, 2)]
        self.values = split_halves(table)
        self.n, self.estimate = table.shape[1], float(self.values.mean())

    def above(self, threshold: float) -> float:
        return min(1.0, len(self.pairs) * min(pair.above(threshold) for pair in self.pairs))

    def below(self, threshold: float) -> float:
        return max(pair.below(threshold) for pair in self.pairs)

    def interval(self, confidence: float) -> Interval:
        strict = 1 - (1 - confidence) / len(self.pairs)
        lows = [pair.interval(strict).low for pair in self.pairs]
        return Interval(max(lows), max(pair.interval(confidence).high for pair in self.pairs))

    def needed_apart(self, threshold: float, level: float) -> Needed:
        return self._widest.needed_apart(threshold, level / len(self.pairs))

    def needed_within(self, margin: float, level: float) -> Needed:
        return self._widest.needed_within(margin, level)

    @property
    def _widest(self) -> BoundedMean:
        return max(self.pairs, key=lambda pair: pair.estimate)


def split_halves(table: Array) -> Array:
    """Best less worst, a value a seed, free of the luck that the best value had; table: (dial values, seeds).

    Without dependence the mean is 0 on average, whereas best minus worst on the seeds that chose them is never
    negative. The values are dependent, since each half chooses for the other, so that no test may be made of them.
    """
    result = np.empty(table.shape[1])
    for chosen_on, measured_on in ((0, 1), (1, 0)):
        means = table[:, chosen_on::2].mean(axis=1)
        result[measured_on::2] = table[means.argmax(), measured_on::2] - table[means.argmin(), measured_on::2]
    return result


def _table(scores: ArrayLike) -> Array:
    """Scores as an array (dial values, seeds); raises BenchError where they cannot show what a dial does."""
    table = np.asarray(scores, dtype=float)
    if table.ndim != 2 or min(table.shape) < 2 or not np.isfinite(table).all():
        raise BenchError("A dial's range needs finite scores of at least two values of the dial and two seeds.")
    return table
