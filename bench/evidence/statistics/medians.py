"""Medians: the sign test and the interval between two order statistics, both by counting."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from bench.evidence.statistics import planning
from bench.evidence.statistics.base import Inference, Interval, sample_of, share
from bench.evidence.statistics.planning import Needed


class Median(Inference):
    """The median of values without bounds: what the typical seed does.

    The sign test (Arbuthnott 1710) counts the values on one side of the threshold; one that lies on it counts for the
    null. It is exact for independent seeds, whatever the distribution. Of values that are worse than can be measured,
    as the decay of a gradient that is 0, it needs to know no more than that.
    """

    def __init__(self, values: ArrayLike) -> None:
        self.values = np.sort(sample_of(values))
        self.n, self.estimate = len(self.values), float(np.median(self.values))

    def above(self, threshold: float) -> float:
        return _tail(self.n, int((self.values > threshold).sum()))

    def below(self, threshold: float) -> float:
        return _tail(self.n, int((self.values < threshold).sum()))

    def interval(self, confidence: float) -> Interval:
        error = (1 - share(confidence, "confidence")) / 2
        outside = int(stats.binom.ppf(error, self.n, 0.5))  # the fewest below the median with more than the error
        if _tail(self.n, self.n - outside) > error:
            outside -= 1
        if outside < 0:
            return Interval(-math.inf, math.inf)
        return Interval(float(self.values[outside]), float(self.values[-1 - outside]))

    def needed_apart(self, threshold: float, level: float) -> Needed:
        side = self.values > threshold if self.estimate > threshold else self.values < threshold
        return self._needed(side, level, planning.POWER)

    def needed_within(self, margin: float, level: float) -> Needed:
        sides, power = (self.values > -margin, self.values < margin), (1 + planning.POWER) / 2
        return max((self._needed(side, level, power) for side in sides), key=lambda needed: needed.order)

    def _needed(self, side: NDArray[np.bool_], level: float, power: float) -> Needed:
        count = int(side.sum())
        low, high = _share_interval(count, self.n)
        return planning.ranged(lambda rate: planning.seeds_of_signs(rate, level / 2, power), count / self.n, low, high)


@cache
def _share_interval(count: int, n: int) -> tuple[float, float]:
    """Clopper and Pearson's (1934) interval of a share, at the confidence of a range of seeds."""
    found = stats.binomtest(count, n).proportion_ci(planning.CONFIDENCE, method="exact")
    return found.low, found.high


@cache
def _tail(n: int, count: int) -> float:
    """P(at least so many heads in n tosses)."""
    return float(stats.binom.sf(count - 1, n, 0.5))
