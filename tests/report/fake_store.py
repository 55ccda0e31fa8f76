"""A store of made-up results: the tables that `bench.tracking.Store` hands out, without training anything."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from fake_flow import FakeFlow

from bench.protocol.preset import parse_technique
from bench.records.result import COST_COLUMNS, CURVE_COLUMNS, MEMBER_COLUMNS, typed
from bench.records.settings import Cohort, Protocol, Setting, digest
from bench.records.snapshot import TIMING_COLUMNS, Snapshot
from bench.records.source_hash import source_hash
from bench.records.study import Skip, Study, TaskPlan
from bench.tasks import tasks as known_tasks
from bench.tracking import RunAddresses
from bench.tracking.layout import WHOSE

ADDRESSES = RunAddresses("http://127.0.0.1:5000", {"adding": "3", "temporal-order": "4"})

BUDGET, EVERY = 2000, 100

TECHNIQUES = (
    *("tanh", "sigmoid", "relu", "irnn", "orthogonal", "lstm", "gru", "clip-norm", "clip-value", "clip-literal"),
    *("residual-time", "residual-depth", "deep-tanh", "tbptt", "lstm-clip-norm"),
)

HORIZON = {  # the longest lag that most seeds solve, by task: adding, copy, temporal-order; others do as the baseline
    "tanh": (20, 10, 20),
    "sigmoid": (0, 0, 0),
    "relu": (50, 0, 0),
    "irnn": (100, 10, 50),
    "orthogonal": (50, 30, 20),
    "lstm": (200, 10, 100),
    "gru": (200, 10, 100),
    "clip-literal": (0, 0, 0),
    "residual-time": (50, 10, 50),
    "deep-tanh": (10, 0, 20),
    "lstm-clip-norm": (200, 10, 100),
}

TASKS: dict[str, dict[str, Any]] = {
    "adding": {
        "lags": (20, 50, 100, 200),
        "metric_name": "mean squared error",
        "trivial": 1 / 6,
        "solved": 0.01,
        "plateaus": {"one number known": 1 / 12},
    },
    "copy": {
        "lags": (10, 30),
        "metric_name": "share of symbols recalled",
        "trivial": 1 / 8,
        "solved": 0.99,
        "plateaus": {},
    },
    "temporal-order": {
        "lags": (20, 50, 100),
        "metric_name": "share of sequences classified correctly",
        "trivial": 1 / 4,
        "solved": 0.99,
        "plateaus": {"last symbol known": 0.5},
    },
}

PROVENANCE = {
    "commit": "3f9c2ab7d1e04c55a1b2c3d4e5f60718293a4b5c",
    "dirty": False,
    "bench": "0.1.0",
    "python": "3.11.7",
    "torch": "2.13.0+cpu",
    "lightning": "2.6.6",
    "mlflow": "3.17.2",
    "platform": "Linux-6.1-x86_64",
    "cpu": "AMD EPYC 7B13",
    "accelerator": "cpu",
    "threads": 1,
}


@dataclass
class FakeStore:
    """What a report reads, and nothing else."""

    member_rows: list[dict[str, Any]] = field(default_factory=list)
    curve_rows: list[dict[str, Any]] = field(default_factory=list)
    cost_rows: list[dict[str, Any]] = field(default_factory=list)
    study_list: list[Study] = field(default_factory=list)
    flow: FakeFlow = field(default_factory=FakeFlow)
    snapshot_list: list[Snapshot] = field(default_factory=list)
    uri: str = "sqlite:///mlruns/mlflow.db"

    def members(self) -> pd.DataFrame:
        return typed(self.member_rows, {**MEMBER_COLUMNS, "mlflow_run_id": "str"})

    def curves(self) -> pd.DataFrame:
        return typed(self.curve_rows, {**CURVE_COLUMNS, **dict.fromkeys(WHOSE, "str"), "lag": "int64"})

    def gradients(self) -> pd.DataFrame:
        return self.flow.gradients()

    def probes(self) -> pd.DataFrame:
        return self.flow.probes()

    def costs(self) -> pd.DataFrame:
        return typed(self.cost_rows, COST_COLUMNS)

    def studies(self) -> list[Study]:
        return self.study_list

    def timings(self) -> pd.DataFrame:
        return typed([], TIMING_COLUMNS)

    def snapshots(self) -> list[Snapshot]:
        return self.snapshot_list


def protocol(**changes: Any) -> Protocol:
    """The made-up study's protocol."""
    return Protocol(
        **{
            "hidden_size": 64,
            "batch_size": 32,
            "updates": BUDGET,
            "evaluate_every": EVERY,
            "held_out_size": 500,
            "learning_rates": (0.001, 0.003, 0.01),
            "tuning_seeds": 2,
            **changes,
        }
    )


