"""The gradient's reach back in time."""

from __future__ import annotations

import pandas as pd

from bench.evidence.claims import Part
from bench.evidence.estimands.base import FACTOR, Estimand, Example, Panel, Scale, Variant
from bench.evidence.measuring.flow import other_views, probed
from bench.evidence.scope import Scope
from bench.languages import words


class Reach(Estimand):
    """The furthest step back at which the gradient still has 1 % of its norm."""

    name = "reach"
    of_probes = True
    unit = FACTOR
    margin = 0.25
    scale = Scale.RATIO
    least = 1.0  # a reach below one step counts as one
    noun = words("reach of the gradient, steps")
    says = words(
        "steps back at which the gradient still has 1 % of its norm, {technique} over {reference}, {moment}{where}"
    )
    panel = Panel.PROFILE

    def measure(self, scope: Scope, technique: str, part: Part) -> pd.DataFrame:
        return probed(scope, technique, part, "reach")

    def variants(self, part: Part) -> dict[str, Variant]:
        return other_views(part)

    def example(self, level: int, seed: int, cell: int, part: Part) -> Example:
        return Example(probe={"reach": (3, 10, 40)[level + 1]})
