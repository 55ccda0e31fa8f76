"""A table of one or several series, to be cut into windows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from bench.errors import BenchError
from bench.own_data import splitting
from bench.own_data.description import Description
from bench.own_data.reading import classes, column, group_codes, input_columns, numbers, times

UNEVEN = 0.5
"""The share of the usual time step by which another may differ."""


class Rows(NamedTuple):
    """The rows of a table, series after series."""

    seen: np.ndarray
    """(rows, features), missing ones not-a-number."""
    goal: np.ndarray
    """(rows,): the number to forecast, or the class."""
    series: np.ndarray
    """(rows,): which series, or which stretch of one without a gap."""
    part: np.ndarray
    """(rows,): 0 to train with, 1 to validate, 2 to test."""


class Cut(NamedTuple):
    """The arrays of a task of windows, and the rows that they come from."""

    arrays: dict[str, np.ndarray]
    rows: Rows
    features: list[str]
    names: list[str]
    """Classes, if classes are asked for."""
    split: str


def cut(table: pd.DataFrame, said: Description) -> Cut:
    """Make a task's arrays of a table. Raises BenchError, in one sentence, for all that is wrong with it."""
    names: list[str] = []
    if said.label:
        goal, names = classes(column(table, said.label, "--label"))
    else:
        goal = numbers(column(table, str(said.target), "--target"))
    codes, groups = group_codes(table, said.group)
    when = times(table, said.time)
    features = input_columns(table, said.inputs, [when[0] if when else None, said.group, said.label])
    seen = np.stack([numbers(table[name]) for name in features], axis=1)
    order = np.argsort(codes, kind="stable")
    seen, goal, codes = seen[order], goal[order], codes[order]
    at = when[1][order] if when else None
    series = codes.copy()
    split = said.split or ("time" if at is not None or said.group is None else "group")
    if at is not None:
        _check_rising(at, codes, order, groups, when[0] if when else "")
        gaps = _gaps(at, codes)
        if len(gaps) and said.gaps == "hold":
            seen, goal, codes, at = _filled(seen, goal, codes, at, gaps)
            series = codes.copy()
        elif len(gaps) and said.gaps == "cut":
            series = np.cumsum(np.isin(np.arange(len(codes)), gaps + 1) | (np.diff(codes, prepend=codes[0]) != 0))
        elif len(gaps) and said.gaps == "refuse":
            _refuse_gap(table, when[0] if when else "", order, at, int(gaps[0]), len(gaps))
    part = _parts(split, said, codes, groups, at)
    rows = _without_missing(Rows(seen, goal, series, part), said, features, order)
    return Cut(_arrays(rows, said), rows, features, names, split)


def _parts(split: str, said: Description, codes: np.ndarray, groups: list[str], at: np.ndarray | None) -> np.ndarray:
    """The part of each row."""
    if split == "group":
        if said.group is None:
            raise BenchError("--split group needs --group COLUMN.")
        return splitting.by_group(codes, groups)
    return splitting.by_place(codes) if at is None else splitting.by_time(at)


def _check_rising(at: np.ndarray, codes: np.ndarray, order: np.ndarray, groups: list[str], name: str) -> None:
    """Raise BenchError where time stands still or runs back within a series."""
    wrong = np.flatnonzero((np.diff(at) <= 0) & (np.diff(codes) == 0))
    if not len(wrong):
        return
    row, where = wrong[0], f" of group '{groups[codes[wrong[0]]]}'" if len(groups) > 1 else ""
    first, second = order[row] + 1, order[row + 1] + 1
    if at[row] == at[row + 1]:
        raise BenchError(
            f"Time '{name}'{where} is the same in rows {first} and {second}: name the column that tells series apart "
            "with --group, or remove one of them."
        )
    raise BenchError(
        f"Time '{name}'{where} does not rise from row {first} to row {second}: sort the table by time, or name the "
        "column that tells series apart with --group."
    )


def _steps(at: np.ndarray, codes: np.ndarray) -> tuple[np.ndarray, float]:
    """The time from each row to the next of its series (not-a-number at its end), and the usual one."""
    steps = np.where(np.diff(codes) == 0, np.diff(at), np.nan)
    return steps, float(np.nanmedian(steps)) if np.isfinite(steps).any() else np.nan


