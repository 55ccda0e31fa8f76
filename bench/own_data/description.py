"""The typed description of a task that a file holds: the file, and what its columns are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.errors import BenchError

SPLITS = ("time", "group", "rows")
"""Ways to divide a file: its future is held out, or whole groups are, or rows drawn at random."""
GAPS = ("refuse", "ignore", "cut", "hold")
"""Treatments of missing values and of jumps in time."""
TABLES = (".csv", ".parquet")
KINDS = (*TABLES, ".npz")
LONGEST = 80


@dataclass(frozen=True)
class Description:
    """A user's file and the roles of its columns; None and () where the user said nothing."""

    file: Path
    target: str | None = None
    """The column of numbers that is to be forecast."""
    horizon: int | None = None
    """Moments from the last that is seen to the one that is asked about."""
    windows: tuple[int, ...] = ()
    """Lengths of windows, which are the task's lags."""
    label: str | None = None
    """The column of classes."""
    sequence: str | None = None
    """The column that tells sequences apart, where a row is a step."""
    group: str | None = None
    """The column that tells apart what must not be in two parts, such as persons; of windows, the series."""
    time: str | None = None
    inputs: tuple[str, ...] = ()
    period: int | None = None
    """Moments of a season, for a trivial forecast: what was a season ago."""
    split: str | None = None
    gaps: str = "refuse"
    solved: float = 0.5
    """The share of the trivial answer's error that a solution may leave."""

    def check(self) -> None:
        """Raise BenchError where the words contradict each other or the kind of file."""
        for complaint in self._complaints():
            raise BenchError(complaint)

    def _complaints(self) -> Iterator[str]:
        name, kind = self.file.name, self.file.suffix.lower()
        if kind not in KINDS:
            yield f"{name} is of no kind that --data reads: give a file that ends in {', '.join(KINDS)}."
        roles: dict[str, object] = {
            "--target": self.target, "--label": self.label, "--sequence": self.sequence, "--group": self.group,
            "--time": self.time, "--inputs": self.inputs, "--window": self.windows, "--horizon": self.horizon,
            "--period": self.period,
        }  # fmt: skip
        given = [option for option, value in roles.items() if value]
        if kind == ".npz" and given:
            yield f"{given[0]} is about a table: of {name}, the arrays x, y, lengths, groups and time are read."
        if kind in TABLES and not (self.target or self.label):
            yield f"Say what is asked of {name}: --target COLUMN to forecast a number, or --label COLUMN for a class."
        if self.target and self.label:
            yield "Give --target for numbers or --label for classes, not both."
        if self.target and self.sequence:
            yield "--sequence goes with --label: series to be forecast are told apart by --group."
        if self.windows and self.sequence:
            yield "Give --window to cut series, or --sequence for sequences that are whole, not both."
        if self.horizon is not None and self.label and not self.windows:
            yield "--horizon goes with --window: a whole sequence has one label."
        if self.horizon is not None and self.horizon < (0 if self.label else 1):
            yield f"--horizon {self.horizon} asks for what is seen: give 1 or more."
        if self.period is not None and (self.period < 1 or not self.target):
            yield "--period counts the moments of a season of what --target forecasts: give 1 or more."
        if any(window < 2 for window in self.windows):
            yield f"--window {min(self.windows)} is too short: give 2 or more."
        if not 0 < self.solved < 1:
            yield f"--solved {self.solved:g} must lie between 0 and 1: the share of the trivial error that may be left."
        if self.split == "rows" and (self.target or self.windows):
            yield "--split rows would leak: windows of a series overlap; give time or group."

    @property
    def is_cut(self) -> bool:
        """Return True if windows are cut from series."""
        return bool(self.target or self.windows)

    @property
    def ahead(self) -> int:
        """The horizon, with its default: the next moment of a number, the present one of a class."""
        return self.horizon if self.horizon is not None else int(self.target is not None)

    @property
    def name(self) -> str:
        """The task's name: the file's stem, and what was said of it beyond the defaults."""
        words = [self.file.stem, self.target or self.label or ""]
        words += [f"{self.ahead}-ahead"] if self.horizon is not None else []
        words += [f"by-{self.split}"] if self.split else []
        words += [*self.inputs, self.gaps if self.gaps != "refuse" else ""]
        parts = [re.sub(r"[^a-z0-9]+", "-", word.lower()).strip("-") for word in words]
        return "-".join(dict.fromkeys(filter(None, parts)))[:LONGEST].strip("-") or "data"
