"""The unsteadiness of the fall of a run's training loss."""

from __future__ import annotations

import math

import pandas as pd

from bench.evidence.claims import Part
from bench.evidence.estimands.base import FACTOR, Estimand, Example, Scale
from bench.evidence.measuring.losses import roughness
from bench.evidence.measuring.runs import wobble
from bench.evidence.scope import Scope
from bench.languages import words


class Roughness(Estimand):
    """Root mean square of the rises of log training loss from one evaluation interval to the next."""

    name = "roughness"
    unit = FACTOR
    margin = 0.10
    scale = Scale.RATIO
    noun = words("roughness of the training loss")
    says = words(
        "how rough the training loss is (root mean square of the rises of its logarithm), {technique} over "
        "{reference}{where}"
    )

    def measure(self, scope: Scope, technique: str, part: Part) -> pd.DataFrame:
        return roughness(scope, technique)

    def example(self, level: int, seed: int, cell: int, part: Part) -> Example:
        rise = (0.02, 0.1, 0.5)[level + 1] * (1 + 0.02 * wobble(level, seed))
        losses = tuple(math.exp(rise * (i % 2)) for i in range(8))
        return Example(losses=losses, peaks=(50.0, *losses[1:]))  # an explosion at first, which no rise shows
