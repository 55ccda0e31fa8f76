"""Tuning and the lag ladder: what a chain of settings has to run next, from the results so far."""

from __future__ import annotations

import pandas as pd

from bench.protocol.settings import Cohort, Setting
from bench.protocol.study import Chain, Study


def next_cohort(study: Study, chain: Chain, members: pd.DataFrame) -> Cohort | None:
    """The next members to train of one technique on one task; None when its ladder is climbed or has ended.

    members: tidy rows of finished members (any settings). Tuning comes first, then fresh seeds at the winning
    rate, then the next lag, provided that some measured member solved this one.
    """
    for setting in chain.settings:
        done = members[members["setting_hash"] == setting.hash]
        left = remaining(study, setting, done)
        if left and (left[0].role == "tuning" or chosen_rate(setting, done) is not None):
            return left[0]
        if left or not (solved_any(done) or setting.protocol.updates == 0):
            return None
    return None


def remaining(study: Study, setting: Setting, done: pd.DataFrame) -> list[Cohort]:
    """What a setting still has to train: tuning, then measured members; done: its finished rows.

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
    """Whether a measured member among these rows solved its setting."""
    return bool(((members["role"] == "measured") & (members["outcome"] == "solved")).any())


def _missing(cohort: Cohort, done: pd.DataFrame) -> Cohort | None:
    """The cohort without its finished members; None if all have finished."""
    rows = done[done["role"] == cohort.role]
    have = set(zip(rows["seed"], rows["learning_rate"], strict=True))
    left = tuple(m for m in cohort.members if (m.seed, m.learning_rate) not in have)
    return cohort.model_copy(update={"members": left}) if left else None
