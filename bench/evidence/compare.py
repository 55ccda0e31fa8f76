"""Each technique beside the baseline, paired by seed where both exist."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from bench.evidence.estimates import measured_cells
from bench.evidence.scope import BASELINE, Scope, solved_in


@dataclass(frozen=True)
class Tally:
    """The runs of one technique at one lag: how many solved, with the rate's interval, and how many diverged."""

    solved: int
    runs: int
    low: float
    high: float
    diverged: int


@dataclass(frozen=True)
class Comparison:
    """A technique against the baseline on one task, at the longest lag at which both were measured."""

    technique: str
    task: str
    lag: int
    own: Tally
    baseline: Tally | None
    """None where it was measured at none of the technique's lags; then `lag` is the technique's longest."""
    pairs: int
    """Seeds that both trained with."""
    only_own: int
    """Pairs of which the technique alone solved."""
    only_baseline: int


def compare(scope: Scope, cells: pd.DataFrame, technique: str) -> list[Comparison]:
    """A technique's comparisons, one a task in which it was measured, in the report's order."""
    found = [_compare(scope, cells, technique, task) for task in scope.tasks]
    return [c for c in found if c is not None]


def _compare(scope: Scope, cells: pd.DataFrame, technique: str, task: str) -> Comparison | None:
    measured = measured_cells(cells)
    measured = measured[measured.task == task]
    own = measured[measured.technique == technique].set_index("lag")
    base = measured[measured.technique == BASELINE].set_index("lag")
    if own.empty:
        return None
    shared = own.index.intersection(base.index)
    lag = int(max(shared)) if len(shared) else int(max(own.index))
    mine, theirs = (_solved_by_seed(scope, name, task, lag) for name in (technique, BASELINE))
    pairs = pd.concat([mine, theirs], axis=1, join="inner", keys=["own", "base"])
    return Comparison(
        technique=technique,
        task=task,
        lag=lag,
        own=_tally(own.loc[lag]),
        baseline=_tally(base.loc[lag]) if len(shared) else None,
        pairs=len(pairs),
        only_own=int((pairs.own & ~pairs.base).sum()),
        only_baseline=int((pairs.base & ~pairs.own).sum()),
    )


def _solved_by_seed(scope: Scope, technique: str, task: str, lag: int) -> pd.Series:
    rows = scope.rows("runs", technique)
    return solved_in(rows[(rows.task == task) & (rows.lag == lag)].set_index("seed")).astype(bool)


def _tally(cell: pd.Series) -> Tally:
    return Tally(int(cell["solved"]), int(cell.runs), cell.low, cell.high, int(cell["diverged"]))
