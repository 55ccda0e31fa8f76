"""Learning curves of a setting: the median of its members, and their spread."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bench.evidence.scope import MEMBER, SETTING, Scope, measured_in

NEARER = 0.02
"""The least share of the way from the trivial to the solved level that counts as an improvement."""


def learning_curves(scope: Scope) -> pd.DataFrame:
    """One row a measured setting and evaluation: technique, task, lag, update, median, lower and
    upper quartile.

    A member that ended early (solved, or diverged) keeps its last finite metric until the setting's last
    member ends, so that the spread is always over the same members.
    """
    curves = scope.curves[measured_in(scope.curves)]
    columns = [*SETTING, "update", "median", "lower", "upper"]
    if curves.empty:
        return pd.DataFrame(columns=columns)
    tables = [
        _spread(rows).assign(**dict(zip(SETTING, key, strict=True)))
        for key, rows in curves.groupby(SETTING, sort=False)
    ]
    return pd.concat(tables)[columns].reset_index(drop=True)


def _spread(rows: pd.DataFrame) -> pd.DataFrame:
    """The quartiles over members at each evaluation; NaN where none has been finite yet."""
    finite = rows.metric.where(np.isfinite(rows.metric))
    wide = finite.groupby([rows["update"], rows.cohort, rows.seed]).mean().unstack(["cohort", "seed"]).ffill()
    quartiles = wide.quantile([0.25, 0.5, 0.75], axis=1).T
    return quartiles.set_axis(["lower", "median", "upper"], axis=1).reset_index()


def reached(scope: Scope) -> pd.DataFrame:
    """One row a measured setting: technique, task, lag, metric, improving.

    metric: the median over its members of the last held-out metric that was finite. improving: more than half of the
    members that did not solve were still improving when the budget ended, that is, their mean metric over the last
    quarter of the budget was nearer to the solved level than over the quarter before, by at least NEARER of the way
    from the trivial level.
    """
    curves = scope.curves[measured_in(scope.curves) & np.isfinite(scope.curves.metric)]
    levels = scope.members.drop_duplicates(SETTING)[[*SETTING, "trivial_level", "solved_at", "budget"]]
    curves = curves.merge(levels, on=SETTING)
    curves["way"] = (curves.metric - curves.trivial_level) / (curves.solved_at - curves.trivial_level)
    found = curves[SETTING].drop_duplicates().set_index(SETTING)
    last = curves.sort_values("update", kind="stable").groupby([*SETTING, *MEMBER])["metric"].last()
    found["metric"] = last.groupby(SETTING).median()
    found["improving"] = (_improving(curves).groupby(SETTING).mean() > 0.5).reindex(found.index, fill_value=False)
    return found.reset_index()


def _improving(curves: pd.DataFrame) -> pd.Series:
    """Return, of each member that did not solve, whether it was still improving when the budget ended."""
    left = curves[curves.outcome == "unsolved"]
    quarter = np.ceil(left["update"] / left.budget * 4)
    late, before = (left[quarter == n].groupby([*SETTING, *MEMBER])["way"].mean() for n in (4, 3))
    return late - before >= NEARER


@dataclass(frozen=True)
class Levels:
    """The levels that a task's curves are read against, in its metric's unit; NaN where the results do not say."""

    metric: str
    trivial: float
    """The level of the best answer that ignores the input, at the longest lag."""
    solved: float
    plateaus: dict[str, float]
    """Further levels, by what a model there has learned."""

    @property
    def lower_is_better(self) -> bool:
        """True if the metric falls as a model learns."""
        return self.solved < self.trivial


def levels(scope: Scope, task: str) -> Levels | None:
    """A task's levels, from its members; None if there are none."""
    rows = scope.members[scope.members.task == task].sort_values("lag", kind="stable")
    if rows.empty:
        return None
    last = rows.iloc[-1]
    plateaus = json.loads(last.plateaus) if isinstance(last.plateaus, str) and last.plateaus else {}
    return Levels(str(last.metric_name), float(last.trivial_level), float(last.solved_at), plateaus)
