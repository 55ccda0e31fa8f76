"""The share of its budget that a run left unused when it solved its task."""

from __future__ import annotations

import pandas as pd

from bench.evidence.claims import Part
from bench.evidence.estimands.base import Estimand, Example, Variant
from bench.evidence.measuring.runs import score, solved, wobble
from bench.evidence.scope import Scope
from bench.languages import words


class Score(Estimand):
    """1 − min(updates to solve, budget) / budget, 0 if not solved; 0 too at lags that the ladder spared."""

    name = "score"
    margin = 0.10
    bounds = (0.0, 1.0)
    only_where_solved = True
    of_learning = True
    noun = words("score")
    says = words("score of {technique} minus that of {reference}{where}")
    choice = words(
        "score at the best value of {technique} minus that at the worst, both chosen on separate seeds{where}"
    )
    axis = (0.0, 1.0)

    def measure(self, scope: Scope, technique: str, part: Part) -> pd.DataFrame:
        return score(scope, technique)

    def variants(self, part: Part) -> dict[str, Variant]:
        return {
            "solve rate": Variant(words("solve rate instead of score"), _solved),
            "as run": Variant(words("only settings that actually ran"), only_run=True),
        }

    def example(self, level: int, seed: int, cell: int, part: Part) -> Example:
        return Example(member={"updates": 50 - 45 * level + wobble(level, seed)})


def _solved(scope: Scope, technique: str, part: Part) -> pd.DataFrame:
    return solved(scope, technique)
