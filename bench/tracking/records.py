"""Tells which records of a store count, and removes those that do not, also while other machines read and write."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, get_args

from mlflow import MlflowClient
from mlflow.entities import Experiment, LifecycleStage, Run, ViewType
from mlflow.exceptions import MlflowException

from bench.errors import BenchError
from bench.tracking import layout
from bench.tracking.address import Location, artifact_root
from bench.tracking.clock import server_time
from bench.tracking.layout import BEGUN, COMPLETE, KEY, NO_RECORD, RECORD, SEQUENCE, WRITER, Kind
from bench.tracking.opening import understood
from bench.tracking.reading import is_run
from bench.tracking.state import writer

PAGE = 1000
AT_ONCE = 50_000
"""Most runs that MLflow gives in one answer. Records come in one: while others write, pages would not fit together."""

GRACE = 3600
"""Seconds for which an incomplete record on a server may be another machine's, still writing."""

OTHER_RECORDS: tuple[Kind, ...] = ("studies", "costs", "timings", "snapshots")
"""Records that no member belongs to."""

_GONE = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")
"""Error codes of MLflow for a change to a run that does not exist, or that is deleted."""


@dataclass
class Standing:
    """The standing of a kind's records, each list in the order in which they were begun."""

    whole: list[Run] = field(default_factory=list)
    """These count: marked as complete, with every member still there, the first of their key."""
    twins: list[Run] = field(default_factory=list)
    """Whole, too, but the same cohort stands in an earlier record. These alone may be dropped while others write: the
    first of those that are complete then stays, whoever looks, and whatever completes later."""
    broken: list[Run] = field(default_factory=list)
    """Records without their mark, or without a member."""


