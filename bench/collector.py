"""Python's garbage collector, in programs that make millions of objects and few circles of them."""

import gc

YOUNG, MIDDLE, OLD = 100_000, 50, 100
"""Objects made before the youngest are looked at, and how many such looks before one at the older ones."""


def collect_seldom() -> None:
    """Look for circles to free a hundred times as seldom as is Python's habit.

    By habit it looks at all that the libraries made when they were imported, and at all boxes of a report, again and
    again: a sixth of a report's time, a second of a program's start. A report's memory at its most is the same; what a
    cohort leaves in circles goes with its process, for each cohort trains in one of its own.
    """
    gc.set_threshold(YOUNG, MIDDLE, OLD)
