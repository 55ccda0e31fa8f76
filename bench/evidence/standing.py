"""Ranks of techniques by score, task by task and over all tasks, and how sure they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from bench.errors import BenchError
from bench.evidence.estimates import CONFIDENCE
from bench.evidence.measuring.runs import score
from bench.evidence.scope import Scope
from bench.evidence.statistics import Array, mean_interval

RESAMPLES = 2000
ALL = ""
"""Stands for all tasks together."""


class Standing(NamedTuple):
    """A technique's score on a task, or over all, and its rank there."""

    technique: str
    task: str
    score: float
    """Mean over the lags and seeds; of all tasks their mean."""
    low: float
    high: float
    rank: int
    """1 is the best; of equal scores each has the best rank."""
    best: int
    worst: int
    """The interval of the rank: seeds are drawn again with replacement, the same for all techniques.

    Of equal scores each may have any of their ranks.
    """
    ranked: int
    """Techniques among which it is ranked."""
    seeds: int


def standings(scope: Scope, technique: str, tasks: Sequence[str]) -> list[Standing]:
    """Rank all techniques that ran what this one ran: by task, then over all tasks, the best first in each.

    Compared are the task's cells (lags) and the seeds that the technique has; who lacks one of them is not ranked.
    Raises BenchError if the technique has no measured runs on these tasks.
    """
    names = list(dict.fromkeys(scope.plan["technique"]))
    scores = pd.concat([score(scope, name) for name in names], ignore_index=True)
    scores = scores[scores.task.isin(tasks)]
    own = scores[scores.technique == technique]
    if own.empty:
        raise BenchError(f"The store has no measured runs of {technique}: run it first.")
    whole = scores.merge(own[["task", "lag", "seed"]], on=["task", "lag", "seed"])
    counts = whole.groupby(["technique", "task"]).size().unstack(fill_value=0)
    full = counts.columns[counts.loc[technique] > 0]
    ranked = [str(name) for name in counts.index[(counts[full] == counts.loc[technique, full]).all(axis=1)]]
    whole = whole[whole.technique.isin(ranked)]
    by_task = {
        task: whole[whole.task == task].pivot_table(index="technique", columns="seed", values="value").loc[ranked]
        for task in tasks
        if task in full
    }
    shared = set.intersection(*(set(table.columns) for table in by_task.values()))
    tables = {task: table.to_numpy() for task, table in by_task.items()}
    if shared and len(tables) > 1:
        together = [table[sorted(shared)].to_numpy() for table in by_task.values()]
        tables[ALL] = np.mean(together, axis=0)
    return [one for task, table in tables.items() for one in _ranked(ranked, task, table)]


def _ranked(names: Sequence[str], task: str, values: Array) -> list[Standing]:
    """Rank techniques by their mean scores: values (techniques, seeds)."""
    seeds = values.shape[1]
    draws = np.random.Generator(np.random.PCG64(0)).integers(seeds, size=(RESAMPLES, seeds))
    again = values[:, draws].mean(2)  # (techniques, resamples)
    best = np.quantile(_ranks(again), (1 - CONFIDENCE) / 2, axis=1, method="nearest")
    worst = np.quantile(len(names) + 1 - _ranks(-again), (1 + CONFIDENCE) / 2, axis=1, method="nearest")
    found = []
    for row, name in enumerate(names):
        interval = mean_interval(values[row], CONFIDENCE, (0.0, 1.0))
        rank = int(_ranks(values.mean(1, keepdims=True))[row, 0])
        found.append(
            Standing(
                name, task, float(values[row].mean()), interval.low, interval.high, rank, int(best[row]),
                int(worst[row]), len(names), seeds,
            )
        )  # fmt: skip
    return sorted(found, key=lambda one: (one.rank, -one.score, one.technique))


def _ranks(scores: Array) -> Array:
    """Ranks along the first axis, 1 for the largest: one more than how many are larger."""
    rounded = scores.round(9)  # means of the same numbers in another order
    return 1 + (rounded[None] > rounded[:, None]).sum(1)
