"""Finished cohorts that the store would not take: they wait in files, and are sent later, each once."""

from __future__ import annotations

import io
import time
import zipfile
from dataclasses import fields
from pathlib import Path

import pandas as pd
from pyarrow import parquet

from bench.errors import BenchError
from bench.files import write_whole
from bench.records.result import CohortResult
from bench.records.settings import Cohort
from bench.tracking.reading import LARGEST, UNREADABLE, bounded
from bench.tracking.state import state_folder
from bench.tracking.store import Store

PAUSE = 60.0
"""Seconds after a failure in which the store is left alone."""

_TABLES = [field.name for field in fields(CohortResult) if field.name != "cohort"]


class Outbox:
    """Writes cohorts to a store; what it cannot write waits on this machine's disk.

    A file goes when its cohort is whole in the store. A cohort that is there already is not written again, so a
    program that is killed in between sends nothing twice. Use it under the store's lock.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.folder = state_folder(store.location) / "unsent"
        self.trouble = ""
        """Reason why the store did not take the last result that was to be written; empty if it did."""
        self._resting_until = 0.0

    def write(self, result: CohortResult) -> None:
        """Write a cohort to the store or, while that fails, to a file; BenchError if neither can be done."""
        if self.send():
            try:
                self.store.reach()
                self.store.write_cohort(result)
                return
            except BenchError as error:
                self._rest(error)
        remedy = f"free some space there; the store did not accept the results either: {self.trouble}"
        write_whole(self._file(result.cohort.key), _packed(result), remedy.rstrip("."))

    def send(self, at_once: bool = False) -> bool:
        """Send what waits, unless the store has failed a moment ago; whether nothing waits any more."""
        waiting = self._files()
        if waiting and (at_once or time.monotonic() >= self._resting_until):
            try:
                self.store.reach()
                self.store.repair()  # of what was cut off
                for file in waiting:
                    self.store.write_cohort(_unpacked(file))
                    file.unlink()
                self.trouble = ""
            except BenchError as error:
                self._rest(error)
        return not self._files()

    def waiting(self) -> list[CohortResult]:
        """The cohorts that wait, oldest first."""
        return [_unpacked(file) for file in self._files()]

    def __len__(self) -> int:
        return len(self._files())

    def _file(self, key: str) -> Path:
        """Return the path at which a cohort waits: its number in the order of writing, and its key."""
        files = self._files()
        known = [file for file in files if file.stem.rpartition("-")[2] == key]
        return known[0] if known else self.folder / f"{1 + max(map(_number, files), default=0):06d}-{key}.zip"

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob("*.zip"), key=lambda file: (_number(file), file.name))

    def _rest(self, error: BenchError) -> None:
        self.trouble = str(error)
        self._resting_until = time.monotonic() + PAUSE


def _number(file: Path) -> int:
    number = file.name.partition("-")[0]
    return int(number) if number.isdecimal() else 0


def _packed(result: CohortResult) -> bytes:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        archive.writestr("cohort.json", result.cohort.model_dump_json())
        for name in _TABLES:
            archive.writestr(f"{name}.parquet", getattr(result, name).to_parquet(index=False))
    return memory.getvalue()


def _unpacked(file: Path) -> CohortResult:
    try:
        with zipfile.ZipFile(file) as archive:
            if sum(member.file_size for member in archive.infolist()) > LARGEST:
                raise ValueError(f"it unpacks to more than {LARGEST} bytes")
            tables = {name: _table(archive.read(f"{name}.parquet")) for name in _TABLES}
            return CohortResult(Cohort.model_validate_json(archive.read("cohort.json")), **tables)
    except (*UNREADABLE, zipfile.BadZipFile) as error:
        raise BenchError(f"Cannot read {file} ({error}): delete it, and its runs will be trained again.") from error


def _table(packed: bytes) -> pd.DataFrame:
    with parquet.ParquetFile(io.BytesIO(packed)) as opened:
        return bounded(opened).to_pandas()
