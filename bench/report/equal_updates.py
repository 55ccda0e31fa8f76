"""The rate of every technique's gradient after equally many updates: one question at one moment for all of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from bench.evidence.estimates import CONFIDENCE
from bench.evidence.measuring.moments import CELL_TO_CELL, INPUTS
from bench.evidence.scope import SETTING, Scope, measured_in
from bench.evidence.statistics import mean_interval
from bench.records.cell import SettingKey
from bench.report.rows import rows_of

PLACE = ["task", "lag", "seed"]
COLUMNS = [*SETTING, "decay", "low", "high", "seeds", "first", "last"]


@dataclass(frozen=True, slots=True)
class EqualRate:
    """The mean rate of a technique's gradient over seeds, each after the most updates at which all were probed."""

    technique: str
    task: str
    lag: int
    decay: float
    """Nats per step back, with its interval `low` to `high`."""
    low: float
    high: float
    seeds: int
    first: int
    last: int
    """The fewest and the most updates, over seeds."""


def equal_rates(scope: Scope) -> dict[SettingKey, EqualRate]:
    """Return the rates of an arm's settings, of the output in the lowest layer, where training had begun.

    Seed by seed, all techniques that were probed at a task and a lag are looked at after the same number of updates,
    the most that they share: whoever had solved the task by then, or would never do so. A seed for which they share
    none counts for nobody.
    """
    probes = scope.probes
    states = ~probes.quantity.isin([INPUTS, CELL_TO_CELL])
    rows = probes[measured_in(probes) & states & (probes.layer == 0) & (probes["update"] > 0)]
    output = rows.groupby(SETTING)["quantity"].transform("first")
    rows = rows[rows.quantity == output].drop_duplicates([*SETTING, "seed", "update"], keep="last")
    place = [rows[column] for column in PLACE]
    everyone = rows.groupby(PLACE)["technique"].transform("nunique")
    rows = rows[rows.groupby([*place, rows["update"]])["technique"].transform("nunique") == everyone]
    rows = rows[rows["update"] == rows.groupby(PLACE)["update"].transform("max")]
    rows = rows[np.isfinite(rows.decay)]
    found = [_rate(key, own) for key, own in rows.groupby(SETTING, sort=False)]
    return {SettingKey(r.technique, r.task, r.lag): r for r in rows_of(pd.DataFrame(found, columns=COLUMNS), EqualRate)}


def _rate(key: tuple[str, str, int], rows: pd.DataFrame) -> tuple[object, ...]:
    updates = rows["update"]
    return (*key, rows.decay.mean(), *mean_interval(rows.decay, CONFIDENCE), len(rows), updates.min(), updates.max())
