"""A whole made-up study, as reports are about: every technique on every task, with all that can happen to a run."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from bench.protocol.preset import parse_technique
from bench.records.settings import Cohort, Protocol, Setting, digest
from bench.records.study import Skip, Study
from bench.tasks import tasks as known_tasks
from bench.testing import made_up
from bench.testing.made_up import Row, SmallStore
from bench.tracking import RunAddresses
from made_up import flow

ADDRESSES = RunAddresses("http://127.0.0.1:5000", {"adding": "3", "temporal-order": "4"})

RULES = Protocol(
    hidden_size=64,
    batch_size=32,
    updates=2000,
    evaluate_every=100,
    held_out_size=500,
    learning_rates=(0.001, 0.003, 0.01),
    tuning_seeds=2,
)

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
        "trivial_level": 1 / 6,
        "solved_at": 0.01,
        "plateaus": json.dumps({"one number known": 1 / 12}),
    },
    "copy": {
        "lags": (10, 30),
        "metric_name": "share of symbols recalled",
        "trivial_level": 1 / 8,
        "solved_at": 0.99,
        "plateaus": "{}",
    },
    "temporal-order": {
        "lags": (20, 50, 100),
        "metric_name": "share of sequences classified correctly",
        "trivial_level": 1 / 4,
        "solved_at": 0.99,
        "plateaus": json.dumps({"last symbol known": 0.5}),
    },
}


RADII = (0.5, 0.8, 0.95, 1.2, 1.5, 2)
REMEDIES = ("tanh", "relu", "irnn", "lstm", "gru", "residual-time", "orthogonal")

ARMS: dict[str, tuple[dict[str, str], tuple[str, ...], dict[str, tuple[int, ...]], dict[str, Any]]] = {
    # title, techniques, lags by task, what of the protocol is its own
    "start": (
        {"en": "Gradient flow before training", "zh": "训练之前的梯度流"},
        (
            *("tanh", "sigmoid", "relu", "irnn", "orthogonal", "lstm", "gru", "residual-time", "deep-tanh"),
            *(f"{name}:radius={radius:g}" for name in ("spectral-radius", "linear") for radius in RADII),
            *(f"lstm:forget_bias={bias}" for bias in (0, 2, 4)),
        ),
        {"adding": (100,), "copy": (30,)},
        {"updates": 0, "learning_rates": (0.01,)},
    ),
    "dials": (
        {"en": "Sweeps of the techniques' own dials", "zh": "各方法自有参数的扫描"},
        (
            *(f"residual-time:scale={scale:g}" for scale in (1, 0.3, 0.1, 0.03, 0.01)),
            *(f"clip-norm:threshold={threshold:g}" for threshold in (100, 10, 1, 0.1, 0.01)),
            *(f"tbptt:window={window}" for window in (5, 10, 20, 50)),
        ),
        {"adding": (20, 50)},
        {},
    ),
    "exploding": (
        {"en": "Where gradients do explode", "zh": "梯度确实会爆炸之处"},
        ("tanh", "relu", "clip-norm", "clip-norm:threshold=0.1", "clip-value", "clip-literal"),
        {"adding": (20, 50)},
        {"recurrent_gain": 2.0, "learning_rates": (0.03,)},
    ),
    "clipped": ({"en": "Everything clipped", "zh": "全部裁剪"}, REMEDIES, {"adding": (20, 50)}, {"clip_norm": 1.0}),
    "orthogonal": (
        {"en": "Under orthogonal initialisation", "zh": "正交初始化之下"},
        REMEDIES,
        {"adding": (20, 50), "copy": (10, 30)},
        {"initialisation": "orthogonal"},
    ),
}


def plan(
    techniques: tuple[str, ...],
    tasks: dict[str, tuple[int, ...]],
    seeds: int,
    rules: Protocol = RULES,
    skips: tuple[Skip, ...] = (),
    **words: Any,
) -> Study:
    """A study of every technique on every lag of every task, but for the skips."""
    left = {(s.technique, s.task, s.lag) for s in skips}
    settings = [
        made_up.setting(name, lag, task, rules=rules)
        for name in dict.fromkeys(parse_technique(spec)[0] for spec in techniques)
        for task, lags in tasks.items()
        for lag in lags
        if (name, task, lag) not in left
    ]
    about = {"preset": "quick", "title": {"en": "Quick study", "zh": "快速研究"}} | words
    return made_up.study(*settings, skips=skips, seeds=seeds, **about)


def whole_study(
    seeds: int = 5,
    tasks: tuple[str, ...] = tuple(TASKS),
    techniques: tuple[str, ...] = TECHNIQUES,
    rules: Protocol = RULES,
    stop_after: int | None = None,
) -> SmallStore:
    """A whole made-up study; `stop_after` settings for a partial one."""
    skips = tuple(
        Skip(technique="tbptt", task="copy", lag=lag, reason="its window must divide the sequence")
        for lag in TASKS["copy"]["lags"][1:]
        if "copy" in tasks and "tbptt" in techniques
    )
    store = SmallStore([])
    train(store, plan(techniques, {task: TASKS[task]["lags"] for task in tasks}, seeds, rules, skips), stop_after)
    return store


def add_arms(store: SmallStore, seeds: int = 5, arms: tuple[str, ...] = tuple(ARMS)) -> None:
    """Train these arms into a made-up store."""
    for arm in arms:
        title, techniques, tasks, own = ARMS[arm]
        train(store, plan(techniques, tasks, seeds, RULES.model_copy(update=own), arm=arm, arm_title=title))


def small_study() -> SmallStore:
    """A small whole study with everything that can happen in one."""
    store = whole_study(3, ("adding", "temporal-order"), ("tanh", "relu", "lstm", "clip-value", "tbptt"))
    add_arms(store, seeds=3, arms=("start", "exploding"))
    return store


def train(store: SmallStore, study: Study, stop_after: int | None = None) -> None:
    """Invent what a study leaves in a store, up to `stop_after` settings."""
    rng = np.random.default_rng(7)
    there = {row["cohort"] for row in store.rows}
    store.studies_.append(study)
    trained = 0
    for chain in study.chains():
        for setting in chain.settings:
            if stop_after is not None and trained >= stop_after:
                break
            trained += 1
            if study.arm in ("main", "dials"):
                store.cost_rows.append(_cost(setting, rng))
            tuning = study.tuning_cohort(setting)
            if tuning is not None and tuning.key not in there:
                add_cohort(store, tuning, rng)
            rates = setting.protocol.learning_rates
            cohort = study.measured_cohort(setting, rates[len(setting.technique) % len(rates)])
            if cohort.key not in there and not add_cohort(store, cohort, rng) and setting.protocol.updates:
                break


def add_cohort(store: SmallStore, cohort: Cohort, rng: np.random.Generator) -> int:
    """Invent a cohort's members, curves and gradients; returns how many solved."""
    setting, rows = cohort.setting, []
    explodes = setting.protocol.recurrent_gain > 1
    clips = setting.technique.startswith("clip")
    for each in cohort.members:
        outcome, updates, reason = _ending(setting, each.seed, rng)
        values = _path(setting, outcome, updates, rng)
        last = values[-1] if outcome in ("solved", "unsolved", "untrained") else float("nan")
        own = {"seed": each.seed, "learning_rate": each.learning_rate, "role": cohort.role, "cohort": cohort.key}
        rows.append(_row(setting, own | {"outcome": outcome, "updates": updates, "reason": reason, "metric": last}))
        if values:
            spiky = explodes and not clips
            peaks = [value * (8 if spiky and rng.random() < 0.2 else 1.2) for value in values[1:]]
            peak = 40.0 if spiky and rng.random() < 0.6 else 2.0
            flat = {"gradient_norm": 1.0, "gradient_peak": peak, "clipped": 0.4 if clips else 0.0}
            store.curve_rows += made_up.curve(rows[-1], values[0], values[1:], peaks, **flat)
    store.rows += rows
    if cohort.role == "measured":
        flow.add(store, [row for row in rows if row["outcome"] != "failed"], rng)
    return sum(row["outcome"] == "solved" for row in rows)


