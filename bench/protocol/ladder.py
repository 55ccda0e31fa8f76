"""Tuning and the lag ladder: what a chain of settings has to run next, from the results so far."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd

from bench.records.settings import Cohort, Setting
from bench.records.study import Chain, Study

FEW = 5
"""Measured seeds that every setting within reach gets before any gets more, where time is short."""


class Turn(NamedTuple):
    """A cohort that may be trained and its rank in breadth-first order; smaller ranks go first."""

    round: int
    """0: tuning and the first FEW seeds; 1: the other seeds."""
    rung: int
    """Number of shorter lags in the chain."""
    cohort: Cohort


def next_cohort(study: Study, chain: Chain, members: pd.DataFrame) -> Cohort | None:
    """The next members to train of one technique on one task; None when its ladder is climbed or has ended.

    members: tidy rows of finished members (any settings). Tuning comes first, then fresh seeds at the winning
    rate, then the next lag, provided that some measured member solved this one.
    """
    return next((cohort for _, cohort in _within_reach(study, chain, members)), None)


def next_turn(study: Study, chain: Chain, members: pd.DataFrame) -> Turn | None:
    """Choose like `next_cohort`, but breadth first: a few seeds at every lag within reach, and then the others.

    Members and results are those of `next_cohort`, in another order: a lag is within reach once some measured member
    has solved the one before, however many of its seeds are still to come.
    """
    turns = [_turn(rung, cohort) for rung, cohort in _within_reach(study, chain, members)]
    return min(turns, key=lambda turn: turn[:2], default=None)


def _within_reach(study: Study, chain: Chain, members: pd.DataFrame) -> Iterator[tuple[int, Cohort]]:
    """Yield the next cohort of each setting that the ladder has reached, in the order of lags."""
    for rung, setting in enumerate(chain.settings):
        done = members[members["setting_hash"] == setting.hash]
        left = remaining(study, setting, done)
        if left and (left[0].role == "tuning" or chosen_rate(setting, done) is not None):
            yield rung, left[0]
        if not (solved_any(done) or setting.protocol.updates == 0):
            return


def _turn(rung: int, cohort: Cohort) -> Turn:
    first = tuple(m for m in cohort.members if cohort.role == "tuning" or m.seed <= FEW)
    return Turn(0, rung, cohort.model_copy(update={"members": first})) if first else Turn(1, rung, cohort)


def remaining(study: Study, setting: Setting, done: pd.DataFrame) -> list[Cohort]:
    """Return the members that a setting still has to train: first tuning, then measured ones. `done`: its finished
    rows.

    The measured members stand at the winning rate or, while there is none yet, at the grid's first.
    """
    rate = chosen_rate(setting, done) or setting.learning_rates[0]
    cohorts = [study.tuning_cohort(setting), study.measured_cohort(setting, rate)]
    return [left for cohort in cohorts if cohort and (left := _missing(cohort, done))]


def chosen_rate(setting: Setting, members: pd.DataFrame) -> float | None:
    """The winner of the tuning: most seeds solved, then fewest updates to solve (censored at the budget), then loss.

    members: the setting's finished rows. None if every tuning member failed: there is nothing to choose by.
    """
    if not setting.protocol.tunes:
        return setting.learning_rates[0]
    trials = members[(members["role"] == "tuning") & (members["outcome"] != "failed")]
    if trials.empty:
        return None
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
    return float(ranked.index[0])


def solved_any(members: pd.DataFrame) -> bool:
    """Return True if a measured member among these rows solved its setting."""
    return bool(((members["role"] == "measured") & (members["outcome"] == "solved")).any())


def _missing(cohort: Cohort, done: pd.DataFrame) -> Cohort | None:
    """The cohort without its finished members; None if all have finished."""
    rows = done[done["role"] == cohort.role]
    have = set(zip(rows["seed"], rows["learning_rate"], strict=True))
    left = tuple(m for m in cohort.members if (m.seed, m.learning_rate) not in have)
    return cohort.model_copy(update={"members": left}) if left else None
