"""Writes the module of a task that was made from a file: a plugin, which reaches all processes as any other does."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from platformdirs import user_state_path

from bench.errors import BenchError
from bench.files import write_whole
from bench.own_data import series, splitting, whole
from bench.own_data.description import Description
from bench.own_data.reading import read_arrays, read_table
from bench.tasks import own_sequences, own_windows
from bench.tasks.own_data import ARRAYS, FEWEST, SPLITS, best_of


class Made(NamedTuple):
    """A task that was made from a file."""

    name: str
    plugin: Path
    lags: tuple[int, ...]
    """The lags that it is run at where the user names none."""
    held_out: int
    """The most held-out sequences that differ from one another."""
    says: list[str]
    """Lines that say what was made of the file."""


def make(said: Description) -> Made:
    """Make a task of a file. Raises BenchError, in one sentence, for all that is wrong with it."""
    said.check()
    if said.is_cut:
        return _windows(said)
    if said.file.suffix.lower() == ".npz":
        return _sequences(said, whole.of_arrays(read_arrays(said.file), said))
    table = read_table(said.file)
    return _sequences(said, (whole.of_steps if said.sequence else whole.of_rows)(table, said))


def _windows(said: Description) -> Made:
    """Make windows of a table's series."""
    if not said.windows:
        raise BenchError("Say how long a window is: --window N, or several as 20,50.")
    cut = series.cut(read_table(said.file), said)
    pieces, asked, known = cut.arrays["pieces"], cut.arrays["asked"], cut.arrays["known"]
    rows: dict[str, np.ndarray] = {split: _rows(pieces, known, n) for n, split in enumerate(SPLITS)}
    for split, found in rows.items():
        if not len(found):
            raise BenchError(f"The {split} part of {said.file.name} has no moment with an answer: it is too short.")
    if said.label:
        remedy = "give more data, or drop it"
        part = np.full(len(asked), -1)
        for n, found in enumerate(rows.values()):
            part[found] = n
        splitting.check_classes(asked, part, cut.names, remedy)
        levels = {"commonest class": _commonest(asked[rows["test"]])}
        title, base, outputs = f"{said.file.stem}: {said.label}", "OwnMoments", len(cut.names)
        title += f" in {said.ahead} moments" if said.ahead else ""
    else:
        _check_changes(asked, rows, str(said.target))
        levels = _forecasts(cut, rows, said)
        title, base, outputs = f"{said.file.stem}: {said.target} in {said.ahead} moments", "OwnForecast", 1
    moments = own_windows.prepared(cut.arrays)
    beyond = [] if said.label else _beyond(asked, rows, str(said.target))
    counts = {lag: min(len(own_windows.starts(moments, split, lag)) for split in SPLITS[1:]) for lag in said.windows}
    body = {
        "title": title, "short": said.file.stem[:20], "inputs": moments.seen.shape[1], "outputs": outputs,
    }  # fmt: skip
    says = [
        f"{said.file.name}: {len(asked):,} moments of {len(np.unique(cut.rows.series))} series, "
        f"{', '.join(f'{len(found):,} to {_verb(split)}' for split, found in rows.items())} "
        f"({_how(cut.split)}); the lag is the length of a window, of which the second half is asked about.",
        *beyond,
    ]
    return _written(said, base, body, cut.arrays, levels, said.windows, min(counts.values()), says)


def _rows(pieces: np.ndarray, known: np.ndarray, part: int) -> np.ndarray:
    """The moments of a part that have an answer."""
    places = [np.arange(start, stop) for number, start, stop in pieces if number == part]
    found = np.concatenate([np.empty(0, np.int64), *places])
    return found[known[found]]


def _check_changes(asked: np.ndarray, rows: Mapping[str, np.ndarray], name: str) -> None:
    """Raise BenchError where what is to be forecast is constant."""
    for split in ("train", "test"):
        if np.ptp(asked[rows[split]]) == 0:
            raise BenchError(f"'{name}' is {asked[rows[split]][0]:g} throughout the {split} part: nothing to forecast.")


def _beyond(asked: np.ndarray, rows: Mapping[str, np.ndarray], name: str) -> list[str]:
    """A line, if much of the test part lies beyond all that training sees."""
    train, test = asked[rows["train"]], asked[rows["test"]]
    share = float(((test < train.min()) | (test > train.max())).mean())
    if share < 0.25:
        return []
    what = f"{share:.0%} of the test's '{name}' lie beyond all that training sees"
    return [f"{what}: a trend is best taken out first, as by forecasting changes."]


def _commonest(classes: np.ndarray) -> float:
    """The share of the commonest class."""
    return float(np.bincount(classes.ravel()).max() / classes.size)


