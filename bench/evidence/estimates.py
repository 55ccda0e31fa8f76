"""Solve rates, updates to solve and horizons, with what is known of their uncertainty."""

from __future__ import annotations

import math
from functools import cache
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from bench.evidence.scope import SETTING, Scope, failed, solved_in
from bench.records.cell import SettingKey

CONFIDENCE = 0.95
HORIZON_SHARE = 0.8
"""A lag is within a technique's horizon if at least this share of its measured members solve it."""


class Survival(NamedTuple):
    """Updates to solve, censored at the budget: infinite where the curve never falls that far."""

    median: float
    lower: float
    """A quarter of the members solved within so many updates."""
    upper: float
    """Three quarters."""
    restricted_mean: float
    """Mean of min(updates to solve, budget)."""


@cache
def wilson(solved: int, runs: int) -> tuple[float, float]:
    """The Wilson score interval of a share (Wilson 1927), two-sided, at CONFIDENCE."""
    interval = stats.binomtest(solved, runs).proportion_ci(CONFIDENCE, method="wilson")
    return interval.low, interval.high


def updates_to_solve(updates: ArrayLike, solved: ArrayLike, budget: int) -> Survival:
    """Kaplan and Meier's (1958) estimate from the updates of each member and whether it solved.

    A member that did not solve, diverged or failed is censored at the budget, whenever it ended.
    """
    done = np.asarray(solved, dtype=bool)
    times = np.where(done, np.asarray(updates, dtype=float), float(budget))
    survival = stats.ecdf(stats.CensoredData.right_censored(times, ~done)).sf
    steps = np.concatenate([[0.0], survival.quantiles, [float(budget)]])
    heights = np.concatenate([[1.0], survival.probabilities])

    def reached(share: float) -> float:
        below = survival.quantiles[survival.probabilities <= 1 - share + 1e-12]
        return float(below[0]) if len(below) else math.inf

    return Survival(reached(0.5), reached(0.25), reached(0.75), float(np.sum(np.diff(steps) * heights)))


def summarise(scope: Scope) -> pd.DataFrame:
    """One row a planned or trained setting, in the plan's order.

    Columns: technique, task, lag; state (measured, or why not: skipped, untuned (every tuning member failed),
    ladder, pending, unplanned); reason (of a skip); stopped_at (the ladder's last lag); stopped_after (the seeds that
    screened, if the setting ended after them; else 0); runs, of which
    solved, unsolved, diverged, failed; rate, low, high; median, lower, upper, restricted_mean (updates;
    infinite: beyond the budget); budget; learning_rate (of several the commonest); trials (members that tuned it).
    """
    estimates = [_estimate(key, rows) for key, rows in scope.measured.groupby(SETTING, sort=False)]
    known = pd.DataFrame(estimates, columns=[*SETTING, *_ESTIMATES])
    tuning = scope.tuning
    usable = (~failed(tuning)).groupby([tuning[k] for k in SETTING])
    trials = usable.agg(trials="size", usable_trials="sum").reset_index()
    cells = scope.plan.merge(known, on=SETTING, how="left").merge(trials, on=SETTING, how="left")
    counts = ["runs", "solved", "unsolved", "diverged", "failed", "trials", "usable_trials"]
    cells[counts] = cells[counts].fillna(0).astype("int64")
    keys = map(SettingKey._make, cells[SETTING].itertuples(index=False, name=None))
    cells["stopped_after"] = [scope.stops[key].after if key in scope.stops else 0 for key in keys]
    return _with_states(cells)


_ESTIMATES = (
    "runs",
    "solved",
    "unsolved",
    "diverged",
    "failed",
    "rate",
    "low",
    "high",
    *Survival._fields,
    "budget",
    "learning_rate",
)


def _estimate(key: tuple[str, str, int], rows: pd.DataFrame) -> tuple[object, ...]:
    count = rows.outcome.value_counts()
    outcomes = [int(count.get(o, 0)) for o in ("solved", "unsolved", "diverged", "failed")]
    runs, solved, budget = len(rows), outcomes[0], int(rows.budget.iloc[0])
    survival = updates_to_solve(rows.updates, solved_in(rows), budget)
    rate = rows.learning_rate.mode().iloc[0]
    return (*key, runs, *outcomes, solved / runs, *wilson(solved, runs), *survival, budget, rate)


def _with_states(cells: pd.DataFrame) -> pd.DataFrame:
    """Say of each cell whether it was measured, and if not, why."""
    untuned = (cells.runs == 0) & (cells.trials > 0) & (cells.usable_trials == 0)
    unsolved = (cells.runs > 0) & (cells["solved"] == 0)
    stops = cells[unsolved | untuned].groupby(["technique", "task"])["lag"].min()
    pairs = pd.MultiIndex.from_frame(cells[["technique", "task"]])
    cells["stopped_at"] = stops.reindex(pairs).to_numpy(dtype=float)
    gap = [
        (cells.runs > 0, "measured"),
        (cells.skip != "", "skipped"),
        (untuned, "untuned"),
        (cells.stopped_at < cells.lag, "ladder"),
        (cells.planned.astype(bool), "pending"),  # where there is no cell it has no type
    ]
    cells["state"] = np.select([mask for mask, _ in gap], [name for _, name in gap], "unplanned")
    return cells.rename(columns={"skip": "reason"}).drop(columns=["planned", "usable_trials"])


def measured_cells(cells: pd.DataFrame) -> pd.DataFrame:
    """The settings that were measured, of what `summarise` gives."""
    return cells[cells.state == "measured"]
