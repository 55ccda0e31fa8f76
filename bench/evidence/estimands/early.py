"""The gradient at the inputs of the early steps, over that of the late ones."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bench.evidence.claims import Part
from bench.evidence.estimands.base import FACTOR, Estimand, Example, Panel, Scale
from bench.evidence.measuring.flow import gradients_of, log_mean, of_members
from bench.evidence.measuring.runs import wobble
from bench.evidence.scope import MEMBER, Scope
from bench.languages import words


class Early(Estimand):
    """Mean norm of the gradient over the early half of the steps, over that of the late half."""

    name = "early"
    of_probes = True
    unit = FACTOR
    margin = 0.25
    scale = Scale.RATIO
    noun = words("early half over late half")
    alone = words(
        "mean norm of {technique}'s gradient at the inputs, early half of the steps over the late half, {moment}{where}"
    )
    panel = Panel.PROFILE

    def measure(self, scope: Scope, technique: str, part: Part) -> pd.DataFrame:
        steps = gradients_of(scope, technique, part)
        if steps.empty:
            return of_members(scope, technique, steps, "log_norm")
        is_early = steps.step * 2 <= steps.groupby(MEMBER)["step"].transform("max")
        halves = steps.assign(is_early=is_early).groupby([*MEMBER, "is_early"])["log_norm"].agg(log_mean).unstack()
        halves = halves.reindex(columns=[True, False])  # a single step has no early half
        ratios = np.exp(halves[True] - halves[False]).rename("value").reset_index()
        return of_members(scope, technique, ratios, "value")

    def example(self, level: int, seed: int, cell: int, part: Part) -> Example:
        late = 0.01 * wobble(level, seed)
        return Example(profiles=((late + 2.0 * level,) * 10 + (0.0,) * 10,))
