"""Runs studies: trains what is missing, and picks up where an earlier run stopped."""

from __future__ import annotations

from bisect import insort
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

import pandas as pd

from bench.errors import BenchError
from bench.execution.crew import Crew
from bench.execution.messages import Clocked, Died, Measured, Progress, Result
from bench.execution.needs import needed
from bench.execution.order import BreadthFirst, Budget, Ladder, LongestFirst, Next, Order, ladders_of
from bench.execution.plan import distinct, missing_cohorts, paces_of, seconds_of
from bench.execution.progress_line import LOG, ProgressLine, cost_line
from bench.execution.worker import clock, measure, train
from bench.execution.workforce import Hire, Workforce
from bench.protocol.ladder import CLIMBED_BY, next_cohort
from bench.records.result import COSTS, CohortResult, typed
from bench.records.settings import Cohort, Setting
from bench.records.study import MAIN, Study
from bench.tracking import Outbox, Store
from bench.training.cohort import failed_cohort
from bench.training.cost import BASELINE, PROCESSES, Timing, cost_hash, pooled

FOLLOWED = [*CLIMBED_BY, "cohort", "technique", "task", "lag", "reason"]
"""The columns of members' rows that a run looks at again after each cohort: rows have many more."""


@dataclass
class RunSummary:
    """The outcome of a run."""

    trained: int = 0
    """Members trained now, to whatever outcome but a failure."""
    failed: int = 0
    """Members that failed now."""
    cached: int = 0
    """Members that the store held already."""
    failures: list[dict[str, Any]] = field(default_factory=list)
    """Cohorts of the studies that failed, now or before: technique, task, lag, role, reason."""
    interrupted: bool = False
    """True if Ctrl-C cut it short; what had finished is in the store."""
    left: int = 0
    """Upper bound of the members that the budget had no time for."""
    trouble: str = ""
    """A sentence on what the store did not take, why, and where that waits; or nothing."""


def account(summary: RunSummary) -> str:
    """Sum up a run in a sentence or two. To users, a member is a run."""
    counts = f"Runs trained: {summary.trained}; failed: {summary.failed}; already stored: {summary.cached}."
    if not summary.left:
        return counts
    left = f"At most {summary.left} runs remain for next time."
    if summary.interrupted:
        return f"{counts} {left}"
    hint = "" if summary.trained + summary.failed else " Nothing fitted into it: allow more time."
    return f"{counts} The time budget is spent. {left}{hint}"


def run_studies(
    studies: Sequence[Study],
    store: Store,
    jobs: int | None = None,
    plugins: Sequence[str] = (),
    *,
    budget: Budget | None = None,
    timeout: float | None = None,
    retry_failed: bool = False,
    told: Callable[[str], None] | None = None,
    hire: Hire = Crew,
    costs: bool = True,
) -> RunSummary:
    """Train every member of the studies that the store lacks, `jobs` cohorts at a time; then measure costs.

    Progress goes to standard error. An error in a cohort is recorded as its outcome, and the rest goes on; so is that
    it took longer than `timeout` seconds. With a budget costs come first, and training is breadth first and ends in
    time: what is under way then is dropped. What the store does not take waits in an `Outbox`.

    retry_failed: cohorts of the studies that failed before count as missing.
    told: where another program is writing to the store, this hears so, and it is waited for; None: BusyError is raised.
    hire: finds who trains: processes here, or a cluster. Costs are measured here, and all writing is done here.
    costs: False to leave the cost ledger as it is.
    """
    with store.lock(told):
        try:
            store.repair()
            run = _Run(studies, store, plugins, budget, retry_failed)
            try:
                if budget and costs:
                    run.measure(timeout)
                with run.troubled(), hire(jobs, timeout) as crew:
                    run.work(crew)
                if costs and not budget:
                    run.measure(timeout)
            except KeyboardInterrupt:
                run.summary.interrupted = True
            return run.close()
        finally:
            with suppress(BenchError):  # a write that was interrupted, or failed, leaves no run that seems to go on
                store.reach()
                store.repair()


