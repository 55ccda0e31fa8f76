"""The memory that an update takes."""

from __future__ import annotations

import pandas as pd

from bench.evidence.claims import Part
from bench.evidence.estimands.base import FACTOR, Estimand, Example, Sampled, Scale
from bench.evidence.measuring.costs import costs_of, rows_of
from bench.evidence.scope import Scope
from bench.languages import words


class Memory(Estimand):
    """Most tensor memory that is alive at once during a training update, bytes."""

    name = "memory"
    unit = FACTOR
    margin = 0.10
    scale = Scale.RATIO
    sampled = Sampled.COUNTED
    one_place = True
    noun = words("peak memory, bytes")
    says = words("peak memory of a training update, {technique} over {reference}{where}")

    def measure(self, scope: Scope, technique: str, part: Part) -> pd.DataFrame:
        return rows_of([(cost, 1, float(cost.peak_bytes)) for cost in costs_of(scope, technique, part)])

    def example(self, level: int, seed: int, cell: int, part: Part) -> Example:
        return Example(cost={"peak_bytes": (500, 1000, 2000)[level + 1]})
