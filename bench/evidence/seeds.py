"""Chooses the seeds that count: those of the newest study of a task, where studies begin with unlike ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from bench.records.study import Study, TaskPlan

Counting = dict[str, list[tuple[Study, TaskPlan]]]
"""The studies whose seeds count by task, oldest first, each with its plan of the task."""


def counting(studies: Sequence[Study], hashes: Mapping[str, str]) -> Counting:
    """The studies with a task's protocol that begin with the same seed as the newest of them.

    Seeds that were looked at while something was made are no evidence for it: a study that begins with fresh ones is
    judged by these alone. hashes: of the protocol that counts, by task; studies: oldest first.
    """
    found: Counting = {}
    for study in studies:
        for plan in study.tasks:
            if hashes.get(plan.task) == plan.protocol.hash:
                found.setdefault(plan.task, []).append((study, plan))
    return {
        task: [(study, plan) for study, plan in pairs if study.first_seed == pairs[-1][0].first_seed]
        for task, pairs in found.items()
    }


def of_counting_seeds(members: pd.DataFrame, studies: Sequence[Study], hashes: Mapping[str, str]) -> pd.DataFrame:
    """The members without those of seeds that do not count; all of them where every study begins with the same seed."""
    counts = counting(studies, hashes)
    keep = pd.Series(True, members.index)
    for task, pairs in counts.items():
        first = pairs[0][0].first_seed
        if all(study.first_seed == first for study in studies if any(plan.task == task for plan in study.tasks)):
            continue
        seeds = {seed for study, _ in pairs for seed in study.seeds}
        seeds |= {seed for study, plan in pairs for seed in study.tuning_seeds(plan.protocol)}
        keep &= (members.task != task) | members.seed.isin(seeds)
    return members[keep]
