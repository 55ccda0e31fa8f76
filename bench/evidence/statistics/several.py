"""Several comparisons at once: corrections of p-values that keep the level for all of them together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from statsmodels.stats.multitest import multipletests

from bench.errors import BenchError
from bench.evidence.statistics.base import Array

LEVEL = 0.05
"""The chance of any false statement among all that are made together."""


def holm(p_values: ArrayLike) -> Array:
    """p adjusted for all the tests of a family (Holm 1979), in the order given."""
    p = np.asarray(p_values, dtype=float)
    if not np.all((p >= 0) & (p <= 1)):
        raise BenchError("Holm's correction needs p-values between 0 and 1.")
    return np.asarray(multipletests(p, method="holm")[1]) if p.size else p


def reaching(smallest: Sequence[float]) -> list[bool]:
    """Mark the comparisons that can reach the level; the others take no part (Tarone 1990).

    Of K comparisons in the family, each must be able to reach LEVEL / K: the smallest K that is large enough for all
    that can. `smallest` are the smallest p that each could give, and must not depend on which way things came out.
    """
    for count in range(1, len(smallest) + 1):
        these = [p <= LEVEL / count for p in smallest]
        if sum(these) <= count:
            return these
    return [False] * len(smallest)


def adjusted(comparisons: Sequence[Sequence[tuple[float, bool]]]) -> list[list[float]]:
    """Adjusted p of every statement of every comparison; statements: p, and whether it leaves nothing to ask.

    All statements of a comparison have to be read off one interval, as those of an `Inference` at twice their
    one-sided p: then they are all true whenever the interval covers, and a comparison counts once, however many there
    are. Holm's (1979) step-down over comparisons: one stops counting when a statement that leaves nothing to ask has
    been made of it, as none that is made of it later can be false (Goeman & Solari 2010).
    """
    order = sorted((p, i, j) for i, statements in enumerate(comparisons) for j, (p, _) in enumerate(statements))
    result = [[1.0] * len(statements) for statements in comparisons]
    left, largest = {i for i, statements in enumerate(comparisons) if statements}, 0.0
    for p, i, j in order:
        largest = max(largest, min(1.0, p * max(1, len(left))))
        result[i][j] = largest
        if comparisons[i][j][1]:
            left.discard(i)
    return result
