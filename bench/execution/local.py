"""Runs studies on this machine: trains what is missing, and picks up where an earlier run stopped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pandas as pd
from joblib import cpu_count

from bench.execution.crew import Crew, Died
from bench.execution.plan import distinct, estimate, missing_cohorts
from bench.execution.progress import Progress
from bench.execution.worker import measure, train
from bench.protocol.ladder import next_cohort
from bench.protocol.result import CohortResult
from bench.protocol.settings import Cohort, Setting
from bench.protocol.study import Chain, Study
from bench.tracking import Store
from bench.training.cohort import failed_cohort
from bench.training.cost import BASELINE, cost_hash


@dataclass
class RunSummary:
    """What came of a run."""

    trained: int = 0
    """Members trained now."""
    cached: int = 0
    """Members that the store held already."""
    failures: list[dict[str, Any]] = field(default_factory=list)
    """Cohorts of the studies that failed, now or before: technique, task, lag, role, reason."""
    interrupted: bool = False
    """Whether Ctrl-C cut it short; what had finished is in the store."""


def run_studies(
    studies: Sequence[Study], store: Store, jobs: int | None = None, plugins: Sequence[str] = ()
) -> RunSummary:
    """Train every member of the studies that the store lacks, so many cohorts at a time; then measure costs.

    Progress goes to standard error. An error in a cohort is recorded as its outcome, and the rest goes on.
    """
    with store.lock():
        store.repair()
        store.write_studies(list(reversed(studies)))  # the first counts as the newest
        run = _Run(studies, store)
        try:
            with Crew(jobs or cpu_count(), plugins) as crew, Progress(run.missing) as progress:
                try:
                    run.train(crew, progress)
                finally:
                    run.write()
            with Crew(1, plugins) as crew:
                run.measure(crew)
        except KeyboardInterrupt:
            run.summary.interrupted = True
        run.summary.failures = _failures(studies, run.members)
        return run.summary


class _Ladder(NamedTuple):
    """A chain to climb, and whose it is."""

    study: Study
    chain: Chain


class _Run:
    """The moving parts of one run."""

    def __init__(self, studies: Sequence[Study], store: Store) -> None:
        self.studies, self.store = studies, store
        self.members = store.members()
        ladders = [_Ladder(study, chain) for study in studies for chain in study.chains()]
        left = [(chain, missing_cohorts(study, chain, self.members)) for study, chain in ladders]
        self.missing = sum(len(cohort.members) for _, cohorts in distinct(left) for cohort in cohorts)
        self.summary = RunSummary(cached=self._cached())
        self.unwritten: list[CohortResult] = []
        self.waiting = [ladder for ladder, (_, cohorts) in zip(ladders, left, strict=True) if cohorts]

    def train(self, crew: Crew, progress: Progress) -> None:
        """Climb every ladder, one cohort of each at a time; the longest first, so that none is left running alone."""
        seconds = estimate(
            crew, [(chain, missing_cohorts(study, chain, self.members)) for study, chain in self.waiting]
        )
        self.waiting = [self.waiting[i] for i in sorted(range(len(seconds)), key=seconds.__getitem__)]
        running: dict[str, tuple[_Ladder, Cohort]] = {}
        while True:
            while crew.idle and (found := self._next(running, progress)):
                ladder, cohort = found
                crew.start(cohort.key, train, cohort)
                running[cohort.key] = found
            if self.unwritten:  # with the crew at work again
                self.write()
                progress.best(self.members)
            if not running:
                return
            for key, kind, content in crew.messages():
                ladder, cohort = running[key]
                if kind == "progress":
                    progress.running(cohort, content[0])
                    continue
                result = failed_cohort(cohort, content.reason) if isinstance(content, Died) else content
                self.members = pd.concat([self.members, result.members], ignore_index=True)
                self.unwritten.append(result)
                progress.finished(cohort)
                del running[key]
                self.waiting.append(ladder)

    def write(self) -> None:
        """Write what has been trained since the last time."""
        while self.unwritten:
            self.store.write_cohort(self.unwritten[0])
            self.summary.trained += len(self.unwritten.pop(0).members)

    def _next(self, running: dict[str, tuple[_Ladder, Cohort]], progress: Progress) -> tuple[_Ladder, Cohort] | None:
        """The next cohort to train; a setting that another study's ladder is training now is waited for."""
        busy = {cohort.setting.hash for _, cohort in running.values()}
        for place in reversed(range(len(self.waiting))):
            ladder = self.waiting[place]
            cohort = next_cohort(*ladder, self.members)
            if cohort is not None and cohort.setting.hash in busy:
                continue
            del self.waiting[place]
            if cohort is not None:
                return ladder, cohort
            progress.spared(self._spared(ladder))
        return None

    def _spared(self, ladder: _Ladder) -> int:
        """Members that an ended ladder leaves untrained and that no other ladder will train."""
        wanted = {s.hash for other in self.waiting for s in other.chain.settings}
        left = missing_cohorts(*ladder, self.members)
        return sum(len(cohort.members) for cohort in left if cohort.setting.hash not in wanted)

    def _cached(self) -> int:
        """Members that the studies want and the store has."""
        wanted = {s.hash for study in self.studies for s in study.settings}
        return int(self.members["setting_hash"].isin(wanted).sum())

    def measure(self, crew: Crew) -> None:
        """Measure what is not in the cost ledger yet, with nothing else running."""
        known = set(self.store.costs()["cost_hash"])
        missing = [s for hashed, s in self._to_cost().items() if hashed not in known]
        if not missing:
            return
        crew.start("costs", measure, missing)
        while crew.busy:
            for _, kind, content in crew.messages():
                if kind == "result" and isinstance(content, pd.DataFrame) and len(content):
                    self.store.write_costs(content)

    def _to_cost(self) -> dict[str, Setting]:
        """By the hash of their cost: the first task at its shortest lag, and at its longest what has dials.

        Costs are linear in the lag, but for what a dial cuts, as a window; the baseline stands beside it there. Where
        nothing trains, nothing has a cost.
        """
        found = {}
        for study in self.studies:
            plan = study.tasks[0]
            for setting in study.settings if plan.protocol.updates else ():
                far = setting.dials or setting.technique == BASELINE
                here = setting.lag == plan.lags[0] or (far and setting.lag == plan.lags[-1])
                if setting.task == plan.task and here:
                    found[cost_hash(setting)] = setting
        return found


def _failures(studies: Sequence[Study], members: pd.DataFrame) -> list[dict[str, Any]]:
    """The studies' failed cohorts, one row each."""
    ours = members["setting_hash"].isin([s.hash for study in studies for s in study.settings])
    columns = ["technique", "task", "lag", "role", "reason"]
    failed = members.loc[ours & (members["outcome"] == "failed"), columns]
    return failed.drop_duplicates().to_dict("records")
