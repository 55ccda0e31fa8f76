"""Rates that were simulated beside those that were promised, with room for the luck of the simulation."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

LUCK = 1e-4
"""The chance that a method which keeps its promise fails a check."""


def at_most(hits: ArrayLike, rate: float) -> bool:
    """Return True if the hits are no sign of a rate above the one promised."""
    return int(np.sum(hits)) <= stats.binom.ppf(1 - LUCK, np.size(hits), rate)


def at_least(hits: ArrayLike, rate: float) -> bool:
    """Return True if the hits are no sign of a rate below the one promised."""
    return at_most(~np.asarray(hits, dtype=bool), 1 - rate)
