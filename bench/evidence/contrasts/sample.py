"""A contrast's sample: one value a seed, the inference from it, and the values behind it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import pandas as pd

from bench.evidence.contrasts.values import Grid, Value
from bench.evidence.scope import SETTING
from bench.evidence.statistics import (
    Array,
    BestLessWorst,
    BoundedMean,
    Bounds,
    Inference,
    Median,
    Screened,
    Student,
    split_halves,
)

VALUED = [*SETTING, "seed", "value", "arm", "moment"]
"""The columns of values that a verdict keeps."""


class Side(NamedTuple):
    """The values of one side of a contrast."""

    arm: str
    moment: str
    values: tuple[Value, ...]


class Spared(NamedTuple):
    """The part of a sample that was spared after seeds that screen, and counts as 0."""

    own: float
    """Share of the techniques' cells."""
    twin: float
    """Share of the references' cells."""
    screening: int
    """Seeds that were trained at least in each."""


@dataclass(frozen=True)
class Sample:
    """A contrast in numbers."""

    differences: Grid
    """Logarithms for a ratio. A seed has all cells or does not count: it is one value, of one thing."""
    behind: tuple[Side, ...]
    """The values as measured; of the seeds and cells that count."""
    bounds: Bounds | None = None
    """The smallest and the largest that a single value can be."""
    dial: Array | None = None
    """Scores by value of the dial and seed, where the best is compared with the worst."""
    otherwise: bool = False
    """True if the other centre is asked about: the median of bounded values, the mean of others."""
    spared: Spared | None = None
    """None if all seeds of all cells were trained, or spared by a ladder that all seeds had ended."""

    @cached_property
    def values(self) -> Array:
        """One value a seed: its mean over the cells; of a dial, see `split_halves`."""
        return self.differences.values.mean(axis=1) if self.dial is None else split_halves(self.dial)

    @property
    def tasks(self) -> list[str]:
        """The tasks that count, in order."""
        return list(dict.fromkeys(cell.task for cell in self.differences.cells))

    @property
    def runs(self) -> tuple[str, ...]:
        """The MLflow runs behind the values."""
        return tuple(sorted({value.run for side in self.behind for value in side.values if value.run}))

    @cached_property
    def data(self) -> pd.DataFrame:
        """The values as a table with the columns VALUED."""
        rows = [
            (value.technique, *value.cell, value.seed, value.value, side.arm, side.moment)
            for side in self.behind
            for value in side.values
        ]
        return pd.DataFrame(rows, columns=VALUED)

    @cached_property
    def inference(self) -> Inference:
        """The inference from the seeds, on the mean where values have bounds, else on the median.

        That spared values may be larger is allowed for in a mean; a median is what it is with zeros.
        """
        found = self._of_values()
        return Screened(found, *self.spared) if self.spared and not self.otherwise else found

    def _of_values(self) -> Inference:
        if self.bounds is None:
            return Student(self.values) if self.otherwise else Median(self.values)
        if self.dial is not None:
            return BestLessWorst(self.dial, self.bounds)
        values = self.values.clip(*self.bounds)  # a mean may be off by rounding
        return Median(values) if self.otherwise else BoundedMean(values, self.bounds)
