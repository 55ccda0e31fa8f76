"""The gradient's rate of decay back in time."""

from __future__ import annotations

import pandas as pd

from bench.evidence.claims import Part
from bench.evidence.estimands.base import NATS_A_STEP, Estimand, Example, Panel, Variant
from bench.evidence.measuring.flow import decays, other_views
from bench.evidence.scope import Scope
from bench.languages import words


class Decay(Estimand):
    """Slope of the logarithm of the gradient's norm a step back in time, negative where it shrinks."""

    name = "decay"
    of_probes = True
    unit = NATS_A_STEP
    margin = 0.01  # 1 % a step: a half-life of 69 steps
    noun = words("growth rate of the gradient, nats per step")
    says = words("rate of the gradient of {technique} minus that of {reference}, a step back in time, {moment}{where}")
    alone = words("rate of the gradient of {technique} a step back in time (below 0: it shrinks), {moment}{where}")
    panel = Panel.PROFILE

    def measure(self, scope: Scope, technique: str, part: Part) -> pd.DataFrame:
        return decays(scope, technique, part)

    def variants(self, part: Part) -> dict[str, Variant]:
        return other_views(part)

    def example(self, level: int, seed: int, cell: int, part: Part) -> Example:
        centre = (-0.8, -0.4, -0.1)[level + 1]
        if part.against is not None:
            centre = part.against + (-0.4, 0.0, 0.4)[level + 1]
        return Example(probe={"decay": centre + 0.0005 * ((7 * seed + level + 1) % 5 - 2)})
