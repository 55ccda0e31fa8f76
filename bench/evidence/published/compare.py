"""Compares published results with ours: the median over seeds of each number, and who solves, sooner or better."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from bench.evidence.published.book import published_results
from bench.evidence.published.model import Measured, Number, Published, Statement
from bench.evidence.scope import Scope, solved_in
from bench.evidence.statistics import Interval, Median

Verdict = Literal["reproduced", "in part", "not reproduced", "not run"]
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Outcome:
    """A number of ours beside the one that was reported."""

    number: Number
    ours: float
    """The median over seeds; infinite where most runs never get there."""
    interval: Interval
    """The interval of the median at 95 %; without ends where so few seeds give none."""
    n: int
    agrees: bool


@dataclass(frozen=True)
class Compared:
    """A published result beside ours."""

    result: Published
    outcomes: tuple[Outcome, ...] = ()
    shape: tuple[tuple[Statement, bool], ...] = ()
    minutes: float = 0.0
    """The minutes that the stacks of seeds trained for, all together."""

    @property
    def ran(self) -> bool:
        """True if everything that it needs was run."""
        return len(self.outcomes) == len(self.result.numbers) and len(self.shape) == len(self.result.shape)

    @property
    def numbers_agree(self) -> bool | None:
        """True if all numbers are as near as was asked; None if none was reported."""
        return all(one.agrees for one in self.outcomes) if self.result.numbers else None

    @property
    def shape_agrees(self) -> bool | None:
        """True if all of the shape holds; None if there is none."""
        return all(holds for _, holds in self.shape) if self.result.shape else None

    @property
    def verdict(self) -> Verdict:
        """The two together; in part, where one of them agrees."""
        if not self.ran:
            return "not run"
        asked = [one for one in (self.numbers_agree, self.shape_agrees) if one is not None]
        if all(asked):
            return "reproduced"
        return "in part" if any(asked) else "not reproduced"


def compare_all(scopes: Mapping[str, Scope], results: Iterable[Published] | None = None) -> list[Compared]:
    """Every published result beside what a store has of it; all that there are, if none are named."""
    return [compare(result, scopes) for result in (published_results() if results is None else results)]


def compare(result: Published, scopes: Mapping[str, Scope]) -> Compared:
    """A published result beside what a store has of it."""
    runs = _Runs(result, scopes)
    outcomes = [_outcome(number, values) for number in result.numbers if len(values := runs.values(number))]
    shape = [(statement, holds) for statement in result.shape if (holds := _holds(statement, runs)) is not None]
    return Compared(result, tuple(outcomes), tuple(shape), runs.minutes)


def _outcome(number: Number, values: np.ndarray) -> Outcome:
    if number.measured == "solved":  # a share has no median over runs that says anything
        share = float(values.mean())
        return Outcome(number, share, Interval(share, share), len(values), number.agrees(share))
    found = Median(np.minimum(values, NEVER))
    ends = Interval(*map(_or_never, found.interval(CONFIDENCE)))
    ours = _or_never(found.estimate)
    return Outcome(number, ours, ends, len(values), number.agrees(ours))


NEVER = 1e18
"""Stands for updates that never came while values are sorted; half of it, for a median between one and none."""


def _or_never(value: float) -> float:
    return math.inf if value >= NEVER / 4 else value


def _holds(statement: Statement, runs: _Runs) -> bool | None:
    """Return whether a statement is true of our runs; None if they were not run."""
    wanted: Measured = "updates" if statement.faster else "metric" if statement.better else "solved"
    values = [runs.read(technique, statement.lag, wanted) for technique in statement.techniques]
    if any(not len(found) for found in values):
        return None
    centres = [float(np.median(np.minimum(found, NEVER))) for found in values]
    if statement.solves or statement.fails:
        return (float(values[0].mean()) > 0.5) is bool(statement.solves)
    if statement.faster:
        return centres[0] < centres[1]
    sign = 1 if runs.higher_is_better(statement.techniques[0]) else -1
    return sign * centres[0] > sign * centres[1]


class _Runs:
    """The measured runs of a published result in a store."""

    def __init__(self, result: Published, scopes: Mapping[str, Scope]) -> None:
        self.result, self.scopes = result, scopes

    @property
    def minutes(self) -> float:
        """The time that its measured runs took."""
        arms = [self.scopes[arm] for block in self.result.ours if (arm := self.result.arm(block)) in self.scopes]
        cohorts = [scope.measured.groupby("cohort").wall_seconds.first() for scope in arms]
        return float(sum(found.sum() for found in cohorts)) / 60

    def values(self, number: Number) -> np.ndarray:
        """The values that a number is about, one a seed; empty if it was not run."""
        return self.read(number.technique, number.lag, number.measured, number.level, number.at)

    def read(
        self, technique: str, lag: int | None, measured: Measured, level: float | None = None, at: int | None = None
    ) -> np.ndarray:
        """A value a seed, of the technique at this lag or at its only one; empty if it was not run."""
        runs, curves = self._rows(technique, lag)
        if runs.empty:
            return np.array([])
        if measured == "solved":
            return solved_in(runs).to_numpy(dtype=float)
        if measured == "updates" and level is None:
            return runs.updates.where(solved_in(runs), math.inf).to_numpy(dtype=float)
        by_seed = curves.sort_values("update").groupby("seed")
        if measured == "updates":
            better = np.greater_equal if self.higher_is_better(technique) else np.less_equal
            assert level is not None
            return np.array([_first(rows, better(rows.metric, level)) for _, rows in by_seed])
        return np.array([_at(rows, measured, at) for _, rows in by_seed])

    def higher_is_better(self, technique: str) -> bool:
        """Return whether a higher metric of the technique's task is the better one."""
        runs, _ = self._rows(technique, None)
        row = runs.iloc[0]
        return bool(row.solved_at > row.trivial_level)

    def _rows(self, technique: str, lag: int | None) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The measured members of a technique at a lag, at any if none is named, and their learning curves."""
        scope = self.scopes.get(self.result.arm(self.result.block(technique)))
        if scope is None:
            return pd.DataFrame(columns=["technique"]), pd.DataFrame()
        runs, curves = (
            rows[(rows.technique == technique) & ((rows.lag == lag) | (lag is None))]
            for rows in (scope.measured, scope.curves)
        )
        return runs, curves[curves.cohort.isin(runs.cohort)]


def _first(rows: pd.DataFrame, reached: np.ndarray) -> float:
    """The updates at which a run first is at a level; infinite if it never is."""
    hits = rows["update"][np.asarray(reached)]
    return float(hits.iloc[0]) if len(hits) else math.inf


def _at(rows: pd.DataFrame, column: str, update: int | None) -> float:
    """A column of a learning curve after so many updates, or of its end: who has solved stays where it ended."""
    until = rows if update is None else rows[rows["update"] <= update]
    return float(until[column].iloc[-1])
