"""The share of a solved task that is kept on longer sequences than trained on."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bench.evidence.estimates import CONFIDENCE
from bench.evidence.measuring.runs import share_of_the_way
from bench.evidence.scope import SETTING, Scope, solved_in
from bench.evidence.statistics import Interval, mean_interval

SHARE = (0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Kept:
    """The share that a setting's solved runs keep at one lag: 0 is the trivial level, 1 a perfect answer."""

    technique: str
    task: str
    trained: int
    """The lag that they were trained at, and solved."""
    lag: int
    """The lag that they are tested at."""
    share: float
    """Their mean."""
    interval: Interval
    runs: int


def kept(scope: Scope) -> list[Kept]:
    """Return what each setting's solved runs keep at each lag that they were tested at, by rising lag."""
    runs = scope.runs[solved_in(scope.runs)]
    found = []
    for (technique, task, trained), rows in runs.groupby(SETTING, sort=False):
        shares: dict[int, list[float]] = {}
        for row in rows.itertuples():
            for lag, metric in json.loads(row.test_metrics or "{}").items():
                share = float(share_of_the_way(metric, row.trivial_level, row.solved_at))
                shares.setdefault(int(lag), []).append(share)
        found += list(_by_lag(technique, task, int(trained), shares))
    return found


def _by_lag(technique: str, task: str, trained: int, shares: dict[int, list[float]]) -> Iterator[Kept]:
    for lag in sorted(shares):
        values = [value for value in shares[lag] if math.isfinite(value)]
        if values:
            interval = mean_interval(values, CONFIDENCE, SHARE)
            yield Kept(technique, task, trained, lag, float(np.mean(values)), interval, len(values))
