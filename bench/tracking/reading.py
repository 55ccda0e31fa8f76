"""Reads files that were written elsewhere: it looks for them only within the store, and checks tables."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
from pyarrow import compute, parquet

from bench.records.columns import Column, Kind, Table

UNREADABLE = (OSError, ValueError, TypeError, KeyError, MemoryError, pa.ArrowException)
"""Errors that parsing a damaged or made-up file raises."""
MOST_ROWS = 100_000_000
"""A small file can stand for any number of rows."""
LARGEST = 2**30
"""Bytes of a table in memory: a hundred times those of a large cohort."""
ROWS_A_BATCH = 2**13

_IS: dict[Kind, Callable[[pa.DataType], bool]] = {
    "int64": pa.types.is_int64,
    "float64": pa.types.is_float64,
    "bool": pa.types.is_boolean,
    "str": lambda kind: pa.types.is_string(kind) or pa.types.is_large_string(kind),
}
_TYPES: dict[Kind, pa.DataType] = {
    "int64": pa.int64(), "float64": pa.float64(), "bool": pa.bool_(), "str": pa.string(),
}  # fmt: skip


def is_run(run_id: str) -> bool:
    """Return True if MLflow could have made this id: dots or slashes in a path would lead out of the store."""
    return re.fullmatch("[0-9a-f]{32}", run_id) is not None


def artifact(artifacts: Path, run_id: str, name: str) -> Path:
    """A run's file in a local store; raises ValueError where it would lie outside, OSError where it is not there.

    Where it lies follows from the run's id, never from an address in the database.
    """
    if not is_run(run_id):
        raise ValueError("its id is not one of MLflow's")
    file = (artifacts / run_id / "artifacts" / name).resolve(strict=True)
    if not file.is_relative_to(artifacts.resolve()):
        raise ValueError(f"{name} is a link that leads out of the store")
    return file


def place_for(artifacts: Path, run_id: str, name: str) -> Path:
    """Return where a run's file is to be written in a local store; raises ValueError if that would lie outside."""
    if not is_run(run_id):
        raise ValueError("its id is not one of MLflow's")
    folder = (artifacts / run_id / "artifacts" / name).parent.resolve()
    if not folder.is_relative_to(artifacts.resolve() / run_id):
        raise ValueError(f"the folder of {name} is a link that leads out of it")
    folder.mkdir(parents=True, exist_ok=True)
    return folder / Path(name).name


def checksum(file: Path) -> str:
    """SHA-256 of a file's content."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def check_sum(file: Path, expected: str | None) -> None:
    """Raise ValueError if a file is not what was written; None: that was not recorded."""
    if expected is not None and checksum(file) != expected:
        raise ValueError("it has been changed or damaged since it was written")


def table(file: Path, columns: Table) -> pa.Table:
    """A Parquet file's columns, of their types and with values that there can be; raises one of UNREADABLE.

    Columns that were added after the file was written have the value that they give themselves.

    Not as a pandas table: to make a thousand small ones takes four times as long as to read them.
    """
    if not file.is_file():  # a folder would be read as one table
        raise OSError("it is not a file")
    with parquet.ParquetFile(file) as opened:
        schema = opened.schema_arrow  # made anew each time that it is asked for
        lacking = [c for c in columns if c.older is not None and c.name not in schema.names]
        there = [column for column in columns if column not in lacking]
        for column in there:
            _check_type(schema, column, empty=not opened.metadata.num_rows)
        content = bounded(opened, [column.name for column in there])
    for column in lacking:
        value = pa.scalar(column.older, _TYPES[column.kind])
        content = content.append_column(column.name, pa.repeat(value, len(content)))
    for column in columns:
        _check_values(content[column.name], column)
    return content.select(list(columns.types)).replace_schema_metadata(None)


def bounded(opened: parquet.ParquetFile, columns: list[str] | None = None) -> pa.Table:
    """Read what a Parquet file holds. Raises ValueError if that is more than MOST_ROWS or LARGEST.

    The file says how large its pages are, so honest files are not read in vain. A column that repeats a value is
    short in the file nevertheless, so rows are read a few at a time, and counted.
    """
    about = opened.metadata
    if about.num_rows > MOST_ROWS:
        raise ValueError(f"it has more than {MOST_ROWS} rows")
    if sum(about.row_group(group).total_byte_size for group in range(about.num_row_groups)) > LARGEST:
        raise ValueError(f"it unpacks to more than {LARGEST} bytes")
    batches, size = [], 0
    for batch in opened.iter_batches(ROWS_A_BATCH, columns=columns, use_threads=False):
        size += batch.nbytes
        if size > LARGEST:
            raise ValueError(f"it unpacks to more than {LARGEST} bytes")
        batches.append(batch)
    if batches:
        return pa.Table.from_batches(batches)
    return opened.read(columns=columns)


def _check_type(schema: pa.Schema, column: Column, empty: bool) -> None:
    places = schema.get_all_field_indices(column.name)
    if len(places) != 1:
        raise ValueError(f"column '{column.name}' {'appears twice' if places else 'is missing'}")
    found = schema.field(places[0]).type
    if not _IS[column.kind](found) and not (empty and pa.types.is_null(found)):
        raise ValueError(f"column '{column.name}' holds {found}, not {column.kind}")


def _check_values(values: pa.ChunkedArray, column: Column) -> None:
    if column.kind != "float64" and values.null_count:
        raise ValueError(f"column '{column.name}' has gaps")
    if column.words or column.holds:
        for fault in column.faults(compute.unique(values).to_pylist()):
            raise ValueError(f"column '{column.name}' {fault}")
