"""Stores small enough to work out by hand: tables from lists of rows."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from bench.protocol.preset import parse_technique
from bench.records.result import (
    COST_COLUMNS,
    CURVE_COLUMNS,
    GRADIENT_COLUMNS,
    MEMBER_COLUMNS,
    PROBE_COLUMNS,
    typed,
)
from bench.records.settings import Protocol, Setting
from bench.records.source_hash import source_hash
from bench.records.spec import Spec
from bench.records.study import Skip, Study, TaskPlan
from bench.tasks import tasks as known_tasks
from bench.techniques import techniques
from bench.tracking.layout import WHOSE

RULES = Protocol(
    hidden_size=8,
    batch_size=4,
    updates=100,
    evaluate_every=10,
    held_out_size=50,
    learning_rates=(0.01, 0.1),
    tuning_seeds=1,
)
OF_MEMBER = {column: MEMBER_COLUMNS[column] for column in WHOSE}
BLANK = {c: {"str": "", "int64": 0, "float64": np.nan, "bool": False}[kind] for c, kind in MEMBER_COLUMNS.items()}


def setting(
    technique: str, lag: int, task: str = "adding", code: str | None = None, rules: Protocol = RULES
) -> Setting:
    """Make a setting of today's code, unless another hash is given."""
    own = _hash(parse_technique(technique)[1]) if code is None else code
    of_task = _hash(known_tasks.get(task))
    return Setting(technique=technique, task=task, lag=lag, protocol=rules, technique_hash=own, task_hash=of_task)


@cache
def _hash(cls: type) -> str:
    """Hash a class once: it takes longer than all else about a made-up store."""
    return source_hash(cls)


def study(*settings: Setting, skips: tuple[Skip, ...] = (), seeds: int = 2, arm: str = "main") -> Study:
    """A study of these settings, one protocol a task."""
    places: list[Setting | Skip] = [*settings, *skips]
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
        arm=arm,
    )


def member(of: Setting, seed: int, outcome: str = "solved", updates: int = 50, **changes: Any) -> dict[str, Any]:
    """One row; measured, at the first rate, unless told otherwise."""
    cohort = f"{of.hash}-{changes.get('role', 'measured')}"
    return {
        **BLANK,
        "technique": of.technique,
        "title": of.technique,
        "family": "any",
        "dials": json.dumps(_dials(of.technique)),
        "task": of.task,
        "task_title": "",
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
        "recurrent_gain": 1.0,
        "setting_hash": of.hash,
        "protocol_hash": of.protocol.hash,
        "technique_hash": of.technique_hash,
        "task_hash": of.task_hash,
        "cohort": cohort,
        "mlflow_run_id": f"{cohort}-{seed}",
        "started": "2026-01-01T00:00:00+00:00",
        "metric_name": "accuracy",
        "trivial_level": 0.1,
        "solved_at": 0.9,
        "plateaus": "{}",
        "test_metrics": "{}",
        "match": "units",
        **changes,
    }


def _dials(technique: str) -> dict[str, float]:
    """Every dial with its value; of a technique that is made up, those that are spelt out."""
    spec = Spec.parse(technique)
    return parse_technique(technique)[2] if spec.name in techniques.names() else spec.dials


def probe(
    of: dict[str, Any], moment: str = "end", quantity: str = "h", layer: int = 0, **values: Any
) -> dict[str, Any]:
    """A probe of a member, from its row."""
    blank = {c: 0 if kind == "int64" else np.nan for c, kind in PROBE_COLUMNS.items()}
    whose = {column: of[column] for column in ("seed", "learning_rate", *WHOSE)}
    return {
        **blank,
        **whose,
        "update": _after(of, moment),
        "moment": moment,
        "quantity": quantity,
        "layer": layer,
        **values,
    }


def _after(of: dict[str, Any], moment: str) -> int:
    """The updates after which a member was probed."""
    return {"start": 0, "during": of["budget"] // 4}.get(moment, of["updates"])


def profile(
    of: dict[str, Any], log_norms: list[float], moment: str = "end", quantity: str = "h", layer: int = 0
) -> list[dict[str, Any]]:
    """A member's gradient, the norm of its first step first."""
    whose = {column: of[column] for column in ("seed", "learning_rate", *WHOSE)}
    where = {"update": _after(of, moment), "moment": moment, "quantity": quantity, "layer": layer}
    steps = len(log_norms)
    return [
        {**whose, **where, "step": t + 1, "lag_back": steps - 1 - t, "log_norm": value}
        for t, value in enumerate(log_norms)
    ]


def curve(of: dict[str, Any], untrained: float, losses: list[float], peaks: list[float]) -> list[dict[str, Any]]:
    """A member's learning curve: the loss before training, then mean and largest loss of each interval."""
    blank = {c: 0 if kind == "int64" else np.nan for c, kind in CURVE_COLUMNS.items()}
    whose = {column: of[column] for column in ("seed", "learning_rate", *WHOSE)}
    rows = [{**blank, **whose, "update": 0, "loss": untrained}]
    for i, (loss, peak) in enumerate(zip(losses, peaks, strict=True), start=1):
        rows.append({**rows[0], "update": 10 * i, "loss": loss, "train_loss": loss, "train_loss_peak": peak})
    return rows


@dataclass
class SmallStore:
    """Tables from lists of rows."""

    rows: list[dict[str, Any]]
    studies_: list[Study] = field(default_factory=list)
    curve_rows: list[dict[str, Any]] = field(default_factory=list)
    cost_rows: list[dict[str, Any]] = field(default_factory=list)
    gradient_rows: list[dict[str, Any]] = field(default_factory=list)
    probe_rows: list[dict[str, Any]] = field(default_factory=list)

    def members(self) -> pd.DataFrame:
        return typed(self.rows, {**MEMBER_COLUMNS, "mlflow_run_id": "str"})

    def curves(self) -> pd.DataFrame:
        return typed(self.curve_rows, {**CURVE_COLUMNS, **OF_MEMBER})

    def gradients(self) -> pd.DataFrame:
        return typed(self.gradient_rows, {**GRADIENT_COLUMNS, **OF_MEMBER})

    def probes(self) -> pd.DataFrame:
        return typed(self.probe_rows, {**PROBE_COLUMNS, **OF_MEMBER})

    def costs(self) -> pd.DataFrame:
        return typed(self.cost_rows, COST_COLUMNS)

    def cut_off(self) -> int:
        return 0

    def studies(self) -> list[Study]:
        return self.studies_
