"""Loss of the gradient's norm back in time."""

from __future__ import annotations

import pandas as pd

from bench.evidence.claims import Part
from bench.evidence.estimands.base import NATS_A_STEP, Estimand, Example, Panel, Scale, Variant
from bench.evidence.measuring.flow import decays, other_views
from bench.evidence.scope import Scope
from bench.languages import words


class Relief(Estimand):
    """The decay as far as it is one: a gradient that grows back in time loses nothing, and counts as one that keeps."""

    name = "relief"
    of_probes = True
    unit = NATS_A_STEP
    margin = 0.01
    scale = Scale.LOSS
    noun = words("growth rate of the gradient, nats per step")
    says = words(
        "how much less the gradient shrinks per step back in time with {technique} than with {reference}, "
        "{moment}{where}"
    )
    panel = Panel.PROFILE

    def measure(self, scope: Scope, technique: str, part: Part) -> pd.DataFrame:
        return decays(scope, technique, part)

    def variants(self, part: Part) -> dict[str, Variant]:
        return other_views(part)

    def example(self, level: int, seed: int, cell: int, part: Part) -> Example:
        centre = (-0.8, -0.4, -0.1)[level + 1]
        return Example(probe={"decay": centre + 0.0005 * ((7 * seed + level + 1) % 5 - 2)})
