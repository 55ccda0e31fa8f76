"""Before anything trains: how much there is to do, and how long it may take on this machine."""

from __future__ import annotations

import time

import pandas as pd

from bench.execution.machine import cores
from bench.protocol.ladder import remaining
from bench.protocol.result import MEMBER_COLUMNS, typed
from bench.protocol.settings import Cohort, Frozen
from bench.protocol.study import Chain, Study
from bench.tasks import tasks
from bench.training.cohort import prepare_process
from bench.training.cost import one_member

TIMED_MEMBERS = 4


class Plan(Frozen):
    """What a run of a study would do."""

    preset: str
    settings: int
    members: int
    """All that the study asks for, those that the ladder may spare included."""
    cached: int
    """Of these, members that are in the store already."""
    estimated_seconds: float
    """At the most: every missing member training, and spending its whole budget."""
    skipped: tuple[str, ...]
    """Settings that a technique cannot do, each with its reason."""


def make_plan(study: Study, members: pd.DataFrame | None = None, jobs: int | None = None) -> Plan:
    """Count a study's work against what the store holds (tidy member rows; None: nothing), and time it."""
    if members is None:
        members = typed([], MEMBER_COLUMNS)
    chains = [(chain, missing_cohorts(study, chain, members)) for chain in study.chains()]
    missing = sum(len(cohort.members) for _, left in chains for cohort in left)
    seconds = [estimate(chain, left) for chain, left in chains]
    return Plan(
        preset=study.preset,
        settings=len(study.settings),
        members=study.members,
        cached=study.members - missing,
        estimated_seconds=round(max(sum(seconds) / (jobs or cores()), max(seconds, default=0.0)), 1),
        skipped=tuple(f"{s.technique} {s.task} lag {s.lag}: {s.reason}" for s in study.skips),
    )


def missing_cohorts(study: Study, chain: Chain, members: pd.DataFrame) -> list[Cohort]:
    """Everything of a chain that is not among these rows, as if the ladder never stopped."""
    found = members["setting_hash"]
    return [c for s in chain.settings for c in remaining(study, s, members[found == s.hash])]


def estimate(chain: Chain, cohorts: list[Cohort]) -> float:
    """Seconds that these cohorts of a chain take one after the other, every member spending its budget.

    The time is measured, not tabled: one update at the shortest lag, here and now; it is linear in steps and members.
    """
    if not cohorts:
        return 0.0
    prepare_process()
    task, shortest = tasks.get(chain.task)(), chain.settings[0]
    _, update = one_member(shortest, members=TIMED_MEMBERS)
    update()
    begin = time.perf_counter()
    update()
    unit = (time.perf_counter() - begin) / (TIMED_MEMBERS * task.steps(shortest.lag))
    return sum(unit * task.steps(c.setting.lag) * len(c.members) * _updates_worth(c) for c in cohorts)


def _updates_worth(cohort: Cohort) -> float:
    """A member's budget in updates, its evaluations counted in: a forward pass is about a third of an update."""
    protocol = cohort.setting.protocol
    evaluations = 1 + protocol.updates / protocol.evaluate_every
    return protocol.updates + evaluations * protocol.held_out_size / protocol.batch_size / 3
