"""The number of parameters that are trained."""

from __future__ import annotations

import pandas as pd

from bench.evidence.claims import Part
from bench.evidence.estimands.base import FACTOR, Estimand, Example, Sampled, Scale
from bench.evidence.measuring.runs import sized
from bench.evidence.scope import Scope
from bench.languages import words


class Parameters(Estimand):
    """Trained parameters; their number differs from task to task with what is read and answered."""

    name = "parameters"
    unit = FACTOR
    margin = 0.10
    scale = Scale.RATIO
    sampled = Sampled.COUNTED
    noun = words("parameters")
    says = words("trained parameters, {technique} over {reference}, a mean over tasks and lags")

    def measure(self, scope: Scope, technique: str, part: Part) -> pd.DataFrame:
        return sized(scope, technique, "parameters")

    def example(self, level: int, seed: int, cell: int, part: Part) -> Example:
        return Example(member={"parameters": (500, 1000, 2000)[level + 1]})
