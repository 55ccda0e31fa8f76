"""Whole sequences, in rows, in steps, or as arrays."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from bench.errors import BenchError
from bench.own_data import splitting
from bench.own_data.description import Description
from bench.own_data.reading import classes, column, group_codes, input_columns, numbers, times


class Whole(NamedTuple):
    """The arrays of a task of whole sequences."""

    arrays: dict[str, np.ndarray]
    names: list[str]
    """Classes, if classes are asked for."""
    split: str


def of_rows(table: pd.DataFrame, said: Description) -> Whole:
    """A sequence a row: each column is a step."""
    answers, names = classes(column(table, str(said.label), "--label"))
    when = times(table, said.time)
    steps = input_columns(table, said.inputs, [when[0] if when else None, said.group, said.label])
    seen = np.stack([numbers(table[name]) for name in steps], axis=1)[:, :, None]
    groups = group_codes(table, said.group) if said.group else None
    lengths = np.full(len(seen), seen.shape[1])
    return _whole(seen, lengths, answers[:, None], names, groups, when[1] if when else None, said)


def of_steps(table: pd.DataFrame, said: Description) -> Whole:
    """A step a row: the rows with one word in the column of sequences are one, in the order of the file."""
    codes, found = group_codes(table, said.sequence, "--sequence")
    label, names = classes(column(table, str(said.label), "--label"))
    when = times(table, said.time)
    roles = [when[0] if when else None, said.group, said.label, said.sequence]
    features = input_columns(table, said.inputs, roles)
    steps = np.stack([numbers(table[name]) for name in features], axis=1)
    order, lengths = np.argsort(codes, kind="stable"), np.bincount(codes)
    starts = np.cumsum(lengths) - lengths
    first = order[starts]
    _same_within(label, codes, first, found, str(said.label))
    groups = None
    if said.group:
        of_row, words = group_codes(table, said.group)
        _same_within(of_row, codes, first, found, said.group)
        groups = of_row[first], words
    if when:
        back = np.flatnonzero((np.diff(when[1][order]) <= 0) & (np.diff(codes[order]) == 0))
        if len(back):
            raise BenchError(
                f"Time '{when[0]}' does not rise from row {order[back[0]] + 1} to row {order[back[0] + 1] + 1} of "
                f"sequence '{found[codes[order[back[0]]]]}': sort the table by time."
            )
    seen = np.zeros((len(lengths), lengths.max(), len(features)))
    for n, (start, length) in enumerate(zip(starts, lengths, strict=True)):
        seen[n, -length:] = steps[order[start : start + length]]
    begun = when[1][first] if when and len(np.unique(when[1][first])) == len(first) else None
    return _whole(seen, lengths, label[first][:, None], names, groups, begun, said)


def _same_within(values: np.ndarray, codes: np.ndarray, first: np.ndarray, found: list[str], name: str) -> None:
    """Raise BenchError where a column changes within a sequence."""
    odd = np.flatnonzero(values != values[first][codes])
    if len(odd):
        raise BenchError(
            f"Column '{name}' changes within sequence '{found[codes[odd[0]]]}', in row {odd[0] + 1}: a sequence has "
            "one value of it."
        )


def of_arrays(found: dict[str, np.ndarray], said: Description) -> Whole:
    """Arrays x (N, T[, C]) and y (N[, K or T]), and lengths, groups and time (N,) if there are."""
    name = said.file.name
    for word in ("x", "y"):
        if word not in found:
            known = ", ".join(found) or "nothing"
            raise BenchError(f"{name} has no array {word}: it holds {known}; save x (N, T, C) and y (N,).")
    x, y = found["x"], found["y"]
    if x.ndim not in (2, 3) or x.dtype.kind not in "fiub":
        raise BenchError(f"x of {name} is {x.dtype} {x.shape}: it must be numbers (N, T) or (N, T, C).")
    seen = x.astype(float).reshape(*x.shape[:2], -1)
    if y.ndim not in (1, 2) or len(y) != len(seen):
        raise BenchError(f"y of {name} is {y.shape}: it must be (N,) or (N, T), and x has N = {len(seen)}.")
    for word in {"lengths", "groups", "time"} & set(found):
        if found[word].shape != (len(seen),):
            raise BenchError(f"{word} of {name} is {found[word].shape}: it must be ({len(seen)},), one a sequence.")
    if np.isinf(seen).any() or (y.dtype.kind == "f" and not np.isfinite(y).all()):
        raise BenchError(f"{name} holds infinite numbers, or answers that are missing: x may lack values, y none.")
    lengths = found.get("lengths", np.full(len(seen), seen.shape[1])).astype(int)
    if lengths.min() < 1 or lengths.max() > seen.shape[1]:
        raise BenchError(
            f"lengths of {name} run from {lengths.min()} to {lengths.max()}, and x has {seen.shape[1]} steps."
        )
    each = y.ndim == 2 and y.shape[1] == seen.shape[1]
    names: list[str] = []
    if y.dtype.kind == "f":
        answers = y.astype(float)[:, :, None] if each else y.astype(float).reshape(len(y), 1, -1)
        if each and lengths.min() < seen.shape[1]:
            raise BenchError(f"y of {name} has a number for every step: then all sequences must have one length.")
    else:
        codes, names = classes(pd.Series(y.ravel(), name="y"))
        answers = codes.reshape(len(y), -1)
        if answers.shape[1] > 1 and not each:
            raise BenchError(
                f"y of {name} is {y.shape}: classes are one a sequence, or one for each of {seen.shape[1]} steps."
            )
    seen, answers = _to_the_end(seen, lengths), _to_the_end(answers, lengths) if each else answers
    groups = group_codes(pd.DataFrame({"groups": found["groups"]}), "groups") if "groups" in found else None
    when = numbers(pd.Series(found["time"], name="time")) if "time" in found else None
    return _whole(seen, lengths, answers, names, groups, when, said)


def _to_the_end(values: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Move each sequence (N, T, …), which stands first, behind what fills it up."""
    moved = np.zeros_like(values)
    for n, length in enumerate(lengths):
        moved[n, -length:] = values[n, :length]
    return moved


