"""The store of results: writes cohorts whole, and reads tidy tables back from MLflow alone."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
import pyarrow as pa
from filelock import FileLock, Timeout
from mlflow import MlflowClient
from mlflow.artifacts import download_artifacts
from mlflow.entities import Experiment, LifecycleStage, Run, ViewType
from mlflow.exceptions import MlflowException
from pyarrow.parquet import ParquetFile

from bench.errors import BenchError
from bench.protocol.result import COST_COLUMNS, CohortResult, typed
from bench.protocol.settings import digest
from bench.protocol.study import Study
from bench.tracking import layout
from bench.tracking.layout import COMPLETE, KEY, RECORD, Kind
from bench.tracking.opening import Location, artifact_root, brief, connect, locate, plainly

T = TypeVar("T")

PAGE = 1000
_MEMBER = ["seed", "learning_rate"]
"""What tells the members of a cohort apart."""

GRACE = 3600
"""Seconds for which an incomplete record on a server may be another machine's, still writing."""

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

    @classmethod
    def open(cls, uri: str | None = None, create: bool = True) -> Store:
        """Open the store at `uri` (see `locate`; None: SQLite under ./mlruns).

        Raises BenchError if it cannot be used, or is not there and `create` is false.
        """
        location = locate(uri)
        return cls(location, connect(location, create))

    @property
    def uri(self) -> str:
        """As MLflow takes it; a password in it is kept, so show `shown` instead."""
        return self.location.uri

    @property
    def shown(self) -> str:
        """For messages: where the store is, without secrets."""
        return self.location.shown

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

    def write_studies(self, studies: Sequence[Study]) -> None:
        """Store what is to be run; unless they are the newest already, they become the newest, the last one first."""
        with plainly(self.shown):
            newest = [record.data.tags[KEY] for record in self._complete("studies")[-len(studies) :]]
            if newest == [study.key for study in studies]:
                return
            for study in studies:
                with self._record("studies", f"{study.preset} {study.arm}", study.key) as (_, folder):
                    (folder / "study.json").write_text(study.model_dump_json(indent=1), encoding="utf-8")

    def write_costs(self, costs: pd.DataFrame) -> None:
        """Store measured costs (COST_COLUMNS)."""
        with plainly(self.shown):
            key = digest(costs.to_json(orient="records"))
            with self._record("costs", f"{len(costs)} costs", key) as (_, folder):
                _save(costs, COST_COLUMNS, folder / "costs.parquet")

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

    @contextmanager
    def _record(self, kind: Kind, name: str, key: str) -> Iterator[tuple[str, Path]]:
        """A record that counts from the last line on: its run id, and a folder for its files."""
        experiment = self._experiment(layout.record_experiment(kind))
        record = self.client.create_run(experiment, run_name=name, tags={KEY: key}).info.run_id
        with tempfile.TemporaryDirectory() as folder:
            yield record, Path(folder)
            self.client.log_artifacts(record, folder)
        self.client.set_terminated(record)
        self.client.set_tag(record, COMPLETE, "yes")

    # Reading

    def members(self) -> pd.DataFrame:
        """One row a member of every complete cohort: MEMBER_COLUMNS and mlflow_run_id."""
        return self._table("cohorts", "members.parquet", layout.STORED_MEMBERS)

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

    def _of_members(self, name: str) -> pd.DataFrame:
        return self._table("cohorts", f"{name}.parquet", layout.STORED_OF_MEMBERS[name])

    def _table(self, kind: Kind, file: str, columns: dict[str, str]) -> pd.DataFrame:
        tables = self._read(kind, file, lambda path: _load(path, list(columns)))
        if not tables:
            return typed([], columns)
        return pa.concat_tables(tables, promote_options="permissive").to_pandas().astype(columns)

    def _read(self, kind: Kind, file: str, parse: Callable[[Path], T]) -> list[T]:
        """`file` of every complete record, oldest first."""

        def read(record: Run) -> T:
            local = self.location.database is not None
            with nullcontext(None) if local else tempfile.TemporaryDirectory() as folder:
                address = f"{record.info.artifact_uri}/{file}"
                try:
                    return parse(Path(download_artifacts(address, dst_path=folder, tracking_uri=self.uri)))
                except (MlflowException, OSError, ValueError) as error:
                    raise BenchError(
                        f"Cannot read {file} of run {record.info.run_id} in store {self.shown}: put it back, "
                        f"or delete that run in the MLflow UI and run again ({brief(error)})."
                    ) from error

        with plainly(self.shown), ThreadPoolExecutor(4) as pool:
            return list(pool.map(read, self._complete(kind)))

    # What is whole, and what is not

    def repair(self) -> int:
        """Remove what a killed program or a deletion in the UI left; returns how many cohorts were cut off.

        Call it under `lock`. On a server, where no lock holds, what is younger than an hour is left alone.
        """
        with plainly(self.shown):
            for kind in ("studies", "costs"):
                self._remove(self._broken(kind))
            cut = self._broken("cohorts")
            for record in cut + self._search(self._records("cohorts"), view=ViewType.DELETED_ONLY):
                self._remove(self._search(self._tasks(), f"tags.{RECORD} = '{record.info.run_id}'"))
            self._remove(cut)
            return len(cut)

    def _broken(self, kind: Kind) -> list[Run]:
        whole = {record.info.run_id for record in self._complete(kind)}
        records = self._search(self._records(kind))
        return [r for r in records if r.info.run_id not in whole and not self._recent(r)]

    def _remove(self, runs: list[Run]) -> None:
        for run in runs:
            if self.location.artifacts is not None:
                shutil.rmtree(self.location.artifacts / run.info.run_id, ignore_errors=True)
            self.client.delete_run(run.info.run_id)

    def _recent(self, record: Run) -> bool:
        return self.location.database is None and record.info.start_time > 1000 * (time.time() - GRACE)

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
                whole.setdefault(record.data.tags[KEY], record)
        return list(whole.values())

    def _search(self, experiments: list[str], wanted: str = "", view: int = ViewType.ACTIVE_ONLY) -> list[Run]:
        found: list[Run] = []
        page: Any = None
        while experiments and page != "":
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
        return [e.experiment_id for e in self.client.search_experiments(ViewType.ALL, filter_string=wanted)]

    def _experiment(self, name: str) -> str:
        """The id of the experiment `name`, made if need be."""
        if name not in self._experiments:
            known = self.client.get_experiment_by_name(name)
            if known is None:
                self._experiments[name] = self.client.create_experiment(name, artifact_root(self.location))
            else:
                self._revive(known)
                self._experiments[name] = known.experiment_id
        return self._experiments[name]

    def _revive(self, experiment: Experiment) -> None:
        """Make an experiment that was deleted in the UI usable again; its runs stay deleted."""
        if experiment.lifecycle_stage == LifecycleStage.DELETED:
            self.client.restore_experiment(experiment.experiment_id)
            for run in self._search([experiment.experiment_id]):
                self.client.delete_run(run.info.run_id)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep every other process from writing here; a server's store has no such lock.

        Raises BenchError if another process holds it.
        """
        database = self.location.database
        if database is None:
            yield
            return
        holder = Path(f"{database}.pid")
        with plainly(self.shown):
            lock = FileLock(f"{database}.lock", timeout=0)
            try:
                lock.acquire()
            except Timeout:
                raise BenchError(
                    f"Store {self.shown} is being written by process {holder.read_text()}: wait for it, "
                    f"or name another with --store."
                ) from None
            holder.write_text(str(os.getpid()))
        try:
            yield
        finally:
            lock.release()


def _save(table: pd.DataFrame, columns: dict[str, str], file: Path) -> None:
    table[list(columns)].to_parquet(file, index=False)


def _load(file: Path, columns: list[str]) -> pa.Table:
    """Columns of a Parquet file; ValueError if it lacks one.

    Not as a pandas table: to make a thousand small ones takes four times as long as to read them.
    """
    table = ParquetFile(file).read(columns)
    missing = [name for name in columns if name not in table.column_names]
    if missing:
        raise ValueError(f"it has no column '{missing[0]}'")
    return table.select(columns).replace_schema_metadata(None)
