"""The questions that every inference answers, and the checks that they share."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bench.errors import BenchError
from bench.evidence.statistics.planning import Needed

Array = NDArray[np.float64]
Bounds = tuple[float, float]

ROUNDING = 1e-9
"""Numbers that differ by no more than this share of their size are equal."""


class Interval(NamedTuple):
    """A confidence interval."""

    low: float
    high: float


class Inference(ABC):
    """An inference on a centre, a mean or a median, from one value a seed.

    All answers are one: a p of `above` or `below` is at most α just where the interval of confidence 1 − 2 α lies on
    that side of the threshold. So whatever is read off an interval is true whenever the interval covers.
    """

    n: int
    """Values that it rests on."""
    estimate: float
    """The centre of the sample."""

    @abstractmethod
    def above(self, threshold: float) -> float:
        """Give the p against a centre of at most the threshold, one-sided."""

    @abstractmethod
    def below(self, threshold: float) -> float:
        """Give the p against a centre of at least the threshold, one-sided."""

    @abstractmethod
    def interval(self, confidence: float) -> Interval:
        """Give the two-sided interval of the centre, with equal error on both sides."""

    def needed_apart(self, threshold: float, level: float) -> Needed:
        """Give the seeds that tell the centre from the threshold, on the side of the estimate; two-sided level.

        An inference that plans nothing knows of none.
        """
        return Needed(None, None, None)

    def needed_within(self, margin: float, level: float) -> Needed:
        """Give the seeds that show the centre to lie within ±margin; two-sided level. See `needed_apart`."""
        return Needed(None, None, None)

    def within(self, margin: float) -> float:
        """Give the p against a centre that is at least a margin away from 0: the larger of two one-sided ones."""
        return max(self.above(-margin), self.below(margin))


def smallest_p(n: int) -> float:
    """The smallest two-sided p that n values can give against 0, where none of them is known to be wrong: 2 / 2^n."""
    return min(1.0, 2.0 ** (1 - n))


def least_n(level: float) -> int:
    """The fewest seeds whose smallest p reaches a level."""
    return 1 - math.floor(math.log2(share(level, "level")))


def share(value: float, name: str) -> float:
    """The value, if it lies between 0 and 1; otherwise raises BenchError."""
    if not 0 < value < 1:
        raise BenchError(f"A {name} lies between 0 and 1, not {value}.")
    return value


def sample_of(values: ArrayLike, bounds: Bounds | None = None) -> Array:
    """The values as an array; raises BenchError where they cannot be estimated from."""
    sample = np.asarray(values, dtype=float)
    if sample.ndim != 1 or not len(sample) or not np.isfinite(sample).all():
        raise BenchError("An estimate needs a list of at least one value, all of them finite.")
    if bounds is not None and not (bounds[0] <= sample.min() and sample.max() <= bounds[1]):
        raise BenchError(f"Values from {sample.min()} to {sample.max()} do not lie within {bounds}.")
    return sample
