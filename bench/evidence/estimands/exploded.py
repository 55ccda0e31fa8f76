"""Runs whose loss exploded."""

from __future__ import annotations

import pandas as pd

from bench.evidence.claims import Part
from bench.evidence.estimands.base import Estimand, Example, Variant
from bench.evidence.measuring.losses import exploded, exploded_share
from bench.evidence.scope import Scope
from bench.languages import words


class Exploded(Estimand):
    """1 if the run diverged or its training loss rose to ten times the untrained network's, else 0."""

    name = "exploded"
    margin = 0.10
    bounds = (0.0, 1.0)
    noun = words("share of runs that explode")
    says = words(
        "share of runs that explode (diverge, or reach ten times the untrained network's loss) with {technique} minus "
        "that with {reference}{where}"
    )
    axis = (0.0, 1.0)

    def measure(self, scope: Scope, technique: str, part: Part) -> pd.DataFrame:
        return exploded(scope, technique)

    def variants(self, part: Part) -> dict[str, Variant]:
        return {"intervals": Variant(words("share of intervals with an explosion"), _intervals)}

    def example(self, level: int, seed: int, cell: int, part: Part) -> Example:
        bang = level > 0 or (level == 0 and seed % 2 == 0)
        return Example(losses=(0.5,) * 4, peaks=(0.6, 0.6, 50.0 if bang else 0.6, 0.6))


def _intervals(scope: Scope, technique: str, part: Part) -> pd.DataFrame:
    return exploded_share(scope, technique)
