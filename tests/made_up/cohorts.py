"""Made-up cohorts, to be written into a real store: right in form, and with known numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from bench.records.result import (
    COSTS,
    CURVES,
    GRADIENTS,
    MEMBERS,
    PROBES,
    CohortResult,
    typed,
)
from bench.records.settings import Cohort, Member, Protocol, Role
from bench.records.spec import Spec
from bench.records.study import Study
from bench.testing import made_up
from bench.testing.made_up import RULES, Row, SmallStore, curve, member, probe, profile, setting

DECAY = -0.1
"""Nats a step, exactly, at the start of training: the gradient's decay in all members."""
SOLVED, UNSOLVED = 0.005, 0.16
"""Where members end; failed and diverged ones have no number there."""


def cohort(
    technique: str = "tanh",
    task: str = "adding",
    lag: int = 50,
    seeds: int = 3,
    role: Role = "measured",
    rules: Protocol = RULES,
) -> Cohort:
    """A measured cohort of `seeds` members at the first rate, or a tuning one: every rate and seed."""
    rates = rules.learning_rates if role == "tuning" else rules.learning_rates[:1]
    first = 1_000_001 if role == "tuning" else 1
    members = tuple(Member(seed=first + s, learning_rate=r) for s in range(seeds) for r in rates)
    of = setting(technique, lag, task, rules=rules, dials=Spec.parse(technique).dials)
    return Cohort(setting=of, role=role, members=members)


def result(of: Cohort | None = None, outcomes: Sequence[str] = (), evaluations: int = 5) -> CohortResult:
    """The tables that training a cohort might leave; without a word on outcomes, half of its members solve the task."""
    of = of or cohort()
    solving = round(len(of.members) / 2)
    ends = outcomes or ["solved"] * solving + ["unsolved"] * (len(of.members) - solving)
    made = SmallStore([_row(of, each, outcome) for each, outcome in zip(of.members, ends, strict=True)])
    for row in made.rows:
        if row["outcome"] != "failed":
            _follow(made, row, evaluations)
    return CohortResult(
        of,
        typed(made.members(), MEMBERS),
        typed(made.curves(), CURVES),
        typed(made.gradients(), GRADIENTS),
        typed(made.probes(), PROBES),
    )


def _row(of: Cohort, each: Member, outcome: str) -> Row:
    budget = of.setting.protocol.updates
    updates = {"failed": 0, "solved": budget * (1 + each.seed % 3) // 4, "diverged": budget // 20}
    end = {"solved": SOLVED, "unsolved": UNSOLVED}.get(outcome, np.nan)
    return member(
        of.setting,
        each.seed,
        outcome,
        updates.get(outcome, budget),
        learning_rate=each.learning_rate,
        role=of.role,
        cohort=of.key,
        metric=end,
        loss=end,
        reason="RuntimeError: made up" if outcome == "failed" else "",
        metric_name="mse",
        trivial_level=1 / 6,
        solved_at=0.01,
        parameters=1185,
        state_size=32,
        steps=of.setting.lag,
        wall_seconds=3.5,
    )


def _follow(made: SmallStore, row: Row, evaluations: int) -> None:
    """Add the curve of a member and its gradient's flow at the start."""
    end = UNSOLVED if np.isnan(row["metric"]) else row["metric"]
    first, *losses = (np.geomspace(0.5, end, evaluations) * (1 + 0.01 * (row["seed"] % 7))).tolist()
    peaks = [2 * loss for loss in losses]
    made.curve_rows += curve(row, first, losses, peaks, gradient_norm=1.0, gradient_peak=2.0, clipped=0.0)
    back = np.arange(row["lag"])[::-1]
    made.gradient_rows += profile(row, DECAY * back, "start")
    fitted = {"decay": DECAY, "first_lag": 0, "last_lag": row["lag"] - 1, "r2": 1.0, "power_r2": 0.8}
    shared = {"half_life": np.log(2) / -DECAY, "reach": 46, "dead_share": 0.0, "kept": 1.0, "cosine": 1.0}
    made.probe_rows.append(probe(row, "start", **fitted, **shared))


def costs(technique: str = "tanh", milliseconds: float = 1.0) -> pd.DataFrame:
    """One row of COSTS."""
    row = made_up.cost(technique, 50, milliseconds=milliseconds, round_ratios="[]", cost_hash=f"cost of {technique}")
    return typed([row], COSTS)


def study(preset: str = "small") -> Study:
    """A study of two techniques on one task."""
    return made_up.study(*(cohort(technique).setting for technique in ("tanh", "lstm")), preset=preset)