def study(
    techniques: tuple[str, ...],
    tasks: dict[str, tuple[int, ...]],
    seeds: int,
    rules: Protocol,
    skips: tuple[Skip, ...] = (),
    **arm: Any,
) -> Study:
    """A plan of every technique on every lag of every task, but for the skips."""
    left = {(s.technique, s.task, s.lag) for s in skips}
    settings = []
    for spec in techniques:
        name, cls, dials = parse_technique(spec)
        settings += [
            Setting(
                technique=name,
                dials=dials,
                task=task,
                lag=lag,
                protocol=rules,
                technique_hash=source_hash(cls),
                task_hash=source_hash(known_tasks.get(task)),
            )
            for task, lags in tasks.items()
            for lag in lags
            if (name, task, lag) not in left
        ]
    plans = tuple(TaskPlan(task=task, lags=lags, protocol=rules) for task, lags in tasks.items())
    return Study(
        preset="quick",
        title={"en": "Quick study", "zh": "快速研究"},
        techniques=tuple(dict.fromkeys(s.technique for s in settings)),
        tasks=plans,
        measured_seeds=seeds,
        settings=tuple(settings),
        skips=skips,
        **arm,
    )


def make_store(
    seeds: int = 5,
    tasks: tuple[str, ...] = tuple(TASKS),
    techniques: tuple[str, ...] = TECHNIQUES,
    rules: Protocol | None = None,
    stop_after: int | None = None,
) -> FakeStore:
    """A whole made-up study; `stop_after` settings for a partial one."""
    skips = tuple(
        Skip(technique="tbptt", task="copy", lag=lag, reason="its window must divide the sequence")
        for lag in TASKS["copy"]["lags"][1:]
        if "copy" in tasks and "tbptt" in techniques
    )
    plan = study(techniques, {task: TASKS[task]["lags"] for task in tasks}, seeds, rules or protocol(), skips)
    store = FakeStore()
    train(store, plan, stop_after)
    return store


def train(store: FakeStore, plan: Study, stop_after: int | None = None) -> None:
    """Invent what a study leaves in a store, up to `stop_after` settings."""
    rng = np.random.default_rng(7)
    there = {row["cohort"] for row in store.member_rows}
    store.study_list.append(plan)
    trained = 0
    for chain in plan.chains():
        for setting in chain.settings:
            if stop_after is not None and trained >= stop_after:
                break
            trained += 1
            if plan.arm in ("main", "dials"):
                add_cost(store, setting, rng)
            tuning = plan.tuning_cohort(setting)
            if tuning is not None and tuning.key not in there:
                add_cohort(store, tuning, rng)
            rates = setting.protocol.learning_rates
            cohort = plan.measured_cohort(setting, rates[len(setting.technique) % len(rates)])
            if cohort.key not in there and not add_cohort(store, cohort, rng) and setting.protocol.updates:
                break


def add_cohort(store: FakeStore, cohort: Cohort, rng: np.random.Generator) -> int:
    """Invent a cohort's members, curves and gradients; returns how many solved."""
    setting, rows = cohort.setting, []
    task, explodes = TASKS[setting.task], setting.protocol.recurrent_gain > 1
    for member in cohort.members:
        outcome, updates, reason = ending(setting, member.seed, rng)
        curve = learning_curve(task, outcome, updates, rng)
        finite = outcome in ("solved", "unsolved", "untrained")
        key = {
            "technique": setting.technique,
            "task": setting.task,
            "lag": setting.lag,
            "seed": member.seed,
            "learning_rate": member.learning_rate,
            "role": cohort.role,
            "outcome": outcome,
            "cohort": cohort.key,
            "protocol_hash": setting.protocol.hash,
        }
        last = curve[-1] if finite else float("nan")
        rows.append(member_row(key, setting, task, updates, last, reason))
        spiky = explodes and not setting.technique.startswith("clip")
        store.curve_rows.extend(
            {
                **key,
                "update": i * EVERY,
                "train_loss": value if i else float("nan"),
                "train_loss_peak": value * (8 if spiky and rng.random() < 0.2 else 1.2),
                "loss": value,
                "metric": value,
                "gradient_norm": 1.0,
                "gradient_peak": 40.0 if spiky and rng.random() < 0.3 else 2.0,
                "clipped": 0.4 if setting.technique.startswith("clip") else 0.0,
            }
            for i, value in enumerate(curve)
        )
    store.member_rows.extend(rows)
    if cohort.role == "measured":
        store.flow.add([row for row in rows if row["outcome"] != "failed"], rng)
    return sum(row["outcome"] == "solved" for row in rows)


