"""The share of a solved task that is kept on longer sequences than trained on."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bench.evidence.scope import SETTING, Scope, solved_in
from bench.evidence.statistics import Interval, mean_interval

CONFIDENCE = 0.95
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
                shares.setdefault(int(lag), []).append(_share(metric, row.trivial_level, row.solved_at))
        found += list(_by_lag(technique, task, int(trained), shares))
    return found


def _by_lag(technique: str, task: str, trained: int, shares: dict[int, list[float]]) -> Iterator[Kept]:
    for lag in sorted(shares):
        values = [value for value in shares[lag] if math.isfinite(value)]
        if values:
            interval = mean_interval(values, CONFIDENCE, SHARE)
            yield Kept(technique, task, trained, lag, float(np.mean(values)), interval, len(values))


def _share(metric: float, trivial: float, solved_at: float) -> float:
    """The share of the way from the trivial level to a perfect answer, between 0 and 1."""
    perfect = 1.0 if solved_at > trivial else 0.0
    return min(1.0, max(0.0, (metric - trivial) / (perfect - trivial)))
