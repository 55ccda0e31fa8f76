"""Values of costs, measured apart from training, at one task, size and lag that all techniques of a part have."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bench.evidence.claims import Part
from bench.evidence.measuring.runs import TYPES, VALUES
from bench.evidence.scope import BASELINE, SETTING, Scope
from bench.evidence.statistics import Array


@dataclass(frozen=True)
class Size:
    """The size at which costs were measured that are compared."""

    task: str
    lag: int
    steps: int
    """The length of a sequence; 0 in results that do not say."""
    units: tuple[int, ...]
    """Hidden units; of several techniques each number once, for they may be matched by parameters."""


def costs_of(scope: Scope, technique: str, part: Part) -> list[Any]:
    """The technique's cost at the part's place, as a row of COSTS; none if there is none."""
    costs, place = scope.rows("costs", technique), _place(scope, part)
    if place is None:
        return []
    return list(costs[(costs.task == place[0]) & (costs.lag == place[1])].iloc[:1].itertuples())


def rows_of(values: Iterable[tuple[Any, int, float]]) -> pd.DataFrame:
    """A table of values from a cost's row, a round and a value each; the round takes the place of the seed."""
    rows = [(cost.technique, cost.task, cost.lag, round_, value, "") for cost, round_, value in values]
    return pd.DataFrame(rows, columns=VALUES).astype(TYPES)


def size_of(scope: Scope, part: Part) -> Size | None:
    """The size at which a part compares costs; None if its techniques have none in common."""
    rows = [row for name in (*part.techniques, *part.twins) for row in costs_of(scope, name, part)]
    if not rows:
        return None
    units = tuple(sorted({int(row.hidden_size) for row in rows}))
    return Size(rows[0].task, int(rows[0].lag), max(int(row.steps) for row in rows), units)


def times(costs: pd.DataFrame) -> pd.Series:
    """The time of an update over the baseline's, for each row of COSTS: the number that claims are about, too.

    It is the median over the processes that timed it, each over the baseline that the same process timed against
    itself at the same task and lag, if it did: what such timing gets wrong is in both. NaN if nothing was timed.
    """
    itself = {(row.task, row.lag): _ratios(row) for row in costs[costs.technique == BASELINE].itertuples()}
    found = [_over(_ratios(row), itself.get((row.task, row.lag), np.ones(1))) for row in costs.itertuples()]
    return pd.Series(found, costs.index, dtype=float)


def _ratios(cost: Any) -> Array:
    """The ratios of a cost's processes; if they are not known, their median. What is not above 0 is no ratio."""
    ratios = np.array(json.loads(cost.round_ratios or "[]"), dtype=float)
    if not (ratios > 0).any():
        ratios = np.array([float(cost.time_ratio)])
    return np.where(ratios > 0, ratios, math.nan)


def _over(own: Array, base: Array) -> float:
    """Compare process by process; medians, where one of the two is known by that alone."""
    if min(len(own), len(base)) == 1:
        return _centre(own) / _centre(base)
    shared = min(len(own), len(base))
    return _centre(own[:shared] / base[:shared])


def _centre(ratios: Array) -> float:
    """The median of ratios, taken of their logarithms."""
    known = ratios[np.isfinite(ratios)]
    if len(known) < 2:
        return float(known[0]) if len(known) else math.nan
    return float(np.exp(np.median(np.log(known))))


def parameters(scope: Scope) -> pd.Series:
    """The trained parameters of each technique over the baseline's: the number that claims are about, too.

    It is the geometric mean over the settings that both were measured in, for inputs and answers differ from task to
    task, and with them the share of parameters that no cell has. NaN if the baseline was measured in none of them.
    """
    sizes = scope.measured[scope.measured.parameters > 0].drop_duplicates(SETTING)
    base = sizes[sizes.technique == BASELINE].set_index(["task", "lag"])["parameters"]
    own = sizes.set_index(["technique", "task", "lag"])["parameters"]
    over = np.log(own.astype(float)) - np.log(base.astype(float)).reindex(own.index.droplevel("technique")).to_numpy()
    return np.exp(over.groupby(level="technique").mean())


def _place(scope: Scope, part: Part) -> tuple[str, int] | None:
    """The task and lag at which all of the part's techniques have a cost.

    With lags `longest` it is the place with the most hidden units and, of several, the longest lag; else the first task
    at its shortest lag.
    """
    wanted = {*part.techniques, *part.twins}
    costs = scope.costs[scope.costs.technique.isin(wanted)]
    by_place = costs.groupby(["task", "lag"]).agg(shared=("technique", "nunique"), units=("hidden_size", "max"))
    order = {task: place for place, task in enumerate(scope.tasks)}
    places = by_place[by_place.shared == len(wanted)].reset_index()
    places = places[places.task.isin(order)].assign(order=lambda table: table.task.map(order))
    if places.empty:
        return None
    if part.lags == "longest":
        first = places.sort_values(["units", "lag", "order"], ascending=[False, False, True]).iloc[0]
    else:
        first = places.sort_values(["order", "lag"]).iloc[0]
    return str(first.task), int(first.lag)