def _forecasts(cut: series.Cut, rows: Mapping[str, np.ndarray], said: Description) -> dict[str, float]:
    """The mean squared errors of trivial forecasts on the test part, in units of the training part's variance."""
    test, asked = rows["test"], cut.arrays["asked"]
    scale = asked[rows["train"]].var()
    levels = {"constant": asked[test].var() / scale}
    back = {"last value": 0}
    if said.period:
        back["season"] = said.ahead - said.period * -(-said.ahead // said.period)
    for name, by in back.items():
        naive, there = series.later(cut.rows.goal, cut.rows.series, by)
        usable = test[there[test] & np.isfinite(naive[test])]
        if len(usable):
            levels[name] = np.square(asked[usable] - naive[usable]).mean() / scale
    return {name: float(level) for name, level in levels.items()}


def _sequences(said: Description, found: whole.Whole) -> Made:
    """Make a task of whole sequences."""
    answers, part = found.arrays["answers"], found.arrays["part"]
    counts = np.bincount(part, minlength=len(SPLITS))
    if counts.min() < FEWEST:
        raise BenchError(
            f"The {SPLITS[int(counts.argmin())]} part of {said.file.name} has {counts.min()} sequences, and at least "
            f"{FEWEST} are needed: give more."
        )
    each = answers.shape[1] > 1
    what = f"{said.label or 'y'}{' at every step' if each else ''}"
    if found.names:
        splitting.check_classes(
            answers.ravel(), np.repeat(part, answers.shape[1]), found.names, "give more sequences, or drop it"
        )
        there = np.arange(answers.shape[1]) >= answers.shape[1] - found.arrays["lengths"][:, None] * each - (not each)
        levels = {"commonest class": _commonest(answers[part == 2][there[part == 2]])}
        base, outputs = "OwnLabels", len(found.names)
    else:
        spread = answers[part == 0].std((0, 1))
        if (spread == 0).any() or (answers[part == 2].std((0, 1)) == 0).any():
            raise BenchError(f"An answer of {said.file.name} is the same for all sequences of a part: nothing to tell.")
        levels = {"constant": float((answers[part == 2].var((0, 1)) / spread**2).mean())}
        base, outputs = "OwnValues", answers.shape[2]
    first = own_sequences.prepared(found.arrays)["train"]
    body = {
        "title": f"{said.file.stem}: {what}", "short": said.file.stem[:20], "inputs": first.seen.shape[2],
        "outputs": outputs, "scored": answers.shape[1],
    }  # fmt: skip
    lengths = found.arrays["lengths"]
    long = f"{lengths.min()} to {lengths.max()}" if lengths.min() < lengths.max() else f"{lengths.max()}"
    says = [
        f"{said.file.name}: {len(part):,} sequences of {long} steps, "
        f"{', '.join(f'{n:,} to {_verb(split)}' for n, split in zip(counts, SPLITS, strict=True))} "
        f"({_how(found.split)}); the lag counts blank steps after the sequence.",
    ]
    return _written(said, base, body, found.arrays, levels, (0,), int(counts[1:].min()), says)


def _verb(split: str) -> str:
    return {"train": "train with", "validation": "validate", "test": "test"}[split]


def _how(split: str) -> str:
    return {
        "time": "divided by time, the latest to test",
        "group": "divided by group",
        "rows": "divided at random: if several come from one source, name it with --group",
    }[split]


def _written(
    said: Description,
    base: str,
    body: dict[str, Any],
    arrays: dict[str, np.ndarray],
    levels: dict[str, float],
    lags: tuple[int, ...],
    held_out: int,
    says: list[str],
) -> Made:
    """Write the module and its arrays, where they are not there already."""
    higher = base in ("OwnLabels", "OwnMoments")
    levels = {name: float(f"{level:.4g}") for name, level in levels.items()}
    trivial = best_of(levels, higher)
    solved = float(f"{1 - said.solved * (1 - trivial) if higher else said.solved * trivial:.4g}")
    if higher and trivial >= 1:
        raise BenchError("The test part has one class only: there is nothing to tell apart.")
    digest = hashlib.sha256(said.file.read_bytes()).hexdigest()
    attributes = body | {
        "name": said.name, "levels": levels, "solved_at": solved,
        "made_from": f"{said.file.name} {digest}", "files": (ARRAYS,),
    }  # fmt: skip
    module = "own_sequences" if base in ("OwnLabels", "OwnValues") else "own_windows"
    lines = [f"    {name} = {value!r}" for name, value in attributes.items()]
    text = "\n".join(
        [f'"""A task that was made from a file by `--data`."""\n\nfrom bench.tasks.{module} import {base}\n\n',
         f'class FromFile({base}):\n    """The task of the file: `made_from` names it."""\n', *lines, ""]
    )  # fmt: skip
    packed = io.BytesIO()
    np.savez(packed, **arrays)  # type: ignore[arg-type]
    content = packed.getvalue()
    place = hashlib.sha256(text.encode() + content).hexdigest()[:16]
    folder = user_state_path("bptt-bench") / "own-data" / place
    plugin = folder / f"{said.name}.py"
    for file, data in ((folder / ARRAYS, content), (plugin, text.encode())):
        if not file.is_file() or file.read_bytes() != data:
            write_whole(file, data, "give XDG_STATE_HOME a folder that can be written to")
    kind = "share right" if higher else "mean squared error"
    told = ", ".join(f"{name} {level:g}" for name, level in levels.items())
    says = [*says, f"Trivial answers, {kind}: {told}; solved at {solved:g}, which leaves {said.solved:.0%} of the best "
            "one's error."]  # fmt: skip
    return Made(said.name, plugin, lags, held_out, says)
