"""Chooses a learning rate: which tuning members a setting asks for, and which rate has won.

In a *grid* every tuning seed tries every rate, and the winner is that of all measured seeds. *Halving* (Jamieson &
Talwalkar 2016) does so with fewer runs: as seeds double, the worse half of the rates drops out. What either owes to
luck all measured seeds share, so that more of them make a false difference surer. Where each measured seed has its
*own* tuning seeds, the rate is part of the replicate: no luck is shared.
"""

from __future__ import annotations

import itertools
import math

import pandas as pd

from bench.records.settings import FIRST_TUNING_SEED, Cohort, Protocol, Setting
from bench.records.study import Study

FIRST_SEEDS = 2
"""The seeds with which halving tries every rate."""
FINALISTS = 2
"""The rates that stay in to the end."""


def steps(protocol: Protocol) -> list[tuple[int, int]]:
    """Count the rates and their seeds, step by step; only halving has more than one step."""
    rates, seeds = len(protocol.learning_rates), protocol.tuning_seeds
    if protocol.tuning != "halving":
        return [(rates, seeds)]
    found = [(rates, min(FIRST_SEEDS, seeds))]
    while found[-1][1] < seeds:
        rates = max(min(rates, FINALISTS), math.ceil(rates / 2))
        found.append((rates, min(2 * found[-1][1], seeds)))
    return found


def asked(study: Study, setting: Setting, done: pd.DataFrame) -> list[Cohort]:
    """The tuning members that a setting asks for, finished or not, step by step; done: its finished rows.

    Rates of a step that cannot be known yet, as the one before is unfinished, stand for those that will be.
    """
    whole = study.tuning_cohort(setting)
    if whole is None or setting.protocol.tuning == "own":
        return [] if whole is None else [whole]
    found, before, first = [], 0, whole.members[0].seed
    for step, (_, seeds) in enumerate(steps(setting.protocol)):
        alive, new = _alive(setting, _trials(done), step, first), range(first + before, first + seeds)
        members = tuple(m for m in whole.members if m.seed in new and m.learning_rate in alive)
        found.append(whole.model_copy(update={"members": members}))
        before = seeds
    return found


def chosen_rate(setting: Setting, members: pd.DataFrame, first: int = FIRST_TUNING_SEED) -> float | None:
    """The rate of all measured seeds, where they share one; None if every tuning member failed.

    members: the setting's finished rows; first: the first of the seeds that tune.
    """
    if not setting.protocol.tunes:
        return setting.learning_rates[0]
    trials = _trials(members)
    alive = _alive(setting, trials, len(steps(setting.protocol)) - 1, first)
    return next(iter(_ranked(setting, trials[trials["learning_rate"].isin(alive)])), None)


def own_rates(setting: Setting, members: pd.DataFrame) -> dict[int, float]:
    """The rate of every measured seed that has one of its own; one whose tuning members all failed has none."""
    trials = _trials(members)
    by_seed = trials.groupby([setting.protocol.measured_by(seed) for seed in trials["seed"]])
    return {int(seed): _ranked(setting, rows)[0] for seed, rows in by_seed}


def _alive(setting: Setting, trials: pd.DataFrame, step: int, first: int) -> list[float]:
    """The rates that are still in at a step, counted from 0; first: the first of the seeds that tune."""
    rates = list(setting.learning_rates)
    plan = steps(setting.protocol)
    for (_, seeds), (kept, _) in itertools.pairwise(plan[: step + 1]):
        seen = trials[(trials["seed"] < first + seeds) & trials["learning_rate"].isin(rates)]
        ranked = _ranked(setting, seen)
        rates = [*ranked, *(rate for rate in rates if rate not in ranked)][:kept]
    return rates


def _ranked(setting: Setting, trials: pd.DataFrame) -> list[float]:
    """Rates by most seeds solved, then fewest updates to solve (censored at the budget), then loss."""
    solved = trials["outcome"] == "solved"
    score = pd.DataFrame(
        {
            "learning_rate": trials["learning_rate"],
            "unsolved": ~solved,
            "updates": trials["updates"].where(solved, setting.protocol.updates),
            "loss": trials["loss"].fillna(float("inf")),
        }
    )
    ranked = score.groupby("learning_rate").mean().sort_values(["unsolved", "updates", "loss"], kind="stable")
    return [float(rate) for rate in ranked.index]


def _trials(members: pd.DataFrame) -> pd.DataFrame:
    """The tuning members that did not fail."""
    return members[(members["role"] == "tuning") & (members["outcome"] != "failed")]
