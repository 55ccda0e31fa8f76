"""Estimates, before anything trains, how much there is to do and how long that may take on this machine."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from joblib import cpu_count

from bench.containment import aside
from bench.execution.crew import Crew
from bench.execution.messages import Timed
from bench.execution.needs import by_need
from bench.execution.worker import time_updates
from bench.execution.workforce import Workforce
from bench.protocol.ladder import CLIMBED_BY, remaining
from bench.records.result import MEMBERS, typed
from bench.records.settings import Cohort, Frozen
from bench.records.study import Chain, Study
from bench.tasks import tasks
from bench.training.pace import NO_PACE, Pace

TIMED_WITHIN = 300.0
"""Longest time, in seconds, that a plan spends on timing one ladder."""


class Plan(Frozen):
    """The work that a run of some studies would do."""

    preset: str
    arms: tuple[str, ...]
    settings: int
    members: int
    """All that the studies ask for, those that the ladder may spare included."""
    cached: int
    """Members among these that are in the store already."""
    estimated_seconds: float
    """Upper bound: every missing member trains and spends its whole budget."""
    extrapolated: tuple[str, ...]
    """Techniques and tasks whose updates take too long to be timed, and the lag that was timed in their stead."""
    skipped: tuple[str, ...]
    """Settings that a technique cannot do, each with its reason."""


def make_plan(
    studies: Sequence[Study], members: pd.DataFrame | None = None, jobs: int | None = None, plugins: Sequence[str] = ()
) -> Plan:
    """Count the studies' work against what the store holds (tidy member rows; None: nothing), and time it."""
    members = (typed([], MEMBERS) if members is None else members)[CLIMBED_BY]
    work = distinct([(chain, missing_cohorts(s, chain, members)) for s in studies for chain in s.chains()])
    missing = sum(len(cohort.members) for _, left in work for cohort in left)
    nothing = members[:0]
    everything = distinct([(chain, missing_cohorts(s, chain, nothing)) for s in studies for chain in s.chains()])
    wanted = sum(len(cohort.members) for _, left in everything for cohort in left)
    todo = [(chain, left) for chain, left in work if left]
    with Crew(1, TIMED_WITHIN) as crew, aside():  # a plugin's task is asked how long it is
        paces = paces_of(crew, [chain for chain, _ in todo], plugins)
    seconds = [sum(seconds_of(cohort, pace) for cohort in left) for pace, (_, left) in zip(paces, todo, strict=True)]
    shorter = [(chain.settings[0], pace.timed_lag) for pace, (chain, _) in zip(paces, todo, strict=True)]
    return Plan(
        preset=studies[0].preset,
        arms=tuple(study.arm for study in studies),
        settings=sum(len(study.settings) for study in studies),
        members=wanted,
        cached=wanted - missing,
        estimated_seconds=round(max(sum(seconds) / (jobs or cpu_count()), max(seconds, default=0.0)), 1),
        extrapolated=tuple(f"{s.technique} {s.task} from lag {lag}" for s, lag in shorter if lag is not None),
        skipped=tuple(f"{s.technique} {s.task} lag {s.lag}: {s.reason}" for study in studies for s in study.skips),
    )


def missing_cohorts(study: Study, chain: Chain, members: pd.DataFrame) -> list[Cohort]:
    """Everything of a chain that is not among these rows, as if the ladder never stopped."""
    found = members["setting_hash"]
    return [c for s in chain.settings for c in remaining(study, s, members[found == s.hash])]


def distinct(work: Sequence[tuple[Chain, list[Cohort]]]) -> list[tuple[Chain, list[Cohort]]]:
    """Return the same work with each cohort once: arms may share settings."""
    seen: set[str] = set()
    once = []
    for chain, cohorts in work:
        once.append((chain, [c for c in cohorts if c.key not in seen]))
        seen.update(c.key for c in cohorts)
    return once


def seconds_of(cohort: Cohort, pace: Pace) -> float:
    """Estimate how long a cohort takes if every member spends its budget."""
    steps = tasks.get(cohort.setting.task)().steps(cohort.setting.lag)
    return len(cohort.members) * _updates(cohort) * pace.seconds(steps)


def paces_of(crew: Workforce, chains: Sequence[Chain], plugins: Sequence[str] = ()) -> list[Pace]:
    """Time an update of each chain.

    It is measured, not tabled: at the chain's shortest lag, here and now, in a process that runs no plugin but its own.
    A technique that cannot run counts as 0: training will tell why.
    """
    shortest = [chain.settings[0] for chain in chains]
    found: dict[str, Pace] = {}
    for files, settings in by_need(shortest, plugins).items():
        crew.start("timing", time_updates, settings, files, parts=len(settings))
        while crew.busy:
            for _, message in crew.messages():
                if isinstance(message, Timed):
                    found[settings[message.index].hash] = message.pace
    return [found.get(setting.hash, NO_PACE) for setting in shortest]


def _updates(cohort: Cohort) -> float:
    """A member's budget, evaluations counted in: a forward pass is a third of an update."""
    protocol = cohort.setting.protocol
    evaluations = 1 + protocol.updates / protocol.evaluate_every
    return protocol.updates + evaluations * protocol.held_out_size / protocol.batch_size / 3