def _ending(setting: Setting, seed: int, rng: np.random.Generator) -> tuple[str, int, str]:
    """How a member ends: its outcome, after how many updates, and the reason of a failure."""
    budget, every = setting.protocol.updates, setting.protocol.evaluate_every
    if not budget:
        return "untrained", 0, ""
    name = setting.technique.partition(":")[0]
    horizon = HORIZON.get(name, HORIZON["tanh"])[list(TASKS).index(setting.task)]
    chance = 0.95 if setting.lag <= horizon else 0.35 if setting.lag <= 1.6 * horizon else 0.0
    outcome = "solved" if rng.random() < chance else "unsolved"
    updates = int(np.clip(rng.normal(300 + 6 * setting.lag, 150), 100, budget) // every * every)
    unstable = name in ("relu", "irnn") or (setting.protocol.recurrent_gain > 1 and not name.startswith("clip"))
    if unstable and outcome == "unsolved" and rng.random() < 0.5:
        return "diverged", int(rng.integers(2, 15)) * every, ""
    if name == "clip-value" and setting.task == "temporal-order" and seed == 3:
        return "failed", 0, "RuntimeError: expected a finite <gradient>"
    return outcome, budget if outcome == "unsolved" else updates, ""


def _path(setting: Setting, outcome: str, updates: int, rng: np.random.Generator) -> list[float]:
    """A plausible path of the metric, from the trivial level to its end."""
    trivial, solved = (TASKS[setting.task][name] for name in ("trivial_level", "solved_at"))
    if outcome in ("failed", "untrained"):
        return [trivial] if outcome == "untrained" else []
    end = {"solved": solved, "unsolved": trivial + 0.1 * (solved - trivial), "diverged": float("nan")}[outcome]
    count = updates // setting.protocol.evaluate_every
    share = 1 / (1 + np.exp(-10 * (np.arange(count + 1) / max(count, 1) - 0.6)))
    share = (share - share[0]) / (share[-1] - share[0])
    start = trivial * (1 + 0.02 * rng.standard_normal())
    goal = end if np.isfinite(end) else trivial * 1.2
    path = (start + (goal - start) * share) * (1 + 0.03 * rng.standard_normal(len(share)))
    path[-1] = end
    return path.tolist()


def _gates(technique: str) -> int:
    """How many times as large as the baseline a technique is."""
    return {"lstm": 4, "lstm-clip-norm": 4, "gru": 3}.get(technique.partition(":")[0], 1)


def _row(setting: Setting, own: Row) -> Row:
    """A member, of which these columns are its own."""
    cls, gates = parse_technique(setting.technique)[1], _gates(setting.technique)
    about = {name: value for name, value in TASKS[setting.task].items() if name != "lags"}
    sizes = {"parameters": gates * 4_500, "state_size": 64 * (1 + (gates == 4)), "steps": 2 * setting.lag}
    names = {"title": cls.title, "family": cls.family, "source_row": cls.source_row or ""}
    named = names | {"task_title": known_tasks.get(setting.task).title, "mlflow_run_id": digest([setting.hash, own])}
    return made_up.member(setting, **{**about, **sizes, **named, "wall_seconds": 12.5, "loss": own["metric"], **own})


def _cost(setting: Setting, rng: np.random.Generator) -> Row:
    """What one update of a technique costs."""
    gates = {"residual-depth": 4, "deep-tanh": 4}.get(setting.technique, _gates(setting.technique))
    ratio = 1.0 if setting.technique == "tanh" else gates * 0.9 + 0.2 * rng.random()
    return made_up.cost(
        setting.technique,
        setting.lag,
        setting.task,
        setting.protocol,
        parameters=gates * 4_500,
        state_size=64 * (1 + (gates == 4)),
        flops=gates * 25_600.0 * setting.lag,
        peak_bytes=gates * 180_000 * setting.lag,
        milliseconds=ratio * 0.08 * setting.lag,
        time_ratio=ratio,
        time_ratio_low=ratio * 0.97,
        time_ratio_high=ratio * 1.05,
        rounds=15,
        round_ratios=json.dumps([ratio * (0.95 + 0.1 * i / 14) for i in range(15)]),
        cost_hash=setting.hash,
    )
