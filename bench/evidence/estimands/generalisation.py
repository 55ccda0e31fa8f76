"""A run's metric at longer lags than it was trained at."""

from __future__ import annotations

import json

import pandas as pd

from bench.evidence.claims import Part
from bench.evidence.estimands.base import Estimand, Example
from bench.evidence.measuring.runs import runs_of, share_of_the_way, tidy, wobble
from bench.evidence.scope import Scope, solved_in
from bench.languages import words


class Generalisation(Estimand):
    """The metric at the longest lag that a solved run was tested at: 0 is the trivial level, 1 a perfect answer.

    Only runs that solved the lag they were trained at are tested elsewhere.
    """

    name = "generalisation"
    margin = 0.10
    bounds = (0.0, 1.0)
    noun = words("share kept at the longest lag tested")
    says = words(
        "share of the way from the trivial level to a perfect answer that {technique} keeps at the longest lag tested, "
        "less that of {reference}, among runs that solved the lag they were trained at{where}"
    )
    alone = words(
        "share of the way from the trivial level to a perfect answer that {technique} keeps at the longest lag tested, "
        "among runs that solved the lag they were trained at{where}"
    )
    axis = (0.0, 1.0)

    def measure(self, scope: Scope, technique: str, part: Part) -> pd.DataFrame:
        rows = runs_of(scope, technique)
        rows = rows[solved_in(rows)]
        metric = rows.test_metrics.map(_at_longest).astype(float)
        return tidy(rows.assign(value=share_of_the_way(metric, rows.trivial_level, rows.solved_at)))

    def example(self, level: int, seed: int, cell: int, part: Part) -> Example:
        metric = (0.16, 0.08, 0.003)[level + 1] + 0.0005 * wobble(level, seed)
        metrics = {"40": 0.001, "200": metric, "80": 0.002}
        return Example(
            member={
                "outcome": "solved", "updates": 40, "trivial_level": 1 / 6, "solved_at": 0.01,
                "test_metrics": json.dumps(metrics),
            }
        )  # fmt: skip


def _at_longest(metrics: str) -> float:
    """Return the metric at the longest of the lags; NaN if there is none."""
    found = json.loads(metrics or "{}")
    return float(found[max(found, key=int)]) if found else float("nan")
