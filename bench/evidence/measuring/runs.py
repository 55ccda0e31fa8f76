"""Values of runs: whether and how soon they solved, and what they are made of.

Every table of values has the columns technique, task, lag, seed, value and run. `run` is the MLflow run behind the
value; empty where the value follows from the rules alone.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from bench.evidence.scope import SETTING, Scope, failed, solved_in
from bench.records.cell import Cell, SettingKey

VALUES = [*SETTING, "seed", "value", "run"]
TYPES = {"lag": "int64", "seed": "int64", "value": "float64", "run": "str"}


def runs_of(scope: Scope, technique: str) -> pd.DataFrame:
    """The technique's measured members."""
    return scope.rows("runs", technique)


def score(scope: Scope, technique: str) -> pd.DataFrame:
    """1 − min(updates to solve, budget) / budget, 0 if not solved; 0 too at lags and of seeds that were spared."""
    rows = runs_of(scope, technique)
    share = rows.updates.clip(upper=rows.budget) / rows.budget.clip(lower=1)
    return _with_spared(scope, technique, rows.assign(value=(1 - share).where(solved_in(rows), 0.0)))


def solved(scope: Scope, technique: str) -> pd.DataFrame:
    """1 if solved, else 0; 0 too at lags and of seeds that were spared."""
    rows = runs_of(scope, technique)
    return _with_spared(scope, technique, rows.assign(value=solved_in(rows).astype(float)))


def horizon(scope: Scope, technique: str) -> pd.DataFrame:
    """The longest lag that a seed solves, as it does every shorter one that was planned; one row a task and seed.

    Who does not solve the shortest lag has half of it; a lag of no step counts as half a one, for ratios are taken. The
    row's lag is the task's longest, and its run the last one.
    """
    rows = []
    for (task, seed), runs in solved(scope, technique).sort_values("lag").groupby(["task", "seed"], sort=False):
        unbroken = runs.value.cumprod() > 0
        lags = runs.lag.clip(lower=0.5)
        reached = lags[unbroken].max() if unbroken.any() else lags.min() / 2
        ran = runs.run[runs.run != ""]
        rows.append((technique, task, scope.longest[str(task)], seed, reached, ran.iloc[-1] if len(ran) else ""))
    return tidy(pd.DataFrame(rows, columns=VALUES))


def sized(scope: Scope, technique: str, column: str) -> pd.DataFrame:
    """A whole number above 0 that all members of a setting share, in a column of their table."""
    rows = runs_of(scope, technique)
    return tidy(rows.assign(value=rows[column].where(rows[column] > 0).astype(float)))


def share_of_the_way(metric: ArrayLike, trivial: ArrayLike, solved_at: ArrayLike) -> NDArray[np.float64]:
    """The share of the way from a task's trivial level to a perfect answer that metrics have come, between 0 and 1.

    A perfect answer has a metric of 1, or an error of 0. Without a metric (NaN) there is no share.
    """
    level = np.asarray(trivial, dtype=float)
    perfect = (np.asarray(solved_at) > level).astype(float)
    return np.clip((np.asarray(metric, dtype=float) - level) / (perfect - level), 0.0, 1.0)


def tidy(table: pd.DataFrame) -> pd.DataFrame:
    """VALUES alone, without values that are no finite numbers."""
    table = table[VALUES]
    table = table.astype({column: dtype for column, dtype in TYPES.items() if table.dtypes[column] != dtype})
    return table[np.isfinite(table.value)].reset_index(drop=True)


def wobble(level: int, seed: int) -> int:
    """A small deviation of a made-up run, which the seeds of two levels do not have in common."""
    return (-1, 2, 0, -2, 1)[seed % 5] if level else (1, -1, 2, 0, -2)[seed % 5]


def screened(scope: Scope, technique: str) -> dict[Cell, int]:
    """The cells (task and lag) in which a technique's seeds were spared because too few others had been tried to tell
    that it solves nothing, with the number that had.

    These are the settings that ended after the seeds that screen, and the longer lags that the ladder spared then.
    """
    stops = {(key.task, key.lag): stop.after for key, stop in scope.stops.items() if key.technique == technique}
    return {
        Cell(task, int(lag)): after
        for (task, last), after in stops.items()
        for lag in {last, *scope.plan.lag[(scope.plan.technique == technique) & (scope.plan.task == task)]}
        if lag >= last
    }


def _with_spared(scope: Scope, technique: str, rows: pd.DataFrame) -> pd.DataFrame:
    """Add rows of value 0 for what the rules spared, seed by seed.

    These are the planned lags beyond one that no measured member solved, and the seeds of a setting that ended after
    those that screen. A setting whose tuning failed throughout ends the ladder too; its seeds are those of the others
    on the task.
    """
    plan = scope.plan[(scope.plan.technique == technique) & scope.plan.planned & (scope.plan.skip == "")]
    solved_any = solved_in(rows).groupby([rows.task, rows.lag]).any()
    stops = [*solved_any.index[~solved_any], *_untuned(scope, technique)]
    zeros = [
        (technique, key.task, key.lag, seed, 0.0, "")
        for key, stop in scope.stops.items()
        for seed in stop.spared
        if key.technique == technique
    ]
    zeros += [
        (technique, task, lag, seed, 0.0, "")
        for task, last in dict(sorted(stops, reverse=True)).items()
        for lag in plan.lag[(plan.task == task) & (plan.lag >= last)]
        if (task, lag) not in solved_any.index
        for seed in _seeds(scope, rows, task, last)
    ]
    own = tidy(rows)
    return pd.concat([own, tidy(pd.DataFrame(zeros, columns=VALUES))], ignore_index=True) if zeros else own


def _untuned(scope: Scope, technique: str) -> list[tuple[str, int]]:
    """Tasks and lags at which every tuning member failed, so that none was measured."""
    tuning = scope.tuning[scope.tuning.technique == technique]
    all_failed = failed(tuning).groupby([tuning.task, tuning.lag]).all()
    return list(all_failed.index[all_failed])


def _seeds(scope: Scope, rows: pd.DataFrame, task: str, last: int) -> list[int]:
    """The seeds that ran where the ladder stopped, and those that were spared there; those of all techniques on the
    task if none did.
    """
    here = rows[(rows.task == task) & (rows.lag == last)]
    if here.empty:
        return sorted(scope.measured.seed[scope.measured.task == task].unique())
    stop = scope.stops.get(SettingKey(str(here.technique.iloc[0]), task, last))
    return sorted({*here.seed, *(stop.spared if stop else ())})
