"""Made-up cohorts for tests of tracking, evidence and reporting: right in form, and with known numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bench.records.result import (
    COST_COLUMNS,
    CURVE_COLUMNS,
    GRADIENT_COLUMNS,
    MEMBER_COLUMNS,
    PROBE_COLUMNS,
    CohortResult,
    typed,
)
from bench.records.settings import Cohort, Member, Protocol, Role, Setting
from bench.records.snapshot import Origin, Snapshot
from bench.records.study import Study, TaskPlan

PROTOCOL = Protocol(
    hidden_size=32,
    batch_size=32,
    updates=400,
    evaluate_every=100,
    held_out_size=256,
    learning_rates=(0.001, 0.003),
    tuning_seeds=2,
)


def setting(technique: str = "tanh", task: str = "adding", lag: int = 50, protocol: Protocol = PROTOCOL) -> Setting:
    """A setting with made-up hashes of its code."""
    return Setting(
        technique=technique,
        task=task,
        lag=lag,
        protocol=protocol,
        technique_hash="t" * 12,
        task_hash="k" * 12,
    )


def cohort(
    technique: str = "tanh", task: str = "adding", lag: int = 50, seeds: int = 3, role: Role = "measured"
) -> Cohort:
    """A measured cohort of `seeds` members at the first rate, or a tuning one: every rate and seed."""
    rates = PROTOCOL.learning_rates if role == "tuning" else PROTOCOL.learning_rates[:1]
    first = 1_000_001 if role == "tuning" else 1
    members = tuple(Member(seed=first + s, learning_rate=r) for s in range(seeds) for r in rates)
    return Cohort(setting=setting(technique, task, lag), role=role, members=members)


def result(what: Cohort | None = None, solved: float = 0.5, evaluations: int = 5) -> CohortResult:
    """The tables that training `what` might leave: the first `solved` share of its members solve the task."""
    what = what or cohort()
    wins = round(solved * len(what.members))
    outcomes = ["solved"] * wins + ["unsolved"] * (len(what.members) - wins)
    return outcomes_of(what, outcomes, evaluations)


def outcomes_of(what: Cohort, outcomes: list[str], evaluations: int = 5) -> CohortResult:
    """The tables of a cohort whose members end as `outcomes` say."""
    rows, curves, gradients = [], [], []
    pairs = list(zip(what.members, outcomes, strict=True))
    for member, outcome in pairs:
        updates = {"failed": 0, "solved": 100 * (1 + member.seed % 3), "diverged": 20}.get(outcome, 400)
        end = {"failed": np.nan, "solved": 0.005, "diverged": np.nan}.get(outcome, 0.16)
        rows.append(_row(what, member) | {"outcome": outcome, "updates": updates, "metric": end, "loss": end})
        rows[-1]["reason"] = "RuntimeError: made up" if outcome == "failed" else ""
        curves += [] if outcome == "failed" else _curve(member, end, evaluations)
        gradients += [] if outcome == "failed" else _profile(what, member)
    profiles = typed(gradients, GRADIENT_COLUMNS)
    probes = [_probe(rows) for _, rows in profiles.groupby(["seed", "learning_rate"])]
    return CohortResult(
        what,
        typed(rows, MEMBER_COLUMNS),
        typed(curves, CURVE_COLUMNS),
        profiles,
        typed(probes, PROBE_COLUMNS),
    )


def _profile(what: Cohort, member: Member, rate: float = -0.1) -> list[dict[str, object]]:
    """A gradient at the start that shrinks by exactly `rate` nats a step."""
    steps = what.setting.lag
    return [
        {
            "seed": member.seed, "learning_rate": member.learning_rate, "update": 0, "moment": "start", "quantity": "h",
            "layer": 0, "step": t, "lag_back": steps - t, "log_norm": rate * (steps - t),
        }
        for t in range(1, steps + 1)
    ]  # fmt: skip


def _probe(profile: pd.DataFrame) -> dict[str, object]:
    first = profile.iloc[0].to_dict()
    rate = float(np.polyfit(profile["lag_back"], profile["log_norm"], 1)[0])
    return {key: first[key] for key in ("seed", "learning_rate", "update", "moment", "quantity", "layer")} | {
        "decay": rate, "first_lag": 0, "last_lag": int(profile["lag_back"].max()), "r2": 1.0, "power_r2": 0.8,
        "half_life": np.log(2) / -rate, "reach": 46, "dead_share": 0.0, "kept": 1.0, "cosine": 1.0,
    }  # fmt: skip


def _row(what: Cohort, member: Member) -> dict[str, object]:
    setting, protocol = what.setting, what.setting.protocol
    name = setting.technique.split(":")[0]
    words = dict.fromkeys((c for c, kind in MEMBER_COLUMNS.items() if kind == "str"), "made-up")
    return words | {
        "technique": setting.technique,
        "title": name.upper(),
        "family": name,
        "source_row": "",
        "dials": "{}",
        "plateaus": "{}",
        "task": setting.task,
        "lag": setting.lag,
        "seed": member.seed,
        "learning_rate": member.learning_rate,
        "role": what.role,
        "trivial_level": 1 / 6,
        "metric_name": "mse",
        "hidden_size": protocol.hidden_size,
        "parameters": 1185,
        "state_size": protocol.hidden_size,
        "steps": setting.lag,
        "wall_seconds": 3.5,
        "batch_size": protocol.batch_size,
        "budget": protocol.updates,
        "evaluate_every": protocol.evaluate_every,
        "held_out_size": protocol.held_out_size,
        "optimizer": protocol.optimizer,
        "clip_norm": np.nan,
        "initialisation": protocol.initialisation,
        "recurrent_gain": protocol.recurrent_gain,
        "setting_hash": setting.hash,
        "protocol_hash": protocol.hash,
        "technique_hash": setting.technique_hash,
        "task_hash": setting.task_hash,
        "cohort": what.key,
        "commit": "0123456789ab",
        "dirty": False,
        "threads": 1,
        "started": "2026-01-02T03:04:05+00:00",
    }


def _curve(member: Member, end: float, evaluations: int) -> list[dict[str, float]]:
    updates = np.linspace(0, PROTOCOL.updates, evaluations).astype(int)
    level = np.geomspace(0.5, 0.16 if np.isnan(end) else end, evaluations) * (1 + 0.01 * (member.seed % 7))
    return [
        {
            "seed": member.seed, "learning_rate": member.learning_rate, "update": update, "loss": value,
            "train_loss": value if update else np.nan,
            "train_loss_peak": 2 * value if update else np.nan, "metric": value, "gradient_norm": 1.0 + value,
            "gradient_peak": 2.0 + value, "clipped": 0.0,
        }
        for update, value in zip(updates.tolist(), level.tolist(), strict=True)
    ]  # fmt: skip


def costs(technique: str = "tanh", milliseconds: float = 1.0) -> pd.DataFrame:
    """One row of COST_COLUMNS."""
    words = dict.fromkeys((c for c, kind in COST_COLUMNS.items() if kind == "str"), "made-up")
    numbers = dict.fromkeys((c for c, kind in COST_COLUMNS.items() if kind != "str"), 1)
    row = words | numbers | {"technique": technique, "milliseconds": milliseconds, "dirty": False, "round_ratios": "[]"}
    return typed([row], COST_COLUMNS)


def study(preset: str = "made-up") -> Study:
    """A study of two techniques on one task."""
    return Study(
        preset=preset,
        title={"en": "Made up", "zh": "虚构"},
        techniques=("tanh", "lstm"),
        tasks=(TaskPlan(task="adding", lags=(50,), protocol=PROTOCOL),),
        measured_seeds=3,
        settings=(setting("tanh"), setting("lstm")),
    )


ORIGIN = Origin(
    commit="a" * 40, dirty=False, bench="0.1.0", python="3.11.7", torch="2.13.0", lightning="2.6.6",
    platform="Linux", cpu="AMD EPYC 7B13", accelerator="cpu", threads=1,
)  # fmt: skip


def snapshot(preset: str = "quick", taken: str = "2026-01-01T00:00:00+00:00") -> Snapshot:
    """A snapshot of nothing."""
    return Snapshot(
        taken=taken, preset=preset, judge="j", comparisons=1, origins=(ORIGIN,), claims=(), cells=(), horizons=()
    )
