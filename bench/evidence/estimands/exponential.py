"""The fit of an exponential decay to the gradient, compared with a power law's."""

from __future__ import annotations

import pandas as pd

from bench.evidence.claims import Part
from bench.evidence.estimands.base import FIT, Estimand, Example, Panel
from bench.evidence.measuring.flow import of_members, probes_of
from bench.evidence.scope import Scope
from bench.languages import words


class Exponential(Estimand):
    """R² of the exponential fit less that of the power law's."""

    name = "exponential"
    of_probes = True
    unit = FIT
    margin = 0.01
    noun = words("difference of R²")
    alone = words(
        "R² of an exponential fit to the gradient's norm minus that of a power law, {technique}, {moment}{where}"
    )
    panel = Panel.PROFILE

    def measure(self, scope: Scope, technique: str, part: Part) -> pd.DataFrame:
        probes = probes_of(scope, technique, part)
        return of_members(scope, technique, probes.assign(value=probes.r2 - probes.power_r2), "value")

    def example(self, level: int, seed: int, cell: int, part: Part) -> Example:
        value = 0.2 * level + 0.0005 * ((7 * seed + level + 1) % 5 - 2)
        return Example(probe={"r2": 0.75 + value / 2, "power_r2": 0.75 - value / 2})