class _Run:
    """The moving parts of one run."""

    def __init__(
        self,
        studies: Sequence[Study],
        store: Store,
        plugins: Sequence[str],
        budget: Budget | None,
        retry_failed: bool,
    ) -> None:
        self.studies, self.store, self.plugins, self.budget = studies, store, plugins, budget
        self.outbox = Outbox(store)
        self.outbox.send(at_once=True)
        store.write_studies(list(reversed(studies)))  # the first counts as the newest
        self.members = self._known()
        if retry_failed:
            failed = self._failed()["cohort"]
            store.delete("cohorts", set(failed))
            store.repair()
            self.members = self.members[~self.members["cohort"].isin(failed)]
        self.ladders = ladders_of(studies)
        self.lacked = Counter[str]()
        """Members that are still to train, as if no ladder ended early and no seeds were spared, by setting."""
        for cohort in self._lacking(self.ladders):
            self.lacked[cohort.setting.hash] += len(cohort.members)
        self.summary = RunSummary(cached=self._cached())
        self.unwritten: list[CohortResult] = []
        self.order: Order = LongestFirst({})
        self.waiting: list[Next] = []
        """The ladders that are not being climbed, by turn."""

    def work(self, crew: Workforce) -> None:
        """Train what is missing, and write it, whatever happens."""
        with ProgressLine(self.lacked.total()) as progress:
            try:
                self.train(crew, progress)
            finally:
                self.write()

    def train(self, crew: Workforce, progress: ProgressLine) -> None:
        """Climb every ladder, one cohort of each at a time, in turns."""
        self._set_order(crew)
        running: dict[str, tuple[Ladder, Cohort]] = {}
        while True:
            while crew.idle and (found := self._next(running, progress)):
                ladder, cohort = found
                crew.start(cohort.key, train, cohort, needed(cohort.setting, self.plugins))
                running[cohort.key] = found
            if self.unwritten:  # with the crew at work again
                self.write()
                progress.best(self.members)
            if not running:
                return
            for key, message in crew.messages(self.order.left):
                ladder, cohort = running[key]
                match message:
                    case Progress(updates):
                        progress.running(cohort, updates)
                        continue
                    case Died(reason):
                        result = failed_cohort(cohort, reason)
                    case Result(content):
                        result = content
                self.members = pd.concat([self.members, result.members[FOLLOWED]], ignore_index=True)
                self.unwritten.append(result)
                progress.finished(cohort, result.members["outcome"])
                self.lacked[cohort.setting.hash] -= len(cohort.members)
                del running[key]
                self._queue(ladder, cohort.setting)
            if self.order.left == 0:
                return

    def write(self) -> None:
        """Write what has been trained since the last time."""
        while self.unwritten:
            self.outbox.write(self.unwritten[0])
            outcomes = self.unwritten.pop(0).members["outcome"]
            failed = int((outcomes == "failed").sum())
            self.summary.failed += failed
            self.summary.trained += len(outcomes) - failed

    def close(self) -> RunSummary:
        """Send what still waits; say what came of it all."""
        with self.troubled():
            if not self.outbox.send(at_once=True):
                count = len(self.outbox)
                waiting = f"{count} files of finished runs are" if count > 1 else "1 file of finished runs is"
                raise BenchError(
                    f"{waiting} waiting in {self.outbox.folder} and will be sent by the next run: {self.outbox.trouble}"
                )
            self.store.reach()
        self.summary.left = self.left() if self.budget else 0
        columns = ["technique", "task", "lag", "role", "reason"]
        self.summary.failures = self._failed()[columns].drop_duplicates().to_dict("records")
        return self.summary

    @contextmanager
    def troubled(self) -> Iterator[None]:
        """Note a failure of the store, or of what stands in for it, and go on with what follows."""
        try:
            yield
        except BenchError as error:
            said, known = str(error), self.summary.trouble
            if said not in known:
                self.summary.trouble = said if known in said else f"{known}\n{said}"

    def _known(self) -> pd.DataFrame:
        """The members that have finished: those in the store, and those on their way to it."""
        stored = self.store.members()
        whole = set(stored["cohort"])
        waiting = [result.members for result in self.outbox.waiting() if result.cohort.key not in whole]
        return pd.concat([stored, *waiting], ignore_index=True)[FOLLOWED]

    def _failed(self) -> pd.DataFrame:
        """The studies' members that have failed, now or before."""
        ours = self.members["setting_hash"].isin([s.hash for study in self.studies for s in study.settings])
        return self.members[ours & (self.members["outcome"] == "failed")]

    def left(self) -> int:
        """Upper bound of the members of ladders that could be climbed further."""
        open_ = [one for one in self.ladders if next_cohort(one.study, one.chain, self.members)]
        return sum(len(cohort.members) for cohort in self._lacking(open_))

    def _set_order(self, crew: Workforce) -> None:
        """Time an update of each ladder that lacks something, and queue them."""
        work = {n: left for n, one in enumerate(self.ladders) if (left := self._left_of(one))}
        chains = [self.ladders[n].chain for n in work]
        paces = dict(zip(work, paces_of(crew, chains, self.plugins), strict=True))
        if self.budget:
            self.order = BreadthFirst(paces, self.budget)
        else:
            self.order = LongestFirst({n: sum(seconds_of(c, paces[n]) for c in left) for n, left in work.items()})
        for number in work:
            self._queue(self.ladders[number])

    def _queue(self, ladder: Ladder, trained: Setting | None = None) -> None:
        """Queue a ladder; one of another arm that waits with the setting just trained is looked at again."""
        again = [one for one in self.waiting if trained and one.cohort and one.cohort.setting == trained]
        self.waiting = [one for one in self.waiting if one not in again]
        for one in (ladder, *(one.ladder for one in again)):
            insort(self.waiting, self.order.next(one, self.members), key=attrgetter("turn"))

    def _next(self, running: dict[str, tuple[Ladder, Cohort]], progress: ProgressLine) -> tuple[Ladder, Cohort] | None:
        """The next cohort to train; a setting that another study's ladder is training now is waited for."""
        busy = {cohort.setting.hash for _, cohort in running.values()}
        for one in list(self.waiting):
            if (one.cohort and one.cohort.setting.hash in busy) or not self.order.fits(one):
                continue
            self.waiting.remove(one)
            if one.cohort:
                return one.ladder, one.cohort
            progress.spared(self._spared(one.ladder))
        return None

    def _left_of(self, ladder: Ladder) -> list[Cohort]:
        """List what a ladder lacks, as if it never ended early."""
        return missing_cohorts(ladder.study, ladder.chain, self.members)

    def _lacking(self, ladders: Sequence[Ladder]) -> list[Cohort]:
        """List what these ladders lack, as if none of them ended early."""
        left = distinct([(one.chain, self._left_of(one)) for one in ladders])
        return [cohort for _, cohorts in left for cohort in cohorts]

    def _spared(self, ladder: Ladder) -> int:
        """Members that an ended ladder leaves untrained and that no other ladder will train."""
        wanted = {s.hash for other in self.waiting for s in other.ladder.chain.settings}
        return sum(self.lacked.pop(s.hash, 0) for s in ladder.chain.settings if s.hash not in wanted)

    def _cached(self) -> int:
        """Members that the studies want and the store has."""
        found, seeds = self.members["setting_hash"], self.members["seed"]
        ours = pd.Series(False, self.members.index)
        for study in self.studies:
            for plan in study.tasks:
                wanted = {setting.hash for setting in study.settings if setting.task == plan.task}
                own = seeds.isin(study.seeds) | seeds.isin(study.tuning_seeds(plan.protocol))
                ours |= found.isin(wanted) & own
        return int(ours.sum())

    def measure(self, timeout: float | None = None) -> None:
        """Measure what the cost ledger lacks, with nothing else running; each apart, for one may end its process."""
        rows: list[dict[str, Any]] = []
        with self.troubled(), Crew(1, timeout) as crew:
            known = set(self.store.costs()["cost_hash"])
            missing = [setting for hashed, setting in self._to_cost().items() if hashed not in known]
            LOG.info("costs to measure: %d", len(missing))
            try:
                with cost_line(len(missing)) as line:
                    for setting in missing:
                        line.set_postfix_str(setting.label)
                        rows += self._cost(setting, crew)
                        line.update()
            finally:
                if rows:
                    self.store.write_costs(typed(rows, COSTS))

    def _cost(self, setting: Setting, crew: Crew) -> list[dict[str, Any]]:
        """Measure one setting, its time in several processes; give its row of the ledger, if there is one."""
        rows: list[dict[str, Any]] = []
        timings: list[Timing] = []
        for work in (measure, *[clock] * (PROCESSES - 1)):
            crew.start(setting.label, work, [setting], needed(setting, self.plugins))
            while crew.busy:
                for _, message in crew.messages():
                    rows += [message.row] if isinstance(message, Measured) else []
                    timings += [message.timing] if isinstance(message, Clocked) else []
            if not rows:
                return []
        (row,) = rows
        first = Timing(row["time_ratio"], row["milliseconds"])
        return [row | pooled([first, *timings])]

    def _to_cost(self) -> dict[str, Setting]:
        """Find the settings to time, by the hash of their cost.

        They are the first task of each arm at its shortest lag, and also at its longest for what has dials; in an arm
        that is larger than the main one, for everything.

        Costs are linear in the lag, except where a dial cuts it, as a window does; the baseline is timed there, too.
        With few units it is calls that take time, not operations, so that a cost says little of larger networks. Where
        nothing trains, nothing has a cost.
        """
        found = {}
        for study in self.studies:
            plan, large = study.tasks[0], self._is_large(study)
            for setting in study.settings if plan.protocol.updates else ():
                far = large or setting.dials or setting.technique == BASELINE
                here = setting.lag == plan.lags[0] or (far and setting.lag == plan.lags[-1])
                if setting.task == plan.task and here:
                    found[cost_hash(setting)] = setting
        return found

    def _is_large(self, study: Study) -> bool:
        """Return True for an arm whose first task has more units, or longer lags, than the main arm gives that task.

        An arm that is run without the main one counts as large, for its costs are asked for.
        """
        if study.arm == MAIN:
            return False
        plan = study.tasks[0]
        main = [one for other in self.studies if other.arm == MAIN for one in other.tasks if one.task == plan.task]
        return not main or any(
            plan.protocol.hidden_size > one.protocol.hidden_size or plan.lags[-1] > one.lags[-1] for one in main
        )
