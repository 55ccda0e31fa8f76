"""The size of the state that is carried from step to step."""

from __future__ import annotations

import pandas as pd

from bench.evidence.claims import Part
from bench.evidence.estimands.base import FACTOR, Estimand, Example, Sampled, Scale
from bench.evidence.measuring.runs import sized
from bench.evidence.scope import Scope
from bench.languages import words


class StateSize(Estimand):
    """Numbers carried from one step to the next, a sequence."""

    name = "state_size"
    unit = FACTOR
    margin = 0.10
    scale = Scale.RATIO
    sampled = Sampled.COUNTED
    noun = words("numbers carried on")
    says = words("numbers carried from step to step, {technique} over {reference}")

    def measure(self, scope: Scope, technique: str, part: Part) -> pd.DataFrame:
        return sized(scope, technique, "state_size")

    def example(self, level: int, seed: int, cell: int, part: Part) -> Example:
        return Example(member={"state_size": (5, 10, 20)[level + 1]})
