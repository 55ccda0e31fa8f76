"""Dead units."""

from __future__ import annotations

import pandas as pd

from bench.evidence.claims import Part
from bench.evidence.estimands.base import Estimand, Example
from bench.evidence.measuring.flow import probed
from bench.evidence.scope import Scope
from bench.languages import words


class DeadUnits(Estimand):
    """Share of units that are 0 after every step of every probe sequence."""

    name = "dead"
    of_probes = True
    margin = 0.01
    noun = words("share of dead units")
    says = words(
        "share of units of {technique} that are 0 for every sequence and step, at the end of training minus that "
        "at its start{where}"
    )

    def measure(self, scope: Scope, technique: str, part: Part) -> pd.DataFrame:
        return probed(scope, technique, part, "dead_share")

    def example(self, level: int, seed: int, cell: int, part: Part) -> Example:
        return Example(probe={"dead_share": 0.4 + 0.3 * level})
