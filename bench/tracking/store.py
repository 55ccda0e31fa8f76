"""The store of results: writes cohorts whole, and reads tidy tables back from MLflow alone."""

from __future__ import annotations

import itertools
import shutil
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, TypeVar, get_args

import pandas as pd
import pyarrow as pa
from filelock import FileLock
from mlflow import MlflowClient
from mlflow.artifacts import download_artifacts
from mlflow.entities import Experiment, LifecycleStage, Run, RunTag, ViewType
from mlflow.exceptions import MlflowException

from bench.errors import BenchError
from bench.protocol.result import COST_COLUMNS, CohortResult, typed
from bench.protocol.settings import digest
from bench.protocol.snapshot import TIMING_COLUMNS, Snapshot, unpacked
from bench.protocol.study import Study
from bench.tracking import layout
from bench.tracking.layout import COMPLETE, KEY, NO_RECORD, RECORD, WRITER, Kind
from bench.tracking.local import mend
from bench.tracking.opening import Location, artifact_root, brief, connect, locate, plainly, reach, understood
from bench.tracking.reading import UNREADABLE, artifact, check_sum, checksum, is_run, table
from bench.tracking.state import hold, lock_file, writer

T = TypeVar("T")

PAGE = 1000
_MEMBER = ["seed", "learning_rate"]
"""What tells the members of a cohort apart."""

GRACE = 3600
"""Seconds for which an incomplete record on a server may be another machine's, still writing."""

SNAPSHOT_FILE = "snapshot.json.gz"
OTHER_RECORDS: tuple[Kind, ...] = ("studies", "costs", "timings", "snapshots")
"""Records that no member belongs to."""

MEASURED_COSTS = (
    "milliseconds", "time_ratio", "time_ratio_low", "time_ratio_high", "rounds", "peak_bytes", "flops",
    "commit", "dirty", "started",
)  # fmt: skip
"""Cost columns in which two measurements of the same thing may differ."""


