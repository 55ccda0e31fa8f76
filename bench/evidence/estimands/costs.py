"""Costs, measured apart from training: by round or counted, at one task and lag that all techniques of a part have."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd

from bench.evidence.claims import Part
from bench.evidence.estimands.measures import VALUES
from bench.evidence.scope import BASELINE, Scope

COUNTED = {"flops": "flops", "memory": "peak_bytes"}
"""Columns of the cost ledger by kind of part; `time` has a value a round instead."""


def cost(scope: Scope, technique: str, part: Part) -> pd.DataFrame:
    """A technique's cost; `seed` is the round where rounds were timed, as ratios to the baseline's.

    The rounds of one technique and of another were not side by side unless one of them is the baseline.
    """
    costs = scope.costs[scope.costs["technique"] == technique]
    place = _place(scope, part)
    if place is not None:
        costs = costs[(costs["task"] == place[0]) & (costs["lag"] == place[1])]
    rows = [
        (technique, row["task"], row["lag"], seed, value, "")
        for row in costs.iloc[:1].to_dict("records")
        for seed, value in enumerate(_values(row, part), start=1)
    ]
    return pd.DataFrame(rows, columns=VALUES).astype({"lag": "int64", "seed": "int64", "value": "float64"})


def _values(row: dict[str, Any], part: Part) -> list[float]:
    if part.kind != "time":
        return [float(row[COUNTED[part.kind]])]
    ratios = json.loads(row["round_ratios"] or "[]")
    return [1.0] * len(ratios) if row["technique"] == BASELINE else [float(ratio) for ratio in ratios]


def _place(scope: Scope, part: Part) -> tuple[str, int] | None:
    """The first task, and its shortest or longest lag, of which all of the part's techniques have a cost."""
    wanted = {*part.techniques, *part.twins}
    costs = scope.costs[scope.costs["technique"].isin(wanted)]
    shared = costs.groupby(["task", "lag"])["technique"].nunique()
    places = [place for place, count in shared.items() if count == len(wanted)]
    for task in scope.tasks:
        lags = [lag for name, lag in places if name == task]
        if lags:
            return task, max(lags) if part.lags == "longest" else min(lags)
    return None
