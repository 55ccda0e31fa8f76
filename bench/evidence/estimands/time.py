"""The time that an update takes."""

from __future__ import annotations

import json

import pandas as pd

from bench.evidence.claims import Part
from bench.evidence.estimands.base import FACTOR, Estimand, Example, Sampled, Scale
from bench.evidence.measuring.costs import costs_of, rows_of
from bench.evidence.scope import Scope
from bench.languages import words


class Time(Estimand):
    """Time of a training update over the baseline's, one value a process that timed it.

    The baseline's own values are those of timing it against itself, so that what such timing gets wrong is subtracted.
    """

    name = "time"
    unit = FACTOR
    margin = 0.10
    scale = Scale.RATIO
    sampled = Sampled.ROUNDS
    one_place = True
    noun = words("time over the baseline's")
    says = words("time of a training update, {technique} over {reference}{where}")

    def measure(self, scope: Scope, technique: str, part: Part) -> pd.DataFrame:
        return rows_of(
            [
                (cost, round_, float(ratio))
                for cost in costs_of(scope, technique, part)
                for round_, ratio in enumerate(json.loads(cost.round_ratios or "[]"), start=1)
            ]
        )

    def example(self, level: int, seed: int, cell: int, part: Part) -> Example:
        ratios = [(0.6, 1.0, 1.6)[level + 1] * (1 + 0.01 * ((5 * i) % 7 - 3)) for i in range(15)]
        return Example(cost={"round_ratios": json.dumps(ratios)})