def ending(setting: Setting, seed: int, rng: np.random.Generator) -> tuple[str, int, str]:
    """How a member ends: its outcome, after how many updates, and the reason of a failure."""
    if not setting.protocol.updates:
        return "untrained", 0, ""
    name = setting.technique.partition(":")[0]
    horizon = HORIZON.get(name, HORIZON["tanh"])[list(TASKS).index(setting.task)]
    chance = 0.95 if setting.lag <= horizon else 0.35 if setting.lag <= 1.6 * horizon else 0.0
    outcome = "solved" if rng.random() < chance else "unsolved"
    updates = int(np.clip(rng.normal(300 + 6 * setting.lag, 150), 100, BUDGET) // EVERY * EVERY)
    unstable = name in ("relu", "irnn") or (setting.protocol.recurrent_gain > 1 and not name.startswith("clip"))
    if unstable and outcome == "unsolved" and rng.random() < 0.5:
        return "diverged", int(rng.integers(2, 15)) * EVERY, ""
    if name == "clip-value" and setting.task == "temporal-order" and seed == 3:
        return "failed", 0, "RuntimeError: expected a finite <gradient>"
    return outcome, BUDGET if outcome == "unsolved" else updates, ""


def learning_curve(task: dict[str, Any], outcome: str, updates: int, rng: np.random.Generator) -> list[float]:
    """A plausible path of the metric, from the trivial level to its end."""
    if outcome == "failed":
        return []
    if outcome == "untrained":
        return [float(task["trivial"])]
    trivial, solved = task["trivial"], task["solved"]
    end = {"solved": solved, "unsolved": trivial + 0.1 * (solved - trivial), "diverged": float("nan")}[outcome]
    steps = np.arange(updates // EVERY + 1) / max(updates // EVERY, 1)
    share = 1 / (1 + np.exp(-10 * (steps - 0.6)))
    share = (share - share[0]) / (share[-1] - share[0])
    start = trivial * (1 + 0.02 * rng.standard_normal())
    goal = end if np.isfinite(end) else trivial * 1.2
    path = (start + (goal - start) * share) * (1 + 0.03 * rng.standard_normal(len(share)))
    path[-1] = end
    return [float(v) for v in path]


def member_row(
    key: dict[str, Any], setting: Setting, task: dict[str, Any], updates: int, metric: float, reason: str
) -> dict[str, Any]:
    """One tidy row, every column filled."""
    name, cls, dials = parse_technique(setting.technique)
    rules, gates = setting.protocol, {"lstm": 4, "lstm-clip-norm": 4, "gru": 3}.get(name, 1)
    return {
        **key,
        **PROVENANCE,
        "title": cls.title,
        "task_title": known_tasks.get(setting.task).title,
        "family": cls.family,
        "source_row": cls.source_row or "",
        "dials": json.dumps(dials),
        "updates": updates,
        "metric": metric,
        "loss": metric,
        "reason": reason,
        "trivial_level": task["trivial"],
        "solved_at": task["solved"],
        "plateaus": json.dumps(task["plateaus"]),
        "metric_name": task["metric_name"],
        "hidden_size": rules.hidden_size,
        "parameters": gates * 4_500,
        "state_size": 64 * (1 + (gates == 4)),
        "steps": 2 * setting.lag,
        "wall_seconds": 12.5,
        "batch_size": rules.batch_size,
        "budget": rules.updates,
        "evaluate_every": rules.evaluate_every,
        "held_out_size": rules.held_out_size,
        "optimizer": rules.optimizer,
        "clip_norm": np.nan if rules.clip_norm is None else rules.clip_norm,
        "initialisation": rules.initialisation,
        "recurrent_gain": rules.recurrent_gain,
        "setting_hash": setting.hash,
        "technique_hash": setting.technique_hash,
        "task_hash": setting.task_hash,
        "started": "2026-02-03T04:05:06+00:00",
        "mlflow_run_id": digest(key),
    }


def add_cost(store: FakeStore, setting: Setting, rng: np.random.Generator) -> None:
    """Invent what one update of a technique costs."""
    gates = {"lstm": 4, "lstm-clip-norm": 4, "gru": 3, "residual-depth": 4, "deep-tanh": 4}.get(setting.technique, 1)
    ratio = 1.0 if setting.technique == "tanh" else gates * 0.9 + 0.2 * rng.random()
    store.cost_rows.append(
        {
            **{k: v for k, v in PROVENANCE.items() if k in COST_COLUMNS},
            "technique": setting.technique,
            "task": setting.task,
            "lag": setting.lag,
            "hidden_size": 64,
            "batch_size": 32,
            "parameters": gates * 4_500,
            "state_size": 64 * (1 + (gates == 4)),
            "flops": gates * 25_600.0 * setting.lag,
            "peak_bytes": gates * 180_000 * setting.lag,
            "milliseconds": ratio * 0.08 * setting.lag,
            "time_ratio": ratio,
            "time_ratio_low": ratio * 0.97,
            "time_ratio_high": ratio * 1.05,
            "rounds": 15,
            "round_ratios": json.dumps([ratio * (0.95 + 0.1 * i / 14) for i in range(15)]),
            "cost_hash": setting.hash,
            "started": "2026-02-03T05:00:00+00:00",
        }
    )