def _gaps(at: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """The rows after which time jumps by another step than usual."""
    steps, usual = _steps(at, codes)
    return np.flatnonzero(np.abs(steps - usual) > UNEVEN * usual)


def _refuse_gap(table: pd.DataFrame, name: str, order: np.ndarray, at: np.ndarray, row: int, count: int) -> None:
    first, second = order[row], order[row + 1]
    others = f" (and at {count - 1} further places)" if count > 1 else ""
    raise BenchError(
        f"Time '{name}' goes from {table[name][first]} in row {first + 1} to {table[name][second]} in row "
        f"{second + 1}, which is not the usual step{others}: give --gaps cut so that no window spans it, --gaps hold "
        "to fill it with the last values, marked as missing, or --gaps ignore if that is one step to you."
    )


def _filled(
    seen: np.ndarray, goal: np.ndarray, codes: np.ndarray, at: np.ndarray, gaps: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Insert rows where some are missing, with nothing in them. Raises BenchError where a jump is no whole number."""
    if goal.dtype.kind != "f":
        raise BenchError("--gaps hold cannot say of which class a missing moment is: give --gaps cut.")
    steps, usual = _steps(at, codes)
    counts = steps[gaps] / usual
    odd = np.flatnonzero((np.abs(counts - counts.round()) > 0.1 * counts) | (counts < 1))
    if len(odd):
        raise BenchError(
            f"A jump in time is {counts[odd[0]]:.3g} usual steps, so that no whole number of rows is missing: give "
            "--gaps cut."
        )
    missing = counts.round().astype(int) - 1
    place = np.repeat(gaps + 1, missing)
    later = np.concatenate([at[row] + usual * np.arange(1, n + 1) for row, n in zip(gaps, missing, strict=True)])
    return (
        np.insert(seen, place, np.nan, axis=0),
        np.insert(goal, place, np.nan),
        np.insert(codes, place, codes[place - 1]),
        np.insert(at, place, later),
    )


def _without_missing(rows: Rows, said: Description, features: list[str], order: np.ndarray) -> Rows:
    """Treat missing values as the user has said."""
    lost = np.isnan(rows.seen)
    if said.gaps == "cut":
        bad = lost.any(1) | (np.isnan(rows.goal) if rows.goal.dtype.kind == "f" else False)
        series = np.cumsum(np.diff(rows.series, prepend=rows.series[0]) != 0) + np.cumsum(bad) * len(bad)
        return Rows(rows.seen[~bad], rows.goal[~bad], series[~bad], rows.part[~bad])
    if said.gaps == "hold":
        held = pd.DataFrame(rows.seen).groupby(rows.series).ffill().to_numpy()
        return rows._replace(seen=np.concatenate([held, lost[:, lost.any(0)]], axis=1))
    if rows.goal.dtype.kind == "f" and said.target not in features:
        lost, features = np.concatenate([lost, np.isnan(rows.goal)[:, None]], axis=1), [*features, str(said.target)]
    if lost.any():
        row, feature = np.argwhere(lost)[0]
        raise BenchError(
            f"Column '{features[feature]}' has {lost[:, feature].sum()} missing values, the first in row "
            f"{order[row] + 1}: give --gaps cut so that no window spans one, or --gaps hold to keep the last value and "
            "mark it."
        )
    return rows


def later(values: np.ndarray, series: np.ndarray, by: int) -> tuple[np.ndarray, np.ndarray]:
    """The value so many rows later (earlier, if negative) in the same series, and where there is one."""
    place = np.arange(len(values)) + by
    inside = (place >= 0) & (place < len(values))
    place = np.where(inside, place, 0)
    return values[place], inside & (series[place] == series)


def _arrays(rows: Rows, said: Description) -> dict[str, np.ndarray]:
    """The arrays that the task's windows are drawn from; raises BenchError where nothing could be learnt."""
    asked, there = later(rows.goal, rows.series, said.ahead)
    there &= later(rows.part, rows.series, said.ahead)[0] == rows.part
    known = there & (np.isfinite(asked) if asked.dtype.kind == "f" else True)
    ends = np.flatnonzero(np.diff(rows.series) | np.diff(rows.part)) + 1
    runs = np.split(np.arange(len(asked)), ends)
    pieces = [(rows.part[run[0]], run[0], run[-1] + 1 - said.ahead) for run in runs if len(run) > said.ahead]
    return {
        "seen": rows.seen,
        "scaled": np.array([set(np.unique(column)) - {0.0, 1.0} != set() for column in rows.seen.T]),
        "asked": np.where(known, asked, 0) if asked.dtype.kind != "f" else np.where(known, asked, 0.0),
        "known": known,
        "pieces": np.array(pieces, dtype=np.int64).reshape(-1, 3),
    }
