"""The store of results: writes cohorts whole, and reads tidy tables back from MLflow alone."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any, get_args

import pandas as pd
import pyarrow as pa
from filelock import FileLock
from mlflow import MlflowClient
from mlflow.artifacts import download_artifacts
from mlflow.entities import Run, RunTag
from mlflow.exceptions import MlflowException

from bench.errors import BenchError, brief
from bench.files import write_whole
from bench.records.columns import Table
from bench.records.result import COSTS, MEMBER, CohortResult, typed
from bench.records.settings import Cohort, digest
from bench.records.snapshot import TIMINGS, Snapshot
from bench.records.study import Study
from bench.tracking import layout, notes, said
from bench.tracking.address import Location, locate
from bench.tracking.clock import server_time
from bench.tracking.contents import FILES, SNAPSHOT_FILE, LostError, is_lost
from bench.tracking.layout import BEGUN, COMPLETE, KEY, SEQUENCE, WRITER, Kind
from bench.tracking.local import mend
from bench.tracking.opening import connect, plainly, reach
from bench.tracking.place import Place, check_one_name
from bench.tracking.reading import UNREADABLE, artifact, check_sum, checksum, place_for
from bench.tracking.records import Records
from bench.tracking.state import hold, lock_file, writer

_MEMBER = list(MEMBER.types)

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
    store.members()                      # MEMBERS and mlflow_run_id
    """

    def __init__(self, location: Location, client: MlflowClient) -> None:
        self.location, self.client = location, client
        self.records, self.place = Records(location, client), Place(location)
        self._lock = FileLock(lock_file(location))

    @classmethod
    def open(cls, uri: str | None = None, create: bool = True) -> Store:
        """Open the store at `uri` (see `locate`; None: SQLite under ./mlruns).

        create: to write to it, and make it where there is none; if false, to read it, for which no permission to
        write is needed. Raises BenchError if it cannot be used.
        """
        location = locate(uri)
        check_one_name(location)
        return cls(*connect(location, create))

    @property
    def uri(self) -> str:
        """Return the address in the form that MLflow takes. It keeps a password, so show `shown` instead."""
        return self.location.uri

    @property
    def shown(self) -> str:
        """Return the store's name in messages, without secrets."""
        return self.location.shown

    def reach(self) -> None:
        """Raise BenchError, and soon, if a server does not answer, or a local store is not where it was."""
        with plainly(self.shown):
            self.place.check()
            reach(self.location)

    # Writing

    def write_cohort(self, result: CohortResult) -> None:
        """Store a trained cohort, whole or not at all; one that is already there is left as it is."""
        cohort = result.cohort
        alone = self.location.database is not None and self._lock.is_locked
        with plainly(self.shown), self.records.cohort(cohort.key, alone) as is_whole:
            if is_whole:
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
                self._settle(cohort)

    def write_studies(self, studies: Sequence[Study]) -> None:
        """Store what is to be run; unless they are the newest already, they become the newest, the last one first."""
        with plainly(self.shown):
            newest = [r.data.tags.get(KEY) for r in self.records.standing("studies").whole[-len(studies) :]]
            if newest == [study.key for study in studies]:
                return
            for study in studies:
                with self._record("studies", f"{study.preset} {study.arm}", study.key) as (_, folder):
                    (folder / "study.json").write_text(study.model_dump_json(indent=1), encoding="utf-8")

    def write_costs(self, costs: pd.DataFrame) -> None:
        """Store measured costs (COSTS)."""
        self._write_table("costs", f"{len(costs)} costs", costs, COSTS)

    def write_timings(self, timings: pd.DataFrame) -> None:
        """Store a sample of speeds (TIMINGS)."""
        self._write_table("timings", f"{timings['technique'].nunique()} speeds", timings, TIMINGS)

    def write_snapshot(self, snapshot: Snapshot) -> None:
        """Store what was known at the end of a run."""
        with (
            plainly(self.shown),
            self._record("snapshots", f"{snapshot.preset} {snapshot.taken}", snapshot.id) as (_, folder),
        ):
            (folder / SNAPSHOT_FILE).write_bytes(snapshot.packed())

    def _write_table(self, kind: Kind, name: str, rows: pd.DataFrame, columns: Table) -> None:
        with plainly(self.shown), self._record(kind, name, digest(rows.to_json(orient="records"))) as (_, folder):
            _save(rows, columns, folder / f"{kind}.parquet")

    def write_file(self, run: Run, name: str, content: bytes) -> None:
        """Put a file that is for people alone with a run that is there, in place of one of that name."""
        self.place.check()
        with plainly(self.shown):
            if self.location.database is not None and self.location.artifacts is not None:
                try:
                    place = place_for(self.location.artifacts, run.info.run_id, name)
                except ValueError as error:
                    raise BenchError(
                        f"Cannot write to run {run.info.run_id} in store {self.shown}: {error}."
                    ) from error
                write_whole(place, content, "choose another store with --store")
                return
            with tempfile.TemporaryDirectory() as folder:
                (Path(folder) / Path(name).name).write_bytes(content)
                above = Path(name).parent.as_posix()
                self.client.log_artifacts(run.info.run_id, folder, None if above == "." else above)

    def _write_members(self, result: CohortResult, record: str) -> list[str]:
        curves, probes = (dict(iter(table.groupby(_MEMBER))) for table in (result.curves, result.probes))
        experiment = self.records.home(result.cohort.setting.task)
        cohorts = self.records.experiment(layout.record_experiment("cohorts"))
        runs = []
        for row in result.members.to_dict("records"):
            who = row["seed"], row["learning_rate"]
            name = layout.run_name(result.cohort.setting.key, *who, result.cohort.role)
            told = layout.tags(row, record) | {notes.TAG: said.of_member(row, experiment, cohorts, record)}
            run = self.client.create_run(experiment, layout.started(row), told, name).info.run_id
            metrics = layout.metrics(row, curves.get(who, result.curves[:0]), probes.get(who, result.probes[:0]))
            self.client.log_batch(run, metrics, layout.params(row))
            self.client.set_terminated(run, layout.status(row), layout.ended(row))
            runs.append(run)
        return runs

    def _settle(self, what: Cohort) -> None:
        """Other machines may have written the same cohort: the first stays. And the store may have been repaired."""
        found = self.records.standing("cohorts", what.key)
        if not found.whole:
            raise BenchError(
                f"Store {self.shown} lost runs of {what.setting.label} while they were being written: run again."
            )
        for twin in found.twins:
            self.records.retire(twin)

    @contextmanager
    def _record(self, kind: Kind, name: str, key: str) -> Iterator[tuple[str, Path]]:
        """A record that counts from the last line on: its run id, and a folder for its files."""
        self.place.check()
        experiment = self.records.experiment(layout.record_experiment(kind))
        tags = {KEY: key, SEQUENCE: self.records.next_sequence(kind)}
        if self.location.database is None:
            tags |= {WRITER: writer(self.location), BEGUN: f"{server_time(self.location):.0f}"}
        record = self.client.create_run(experiment, run_name=name, tags=tags).info.run_id
        with tempfile.TemporaryDirectory() as folder:
            yield record, Path(folder)
            self.place.check()  # files would go to where the store was
            self.client.log_artifacts(record, folder)
            sums = [RunTag(layout.CHECKSUM + file.name, checksum(file)) for file in Path(folder).iterdir()]
            self.client.log_batch(record, tags=sums)
        self.client.set_terminated(record)
        self.place.check()
        self.client.set_tag(record, COMPLETE, layout.YES)
        self.place.check()

    # Reading

    def members(self) -> pd.DataFrame:
        """One row a member of every complete cohort: MEMBERS and mlflow_run_id.

        Of a member that two machines have trained, the first row.
        """
        rows = self._table("cohorts", "members.parquet", layout.STORED_MEMBERS)
        return rows.drop_duplicates(["setting_hash", "role", *_MEMBER], ignore_index=True)

    def curves(self) -> pd.DataFrame:
        """Return one row per member and evaluation: CURVES and the member."""
        return self._of_members("curves")

    def gradients(self) -> pd.DataFrame:
        """Return gradient flow, step by step: GRADIENTS and the member."""
        return self._of_members("gradients")

    def probes(self) -> pd.DataFrame:
        """Return the summary of each profile of `gradients`: PROBES and the member."""
        return self._of_members("probes")

    def costs(self) -> pd.DataFrame:
        """COSTS; of the same thing measured twice on the same machine the later row."""
        costs = self._table("costs", "costs.parquet", COSTS)
        same = [column for column in COSTS.types if column not in MEASURED_COSTS]
        return costs.drop_duplicates(same, keep="last", ignore_index=True)

    def studies(self) -> list[Study]:
        """Every study once, by when it was last begun, the newest last."""
        found: dict[str, Study] = {}
        for study in self._read("studies", "study.json"):
            found.pop(study.key, None)
            found[study.key] = study
        return list(found.values())

    def timings(self) -> pd.DataFrame:
        """TIMINGS of every sample of speeds, the newest last."""
        return self._table("timings", "timings.parquet", TIMINGS)

    def snapshots(self) -> list[Snapshot]:
        """One at the end of each run, the newest last."""
        return self._read("snapshots", SNAPSHOT_FILE)

    def table(self, record: Run, name: str) -> pd.DataFrame:
        """One table of one cohort's record: members, curves, gradients or probes. Raises BenchError."""
        return self._parsed(record, "cohorts", f"{name}.parquet").to_pandas()

    def _of_members(self, name: str) -> pd.DataFrame:
        return self._table("cohorts", f"{name}.parquet", layout.STORED_OF_MEMBERS[name])

    def _table(self, kind: Kind, file: str, columns: Table) -> pd.DataFrame:
        tables = self._read(kind, file)
        if not tables:
            return typed([], columns)
        return pa.concat_tables(tables, promote_options="permissive").to_pandas().astype(columns.types)

    def _read(self, kind: Kind, file: str) -> list[Any]:
        """`file` of every complete record, oldest first."""
        done: dict[str, Any] = {}

        def read(record: Run) -> tuple[str, BenchError] | None:
            """Read a record into `done`; return its run and the error if it cannot be read."""
            run = record.info.run_id
            try:
                done[run] = done[run] if run in done else self._parsed(record, kind, file)
            except BenchError as error:
                return run, error
            return None

        with plainly(self.shown), ThreadPoolExecutor(4) as pool:
            while True:
                records = self.records.standing(kind).whole
                lost = dict(filter(None, pool.map(read, records)))
                if not lost:
                    return [done[record.info.run_id] for record in records]
                counting = {record.info.run_id for record in self.records.standing(kind).whole}
                unreadable = [error for run, error in lost.items() if run in counting]
                if unreadable:
                    others = f" The same problem affects {len(unreadable) - 1} more." if len(unreadable) > 1 else ""
                    raise BenchError(f"{unreadable[0]}{others}")
                # else another machine's records have taken their places: look again

    def _parsed(self, record: Run, kind: Kind, file: str) -> Any:
        local = self.location.database is not None
        with nullcontext(None) if local else tempfile.TemporaryDirectory() as folder:
            try:
                path = self._fetch(record, file, folder)
                check_sum(path, record.data.tags.get(layout.CHECKSUM + file))
                return FILES[kind][file](path)
            except UNREADABLE as error:
                which = f"Cannot read {file} of run {record.info.run_id} in store {self.shown}"
                if not is_lost(error):
                    raise BenchError(f"{which}: {brief(error)}; fix that, and try again.") from error
                raise LostError(
                    f"{which} ({brief(error)}): restore it, or remove unreadable results with 'bptt-bench prune "
                    f"--unreadable{self.location.option}', and run again."
                ) from error

    def _fetch(self, record: Run, file: str, folder: str | None) -> Path:
        """A record's file: of a local store where it lies, else downloaded into `folder`."""
        if self.location.database is not None and self.location.artifacts is not None:
            return artifact(self.location.artifacts, record.info.run_id, file)
        address = f"{record.info.artifact_uri}/{file}"
        try:
            return Path(download_artifacts(address, dst_path=folder, tracking_uri=self.uri))
        except (MlflowException, OSError):
            if file in {found.path for found in self.client.list_artifacts(record.info.run_id)}:
                raise
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), file) from None

    def unreadable(self) -> dict[Kind, list[Run]]:
        """The complete records, by kind, of which a file is lost or damaged.

        Raises BenchError where a file cannot be read for another reason, which may pass.
        """
        with plainly(self.shown), ThreadPoolExecutor(4) as pool:
            found: dict[Kind, list[Run]] = {}
            for kind in get_args(Kind):
                records = self.records.standing(kind).whole
                lost = pool.map(partial(self._lacks_a_file, kind), records)
                found[kind] = [record for record, lacks in zip(records, lost, strict=True) if lacks]
            return found

    def _lacks_a_file(self, kind: Kind, record: Run) -> bool:
        try:
            for file in FILES[kind]:
                self._parsed(record, kind, file)
        except LostError:
            return True
        return False

    # What is whole, and what is not

    def repair(self) -> int:
        """Remove what a killed program or a deletion in the UI left; returns how many cohorts were cut off.

        Call it under `lock`. On a server, where another machine may be writing, what is another's and younger than an
        hour is left alone.
        """
        with plainly(self.shown):
            return self.records.repair()

    def delete(self, kind: Kind, keys: Collection[str]) -> None:
        """Mark the records with these keys, and their members, as deleted. Call it under `lock`."""
        with plainly(self.shown):
            found = self.records.standing(kind)
            for record in [*found.twins, *found.whole]:  # a twin must not take the place of what goes
                if record.data.tags.get(KEY) in keys:
                    self.records.retire(record)

    def retire(self, records: Iterable[Run]) -> None:
        """Mark these records, and their members, as deleted. Call it under `lock`."""
        with plainly(self.shown):
            for record in records:
                self.records.retire(record)

    def dead(self) -> list[str]:
        """Ids of runs that count for nothing, members before records: deleted ones, and what a killed program left."""
        with plainly(self.shown):
            return self.records.dead()

    def cut_off(self) -> int:
        """Count the cohorts that lack their mark and are not read: being written, cut off, or damaged."""
        with plainly(self.shown):
            return len(self.records.cut_off("cohorts"))

    @contextmanager
    def lock(self, told: Callable[[str], None] | None = None) -> Iterator[None]:
        """Keep other programs from writing here, for as long as the outermost `with` lasts (see `hold`).

        told: called with a sentence if another is writing, which is then waited for; None: BusyError is raised.
        """
        self.place.check()  # else the lock would go to where the store was
        with hold(self._lock, self.shown, told):
            self.records.others_wrote()
            self.mend()
            yield

    def mend(self) -> None:
        """Ensure that MLflow looks for a local store's files where the store is now, in case it was moved."""
        if self.location.database is not None:
            with plainly(self.shown):
                mend(self.location.database, self.location)


def _save(table: pd.DataFrame, columns: Table, file: Path) -> None:
    table[list(columns.types)].to_parquet(file, index=False)
