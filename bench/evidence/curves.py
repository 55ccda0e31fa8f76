"""Learning curves of a setting: the median of its members, and their spread."""

from __future__ import annotations

import pandas as pd

from bench.evidence.scope import SETTING, Scope


def learning_curves(scope: Scope) -> pd.DataFrame:
    """One row a measured setting and evaluation: technique, task, lag, update, median, lower, upper (quartiles).

    A member that ended early (solved, or diverged) keeps its last finite metric until the setting's last
    member ends, so that the spread is always over the same members.
    """
    curves = scope.curves[scope.curves["role"] == "measured"]
    columns = [*SETTING, "update", "median", "lower", "upper"]
    if curves.empty:
        return pd.DataFrame(columns=columns)
    tables = [_spread(rows).assign(**dict(zip(SETTING, key, strict=True)))
              for key, rows in curves.groupby(SETTING, sort=False)]  # fmt: skip
    return pd.concat(tables)[columns].reset_index(drop=True)


def _spread(rows: pd.DataFrame) -> pd.DataFrame:
    """The quartiles over members at each evaluation."""
    wide = rows.pivot_table(index="update", columns=["cohort", "seed"], values="metric").ffill()
    quartiles = wide.quantile([0.25, 0.5, 0.75], axis=1).T
    return quartiles.set_axis(["lower", "median", "upper"], axis=1).reset_index()


def levels(scope: Scope, task: str) -> dict[str, float]:
    """What marks a task's curves, lag by lag the same or the longest lag's: trivial, solved."""
    rows = scope.members[scope.members["task"] == task].sort_values("lag", kind="stable")
    return {} if rows.empty else {"trivial": rows["trivial_level"].iloc[-1], "solved": rows["solved_at"].iloc[-1]}
