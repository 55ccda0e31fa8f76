"""Inference where some values were not seen: those of seeds that were spared because the first, which screen, failed.

Such a value counts as 0, the least that it can be. That a technique which solves a share u of its runs ends there has a
chance of (1 − u)^k, with k seeds that screen. So 0 may be too little, and all seeds of the setting with it: two
techniques that are alike would be told apart whenever the one passes and the other does not.

So the technique is granted any share u, as large as you like, for the price of its chance. If u is what it solves, and
its values therefore have a mean of at most u, then it was spared with a chance of (1 − u)^k; and that what else was
seen tells a difference even so has its own p. Both together have the product, since they rest on different runs, and
the largest product over all u is the p. It counts twice, since a setting that was not given up may mislead, too: that
is judged as ever, and both ways together must not err more often than one.

This takes for granted that the two have no luck in common which goes opposite ways: where runs of one seed share luck
they solve together, and the p is too large rather than too small.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable

from scipy import optimize, stats

from bench.evidence.statistics.base import Inference, Interval, share
from bench.evidence.statistics.planning import Needed

STEPS = 16
"""Steps in which shares are tried at first."""
SLACK = 0.02
"""Largest share by which a p may be too large; it is never too small."""
WAYS = 2
"""Ways to err: a setting was given up that should not have been, or what was seen of one that was not misleads."""
NEVER = Needed(None, None, None)


class Screened(Inference):
    """Another inference, of values of which a part was spared and counts as 0.

    whole: the inference from all values, zeros included. own, twin: which part of the centre the spared settings make
    up; were all of them solved at once, it would be larger by `own`, or smaller by `twin`. screening: the seeds that
    each was given up after.
    """

    def __init__(self, whole: Inference, own: float, twin: float, screening: int) -> None:
        self.whole, self.own, self.twin, self.screening = whole, own, twin, screening
        self.n, self.estimate = whole.n, whole.estimate
        self._intervals: dict[float, Interval] = {}

    def above(self, threshold: float) -> float:
        if not self.twin:
            return self.whole.above(threshold)
        return _worst(lambda u: self.whole.above(threshold + u * self.twin), self.screening)

    def below(self, threshold: float) -> float:
        if not self.own:
            return self.whole.below(threshold)
        return _worst(lambda u: self.whole.below(threshold - u * self.own), self.screening)

    def interval(self, confidence: float) -> Interval:
        if confidence not in self._intervals:
            self._intervals[confidence] = self._interval(confidence)
        return self._intervals[confidence]

    def _interval(self, confidence: float) -> Interval:
        low, high = self.whole.interval(confidence)
        error = (1 - share(confidence, "confidence")) / 2
        furthest = self.whole.interval(1 - 2 * error / WAYS)
        if self.twin:
            low = _crossing(lambda t: self.above(t) - error, furthest.low - self.twin, low)
        if self.own:
            high = _crossing(lambda t: self.below(t) - error, high, furthest.high + self.own)
        return Interval(low, high)

    def needed_apart(self, threshold: float, level: float) -> Needed:
        """Give the seeds that would do with as many that screen: never too few, as larger shares are ruled out."""
        granted = self._granted(level)
        if self.estimate >= threshold:
            further = threshold + granted * self.twin
            return self.whole.needed_apart(further, level) if self.estimate > further else NEVER
        further = threshold - granted * self.own
        return self.whole.needed_apart(further, level) if self.estimate < further else NEVER

    def needed_within(self, margin: float, level: float) -> Needed:
        """Give the seeds that would do with as many that screen, as `needed_apart` does."""
        left = margin - self._granted(level) * max(self.own, self.twin)
        return self.whole.needed_within(left, level) if left > 0 else NEVER

    def _granted(self, level: float) -> float:
        """The share with which a setting would be given up as rarely as one side may err."""
        return float(1 - (level / 2 / WAYS) ** (1 / self.screening))


def rate_p(solved: int, runs: int, screening: int) -> float:
    """Two-sided p against a technique that solved so many runs being no better than one given up after screening.

    For every share that both may solve, the product of the chances to solve as many and to be given up; see above.
    """
    return min(1.0, 2 * _worst(lambda u: float(stats.binom.sf(solved - 1, runs, u)), screening))


def bias_bound(screening: int) -> float:
    """The most by which a setting's mean score is too low, on average over all its chances of being given up.

    Whoever solves a share p loses at most p, with a chance of (1 − p)^k; p (1 − p)^k is largest at p = 1 / (k + 1).
    """
    return float(screening**screening / (screening + 1) ** (screening + 1))


def _crossing(excess: Callable[[float], float], low: float, high: float) -> float:
    """The point between two at which an excess changes its sign."""
    return float(optimize.brentq(excess, low, high, xtol=1e-6))


def _worst(p: Callable[[float], float], screening: int) -> float:
    """WAYS times the largest product of a p, which rises with the share, and the chance that this share is given up.

    Between two shares it is at most the chance of the smaller one times the p of the larger; the step in which that may
    be most is halved until it is no more than SLACK above what was found.
    """
    known = [(i / STEPS, p(i / STEPS)) for i in range(STEPS + 1)]
    best = max((1 - share) ** screening * value for share, value in known)
    steps = [(-((1 - low[0]) ** screening) * high[1], low, high) for low, high in itertools.pairwise(known)]
    heapq.heapify(steps)
    while True:
        most, low, high = heapq.heappop(steps)
        if -most <= (1 + SLACK) * best or high[0] - low[0] < 1e-6:
            return min(1.0, -WAYS * most)
        middle = ((low[0] + high[0]) / 2, p((low[0] + high[0]) / 2))
        best = max(best, (1 - middle[0]) ** screening * middle[1])
        for one, other in ((low, middle), (middle, high)):
            heapq.heappush(steps, (-((1 - one[0]) ** screening) * other[1], one, other))
