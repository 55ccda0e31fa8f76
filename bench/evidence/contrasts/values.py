"""Values of runs as rows of plain Python.

A contrast asks many small questions of a few hundred rows; a data frame answers each of them some thirty times slower.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.records.cell import Cell


class Value(NamedTuple):
    """One measured value, or one that follows from the rules alone."""

    technique: str
    cell: Cell
    seed: int
    value: float
    run: str
    """The MLflow run behind the value; empty where it follows from the rules."""
    screened: int = 0
    """The number of seeds that screened, where the value was spared after them; else 0."""


class Grid(NamedTuple):
    """Values by seed and cell."""

    seeds: tuple[int, ...]
    cells: tuple[Cell, ...]
    values: NDArray[np.float64]
    """Seeds × cells; NaN where there is no value."""

    def whole(self) -> Grid:
        """The seeds that have every cell which any seed has."""
        known = ~np.isnan(self.values)
        columns = np.flatnonzero(known.any(axis=0))
        rows = np.flatnonzero(known[:, columns].all(axis=1))
        return self._part(rows.tolist(), columns.tolist())

    def at(self, other: Grid) -> Grid:
        """The seeds and cells of another grid, all of which this one has."""
        return self._part(list(map(self.seeds.index, other.seeds)), list(map(self.cells.index, other.cells)))

    def _part(self, rows: list[int], columns: list[int]) -> Grid:
        seeds, cells = tuple(self.seeds[row] for row in rows), tuple(self.cells[column] for column in columns)
        return Grid(seeds, cells, self.values[rows][:, columns])


def values_of(table: pd.DataFrame) -> tuple[Value, ...]:
    """The rows of a measure's table; see `bench.evidence.measuring.runs.VALUES`."""
    columns = (table[name].tolist() for name in ("technique", "task", "lag", "seed", "value", "run"))
    return tuple(
        Value(technique, Cell(task, lag), seed, value, run)
        for technique, task, lag, seed, value, run in zip(*columns, strict=True)
    )


def marked(values: Iterable[Value], after: Mapping[Cell, int]) -> tuple[Value, ...]:
    """The same values, with what was spared marked by the seeds that screened, which are given by cell."""
    if not after:
        return tuple(values)
    return tuple(value if value.run else value._replace(screened=after.get(value.cell, 0)) for value in values)


def ran(values: Iterable[Value]) -> tuple[Value, ...]:
    """The values of runs, without those that follow from the rules."""
    return tuple(value for value in values if value.run)


def by_technique(values: Iterable[Value]) -> dict[str, list[Value]]:
    """The values of each technique, in the order of their first ones."""
    found: dict[str, list[Value]] = {}
    for value in values:
        found.setdefault(value.technique, []).append(value)
    return found


def grids(tables: Sequence[Iterable[Value]]) -> list[Grid]:
    """One grid a table, all of the same seeds and cells: those that any of them has, sorted."""
    tables = [list(table) for table in tables]
    seeds = tuple(sorted({value.seed for table in tables for value in table}))
    cells = tuple(sorted({value.cell for table in tables for value in table}))
    row, column = {seed: i for i, seed in enumerate(seeds)}, {cell: i for i, cell in enumerate(cells)}
    found = []
    for table in tables:
        grid = np.full((len(seeds), len(cells)), np.nan)
        for value in table:
            grid[row[value.seed], column[value.cell]] = value.value
        found.append(Grid(seeds, cells, grid))
    return found