def _whole(
    seen: np.ndarray,
    lengths: np.ndarray,
    answers: np.ndarray,
    names: list[str],
    groups: tuple[np.ndarray, list[str]] | None,
    when: np.ndarray | None,
    said: Description,
) -> Whole:
    """Divide sequences, whose answers are classes (N, S) or numbers (N, S, K), into parts."""
    split = said.split or ("group" if groups else "time" if when is not None else "rows")
    if split == "group" and groups is None:
        raise BenchError("--split group needs --group COLUMN.")
    if split == "time" and when is None:
        raise BenchError("--split time needs times: name their column with --time.")
    if groups is not None and split == "group":
        part = splitting.by_group(*groups)
    elif when is not None and split == "time":
        part = splitting.by_time(when)
    else:
        part = splitting.by_chance(answers[:, 0] if names and answers.shape[1] == 1 else None, len(seen))
    seen = _held(seen, lengths, said)
    scaled = np.array([bool(set(np.unique(one[np.isfinite(one)])) - {0.0, 1.0}) for one in np.moveaxis(seen, 2, 0)])
    arrays = {"seen": seen, "scaled": scaled, "lengths": lengths, "answers": answers, "part": part}
    return Whole(arrays, names, split)


def _held(seen: np.ndarray, lengths: np.ndarray, said: Description) -> np.ndarray:
    """Treat missing values (N, T, C): the last one is kept, and a feature more tells where."""
    lost = np.isnan(seen)
    if not lost.any():
        return seen
    if said.gaps != "hold":
        n, step, feature = np.argwhere(lost)[0]
        place = step + 1 - (seen.shape[1] - lengths[n])
        raise BenchError(
            f"{lost.sum()} values are missing, the first in sequence {n + 1}, step {place}, feature {feature + 1}: "
            "give --gaps hold to keep the last value and mark it, or fill them."
        )
    held = seen.copy()
    for step in range(1, seen.shape[1]):
        before = np.where(step > seen.shape[1] - lengths[:, None], held[:, step - 1], np.nan)
        held[:, step] = np.where(lost[:, step], before, seen[:, step])
    return np.concatenate([held, lost[:, :, lost.any((0, 1))]], axis=2)
