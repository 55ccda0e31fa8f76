"""Runs a study on this machine: trains what is missing, and picks up where an earlier run stopped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from joblib import cpu_count

from bench.execution.crew import Crew, Died
from bench.execution.plan import estimate, missing_cohorts
from bench.execution.progress import Progress
from bench.execution.worker import measure, train
from bench.protocol.ladder import next_cohort
from bench.protocol.result import CohortResult
from bench.protocol.settings import Cohort
from bench.protocol.study import Chain, Study
from bench.tracking import Store
from bench.training.cohort import failed_cohort
from bench.training.cost import cost_hash


@dataclass
class RunSummary:
    """What came of a run."""

    trained: int = 0
    """Members trained now."""
    cached: int = 0
    """Members that the store held already."""
    failures: list[dict[str, Any]] = field(default_factory=list)
    """Cohorts of the study that failed, now or before: technique, task, lag, role, reason."""
    interrupted: bool = False
    """Whether Ctrl-C cut it short; what had finished is in the store."""


def run_study(study: Study, store: Store, jobs: int | None = None, plugins: Sequence[str] = ()) -> RunSummary:
    """Train every member of the study that the store lacks, so many cohorts at a time; then measure costs.

    Progress goes to standard error. An error in a cohort is recorded as its outcome, and the rest goes on.
    """
    with store.lock():
        store.repair()
        store.write_study(study)
        run = _Run(study, store)
        try:
            with Crew(jobs or cpu_count(), plugins) as crew, Progress(run.missing) as progress:
                run.train(crew, progress)
            with Crew(1, plugins) as crew:
                run.measure(crew)
        except KeyboardInterrupt:
            run.summary.interrupted = True
        run.summary.failures = _failures(study, run.members)
        return run.summary


class _Run:
    """The moving parts of one run."""

    def __init__(self, study: Study, store: Store) -> None:
        self.study, self.store = study, store
        self.members = store.members()
        work = [(chain, missing_cohorts(study, chain, self.members)) for chain in study.chains()]
        self.missing = sum(len(cohort.members) for _, left in work for cohort in left)
        self.summary = RunSummary(cached=study.members - self.missing)
        self.waiting = [chain for chain, left in work if left]

    def train(self, crew: Crew, progress: Progress) -> None:
        """Climb every ladder, one cohort of each at a time; the longest first, so that none is left running alone."""
        work = [(chain, missing_cohorts(self.study, chain, self.members)) for chain in self.waiting]
        seconds = estimate(crew, work)
        self.waiting = [self.waiting[i] for i in sorted(range(len(work)), key=seconds.__getitem__)]
        running: dict[str, tuple[Chain, Cohort]] = {}
        while True:
            while crew.idle and self.waiting:
                chain = self.waiting.pop()
                cohort = next_cohort(self.study, chain, self.members)
                if cohort is None:
                    spared = missing_cohorts(self.study, chain, self.members)
                    progress.spared(sum(len(c.members) for c in spared))
                else:
                    crew.start(cohort.key, train, cohort)
                    running[cohort.key] = (chain, cohort)
            if not running:
                return
            for key, kind, content in crew.messages():
                chain, cohort = running[key]
                if kind == "progress":
                    progress.running(cohort, content[0])
                    continue
                self._record(failed_cohort(cohort, content.reason) if isinstance(content, Died) else content)
                progress.finished(cohort)
                progress.best(self.members)
                del running[key]
                self.waiting.append(chain)

    def measure(self, crew: Crew) -> None:
        """Measure what is not in the cost ledger yet, with nothing else running: the first task's shortest lag."""
        plan = self.study.tasks[0]
        settings = [s for s in self.study.settings if s.task == plan.task and s.lag == plan.lags[0]]
        known = set(self.store.costs()["cost_hash"])
        missing = [s for s in settings if cost_hash(s) not in known]
        if not missing:
            return
        crew.start("costs", measure, missing)
        while crew.busy:
            for _, kind, content in crew.messages():
                if kind == "result" and isinstance(content, pd.DataFrame) and len(content):
                    self.store.write_costs(content)

    def _record(self, result: CohortResult) -> None:
        self.store.write_cohort(result)
        self.members = pd.concat([self.members, result.members], ignore_index=True)
        self.summary.trained += len(result.members)


def _failures(study: Study, members: pd.DataFrame) -> list[dict[str, Any]]:
    """The study's failed cohorts, one row each."""
    ours = members["setting_hash"].isin([s.hash for s in study.settings])
    columns = ["technique", "task", "lag", "role", "reason"]
    failed = members.loc[ours & (members["outcome"] == "failed"), columns]
    return failed.drop_duplicates().to_dict("records")
