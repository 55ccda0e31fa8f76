"""Share of the way back in time over which a carried gradient is faint."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bench.evidence.claims import Part
from bench.evidence.estimands.base import Estimand, Example, Panel, Variant
from bench.evidence.measuring.flow import DARK, gradients_of, of_members, other_views
from bench.evidence.scope import MEMBER, Scope
from bench.languages import words

FAINT = float(np.log(0.01))
"""The logarithm of the share of its largest norm below which a gradient counts as faint."""


class Faded(Estimand):
    """Share of the steps back in time, as far as the gradient is carried at all, at which it is below 1 % of its norm.

    A step beyond a truncation has no gradient, and does not count: nothing is carried there that could fade.
    """

    name = "faded"
    of_probes = True
    margin = 0.1
    bounds = (0.0, 1.0)
    noun = words("share of steps with a faint gradient")
    says = words(
        "of the steps back over which the gradient is carried, the share at which less than 1 % of its norm is left, "
        "{technique} minus {reference}, {moment}{where}"
    )
    panel = Panel.PROFILE
    axis = (0.0, 1.0)

    def measure(self, scope: Scope, technique: str, part: Part) -> pd.DataFrame:
        steps = gradients_of(scope, technique, part)
        steps = steps[(steps.layer == 0) & (steps.log_norm > DARK)]
        if steps.empty:
            return of_members(scope, technique, steps, "log_norm")
        faint = steps.log_norm < steps.groupby(MEMBER).log_norm.transform("max") + FAINT
        return of_members(scope, technique, steps.assign(value=faint.astype(float)), "value")

    def variants(self, part: Part) -> dict[str, Variant]:
        return other_views(part)

    def example(self, level: int, seed: int, cell: int, part: Part) -> Example:
        steps, faint = 10, (0, 5, 10)[level + 1]
        near = tuple(0.0 for _ in range(steps - faint))
        return Example(profiles=(tuple(-9.0 for _ in range(faint)) + near + (0.0,),))
