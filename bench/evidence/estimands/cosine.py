"""The direction of the gradient, compared with the full one's."""

from __future__ import annotations

import pandas as pd

from bench.evidence.claims import Part
from bench.evidence.estimands.base import Estimand, Example
from bench.evidence.measuring.flow import probed
from bench.evidence.scope import Scope
from bench.languages import words


class Cosine(Estimand):
    """Cosine between the parameters' gradient and that of full back-propagation through time."""

    name = "cosine"
    of_probes = True
    margin = 0.05
    noun = words("cosine with the full gradient")
    alone = words(
        "cosine between the parameter gradient of {technique} and that of full BPTT, minus 1, {moment}{where}"
    )

    def measure(self, scope: Scope, technique: str, part: Part) -> pd.DataFrame:
        return probed(scope, technique, part, "cosine")

    def example(self, level: int, seed: int, cell: int, part: Part) -> Example:
        middle = part.against or 0.6
        value = (0.2, middle, 1.0)[level + 1] + 0.0005 * ((7 * seed + level + 1) % 5 - 2)
        return Example(probe={"cosine": min(1.0, value)})
