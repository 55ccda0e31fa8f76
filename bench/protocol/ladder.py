"""The lag ladder: what a chain of settings has to run next, from the results so far."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd

from bench.protocol.tuning import asked, chosen_rate, measured_by, own_rates
from bench.records.settings import Cohort, Member, Setting
from bench.records.study import Chain, Study

CLIMBED_BY = ["setting_hash", "role", "seed", "learning_rate", "outcome", "updates", "loss"]
"""The columns of members' rows that ladders are climbed by."""
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
        if left:
            yield rung, left[0]
        if not (solved_any(done) or setting.protocol.updates == 0):
            return


def _turn(rung: int, cohort: Cohort) -> Turn:
    first = _those(cohort, few=True)
    return Turn(0, rung, first) if first.members else Turn(1, rung, cohort)


def remaining(study: Study, setting: Setting, done: pd.DataFrame) -> list[Cohort]:
    """Return the members that a setting still has to train: first tuning, then measured ones. `done`: its finished
    rows.

    Measured members stand at the winning rate or, while there is none yet, at the grid's first. There are none where
    all that should have tuned them failed. Where each has tuning seeds of its own, the first FEW come first.
    """
    tuning = [left for cohort in asked(study, setting, done) if (left := _missing(cohort, done))]
    if not (setting.protocol.tunes and setting.protocol.tuning == "own"):
        rate = chosen_rate(setting, done) or (setting.learning_rates[0] if tuning else None)
        measured = study.measured_cohort(setting, rate) if rate is not None else None
        return [*tuning, *([left] if measured and (left := _missing(measured, done)) else [])]
    whole = study.measured_cohort(setting, setting.learning_rates[0])
    rates, open_ = own_rates(setting, done), {_place(c, m) for c in tuning for m in c.members}
    members = tuple(
        m.model_copy(update={"learning_rate": rates.get(m.seed, m.learning_rate)})
        for m in whole.members
        if m.seed in rates or m.seed in open_
    )
    others = _missing(whole.model_copy(update={"members": members}), done)
    every = [*tuning, *([others] if others else [])]
    parts = [*(_those(cohort, few=True) for cohort in every), *(_those(cohort, few=False) for cohort in every)]
    return [part for part in parts if part.members]


def _those(cohort: Cohort, few: bool) -> Cohort:
    """The members that are of the first FEW measured seeds, or tune for them; or the others."""
    members = tuple(member for member in cohort.members if (_place(cohort, member) <= FEW) == few)
    return cohort.model_copy(update={"members": members})


def _place(cohort: Cohort, member: Member) -> int:
    """The measured seed that a member is or tunes; 0 for one that tunes for all."""
    if cohort.role == "measured":
        return member.seed
    protocol = cohort.setting.protocol
    return measured_by(protocol, member.seed) if protocol.tuning == "own" else 0


def solved_any(members: pd.DataFrame) -> bool:
    """Return True if a measured member among these rows solved its setting."""
    return bool(((members["role"] == "measured") & (members["outcome"] == "solved")).any())


def _missing(cohort: Cohort, done: pd.DataFrame) -> Cohort | None:
    """The cohort without its finished members; None if all have finished."""
    rows = done[done["role"] == cohort.role]
    have = set(zip(rows["seed"], rows["learning_rate"], strict=True))
    left = tuple(m for m in cohort.members if (m.seed, m.learning_rate) not in have)
    return cohort.model_copy(update={"members": left}) if left else None
