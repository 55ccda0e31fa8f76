"""Values of costs, measured apart from training, at one task and lag that all techniques of a part have."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from bench.evidence.claims import Part
from bench.evidence.measuring.runs import TYPES, VALUES
from bench.evidence.scope import BASELINE, Scope


def costs_of(scope: Scope, technique: str, part: Part) -> list[Any]:
    """The technique's cost at the part's place, as a row of COSTS; none if there is none."""
    costs, place = scope.rows("costs", technique), _place(scope, part)
    if place is not None:
        costs = costs[(costs.task == place[0]) & (costs.lag == place[1])]
    return list(costs.iloc[:1].itertuples())


def rows_of(values: Iterable[tuple[Any, int, float]]) -> pd.DataFrame:
    """A table of values from a cost's row, a round and a value each; the round takes the place of the seed."""
    rows = [(cost.technique, cost.task, cost.lag, round_, value, "") for cost, round_, value in values]
    return pd.DataFrame(rows, columns=VALUES).astype(TYPES)


def times(costs: pd.DataFrame) -> pd.Series:
    """The time of an update over the baseline's, for each row of COST_COLUMNS: the number that claims are about, too.

    It is the geometric mean over the processes that timed it, over that of the baseline timed against itself at the
    same task and lag, if it was: what such timing gets wrong is in both. NaN if nothing was timed.
    """
    own = pd.Series([_geometric(row) for row in costs.itertuples()], costs.index, dtype=float)
    base = costs.assign(own=own)[costs.technique == BASELINE].drop_duplicates(["task", "lag"], keep="last")
    itself = costs[["task", "lag"]].merge(base[["task", "lag", "own"]], on=["task", "lag"], how="left")["own"]
    return own / itself.fillna(1.0).to_numpy()


def _geometric(cost: Any) -> float:
    """The geometric mean of the ratios of a cost's processes; if they are not known, their median."""
    ratios = [float(ratio) for ratio in json.loads(cost.round_ratios or "[]") if ratio and ratio > 0]
    return float(np.exp(np.mean(np.log(ratios)))) if ratios else float(cost.time_ratio)


def _place(scope: Scope, part: Part) -> tuple[str, int] | None:
    """The first task, and its shortest or longest lag, of which all of the part's techniques have a cost."""
    wanted = {*part.techniques, *part.twins}
    costs = scope.costs[scope.costs.technique.isin(wanted)]
    shared = costs.groupby(["task", "lag"]).technique.nunique()
    places = [place for place, count in shared.items() if count == len(wanted)]
    for task in scope.tasks:
        lags = [lag for name, lag in places if name == task]
        if lags:
            return task, max(lags) if part.lags == "longest" else min(lags)
    return None
