"""Share of what was shown early that is right, less that of what was shown late."""

from __future__ import annotations

import json

import pandas as pd

from bench.evidence.claims import Part
from bench.evidence.estimands.base import Estimand, Example
from bench.evidence.measuring.runs import runs_of, tidy
from bench.evidence.scope import Scope
from bench.languages import words


class Age(Estimand):
    """Share of answers right about what was shown first minus that about what was shown last, when training ended.

    Only tasks whose answers have such parts count.
    """

    name = "age"
    margin = 0.1
    bounds = (-1.0, 1.0)
    noun = words("right about the first minus right about the last")
    alone = words(
        "share of {technique}'s answers that are right about what was shown first minus the share that are right about "
        "what was shown last, when training ended{where}"
    )
    axis = (-1.0, 1.0)

    def measure(self, scope: Scope, technique: str, part: Part) -> pd.DataFrame:
        rows = runs_of(scope, technique)
        return tidy(rows.assign(value=rows.by_age.map(_first_less_last).astype(float)))

    def example(self, level: int, seed: int, cell: int, part: Part) -> Example:
        first, last = ((0.5, 1.0), (0.9, 0.9), (1.0, 0.5))[level + 1]
        return Example(member={"by_age": json.dumps([first, last])})


def _first_less_last(by_age: str) -> float:
    """Return NaN where answers have no parts."""
    shares = json.loads(by_age or "[]")
    return float(shares[0] - shares[-1]) if shares else float("nan")
