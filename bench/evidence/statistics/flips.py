"""The sign-flip test of pairs, counted on a lattice: no p depends on a random stream."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bench.evidence.statistics.base import ROUNDING, Array, sample_of

FINEST = 2**13
"""Steps of the lattice on which values are counted that lie on none of their own, between 0 and the largest of them."""
MOST_STEPS = 2**21
"""The largest sum of values, in steps of their own lattice, that is counted as it is."""


def sign_flip_p(values: ArrayLike) -> float:
    """Two-sided p of the paired sign-flip test that two treatments do the same (Fisher 1935, §21).

    Under the null each value is as likely as its negative, as a difference between two runs is if what differs between
    them changes nothing. p is the share of the 2^n ways to choose signs whose |sum| is at least the observed one. They
    are counted by convolution on the lattice of the values, as scores have one: multiples of a share of the budget.
    Values on none are rounded to a fine one, and what rounding may have hidden counts as well, so that p is never too
    small. The smallest p possible is `smallest_p(n)`. It is no test of a mean of 0: that may come from unlike values.
    """
    sample = sample_of(values)
    sizes = np.abs(sample[sample != 0])
    if not len(sizes):
        return 1.0
    steps, slack = _on_lattice(sizes)
    ways = np.ones(1)
    for step in steps:
        grown = np.zeros(len(ways) + step)
        grown[: len(ways)] += ways / 2
        grown[step:] += ways / 2
        ways = grown
    observed = abs(int((np.sign(sample[sample != 0]) * steps).sum()))
    # a sum of +s over some and −s over the others is twice that over the some, less the whole
    far = np.abs(2 * np.arange(len(ways)) - int(steps.sum())) >= observed - slack
    return float(min(1.0, ways[far].sum()))


def _on_lattice(sizes: Array) -> tuple[NDArray[np.int64], int]:
    """Positive sizes as whole numbers, and how far a sum of them may be off, in steps."""
    step = float(sizes[0])
    for size in sizes[1:]:
        step = _common(step, float(size))
    if sizes.sum() <= MOST_STEPS * step:
        return np.rint(sizes / step).astype(np.int64), 0
    steps = np.rint(sizes * (FINEST / sizes.max())).astype(np.int64)
    return steps, len(sizes)  # each is off by half a step, and the observed sum by as much again


def _common(first: float, second: float) -> float:
    """The largest number of which both are multiples, but for rounding (Euclid); next to nothing if there is none."""
    least = ROUNDING * max(first, second)
    if first <= least:
        return first
    while second > least:
        first, second = second, abs(math.remainder(first, second))
    return first
