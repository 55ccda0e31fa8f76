"""A store small enough to work out by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from bench.protocol.result import COST_COLUMNS, CURVE_COLUMNS, MEMBER_COLUMNS, typed
from bench.protocol.settings import Protocol, Setting
from bench.protocol.study import Skip, Study, TaskPlan

RULES = Protocol(
    hidden_size=8,
    batch_size=4,
    updates=100,
    evaluate_every=10,
    held_out_size=50,
    learning_rates=(0.01, 0.1),
    tuning_seeds=1,
)
BLANK = {c: {"str": "", "int64": 0, "float64": np.nan, "bool": False}[kind] for c, kind in MEMBER_COLUMNS.items()}


def setting(technique: str, lag: int, task: str = "adding", code: str = "v1", rules: Protocol = RULES) -> Setting:
    return Setting(technique=technique, task=task, lag=lag, protocol=rules, technique_hash=code, task_hash="t")


def study(*settings: Setting, skips: tuple[Skip, ...] = (), seeds: int = 2) -> Study:
    """A study of these settings, one protocol a task."""
    places = [*settings, *skips]
    tasks = {p.task: sorted({q.lag for q in places if q.task == p.task}) for p in places}
    rules = {s.task: s.protocol for s in settings}
    return Study(
        preset="small",
        title={"en": "Small", "zh": "小"},
        techniques=tuple(dict.fromkeys(p.technique for p in places)),
        tasks=tuple(TaskPlan(task=t, lags=tuple(lags), protocol=rules[t]) for t, lags in tasks.items()),
        measured_seeds=seeds,
        settings=settings,
        skips=skips,
    )


def member(of: Setting, seed: int, outcome: str = "solved", updates: int = 50, **changes: Any) -> dict[str, Any]:
    """One row; measured, at the first rate, unless told otherwise."""
    return {
        **BLANK,
        "technique": of.technique,
        "title": of.technique,
        "family": "any",
        "task": of.task,
        "lag": of.lag,
        "seed": seed,
        "learning_rate": 0.01,
        "role": "measured",
        "outcome": outcome,
        "updates": updates,
        "budget": of.protocol.updates,
        "hidden_size": of.protocol.hidden_size,
        "batch_size": of.protocol.batch_size,
        "evaluate_every": of.protocol.evaluate_every,
        "held_out_size": of.protocol.held_out_size,
        "optimizer": "adam",
        "initialisation": "default",
        "setting_hash": of.hash,
        "protocol_hash": of.protocol.hash,
        "cohort": f"{of.hash}-{changes.get('role', 'measured')}",
        "started": "2026-01-01T00:00:00+00:00",
        "metric_name": "accuracy",
        "trivial_level": 0.1,
        "solved_at": 0.9,
        "plateaus": "{}",
        **changes,
    }


@dataclass
class SmallStore:
    """Tables from lists of rows."""

    rows: list[dict[str, Any]]
    studies_: list[Study] = field(default_factory=list)
    curve_rows: list[dict[str, Any]] = field(default_factory=list)
    cost_rows: list[dict[str, Any]] = field(default_factory=list)

    def members(self) -> pd.DataFrame:
        return typed(self.rows, MEMBER_COLUMNS)

    def curves(self) -> pd.DataFrame:
        keys = dict.fromkeys(("cohort", "technique", "task", "role", "outcome", "protocol_hash"), "str")
        return typed(self.curve_rows, {**CURVE_COLUMNS, **keys, "lag": "int64"})

    def costs(self) -> pd.DataFrame:
        return typed(self.cost_rows, COST_COLUMNS)

    def studies(self) -> list[Study]:
        return self.studies_
