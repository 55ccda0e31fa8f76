"""The gradient's rate of fading from layer to layer."""

from __future__ import annotations

import pandas as pd

from bench.evidence.claims import Part
from bench.evidence.estimands.base import NATS_A_LAYER, Estimand, Example, Scale, Variant
from bench.evidence.measuring.flow import gradients_of, log_mean, of_members, other_views
from bench.evidence.measuring.runs import wobble
from bench.evidence.scope import MEMBER, Scope
from bench.languages import words


class Fade(Estimand):
    """Rate of the gradient a layer down, nats: its norm over all steps, from the top layer to the lowest."""

    name = "fade"
    of_probes = True
    unit = NATS_A_LAYER
    margin = 0.05
    scale = Scale.LOSS
    noun = words("growth rate of the gradient, nats per layer")
    says = words(
        "how much less the gradient shrinks per layer down with {technique} than with {reference}, {moment}{where}"
    )

    def measure(self, scope: Scope, technique: str, part: Part) -> pd.DataFrame:
        steps = gradients_of(scope, technique, part)
        if steps.empty:
            return of_members(scope, technique, steps, "log_norm")
        power = steps.assign(log_norm=2 * steps.log_norm).groupby([*MEMBER, "layer"])["log_norm"].agg(log_mean)
        layers = power.unstack() / 2
        if layers.shape[1] < 2:
            return of_members(scope, technique, steps.iloc[:0], "log_norm")
        rates = (layers.iloc[:, 0] - layers.iloc[:, -1]) / (layers.shape[1] - 1)
        return of_members(scope, technique, rates.rename("value").reset_index(), "value")

    def variants(self, part: Part) -> dict[str, Variant]:
        return other_views(part)

    def example(self, level: int, seed: int, cell: int, part: Part) -> Example:
        rate = (-0.8, -0.4, -0.1)[level + 1] + 0.001 * wobble(level, seed)
        return Example(profiles=tuple((down * rate,) * 10 for down in (2, 1, 0)))
