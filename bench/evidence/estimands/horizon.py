"""Longest lag that a run learns."""

from __future__ import annotations

import pandas as pd

from bench.evidence.claims import Part
from bench.evidence.estimands.base import FACTOR, Estimand, Example, Scale
from bench.evidence.measuring.runs import horizon
from bench.evidence.scope import Scope
from bench.languages import words


class Horizon(Estimand):
    """The longest lag of a task that a seed solves, as it does every shorter one; half the shortest if it solves none.

    A seed has one value a task, so that the tasks weigh alike however many lags they have. A task of which no seed of
    those who are compared solves the shortest lag does not count.
    """

    name = "horizon"
    unit = FACTOR
    margin = 0.25
    scale = Scale.RATIO
    of_ladders = True
    only_where_solved = True
    of_learning = True
    noun = words("longest lag solved, steps")
    says = words(
        "longest lag solved, as every shorter one (half the shortest if none is), {technique} over {reference}{where}"
    )

    def measure(self, scope: Scope, technique: str, part: Part) -> pd.DataFrame:
        return horizon(scope, technique)

    def example(self, level: int, seed: int, cell: int, part: Part) -> Example:
        rung = cell % 3
        return Example(member={"outcome": "solved" if level > 0 or (level == 0 and not rung) else "unsolved"})