class Store:
    """An MLflow store with the project's results in it.

    store = Store.open()                 # ./mlruns/mlflow.db
    with store.lock():
        store.repair()
        store.write_cohort(result)
    store.members()                      # MEMBER_COLUMNS and mlflow_run_id
    """

    def __init__(self, location: Location, client: MlflowClient) -> None:
        self.location, self.client = location, client
        self._experiments: dict[str, str] = {}
        self._lock = FileLock(lock_file(location))

    @classmethod
    def open(cls, uri: str | None = None, create: bool = True) -> Store:
        """Open the store at `uri` (see `locate`; None: SQLite under ./mlruns).

        create: to write to it, and make it where there is none; if false, to read it, for which no permission to
        write is needed. Raises BenchError if it cannot be used.
        """
        return cls(*connect(locate(uri), create))

    @property
    def uri(self) -> str:
        """As MLflow takes it; a password in it is kept, so show `shown` instead."""
        return self.location.uri

    @property
    def shown(self) -> str:
        """For messages: where the store is, without secrets."""
        return self.location.shown

    def reach(self) -> None:
        """Raise BenchError, and soon, if a store on a server does not answer."""
        with plainly(self.shown):
            reach(self.location)

    # Writing

    def write_cohort(self, result: CohortResult) -> None:
        """Store a trained cohort, whole or not at all; one that is already there is left as it is."""
        cohort = result.cohort
        with plainly(self.shown):
            if self._complete("cohorts", f"tags.{KEY} = '{cohort.key}'"):
                return
            name = f"{cohort.setting.label} {cohort.role}"
            with self._record("cohorts", name, cohort.key) as (record, folder):
                members = result.members.assign(mlflow_run_id=self._write_members(result, record))
                _save(members, layout.STORED_MEMBERS, folder / "members.parquet")
                whose = members[[*_MEMBER, *layout.WHOSE]]
                for name, columns in layout.STORED_OF_MEMBERS.items():
                    _save(getattr(result, name).merge(whose, on=_MEMBER), columns, folder / f"{name}.parquet")
                (folder / "cohort.json").write_text(cohort.model_dump_json(indent=1), encoding="utf-8")
            if self.location.database is None:
                self._drop_twins(cohort.key)

    def write_studies(self, studies: Sequence[Study]) -> None:
        """Store what is to be run; unless they are the newest already, they become the newest, the last one first."""
        with plainly(self.shown):
            newest = [record.data.tags.get(KEY) for record in self._complete("studies")[-len(studies) :]]
            if newest == [study.key for study in studies]:
                return
            for study in studies:
                with self._record("studies", f"{study.preset} {study.arm}", study.key) as (_, folder):
                    (folder / "study.json").write_text(study.model_dump_json(indent=1), encoding="utf-8")

    def write_costs(self, costs: pd.DataFrame) -> None:
        """Store measured costs (COST_COLUMNS)."""
        self._write_table("costs", f"{len(costs)} costs", costs, COST_COLUMNS)

    def write_timings(self, timings: pd.DataFrame) -> None:
        """Store a sample of speeds (TIMING_COLUMNS)."""
        self._write_table("timings", f"{timings['technique'].nunique()} speeds", timings, TIMING_COLUMNS)

    def write_snapshot(self, snapshot: Snapshot) -> None:
        """Store what was known at the end of a run."""
        with (
            plainly(self.shown),
            self._record("snapshots", f"{snapshot.preset} {snapshot.taken}", snapshot.id) as (_, folder),
        ):
            (folder / SNAPSHOT_FILE).write_bytes(snapshot.packed())

    def _write_table(self, kind: Kind, name: str, rows: pd.DataFrame, columns: dict[str, str]) -> None:
        with plainly(self.shown), self._record(kind, name, digest(rows.to_json(orient="records"))) as (_, folder):
            _save(rows, columns, folder / f"{kind}.parquet")

    def _write_members(self, result: CohortResult, record: str) -> list[str]:
        curves, probes = (dict(iter(table.groupby(_MEMBER))) for table in (result.curves, result.probes))
        experiment = self._experiment(layout.task_experiment(result.cohort.setting.task))
        runs = []
        for row in result.members.to_dict("records"):
            run = self.client.create_run(
                experiment, layout.started(row), layout.tags(row, record), layout.run_name(row)
            ).info.run_id
            who = row["seed"], row["learning_rate"]
            metrics = layout.metrics(row, curves.get(who, result.curves[:0]), probes.get(who, result.probes[:0]))
            self.client.log_batch(run, metrics, layout.params(row))
            self.client.set_terminated(run, layout.status(row), layout.ended(row))
            runs.append(run)
        return runs

    def _drop_twins(self, key: str) -> None:
        """Several machines may have written the same cohort at once: each sees that the first alone stays."""
        same = f"tags.{KEY} = '{key}'"
        kept = {record.info.run_id for record in self._complete("cohorts", same)[:1]}
        for record in self._search(self._records("cohorts"), f"tags.{COMPLETE} = 'yes' and {same}"):
            if kept and record.info.run_id not in kept:
                with suppress(MlflowException):  # another is at it, too
                    self._remove([*self._members_of(record), record])

    @contextmanager
    def _record(self, kind: Kind, name: str, key: str) -> Iterator[tuple[str, Path]]:
        """A record that counts from the last line on: its run id, and a folder for its files."""
        experiment = self._experiment(layout.record_experiment(kind))
        tags = {KEY: key} if self.location.database else {KEY: key, WRITER: writer(self.location)}
        record = self.client.create_run(experiment, run_name=name, tags=tags).info.run_id
        with tempfile.TemporaryDirectory() as folder:
            yield record, Path(folder)
            self.client.log_artifacts(record, folder)
            sums = [RunTag(layout.CHECKSUM + file.name, checksum(file)) for file in Path(folder).iterdir()]
            self.client.log_batch(record, tags=sums)
        self.client.set_terminated(record)
        self.client.set_tag(record, COMPLETE, "yes")

    # Reading

    def members(self) -> pd.DataFrame:
        """One row a member of every complete cohort: MEMBER_COLUMNS and mlflow_run_id.

        Of a member that two machines have trained, the first row.
        """
        rows = self._table("cohorts", "members.parquet", layout.STORED_MEMBERS)
        return rows.drop_duplicates(["setting_hash", "role", *_MEMBER], ignore_index=True)

    def curves(self) -> pd.DataFrame:
        """One row a member and evaluation: CURVE_COLUMNS and whose curve it is."""
        return self._of_members("curves")

    def gradients(self) -> pd.DataFrame:
        """Gradient flow, step by step: GRADIENT_COLUMNS and whose it is."""
        return self._of_members("gradients")

    def probes(self) -> pd.DataFrame:
        """What each profile of `gradients` comes down to: PROBE_COLUMNS and whose it is."""
        return self._of_members("probes")

    def costs(self) -> pd.DataFrame:
        """COST_COLUMNS; of the same thing measured twice on the same machine the later row."""
        costs = self._table("costs", "costs.parquet", COST_COLUMNS)
        same = [column for column in COST_COLUMNS if column not in MEASURED_COSTS]
        return costs.drop_duplicates(same, keep="last", ignore_index=True)

    def studies(self) -> list[Study]:
        """Every study once, by when it was last begun, the newest last."""
        found: dict[str, Study] = {}
        for study in self._read("studies", "study.json", lambda p: Study.model_validate_json(p.read_bytes())):
            found.pop(study.key, None)
            found[study.key] = study
        return list(found.values())

    def timings(self) -> pd.DataFrame:
        """TIMING_COLUMNS of every sample of speeds, the newest last."""
        return self._table("timings", "timings.parquet", TIMING_COLUMNS)

    def snapshots(self) -> list[Snapshot]:
        """One at the end of each run, the newest last."""
        return self._read("snapshots", SNAPSHOT_FILE, lambda path: unpacked(path.read_bytes(), path.name))

    def _of_members(self, name: str) -> pd.DataFrame:
        return self._table("cohorts", f"{name}.parquet", layout.STORED_OF_MEMBERS[name])

    def _table(self, kind: Kind, file: str, columns: dict[str, str]) -> pd.DataFrame:
        tables = self._read(kind, file, lambda path: table(path, columns))
        if not tables:
            return typed([], columns)
        return pa.concat_tables(tables, promote_options="permissive").to_pandas().astype(columns)

    def _read(self, kind: Kind, file: str, parse: Callable[[Path], T]) -> list[T]:
        """`file` of every complete record, oldest first."""

        def read(record: Run) -> T:
            local = self.location.database is not None
            with nullcontext(None) if local else tempfile.TemporaryDirectory() as folder:
                try:
                    path = self._fetch(record, file, folder)
                    check_sum(path, record.data.tags.get(layout.CHECKSUM + file))
                    return parse(path)
                except (MlflowException, *UNREADABLE) as error:
                    raise BenchError(
                        f"Cannot read {file} of run {record.info.run_id} in store {self.shown}: put it back, "
                        f"or delete that run in the MLflow UI and run again ({brief(error)})."
                    ) from error

        with plainly(self.shown), ThreadPoolExecutor(4) as pool:
            return list(pool.map(read, self._complete(kind)))

    def _fetch(self, record: Run, file: str, folder: str | None) -> Path:
        """A record's file: of a local store where it lies, else downloaded into `folder`."""
        if self.location.database is not None and self.location.artifacts is not None:
            return artifact(self.location.artifacts, record.info.run_id, file)
        address = f"{record.info.artifact_uri}/{file}"
        return Path(download_artifacts(address, dst_path=folder, tracking_uri=self.uri))

    # What is whole, and what is not

    def repair(self) -> int:
        """Remove what a killed program or a deletion in the UI left; returns how many cohorts were cut off.

        Call it under `lock`. On a server, where another machine may be writing, what is another's and younger than an
        hour is left alone.
        """
        with plainly(self.shown):
            for kind in OTHER_RECORDS:
                self._remove(self._broken(kind))
            cut = self._broken("cohorts")
            for record in cut + self._search(self._records("cohorts"), view=ViewType.DELETED_ONLY):
                self._remove(self._members_of(record))
            self._remove(cut)
            for run in self._made_twice():
                self.client.set_tag(run.info.run_id, RECORD, NO_RECORD)  # a cohort that lost a run would not be whole
                self._remove([run])
            return len(cut)

    def delete(self, kind: Kind, keys: Collection[str]) -> None:
        """Mark complete records with these keys as deleted, as MLflow's interface does.

        Call it under `lock`, and then `repair`, which takes their members.
        """
        with plainly(self.shown):
            self._remove([record for record in self._complete(kind) if record.data.tags[KEY] in keys])

    def dead(self) -> list[str]:
        """Ids of runs that count for nothing, members before records: deleted ones, and what a killed program left."""
        with plainly(self.shown):
            kinds = get_args(Kind)
            records = [e for kind in kinds for e in self._records(kind)]
            cut = [record for kind in kinds for record in self._broken(kind)]
            orphans = [self._members_of(record) for record in cut]
            deleted = [self._search(ids, view=ViewType.DELETED_ONLY) for ids in (self._tasks(), records)]
            found = (run.info.run_id for run in itertools.chain(deleted[0], *orphans, deleted[1], cut))
            return [run for run in found if is_run(run)]

    def cut_off(self) -> int:
        """How many cohorts lack their mark and are not read: being written, cut off, or damaged."""
        with plainly(self.shown):
            return len(self._broken("cohorts"))

    def _broken(self, kind: Kind) -> list[Run]:
        whole = {record.info.run_id for record in self._complete(kind)}
        records = self._search(self._records(kind))
        return [r for r in records if r.info.run_id not in whole and not self._recent(r)]

    def _members_of(self, record: Run) -> list[Run]:
        return self._search(self._tasks(), f"tags.{RECORD} = '{record.info.run_id}'")

    def _made_twice(self) -> list[Run]:
        """Runs of whole cohorts that never ended: a server's answer about them was lost, and so it was asked again."""
        whole = {record.info.run_id for record in self._complete("cohorts")}
        running = self._search(self._tasks(), "attributes.status = 'RUNNING'")
        return [run for run in running if run.data.tags.get(RECORD) in whole | {NO_RECORD}]

    def _remove(self, runs: list[Run]) -> None:
        for run in runs:
            if run.info.status == "RUNNING":
                self.client.set_terminated(run.info.run_id, "KILLED")
            self.client.delete_run(run.info.run_id)  # first: what counts must not lack its files
            if self.location.artifacts is not None and is_run(run.info.run_id):
                shutil.rmtree(self.location.artifacts / run.info.run_id, ignore_errors=True)

    def _recent(self, record: Run) -> bool:
        if self.location.database is not None or record.data.tags.get(WRITER) == writer(self.location):
            return False
        return bool(record.info.start_time > 1000 * (time.time() - GRACE))

    def _complete(self, kind: Kind, also: str = "") -> list[Run]:
        """The records that count, oldest first: tagged, every member still there, the first of its key."""
        wanted = f"tags.{COMPLETE} = 'yes'" + (f" and {also}" if also else "")
        records = self._search(self._records(kind), wanted)
        if kind != "cohorts" or not records:
            return records
        gone = self._search(self._tasks(), also, ViewType.DELETED_ONLY)
        lacking = {member.data.tags.get(RECORD) for member in gone}
        whole: dict[str, Run] = {}
        for record in records:
            if record.info.run_id not in lacking:
                whole.setdefault(record.data.tags.get(KEY, ""), record)
        return list(whole.values())

    def _search(self, experiments: list[str], wanted: str = "", view: int = ViewType.ACTIVE_ONLY) -> list[Run]:
        found: list[Run] = []
        page: Any = None
        while experiments and page != "":
            with understood(self.shown):
                answer = self.client.search_runs(
                    experiments, wanted, view, PAGE, ["attributes.start_time ASC"], page_token=page
                )
            found += answer
            page = answer.token or ""
        return found

    def _records(self, kind: Kind) -> list[str]:
        return self._ids(layout.record_experiment(kind))

    def _tasks(self) -> list[str]:
        return self._ids(f"{layout.TASK_PREFIX}%")

    def _ids(self, pattern: str) -> list[str]:
        """The experiments named like `pattern`; deleted ones too, whose runs are deleted with them."""
        wanted = f"name LIKE '{pattern}'"
        with understood(self.shown):
            return [e.experiment_id for e in self.client.search_experiments(ViewType.ALL, filter_string=wanted)]

    def _experiment(self, name: str) -> str:
        """The id of the experiment `name`, made if need be."""
        if name not in self._experiments:
            known = self.client.get_experiment_by_name(name) or self._new_experiment(name)
            self._revive(known)
            self._experiments[name] = known.experiment_id
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
            self.client.restore_experiment(experiment.experiment_id)
            for run in self._search([experiment.experiment_id]):
                self.client.delete_run(run.info.run_id)

    @contextmanager
    def lock(self, told: Callable[[str], None] | None = None) -> Iterator[None]:
        """Keep other programs from writing here, for as long as the outermost `with` lasts (see `hold`).

        told: called with a sentence if another is writing, which is then waited for; None: BusyError is raised.
        """
        with hold(self._lock, self.shown, told):
            self.mend()
            yield

    def mend(self) -> None:
        """See that MLflow looks for a local store's files where it is now, should it have been moved."""
        if self.location.database is not None:
            with plainly(self.shown):
                mend(self.location.database, self.location)


def _save(table: pd.DataFrame, columns: dict[str, str], file: Path) -> None:
    table[list(columns)].to_parquet(file, index=False)
