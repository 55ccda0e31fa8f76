"""The rows of estimates as typed objects, which sections and figures get instead of tables.

A field has the name of the table's column that it is read from.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.evidence.verdicts import PartVerdict
from bench.records.cell import Cell, SettingKey
from bench.records.own_classes import own_word

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    R = TypeVar("R", bound=DataclassInstance)
Item = TypeVar("Item")
Key = TypeVar("Key", bound=Hashable)


def rows_of(table: pd.DataFrame, kind: type[R]) -> list[R]:
    """The rows of a table as objects of a dataclass whose fields are named like columns of the table."""
    columns = [table[field.name].tolist() for field in fields(kind)]
    return [kind(*values) for values in zip(*columns, strict=True)]


@dataclass(frozen=True, slots=True)
class Technique:
    """The introduction of a technique; all but the name is empty if nothing was trained with it."""

    technique: str
    title: str
    family: str
    source_row: str
    dials: str

    @property
    def name(self) -> str:
        """Return its name on the command line."""
        return self.technique


@dataclass(frozen=True, slots=True)
class TaskWords:
    """A task's own texts in English; a text is empty where the results do not have it."""

    task: str
    task_title: str = ""
    task_short: str = ""
    task_about: str = ""
    task_lag_means: str = ""

    def filled(self) -> TaskWords:
        """Fill in the words of this project's own task of that name, where the results have none."""
        return TaskWords(
            self.task,
            self.task_title or own_word("tasks", self.task, "title") or self.task,
            self.task_short or own_word("tasks", self.task, "short") or self.task,
            self.task_about or own_word("tasks", self.task, "about"),
            self.task_lag_means or own_word("tasks", self.task, "lag_means"),
        )


@dataclass(frozen=True, slots=True)
class TechniqueWords:
    """A technique's name in sentences, in English; empty where that is its title."""

    technique: str
    called: str


@dataclass(frozen=True, slots=True)
class Estimate:
    """The results of a setting: see `bench.evidence.estimates.summarise`."""

    technique: str
    task: str
    lag: int
    state: str
    """measured, or why it was not: skipped, untuned, ladder, pending, unplanned."""
    runs: int
    solved: int
    diverged: int
    failed: int
    rate: float
    """The share of runs that solved."""
    median: float
    """Updates until solved; infinite beyond the budget. So are the quartiles, `lower` and `upper`."""
    lower: float
    upper: float
    restricted_mean: float
    """Mean of updates until solved, or of the budget where that comes first."""
    budget: float
    stopped_after: int
    """The seeds that screened, if the setting ended after them; else 0."""

    @property
    def key(self) -> SettingKey:
        """Return the key of the setting in its arm."""
        return SettingKey(self.technique, self.task, self.lag)

    @property
    def measured(self) -> bool:
        """Return True if there are runs of it."""
        return self.state == "measured"

    @property
    def broken(self) -> dict[str, int]:
        """Count the runs that diverged and those that failed, where there are any."""
        counts = {"diverged": self.diverged, "failed": self.failed}
        return {outcome: count for outcome, count in counts.items() if count}


@dataclass(frozen=True, slots=True)
class Horizon:
    """A technique's horizon on a task: see `bench.evidence.horizons`."""

    technique: str
    task: str
    horizon: float
    """The longest lag that most of its runs solve, as they do every shorter one; 0: not even the shortest; NaN:
    nothing was measured."""
    low: float
    """The ends of its 95 % interval; infinite: no lag was too long."""
    high: float
    shortest: int
    open: bool
    """True if it is the longest lag that there was."""

    @property
    def known(self) -> bool:
        """Return True if anything was measured."""
        return self.horizon == self.horizon


@dataclass(frozen=True, slots=True)
class Run:
    """One training run."""

    mlflow_run_id: str
    arm: str
    technique: str
    task: str
    lag: int
    seed: int
    learning_rate: float
    role: str
    outcome: str
    updates: int
    budget: int
    setting_hash: str
    protocol_hash: str
    commit: str
    dirty: bool

    @property
    def key(self) -> SettingKey:
        """Return the key of its setting in its arm."""
        return SettingKey(self.technique, self.task, self.lag)

    @property
    def measured(self) -> bool:
        """Return True if it counts, and did not only tune a learning rate."""
        return self.role == "measured"

    @property
    def trained(self) -> bool:
        """Return True if it was trained, and not only probed as it started."""
        return self.budget > 0

    @property
    def solved(self) -> bool:
        """Return True if it solved its task."""
        return self.outcome == "solved"


@dataclass(frozen=True, slots=True)
class Value:
    """A value behind a claim's effect."""

    technique: str
    task: str
    lag: int
    seed: int
    value: float

    @property
    def cell(self) -> Cell:
        """The task and the lag that it was measured at."""
        return Cell(self.task, self.lag)


def values_of(part: PartVerdict) -> list[Value]:
    """The values behind a part's effect."""
    return rows_of(part.data, Value)


def numbers_of(values: Iterable[Value]) -> NDArray[np.float64]:
    """The numbers alone."""
    return np.array([value.value for value in values], dtype=float)


def grouped(items: Iterable[Item], key: Callable[[Item], Key]) -> dict[Key, list[Item]]:
    """Items by their key, keys and items in the order in which they come."""
    found: dict[Key, list[Item]] = {}
    for item in items:
        found.setdefault(key(item), []).append(item)
    return found


class LearningCurve(NamedTuple):
    """A setting's held-out metric by update: the median of its runs, and their quartiles."""

    key: SettingKey
    updates: NDArray[np.float64]
    median: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]

    @classmethod
    def of(cls, key: SettingKey, points: Sequence[tuple[float, float, float, float]]) -> LearningCurve:
        """The curve through points of an update, the median, and the lower and the upper quartile."""
        return cls(key, *np.array(points, dtype=float).T)

    @property
    def last(self) -> float:
        """The median at the end of training, or the last that was finite; NaN if none was."""
        finite = self.median[~np.isnan(self.median)]
        return float(finite[-1]) if len(finite) else math.nan
