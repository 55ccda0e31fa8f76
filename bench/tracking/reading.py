"""What lies in a store was written elsewhere: files are looked for within it alone, and tables are checked."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pyarrow as pa
from pyarrow import compute, parquet

from bench.records.result import ADDED_LATER
from bench.records.settings import Outcome, Role

UNREADABLE = (OSError, ValueError, TypeError, KeyError, MemoryError, pa.ArrowException)
"""What parsing a damaged or made-up file raises."""
MOST_ROWS = 100_000_000
"""A small file can stand for any number of rows."""
LARGEST = 2**30
"""Bytes of a table in memory: a hundred times those of a large cohort."""
ROWS_A_BATCH = 2**13

_WORDS: dict[str, tuple[str, ...]] = {
    "role": get_args(Role),
    "outcome": get_args(Outcome),
    "moment": ("start", "during", "end"),
}
_JSON: dict[str, type] = {"dials": dict, "plateaus": dict, "round_ratios": list}
_IS: dict[str, Callable[[pa.DataType], bool]] = {
    "int64": pa.types.is_int64,
    "float64": pa.types.is_float64,
    "bool": pa.types.is_boolean,
    "str": lambda kind: pa.types.is_string(kind) or pa.types.is_large_string(kind),
}


def is_run(run_id: str) -> bool:
    """Whether MLflow could have made this id: what has dots or slashes would lead out of the store as a path."""
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


def checksum(file: Path) -> str:
    """SHA-256 of a file's content."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def check_sum(file: Path, expected: str | None) -> None:
    """Raise ValueError if a file is not what was written; None: nobody wrote down what that was."""
    if expected is not None and checksum(file) != expected:
        raise ValueError("it was changed or damaged since it was written")


def table(file: Path, columns: dict[str, str]) -> pa.Table:
    """A Parquet file's columns, of their types and with words that exist; raises one of UNREADABLE.

    Columns that were added after the file was written have the value that ADDED_LATER gives.

    Not as a pandas table: to make a thousand small ones takes four times as long as to read them.
    """
    if not file.is_file():  # a folder would be read as one table
        raise OSError("it is not a file")
    with parquet.ParquetFile(file) as opened:
        lacking = [name for name in columns if name in ADDED_LATER and name not in opened.schema_arrow.names]
        for name, kind in columns.items():
            if name not in lacking:
                _check_type(opened.schema_arrow, name, kind, empty=not opened.metadata.num_rows)
        content = bounded(opened, [name for name in columns if name not in lacking])
    for name in lacking:
        content = content.append_column(name, pa.repeat(pa.scalar(ADDED_LATER[name], pa.string()), len(content)))
    for name, kind in columns.items():
        if kind != "float64" and content[name].null_count:
            raise ValueError(f"column '{name}' has gaps")
    for name in _WORDS.keys() & columns.keys():
        unknown = set(compute.unique(content[name]).to_pylist()) - set(_WORDS[name])
        if unknown:
            raise ValueError(f"column '{name}' holds '{min(unknown)}', not one of {', '.join(_WORDS[name])}")
    for name in _JSON.keys() & columns.keys():
        for text in compute.unique(content[name]).to_pylist():
            _check_numbers(name, text, _JSON[name])
    return content.select(list(columns)).replace_schema_metadata(None)


def bounded(opened: parquet.ParquetFile, columns: list[str] | None = None) -> pa.Table:
    """What a Parquet file holds; raises ValueError where that is more than MOST_ROWS or LARGEST.

    The file says how large its pages are, which keeps honest files from being read in vain. What repeats a value is
    short in the file all the same, so that rows are read a few at a time, and counted.
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


def _check_type(schema: pa.Schema, name: str, kind: str, empty: bool) -> None:
    places = schema.get_all_field_indices(name)
    if len(places) != 1:
        raise ValueError(f"column '{name}' is {'there twice' if places else 'missing'}")
    found = schema.field(places[0]).type
    if not _IS[kind](found) and not (empty and pa.types.is_null(found)):
        raise ValueError(f"column '{name}' holds {found}, not {kind}")


def _check_numbers(name: str, text: str, kind: type) -> None:
    """A JSON object or list of numbers."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    numbers = value.values() if isinstance(value, dict) else value
    if not isinstance(value, kind) or not all(isinstance(number, int | float) for number in numbers):
        raise ValueError(f"column '{name}' holds '{text[:40]}', not numbers as JSON")
