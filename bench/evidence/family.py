"""One family of comparisons over a whole document: which can be tested at all, and what their p-values are worth.

A comparison has two nulls that cannot both be true (no difference; a difference of at least the margin). So there are
at most as many true nulls as comparisons, and testing both costs nothing (Goeman, Solari & Stijnen 2010).
"""

from __future__ import annotations

from collections.abc import Sequence

from bench.evidence.statistics import smallest_p

LEVEL = 0.05


def able(sizes: Sequence[int]) -> list[bool]:
    """Which comparisons, of so many seeds each, can reach the level; the others take no part (Tarone 1990).

    Of K comparisons in the family, each must be able to reach LEVEL / K: the smallest K that is large enough for all
    that can. It depends on numbers of seeds alone, never on results.
    """
    return reaching([smallest_p(n) for n in sizes])


def reaching(smallest: Sequence[float]) -> list[bool]:
    """`able`, told from the smallest p that each comparison could give."""
    for count in range(1, len(smallest) + 1):
        these = [p <= LEVEL / count for p in smallest]
        if sum(these) <= count:
            return these
    return [False] * len(smallest)


def adjusted(comparisons: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Adjusted p-values of both nulls of every comparison.

    Holm's (1979) step-down with Shaffer's (1986) divisor: at each step, how many of the nulls may still be true. A
    comparison counts until both of its nulls are rejected.
    """
    order = sorted((p, i, side) for i, both in enumerate(comparisons) for side, p in enumerate(both))
    result = [[1.0, 1.0] for _ in comparisons]
    left = [2] * len(comparisons)
    largest = 0.0
    for p, i, side in order:
        largest = max(largest, min(1.0, p * sum(count > 0 for count in left)))
        result[i][side] = largest
        left[i] -= 1
    return [(apart, close) for apart, close in result]
