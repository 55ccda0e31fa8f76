"""The lag ladder: what a chain of settings has to run next, from the results so far."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd

from bench.protocol.tuning import asked, chosen_rate, own_rates
from bench.records.settings import Cohort, Member, Setting
from bench.records.study import Chain, Study

CLIMBED_BY = ["setting_hash", "role", "seed", "learning_rate", "outcome", "updates", "loss"]
"""The columns of members' rows that ladders are climbed by."""
FEW = 5
"""Measured seeds that every setting within reach gets before any gets more, where time is short and none screen."""


class Turn(NamedTuple):
    """A cohort that may be trained and its rank in breadth-first order; smaller ranks go first."""

    round: int
    """0: tuning and the leading seeds; 1: the other seeds."""
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
    """Choose like `next_cohort`, but breadth first: the leading seeds at every lag within reach, and then the others.

    Members and results are those of `next_cohort`, in another order: a lag is within reach once some measured member
    has solved the one before, however many of its seeds are still to come.
    """
    turns = [_turn(study, rung, cohort) for rung, cohort in _within_reach(study, chain, members)]
    return min(turns, key=lambda turn: turn[:2], default=None)


def _within_reach(study: Study, chain: Chain, members: pd.DataFrame) -> Iterator[tuple[int, Cohort]]:
    """Yield the next cohort of each setting that the ladder has reached, in the order of lags."""
    for rung, setting in enumerate(chain.settings):
        done = _own(study, setting, members[members["setting_hash"] == setting.hash])
        left = remaining(study, setting, done)
        if left:
            yield rung, left[0]
        if not (solved_any(done) or setting.protocol.updates == 0):
            return


def _turn(study: Study, rung: int, cohort: Cohort) -> Turn:
    first = _those(study, cohort, leading=True)
    return Turn(0, rung, first) if first.members else Turn(1, rung, cohort)


def remaining(study: Study, setting: Setting, done: pd.DataFrame) -> list[Cohort]:
    """Return the members that a setting still has to train: first tuning, then measured ones. `done`: its finished
    rows, of whatever seeds: those of others have no say.

    Measured members stand at the winning rate or, while there is none yet, at the grid's first. There are none where
    all that should have tuned them failed. Where each has tuning seeds of its own, and where seeds screen, the leading
    ones come first; and where none of those that screen has solved, there are no others.
    """
    done = _own(study, setting, done)
    own, screening = _tuned_apart(setting), study.screening(setting.protocol)
    left = _left_tuned_apart(study, setting, done) if own else _left(study, setting, done)
    if not (own or screening):
        return left
    parts = [[_those(study, cohort, leading) for cohort in left] for leading in (True, False)]
    leading, others = [[part for part in cohorts if part.members] for cohorts in parts]
    stopped = screening and not leading and not solved_any(done[done["seed"].isin(screening)])
    return [] if stopped else [*leading, *others]


def _left(study: Study, setting: Setting, done: pd.DataFrame) -> list[Cohort]:
    """The members that a setting lacks, whose measured ones share a rate."""
    tuning = [left for cohort in asked(study, setting, done) if (left := _missing(cohort, done))]
    first = study.tuning_seeds(setting.protocol).start
    rate = chosen_rate(setting, done, first) or (setting.learning_rates[0] if tuning else None)
    measured = study.measured_cohort(setting, rate) if rate is not None else None
    return [*tuning, *([left] if measured and (left := _missing(measured, done)) else [])]


def _left_tuned_apart(study: Study, setting: Setting, done: pd.DataFrame) -> list[Cohort]:
    """The members that a setting lacks, whose measured ones have each a rate of their own."""
    tuning = [left for cohort in asked(study, setting, done) if (left := _missing(cohort, done))]
    whole = study.measured_cohort(setting, setting.learning_rates[0])
    rates, open_ = own_rates(setting, done), {_place(c, m) for c in tuning for m in c.members}
    members = tuple(
        m.model_copy(update={"learning_rate": rates.get(m.seed, m.learning_rate)})
        for m in whole.members
        if m.seed in rates or m.seed in open_
    )
    others = _missing(whole.model_copy(update={"members": members}), done)
    return [*tuning, *([others] if others else [])]


def _own(study: Study, setting: Setting, done: pd.DataFrame) -> pd.DataFrame:
    """The finished members whose seeds are the study's: the store may have others of the same setting."""
    tuning, seeds = done["role"] == "tuning", done["seed"]
    return done[seeds.isin(study.tuning_seeds(setting.protocol)).where(tuning, seeds.isin(study.seeds))]


def _tuned_apart(setting: Setting) -> bool:
    return setting.protocol.tunes and setting.protocol.tuning == "own"


def _those(study: Study, cohort: Cohort, leading: bool) -> Cohort:
    """The members that are of the leading measured seeds, or tune for them; or the others.

    The seeds that screen lead; where none do, the first FEW.
    """
    seeds = study.screening(cohort.setting.protocol) or study.seeds[:FEW]
    places = {member: _place(cohort, member) for member in cohort.members}
    members = tuple(one for one, place in places.items() if (place == 0 or place in seeds) == leading)
    return cohort.model_copy(update={"members": members})


def _place(cohort: Cohort, member: Member) -> int:
    """The measured seed that a member is or tunes; 0 for one that tunes for all."""
    if cohort.role == "measured":
        return member.seed
    protocol = cohort.setting.protocol
    return protocol.measured_by(member.seed) if protocol.tuning == "own" else 0


def solved_any(members: pd.DataFrame) -> bool:
    """Return True if a measured member among these rows solved its setting."""
    return bool(((members["role"] == "measured") & (members["outcome"] == "solved")).any())


def _missing(cohort: Cohort, done: pd.DataFrame) -> Cohort | None:
    """The cohort without its finished members; None if all have finished."""
    rows = done[done["role"] == cohort.role]
    have = set(zip(rows["seed"], rows["learning_rate"], strict=True))
    left = tuple(m for m in cohort.members if (m.seed, m.learning_rate) not in have)
    return cohort.model_copy(update={"members": left}) if left else None