class Records:
    """The records of a store, and the members that belong to them."""

    def __init__(self, location: Location, client: MlflowClient) -> None:
        self.location, self.client = location, client
        self._experiments: dict[str, str] = {}
        self._largest: dict[Kind, int] = {}
        self._cohorts: set[str] | None = None
        """Keys of the cohorts that are whole; None: not known."""

    def standing(self, kind: Kind, key: str = "") -> Standing:
        """Sort the records of a kind, of one key or of all, by whether they count at this moment.

        Deleted members are asked for first. A twin is dropped only when an earlier one is complete: a program that saw
        a member of it deleted sees that earlier record in the next answer.
        """
        also = f"tags.{KEY} = '{key}'" if key else ""
        gone = self.search(self.tasks(), also, ViewType.DELETED_ONLY) if kind == "cohorts" else []
        lacking = {member.data.tags.get(RECORD) for member in gone}
        found, keys = Standing(), set[str]()
        records = self.of(kind)
        if kind == "cohorts" and not records:
            self._check_names()
        for record in sorted(self.search(records, also, page=AT_ONCE), key=_order):
            own = record.data.tags.get(KEY) or record.info.run_id  # without its tag it still is the same record
            if record.data.tags.get(COMPLETE) != layout.YES or record.info.run_id in lacking:
                found.broken.append(record)
            elif kind == "cohorts" and own in keys:
                found.twins.append(record)
            else:
                keys.add(own)
                found.whole.append(record)
        return found

    def cut_off(self, kind: Kind) -> list[Run]:
        """Return broken records that, as far as is known, no program is still writing."""
        return self._abandoned(self.standing(kind).broken)

    @contextmanager
    def cohort(self, key: str, alone: bool) -> Iterator[bool]:
        """Tell whether a cohort is whole; if not, it is once the `with` has ended without an error.

        alone: nobody else writes to the store, so that it need be asked once only, and again after `others_wrote`.
        """
        known, self._cohorts = self._cohorts if alone else None, None
        if alone and known is None:
            known = {record.data.tags.get(KEY, "") for record in self.standing("cohorts").whole}
        yield key in known if known is not None else bool(self.standing("cohorts", key).whole)
        if known is not None:
            known.add(key)
            self._cohorts = known

    def next_sequence(self, kind: Kind) -> str:
        """The sequence number of a record that is begun now: one more than the largest in the store.

        A local store is asked once, and then again after `others_wrote`.
        """
        if self.location.database is None or kind not in self._largest:
            self._largest[kind] = self._largest_sequence(kind)
        self._largest[kind] += 1
        return f"{self._largest[kind]:0{layout.DIGITS}}"

    def others_wrote(self) -> None:
        """Forget what only holds while nobody else writes: the lock of a local store was not ours."""
        self._largest.clear()
        self._cohorts = None

    def _largest_sequence(self, kind: Kind) -> int:
        ids = self.of(kind)
        last: list[Run] = []
        if ids:
            last = self.client.search_runs(ids, "", ViewType.ACTIVE_ONLY, 1, [f"tags.{SEQUENCE} DESC"])
            if last and SEQUENCE in last[0].data.tags and not _sequence(last[0]):  # edited by hand
                last = self.search(ids, page=AT_ONCE)
        return max(map(_sequence, last), default=0)

    # Removing

    def repair(self) -> int:
        """See `Store.repair`."""
        for kind in OTHER_RECORDS:
            for record in self.cut_off(kind):
                self._discard(record)
        cohorts = self.standing("cohorts")
        for twin in cohorts.twins:
            self.retire(twin)
        cut = self._abandoned(cohorts.broken)
        for record in cut:
            self._discard(record)
        for record in self.search(self.of("cohorts"), view=ViewType.DELETED_ONLY):
            if record.data.tags.get(COMPLETE) != layout.RETIRED:
                self._remove(self._members_of(record))
        self._disown(self._made_twice(cohorts))
        self._remove(self.search(self.tasks(), f"tags.{RECORD} = '{NO_RECORD}'"))  # restored in the UI, say
        return len(cut)

    def retire(self, record: Run) -> None:
        """Remove a complete record and its members; it ceases to count all at once, before anything of it is gone."""
        self._cohorts = None
        with _unless_gone():
            self.client.set_tag(record.info.run_id, COMPLETE, layout.RETIRED)
        self._disown(self._members_of(record))
        self._remove([record])

    def _discard(self, record: Run) -> None:
        """Remove a broken record and its members, unless a writer that was taken for dead has just completed it.

        A deleted record takes no mark. So either its mark is found here, or its writer finds that it is gone.
        """
        run, mark = record.info.run_id, record.data.tags.get(COMPLETE)
        if mark == layout.YES:  # it lost a member; restored in the UI it would lack its files
            with _unless_gone():
                self.client.set_tag(run, COMPLETE, layout.DAMAGED)
        self._delete(record)
        if mark is None and self._completed(run):
            self.client.restore_run(run)
            self.client.set_terminated(run)
            return
        self._remove(self._members_of(record))
        self._remove_files(record)

    def _completed(self, record: str) -> bool:
        with _unless_gone():
            return bool(self.client.get_run(record).data.tags.get(COMPLETE) == layout.YES)
        return False

    def dead(self) -> list[str]:
        """See `Store.dead`."""
        kinds = get_args(Kind)
        standings = [self.standing(kind) for kind in kinds]
        cut = [record for found in standings for record in [*self._abandoned(found.broken), *found.twins]]
        orphans = [member for record in cut for member in self._members_of(record)]
        records = [experiment for kind in kinds for experiment in self.of(kind)]
        members, deleted = (self.search(ids, view=ViewType.DELETED_ONLY) for ids in (self.tasks(), records))
        return [run for run in (r.info.run_id for r in [*members, *orphans, *deleted, *cut]) if is_run(run)]

    def _disown(self, members: list[Run]) -> None:
        """Remove members for good: restored in the UI, they are removed again, whatever record they had."""
        for member in members:
            with _unless_gone():
                self.client.set_tag(member.info.run_id, RECORD, NO_RECORD)
            self._remove([member])

    def _remove(self, runs: list[Run]) -> None:
        for run in runs:
            self._delete(run)  # first: what counts must not lack its files
            self._remove_files(run)

    def _delete(self, run: Run) -> None:
        self._cohorts = None
        if run.info.status == "RUNNING":
            with _unless_gone():
                self.client.set_terminated(run.info.run_id, "KILLED")
        with _unless_gone():
            self.client.delete_run(run.info.run_id)

    def _remove_files(self, run: Run) -> None:
        if self.location.artifacts is not None and is_run(run.info.run_id):
            shutil.rmtree(self.location.artifacts / run.info.run_id, ignore_errors=True)

    def _abandoned(self, records: list[Run]) -> list[Run]:
        """Select the broken records that no other machine may still be writing. Times are the server's own."""
        if self.location.database is not None or not records:
            return records
        own, now = writer(self.location), None
        found = []
        for record in records:
            if record.data.tags.get(WRITER) != own and record.data.tags.get(COMPLETE) is None:
                now = now or server_time(self.location)
                if now - _begun(record) < GRACE:
                    continue
            found.append(record)
        return found

    def _made_twice(self, cohorts: Standing) -> list[Run]:
        """Runs of whole cohorts that never ended: a server's answer about them was lost, and so it was asked again."""
        whole = {record.info.run_id for record in cohorts.whole}
        running = self.search(self.tasks(), "attributes.status = 'RUNNING'")
        return [run for run in running if run.data.tags.get(RECORD) in whole]

    # Asking MLflow

    def of(self, kind: Kind) -> list[str]:
        """The experiment with the records of a kind, if there is one."""
        return [e.experiment_id for e in self._experiments_with(f"name = '{layout.record_experiment(kind)}'")]

    def tasks(self) -> list[str]:
        """The experiments with members."""
        return [e.experiment_id for e in self.homes()]

    def homes(self) -> list[Experiment]:
        """The experiments with members, renamed ones too; of two for a task the one that bears its name is last."""
        tagged = self._experiments_with(f"tags.`{layout.TASK}` LIKE '%'")
        named = self._experiments_with(f"name LIKE '{layout.TASK_PREFIX}%'")
        found = {e.experiment_id: e for e in [*tagged, *named] if e.name != layout.DIAGNOSES}.values()
        return sorted(found, key=lambda e: e.name == layout.task_experiment(layout.task_of(e)))

    def _experiments_with(self, wanted: str) -> list[Experiment]:
        """The experiments that MLflow finds; deleted ones too, whose runs are deleted with them."""
        with understood(self.location.shown):
            return list(self.client.search_experiments(ViewType.ALL, filter_string=wanted))

    def _check_names(self) -> None:
        """Raise BenchError if there are members, but an experiment for records neither of this version nor another."""
        homes = {e.name for e in self.homes() if e.lifecycle_stage == LifecycleStage.ACTIVE}
        with understood(self.location.shown):
            ours = {e.name for e in self.client.search_experiments(filter_string="name LIKE 'bptt-bench%'")}
        if homes and all(name.startswith(layout.TASK_PREFIX) for name in ours - homes):
            raise BenchError(
                f"Store {self.location.shown} has no experiment '{layout.record_experiment('cohorts')}' any more: "
                f"rename it back in MLflow, or delete the experiments {', '.join(sorted(homes))} to start from scratch."
            )

    def _members_of(self, record: Run) -> list[Run]:
        return self.search(self.tasks(), f"tags.{RECORD} = '{record.info.run_id}'")

    def search(
        self, experiments: list[str], wanted: str = "", view: int = ViewType.ACTIVE_ONLY, page: int = PAGE
    ) -> list[Run]:
        """Runs of experiments, each once."""
        found: dict[str, Run] = {}
        token: Any = None
        while experiments and token != "":
            with understood(self.location.shown):
                answer = self.client.search_runs(
                    experiments, wanted, view, page, ["attributes.start_time ASC"], page_token=token
                )
            found |= {run.info.run_id: run for run in answer}
            token = answer.token or ""
        return list(found.values())

    # Experiments

    def experiment(self, name: str) -> str:
        """The id of the experiment `name`, made if need be."""
        if name not in self._experiments:
            known = self.client.get_experiment_by_name(name) or self._new_experiment(name)
            self._revive(known)
            self._experiments[name] = known.experiment_id
        return self._experiments[name]

    def home(self, task: str) -> str:
        """The id of the experiment for a task's members: where they are, whatever it is called now, or made."""
        name = layout.task_experiment(task)
        if name not in self._experiments:
            called = {layout.task_of(e): e.name for e in self.homes()}
            self._experiments[name] = self.experiment(called.get(task, name))
            self.client.set_experiment_tag(self._experiments[name], layout.TASK, task)
        return self._experiments[name]

    def _new_experiment(self, name: str) -> Experiment:
        try:
            return self.client.get_experiment(self.client.create_experiment(name, artifact_root(self.location)))
        except MlflowException:
            known = self.client.get_experiment_by_name(name)  # has another machine just made it?
            if known is None:
                raise
            return known

    def _revive(self, experiment: Experiment) -> None:
        """Make an experiment that was deleted in the UI usable again; its runs stay deleted."""
        if experiment.lifecycle_stage == LifecycleStage.DELETED:
            before = self.search([experiment.experiment_id], view=ViewType.DELETED_ONLY)  # not what others write then
            with _unless_gone():  # another machine has just done it
                self.client.restore_experiment(experiment.experiment_id)
            for run in before:
                self.client.delete_run(run.info.run_id)


def _order(record: Run) -> tuple[int, int, str]:
    """Return a key that sorts records by their number, whatever their machines' clocks say; ties by the run's id.

    Records without a number, of older programs, come first, by their time.
    """
    number = _sequence(record)
    return number, 0 if number else record.info.start_time, record.info.run_id


def _sequence(record: Run) -> int:
    text = record.data.tags.get(SEQUENCE, "")
    return int(text) if re.fullmatch(rf"[0-9]{{{layout.DIGITS}}}", text) else 0


def _begun(record: Run) -> float:
    """Return when a record was begun, in seconds since 1970, by the server's clock if it gave its time."""
    text = record.data.tags.get(BEGUN, "")
    return float(text) if re.fullmatch(r"[0-9]{1,12}", text) else record.info.start_time / 1000


@contextmanager
def _unless_gone() -> Iterator[None]:
    """Another machine may be removing the same run."""
    try:
        yield
    except MlflowException as error:
        if error.error_code not in _GONE:
            raise
