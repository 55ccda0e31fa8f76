"""Decides which ladder goes next: the longest first, or breadth first while a budget of time lasts."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import pandas as pd

from bench.execution.plan import seconds_of
from bench.protocol.ladder import next_cohort, next_turn
from bench.records.settings import Cohort
from bench.records.study import Chain, Study
from bench.training.pace import Pace

MOST_OF_A_BUDGET = 1 / 2
"""Share of the whole budget above which a cohort is trained a few members at a time: estimates may be too low."""


class Ladder(NamedTuple):
    """A chain to climb, and whose it is."""

    number: int
    """Among all ladders of a run."""
    arm: int
    """Index of its study among the run's."""
    study: Study
    chain: Chain


class Next(NamedTuple):
    """The next cohort of a ladder and its rank."""

    turn: tuple[float, ...]
    """Smaller ones go first."""
    ladder: Ladder
    cohort: Cohort | None
    """None when the ladder is climbed or has ended."""


def ladders_of(studies: Sequence[Study]) -> list[Ladder]:
    """Every ladder of some studies, numbered."""
    pairs = [(arm, study, chain) for arm, study in enumerate(studies) for chain in study.chains()]
    return [Ladder(number, *pair) for number, pair in enumerate(pairs)]


class Budget:
    """A time to train in. It begins when it is made."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds, never less than 0."""
        return max(0.0, self._end - time.monotonic())


class Order(Protocol):
    """The order of work: a run asks it before it starts a cohort."""

    def next(self, ladder: Ladder, members: pd.DataFrame) -> Next:
        """Return what to train next on a ladder; `members`: tidy rows of what has finished."""

    def fits(self, waiting: Next) -> bool:
        """Return True if there is time left for it."""

    @property
    def left(self) -> float | None:
        """Seconds until training has to end; None: as many as it takes."""


class LongestFirst:
    """Each ladder is climbed without a pause, the longest first, so that none is left running alone at the end."""

    left = None

    def __init__(self, seconds: Mapping[int, float]) -> None:
        """seconds: what each ladder may take, by number."""
        self.seconds = seconds

    def next(self, ladder: Ladder, members: pd.DataFrame) -> Next:
        return Next((-self.seconds[ladder.number],), ladder, next_cohort(ladder.study, ladder.chain, members))

    def fits(self, waiting: Next) -> bool:
        return True


class BreadthFirst:
    """A few seeds of everything before all seeds of anything, so that a table is balanced wherever time ends.

    First the shortest lag of every task, arm by arm and task by task, with all techniques side by side; then the next
    lags; then, in the same order, the other seeds. What the time that is left does not suffice for is passed over.
    """

    def __init__(self, paces: Mapping[int, Pace], budget: Budget) -> None:
        """paces: of each ladder, by number."""
        self.paces, self.budget = paces, budget

    @property
    def left(self) -> float:
        return self.budget.left

    def next(self, ladder: Ladder, members: pd.DataFrame) -> Next:
        turn = next_turn(ladder.study, ladder.chain, members)
        if turn is None:
            return Next((), ladder, None)
        task = [plan.task for plan in ladder.study.tasks].index(ladder.chain.task)
        place = (turn.round, turn.rung, ladder.arm, task, ladder.number)
        return Next(place, ladder, self._cut(ladder, turn.cohort))

    def fits(self, waiting: Next) -> bool:
        return waiting.cohort is None or seconds_of(waiting.cohort, self.paces[waiting.ladder.number]) <= self.left

    def _cut(self, ladder: Ladder, cohort: Cohort) -> Cohort:
        """Take as many of its members as do not use up most of the budget, and at least one."""
        seconds = seconds_of(cohort, self.paces[ladder.number])
        share = min(1.0, MOST_OF_A_BUDGET * self.budget.seconds / seconds) if seconds else 1.0
        most = max(1, int(share * len(cohort.members)))
        return cohort.model_copy(update={"members": cohort.members[:most]})
