"""Runs that solved their task."""

from __future__ import annotations

import pandas as pd

from bench.evidence.claims import Part
from bench.evidence.estimands.base import Estimand, Example
from bench.evidence.measuring.runs import solved
from bench.evidence.scope import Scope
from bench.languages import words


class Solved(Estimand):
    """1 if solved, else 0; 0 too at lags that the ladder spared."""

    name = "solved"
    margin = 0.10
    bounds = (0.0, 1.0)
    only_where_solved = True
    of_learning = True
    noun = words("share of runs solved")
    says = words("share of runs that {technique} solves minus that of {reference}{where}")
    alone = words("share of runs that {technique} solves, minus one half{where}")
    axis = (0.0, 1.0)

    def measure(self, scope: Scope, technique: str, part: Part) -> pd.DataFrame:
        return solved(scope, technique)

    def example(self, level: int, seed: int, cell: int, part: Part) -> Example:
        in_turns = (seed - cell // 3) % 2 == 0  # so that a seed that fails in one cell solves in another
        return Example(member={"outcome": "solved" if level > 0 or (level == 0 and in_turns) else "unsolved"})
