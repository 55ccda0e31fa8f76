"""Share of updates that clipping changes."""

from __future__ import annotations

import pandas as pd

from bench.evidence.claims import Part
from bench.evidence.estimands.base import Estimand, Example
from bench.evidence.measuring.losses import clipped_share
from bench.evidence.scope import Scope
from bench.languages import words


class Clipped(Estimand):
    """Share of a run's updates in which clipping changed the gradient."""

    name = "clipped"
    margin = 0.02
    noun = words("share of updates clipped")
    says = words("share of updates in which clipping changes the gradient, {technique} minus {reference}{where}")
    alone = words("share of updates in which {technique} changes the gradient{where}")
    axis = (0.0, 1.0)

    def measure(self, scope: Scope, technique: str, part: Part) -> pd.DataFrame:
        return clipped_share(scope, technique)

    def example(self, level: int, seed: int, cell: int, part: Part) -> Example:
        share = (0.0, part.against or 0.5, 1.0)[level + 1]
        return Example(losses=(0.9, 0.8), curve={"clipped": share})
