"""The longest lag that each technique solves on each task, how surely so, and which get further than the baseline."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from bench.evidence.estimates import CONFIDENCE, HORIZON_SHARE, measured_cells
from bench.evidence.measuring.runs import screened, solved
from bench.evidence.scope import BASELINE, Scope
from bench.evidence.statistics import LEVEL, adjusted, rate_p, reaching
from bench.records.cell import Cell

HORIZON = ["technique", "task", "horizon", "low", "high"]
FURTHER = ["technique", "task", "lag", "own", "base", "pairs", "after", "p", "further"]


def horizons(cells: pd.DataFrame) -> pd.DataFrame:
    """One row a technique and task.

    Columns: technique, task; horizon, the longest lag that enough members solve, as they do every shorter one (0: not
    even the shortest lag; NaN: nothing measured); low, high: its interval at CONFIDENCE (infinite: no lag was too
    long); shortest, longest (lags of the task); open (the horizon is the longest lag there was).
    """
    lags = cells.groupby("task")["lag"].agg(shortest="min", longest="max")
    of_task = {str(task): sorted(set(rows)) for task, rows in cells.groupby("task")["lag"]}
    measured = measured_cells(cells).sort_values("lag", kind="stable")
    found = [
        (technique, task, _observed(rows), *_interval(rows, of_task[str(task)]))
        for (technique, task), rows in measured.groupby(["technique", "task"], sort=False)
    ]
    pairs = cells[["technique", "task"]].drop_duplicates()
    table = pairs.merge(pd.DataFrame(found, columns=HORIZON), how="left").join(lags, on="task")
    table["open"] = table.horizon == table.longest
    return table


def _observed(rows: pd.DataFrame) -> float:
    """The longest of the rising lags before one that too few solve; 0 if it is the first."""
    horizon = 0.0
    for row in rows.itertuples():
        if row.rate < HORIZON_SHARE:
            break
        horizon = float(row.lag)
    return horizon


def _interval(rows: pd.DataFrame, lags: list[int]) -> tuple[float, float]:
    """Bound the horizon by two lags, by exact tests of each lag's solve rate (Clopper & Pearson 1934).

    From below lags are told to be solved one after the other, up to the first that is not: each at the full level, for
    nothing is tested after a failure. From above it ends before the first lag that is told to be unsolved, corrected
    for all lags, since any of them could be wrongly so.
    """
    error, low = (1 - CONFIDENCE) / 2, 0.0
    for row in rows.itertuples():
        if stats.binom.sf(row.solved - 1, row.runs, HORIZON_SHARE) > error:
            break
        low = float(row.lag)
    for row in rows.itertuples():
        if stats.binom.cdf(row.solved, row.runs, HORIZON_SHARE) <= error / len(rows):
            return low, float(max([lag for lag in lags if lag < row.lag], default=0))
    return low, math.inf


def further(scope: Scope, horizons: pd.DataFrame) -> pd.DataFrame:
    """Compare every technique's solve rate with the baseline's, lag by lag, on the seeds that both trained with.

    Columns: technique, task, lag; own, base (pairs that the one alone solved); pairs; after, the seeds that screened
    where one of the two ended after them, else 0; p, McNemar's (1947) exact and two-sided, or `rate_p` after screening,
    under one correction for all that could tell anything (Holm; Tarone: with so few pairs of unlike outcome, no p could
    be small enough); further: the difference is told, and the lag is within the technique's horizon and beyond the
    baseline's. A lag that the ladder spared is unsolved, and so is a seed; what neither ran is not compared.
    """
    rows = pd.DataFrame(_pairs(scope), columns=FURTHER[:-2])
    able = np.array(reaching([_smallest_p(row) for row in rows.itertuples()]), dtype=bool)
    p = np.ones(len(rows))
    asked = [[(_p(row.own, row.base, row.pairs, row.after), True)] for row in rows[able].itertuples()]
    p[able] = [corrected for (corrected,) in adjusted(asked)]
    table = rows.assign(p=p)
    reach = horizons.set_index(["technique", "task"])["horizon"]
    own = reach.reindex(pd.MultiIndex.from_frame(table[["technique", "task"]])).to_numpy()
    base = table["task"].map(reach.get(BASELINE, pd.Series(dtype=float)))
    told = (table["p"] <= LEVEL) & (table["own"] > table["base"])
    return table.assign(further=told & (table["lag"] <= own) & (table["lag"] > base))


def _smallest_p(row: Any) -> float:
    """The smallest p that the pairs of a row of `further` could give, whichever of the two had solved."""
    unlike = row.own + row.base
    return _p(row.pairs if row.after and unlike else unlike, 0, row.pairs, row.after)


def _p(own: int, base: int, pairs: int, after: int) -> float:
    """Two-sided p for so many pairs that the one, or the other, alone solved; after: see `further`."""
    if after:
        return rate_p(max(own, base), pairs, after)
    return float(stats.binomtest(own, own + base).pvalue) if own + base else 1.0


def _pairs(scope: Scope) -> Iterator[tuple[str, str, int, int, int, int, int]]:
    """Technique, task, lag; pairs of seeds that it alone solved, that the baseline alone solved; all of them; and after
    how many seeds one of the two ended.
    """
    baseline, ended = solved(scope, BASELINE), screened(scope, BASELINE)
    for technique in dict.fromkeys(scope.plan["technique"]):
        if technique == BASELINE:
            continue
        after = {**screened(scope, technique), **ended}
        both = solved(scope, technique).merge(baseline, on=["task", "lag", "seed"], suffixes=("", "_base"))
        both = both[(both["run"] != "") | (both["run_base"] != "")]
        for (task, lag), rows in both.groupby(["task", "lag"]):
            own, base = int((rows.value > rows.value_base).sum()), int((rows.value < rows.value_base).sum())
            yield technique, str(task), int(lag), own, base, len(rows), after.get(Cell(str(task), int(lag)), 0)


def gains(further: pd.DataFrame) -> dict[str, set[str]]:
    """Map each technique to the tasks on which it is told to learn longer lags than the baseline: see `further`."""
    table = further[further["further"]]
    return {str(name): set(tasks) for name, tasks in table.groupby("technique")["task"]}


def losses(further: pd.DataFrame) -> dict[str, list[tuple[str, int]]]:
    """Map each technique to the tasks and lags that it is told to solve less often than the baseline: see `further`."""
    table = further[(further["p"] <= LEVEL) & (further["own"] < further["base"])]
    return {str(name): list(zip(own.task, own.lag, strict=True)) for name, own in table.groupby("technique")}
