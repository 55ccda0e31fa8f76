"""The number of seeds that would decide a question, and its range: it rests on the effect that was seen."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

CONFIDENCE = 0.8
"""The confidence of a range of seeds: that of the interval of the effect, to whose ends it belongs."""
POWER = 0.8
"""The chance of a decision that is asked for."""
MOST_SEEDS = 1000
"""The largest number of seeds that is given: nobody plans for more."""
_SIZES = np.arange(1, MOST_SEEDS + 1)


class Needed(NamedTuple):
    """Seeds that would decide, if the truth is what was seen; None: no number that one could run."""

    seeds: int | None
    fewest: int | None
    """The same if the truth is the most telling end of the effect's interval."""
    most: int | None
    """The same if the truth is the least telling end."""

    @property
    def order(self) -> float:
        """The key that sorts numbers of seeds, the fewest first."""
        return math.inf if self.seeds is None else self.seeds


def ranged(seeds: Callable[[float], int | None], centre: float, worst: float, best: float) -> Needed:
    """Ask for the centre that was seen, and for the ends of its interval."""
    return Needed(seeds(centre), seeds(best), seeds(worst))


def seeds_above(values: NDArray[np.float64], threshold: float, bound: float, error: float, power: float) -> int | None:
    """The n for which values like these tell their mean to be above a threshold; no value is below the bound.

    The p of `BoundedMean` falls as exp(−n g), where g is the largest mean of log(1 + λ (x − t) / (t − bound)) over
    0 ≤ λ ≤ 1: the growth of a gambler's fortune (Kelly 1956; Honda & Takemura 2010). n is so large that the sum of the
    logarithms exceeds −log(error) with the power asked for, by their spread.
    """
    if values.mean() <= threshold or threshold <= bound:
        return None
    stakes = (values - threshold) / (threshold - bound)
    most = 1.0 if stakes.min() > -1 else 1 - 1e-9
    found = optimize.minimize_scalar(lambda share: -np.log1p(share * stakes).mean(), bounds=(0, most), method="bounded")
    share = max((found.x, most), key=lambda s: float(np.log1p(s * stakes).mean()))
    terms = np.log1p(share * stakes)
    growth, slack = float(terms.mean()), float(stats.norm.ppf(power) * terms.std())
    if growth <= 0:
        return None
    root = (slack + math.sqrt(slack**2 - 4 * growth * math.log(error))) / (2 * growth)
    return _runnable(math.ceil(root**2))


def seeds_of_signs(share: float, error: float, power: float) -> int | None:
    """The n for which a sign test is decided, where this share of the values is on one side."""
    enough = np.flatnonzero(stats.binom.sf(_critical(error), _SIZES, share) >= power)
    return int(_SIZES[enough[0]]) if len(enough) else None


@cache
def _critical(error: float) -> NDArray[np.float64]:
    """The counts beyond which a sign test of each size errs no more often than this."""
    return np.asarray(stats.binom.isf(error, _SIZES, 0.5))


def _runnable(n: int) -> int | None:
    return n if n <= MOST_SEEDS else None
