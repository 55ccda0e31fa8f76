"""Works timed beside one another: warm, without the collector, and in an order that favours none."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

Work = Callable[[], Any]
Clock = Callable[[], float]


@contextmanager
def warm(works: Sequence[Work]) -> Iterator[None]:
    """Garbage is collected and then each work called once; within, the collector is off, as timeit has it.

    The collector goes through all that the libraries made and leaves the caches cold: what is timed first after it
    takes twice its time.
    """
    gc.collect()
    gc.disable()
    try:
        for work in works:
            work()
        yield
    finally:
        gc.enable()


def one_round(clock: Clock, works: Sequence[Work], repeats: Sequence[int]) -> list[float]:
    """Time one call of each, in seconds, over `calls` calls in one order and as many in reverse: a, b, b, a.

    What makes calls slower or faster as time goes on, as a processor that warms up, weighs on all of them alike.
    """
    cases = list(zip(works, repeats, strict=True))
    there = [seconds(clock, work, count) for work, count in cases]
    back = [seconds(clock, work, count) for work, count in reversed(cases)]
    return [(a + b) / 2 for a, b in zip(there, reversed(back), strict=True)]


def seconds(clock: Clock, work: Work, repeats: int = 1) -> float:
    """Time one call, in seconds, by this clock."""
    begin = clock()
    for _ in range(repeats):
        work()
    return (clock() - begin) / repeats
