"""Before anything trains: how much there is to do, and how long it may take on this machine."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from joblib import cpu_count

from bench.execution.crew import Crew
from bench.execution.worker import time_updates
from bench.execution.workforce import Workforce
from bench.protocol.ladder import remaining
from bench.protocol.result import MEMBER_COLUMNS, typed
from bench.protocol.settings import Cohort, Frozen
from bench.protocol.study import Chain, Study
from bench.tasks import tasks


class Plan(Frozen):
    """What a run of some studies would do."""

    preset: str
    arms: tuple[str, ...]
    settings: int
    members: int
    """All that the studies ask for, those that the ladder may spare included."""
    cached: int
    """Of these, members that are in the store already."""
    estimated_seconds: float
    """At the most: every missing member training, and spending its whole budget."""
    skipped: tuple[str, ...]
    """Settings that a technique cannot do, each with its reason."""


def make_plan(
    studies: Sequence[Study], members: pd.DataFrame | None = None, jobs: int | None = None, plugins: Sequence[str] = ()
) -> Plan:
    """Count the studies' work against what the store holds (tidy member rows; None: nothing), and time it."""
    if members is None:
        members = typed([], MEMBER_COLUMNS)
    work = distinct([(chain, missing_cohorts(s, chain, members)) for s in studies for chain in s.chains()])
    missing = sum(len(cohort.members) for _, left in work for cohort in left)
    nothing = typed([], MEMBER_COLUMNS)
    everything = distinct([(chain, missing_cohorts(s, chain, nothing)) for s in studies for chain in s.chains()])
    wanted = sum(len(cohort.members) for _, left in everything for cohort in left)
    with Crew(1, plugins) as crew:
        seconds = estimate(crew, [(chain, left) for chain, left in work if left])
    return Plan(
        preset=studies[0].preset,
        arms=tuple(study.arm for study in studies),
        settings=sum(len(study.settings) for study in studies),
        members=wanted,
        cached=wanted - missing,
        estimated_seconds=round(max(sum(seconds) / (jobs or cpu_count()), max(seconds, default=0.0)), 1),
        skipped=tuple(f"{s.technique} {s.task} lag {s.lag}: {s.reason}" for study in studies for s in study.skips),
    )


def missing_cohorts(study: Study, chain: Chain, members: pd.DataFrame) -> list[Cohort]:
    """Everything of a chain that is not among these rows, as if the ladder never stopped."""
    found = members["setting_hash"]
    return [c for s in chain.settings for c in remaining(study, s, members[found == s.hash])]


def distinct(work: Sequence[tuple[Chain, list[Cohort]]]) -> list[tuple[Chain, list[Cohort]]]:
    """The same work with each cohort once: arms may share settings."""
    seen: set[str] = set()
    once = []
    for chain, cohorts in work:
        once.append((chain, [c for c in cohorts if c.key not in seen]))
        seen.update(c.key for c in cohorts)
    return once


def estimate(crew: Workforce, work: Sequence[tuple[Chain, list[Cohort]]]) -> list[float]:
    """Seconds that each chain's cohorts take one after the other, every member spending its budget."""
    units = seconds_a_step(crew, [chain for chain, _ in work])
    return [sum(seconds_of(cohort, unit) for cohort in left) for unit, (_, left) in zip(units, work, strict=True)]


def seconds_of(cohort: Cohort, unit: float) -> float:
    """How long a cohort takes if every member spends its budget; unit: see `seconds_a_step`."""
    return unit * _member_steps(cohort)


def seconds_a_step(crew: Workforce, chains: Sequence[Chain]) -> list[float]:
    """Of each chain, the seconds of one update of one member, a time step.

    The time is measured, not tabled: an update at the chain's shortest lag, here and now, in a process of its own;
    it is linear in steps and in members. A technique that cannot run counts as 0: training will tell why.
    """
    units = [0.0] * len(chains)
    if not units:
        return units
    crew.start("timing", time_updates, [chain.settings[0] for chain in chains])
    while crew.busy:
        for _, kind, content in crew.messages():
            if kind == "progress":
                index, seconds = content
                units[index] = seconds
    return units


def _member_steps(cohort: Cohort) -> float:
    """Time steps of all its members' budgets, evaluations counted in: a forward pass is a third of an update."""
    protocol = cohort.setting.protocol
    evaluations = 1 + protocol.updates / protocol.evaluate_every
    updates = protocol.updates + evaluations * protocol.held_out_size / protocol.batch_size / 3
    return len(cohort.members) * updates * tasks.get(cohort.setting.task)().steps(cohort.setting.lag)
