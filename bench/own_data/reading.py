"""Reads a user's table or arrays, and says in one sentence what is wrong with them."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from bench.errors import BenchError

TIMES = ("time", "date", "datetime", "timestamp")
"""Names of a column of times, whatever their case."""


def read_table(file: Path) -> pd.DataFrame:
    """Read a CSV or Parquet file. Raises BenchError, saying what is wrong and where."""
    _see(file)
    try:
        table = _read_csv(file) if file.suffix.lower() == ".csv" else pd.read_parquet(file)
    except BenchError:
        raise
    except UnicodeDecodeError:
        raise BenchError(f"{file.name} is not text in UTF-8: save it as CSV in UTF-8.") from None
    except Exception as error:  # the libraries raise what they like
        said = " ".join(str(error).split()).rstrip(".").removeprefix("Error tokenizing data. C error: ")
        raise BenchError(f"{file.name} cannot be read as {file.suffix[1:].upper()}: {said}.") from None
    if not len(table):
        raise BenchError(f"{file.name} has no rows.")
    twice = table.columns[table.columns.duplicated()]
    if len(twice):
        raise BenchError(f"{file.name} has two columns '{twice[0]}': rename one of them.")
    return table.reset_index(drop=True)


def _read_csv(file: Path) -> pd.DataFrame:
    """Read a CSV file, whose separator is a comma, a semicolon or a tab."""
    with file.open(encoding="utf-8-sig", newline="") as opened:
        first = opened.readline()
        opened.seek(0)
        separator = max(",;\t", key=first.count)
        names = next(csv.reader(opened, delimiter=separator), [])
    if not first.strip():
        raise BenchError(f"{file.name} has no first line with the names of its columns.")
    if all(map(_is_number, names)) and "." in "".join(names):
        raise BenchError(f"{file.name} begins with numbers: its first line has to name the columns.")
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise BenchError(f"{file.name} has two columns '{twice[0]}': rename one of them.")
    return pd.read_csv(file, sep=separator, low_memory=False, encoding="utf-8-sig")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def read_arrays(file: Path) -> dict[str, np.ndarray]:
    """Read an .npz file, of which nothing is ever run. Raises BenchError, saying what is wrong."""
    _see(file)
    if not zipfile.is_zipfile(file):
        raise BenchError(f"{file.name} cannot be read as NPZ: np.savez it with the names x and y.")
    try:
        with np.load(file, allow_pickle=False) as found:
            return {name: found[name] for name in found.files}
    except ValueError as error:
        if "pickle" in str(error):
            raise BenchError(f"{file.name} holds Python objects: save x and y as arrays of numbers or text.") from None
        raise BenchError(f"{file.name} cannot be read as NPZ: {error}.") from None
    except (OSError, zipfile.BadZipFile, EOFError) as error:
        raise BenchError(f"{file.name} cannot be read as NPZ: {error}.") from None


def _see(file: Path) -> None:
    """Raise BenchError unless the file can be opened."""
    try:
        with file.open("rb"):
            pass
    except (OSError, ValueError) as error:
        said = "does not exist" if isinstance(error, FileNotFoundError) else getattr(error, "strerror", None) or error
        raise BenchError(f"{file} cannot be read: {said}.") from None


def column(table: pd.DataFrame, name: str, option: str) -> pd.Series:
    """A column by its name. Raises BenchError, naming those that there are."""
    if name not in table.columns:
        known = ", ".join(map(str, table.columns[:12])) + (", …" if len(table.columns) > 12 else "")
        raise BenchError(f"{option} {name}: there is no such column; there are {known}.")
    return table[name]


def numbers(values: pd.Series) -> np.ndarray:
    """A column as floats, missing ones as not-a-number. Raises BenchError for text, dates and infinity."""
    if pd.api.types.is_bool_dtype(values):
        return values.to_numpy(dtype=float)
    if not pd.api.types.is_numeric_dtype(values) or pd.api.types.is_complex_dtype(values):
        found = pd.to_numeric(values, errors="coerce") if values.dtype.kind in "OUT" else pd.Series([np.nan])
        odd = np.flatnonzero(found.isna() & values.notna()) if len(found) == len(values) else [0]
        if len(odd):
            raise BenchError(
                f"Column '{values.name}' holds '{values.iloc[odd[0]]}' in row {odd[0] + 1}, which is no number: "
                "correct it, or name the columns that are to be seen with --inputs."
            )
        values = found
    found = values.to_numpy(dtype=float, na_value=np.nan)
    infinite = np.flatnonzero(np.isinf(found))
    if len(infinite):
        raise BenchError(f"Column '{values.name}' is infinite in row {infinite[0] + 1}.")
    return found


def classes(values: pd.Series) -> tuple[np.ndarray, list[str]]:
    """A column as classes 0, 1, …, and the classes' names in order. Raises BenchError for what is none."""
    if values.isna().any():
        raise BenchError(f"Label '{values.name}' is missing in row {int(np.flatnonzero(values.isna())[0]) + 1}.")
    if pd.api.types.is_float_dtype(values) and (values != values.round()).any():
        raise BenchError(f"Label '{values.name}' holds fractions, not classes: to forecast a number give --target.")
    names = sorted(values.unique().tolist(), key=lambda value: (str(type(value)), value))
    if len(names) < 2:
        raise BenchError(f"Label '{values.name}' is '{names[0]}' everywhere: there is nothing to tell apart.")
    if len(names) > max(2, len(values) // 4):
        raise BenchError(f"Label '{values.name}' has {len(names)} classes in {len(values)} rows: too few of each.")
    found = values.map({name: code for code, name in enumerate(names)})
    return found.to_numpy(dtype=np.int64), [str(name) for name in names]


def times(table: pd.DataFrame, name: str | None) -> tuple[str, np.ndarray] | None:
    """The column of times and its values as numbers: the one that is named, or the one that looks like it.

    Raises BenchError for times that are missing or no times.
    """
    if name is None:
        name = next((one for one in table.columns if str(one).lower() in TIMES or table[one].dtype.kind == "M"), None)
        if name is None:
            return None
    values = column(table, name, "--time")
    if values.isna().any():
        raise BenchError(f"Time '{name}' is missing in row {int(np.flatnonzero(values.isna())[0]) + 1}.")
    if pd.api.types.is_numeric_dtype(values):
        return name, numbers(values)
    found = pd.to_datetime(values, format="ISO8601", errors="coerce", utc=True)
    odd = np.flatnonzero(found.isna())
    if len(odd):
        raise BenchError(
            f"Time '{name}' holds '{values.iloc[odd[0]]}' in row {odd[0] + 1}: write 2026-11-28, 2026-11-28T10:30 or "
            "a number."
        )
    return name, found.to_numpy(dtype="datetime64[ns]").astype(np.int64).astype(float) / 1e9


def input_columns(table: pd.DataFrame, chosen: Sequence[str], roles: Sequence[str | None]) -> list[str]:
    """The columns that are seen: those that are chosen, or all without a role. Raises BenchError if there is none."""
    found = [str(column(table, name, "--inputs").name) for name in chosen]
    found = found or [name for name in table.columns if name not in roles]
    if not found:
        raise BenchError("No column is left to be seen: name some with --inputs.")
    return found


def group_codes(table: pd.DataFrame, name: str | None, option: str = "--group") -> tuple[np.ndarray, list[str]]:
    """The group of each row as 0, 1, … in order of appearance, and the groups' names; one group if none is named."""
    if name is None:
        return np.zeros(len(table), np.int64), [""]
    values = column(table, name, option)
    if values.isna().any():
        raise BenchError(f"Group '{name}' is missing in row {int(np.flatnonzero(values.isna())[0]) + 1}.")
    codes, found = pd.factorize(values)
    return codes.astype(np.int64), [str(value) for value in found]
