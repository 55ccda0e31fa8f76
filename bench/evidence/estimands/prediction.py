"""Rank correlation between the gradient's reach and what is learned."""

from __future__ import annotations

import pandas as pd

from bench.evidence.claims import Part
from bench.evidence.estimands.base import Estimand, Example
from bench.evidence.measuring.flow import decays
from bench.evidence.measuring.runs import VALUES, runs_of, score, tidy
from bench.evidence.scope import Scope
from bench.languages import words

PAIR = ["technique", "task", "lag", "seed"]
FEWEST = 3
"""The fewest pairs of technique and lag of which a rank correlation says anything."""


class Prediction(Estimand):
    """Spearman's rank correlation of score and of how much of the gradient is left over the lag.

    It is taken over every technique of the arm at every lag that was run, a value a task and seed; the part's technique
    stands for all. A gradient that grows is all left. A seed with which all score alike, as where none learns, has 0; a
    task on which all seeds do so tells nothing.
    """

    name = "prediction"
    of_probes = True
    margin = 0.1
    bounds = (-1.0, 1.0)
    noun = words("rank correlation of gradient and score")
    alone = words(
        "rank correlation, over techniques and lags, of the score with how much of the gradient is left over the lag "
        "{moment}{where}"
    )
    axis = (-1.0, 1.0)

    def measure(self, scope: Scope, technique: str, part: Part) -> pd.DataFrame:
        whose = runs_of(scope, technique)
        if whose.empty:
            return tidy(pd.DataFrame(columns=VALUES))
        names = scope.measured.technique.unique()
        left = pd.concat([decays(scope, name, part) for name in names])
        left = left.assign(left=left.value.clip(upper=0.0) * left.lag)[[*PAIR, "left"]]
        both = pd.concat([score(scope, name) for name in names]).merge(left, on=PAIR)
        runs = whose.sort_values("lag").drop_duplicates(["task", "seed"], keep="last").set_index(["task", "seed"])
        told = both.groupby("task").filter(lambda rows: rows.value.nunique() > 1 and rows.left.nunique() > 1)
        rows = []
        for (task, seed), pairs in told.groupby(["task", "seed"], sort=False):
            if len(pairs) >= FEWEST and (task, seed) in runs.index:
                run = runs.loc[(task, seed)]
                alike = pairs.value.nunique() == 1 or pairs.left.nunique() == 1
                value = 0.0 if alike else pairs.value.corr(pairs.left, method="spearman")
                rows.append((technique, task, run.lag, seed, value, run.run))
        return tidy(pd.DataFrame(rows, columns=VALUES))

    def example(self, level: int, seed: int, cell: int, part: Part) -> Example:
        rises = level > 0 or (level == 0 and seed % 2)
        updates = 10 + 10 * cell if rises else 60 - 10 * cell
        return Example(
            member={"outcome": "solved", "updates": updates}, probe={"decay": -0.1 * (cell % 3 + 1) - 0.001 * seed}
        )
