"""Contrasts: technique and reference paired by seed in every cell (task and lag) that both have."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd

from bench.evidence.claims import Part
from bench.evidence.contrasts.cells import CannotTell, NotEstimable, counting, unfold
from bench.evidence.contrasts.results import Results
from bench.evidence.estimands import Estimand, Measure, Variant
from bench.evidence.measuring.losses import exploded
from bench.evidence.measuring.runs import screened
from bench.evidence.scope import CELL, SETTING, Scope
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

Cell = tuple[str, int]
VALUED = [*SETTING, "seed", "value", "arm", "moment"]
"""The columns of values that a verdict keeps."""
EXPLOSIONS = 0.1
"""The smallest share of runs that has to explode without a remedy: below it there is nothing to prevent."""


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

    differences: pd.DataFrame
    """Seeds × cells, logarithms for a ratio. A seed has all cells or does not count: it is one value, of one thing."""
    data: pd.DataFrame
    """technique, task, lag, seed, value as measured, arm, moment; of the seeds and cells that count."""
    bounds: Bounds | None = None
    """The smallest and the largest that a single value can be."""
    runs: tuple[str, ...] = ()
    dial: Array | None = None
    """Scores by value of the dial and seed, where the best is compared with the worst."""
    otherwise: bool = False
    """True if the other centre is asked about: the median of bounded values, the mean of others."""
    spared: Spared | None = None
    """None if all seeds of all cells were trained, or spared by a ladder that all seeds had ended."""

    @property
    def values(self) -> Array:
        """One value a seed: its mean over the cells; of a dial, see `split_halves`."""
        if self.dial is not None:
            return split_halves(self.dial)
        return self.differences.mean(axis=1).to_numpy(dtype=float)

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


@dataclass(frozen=True)
class Estimate:
    """A part's sample, and what it looks like in other ways."""

    sample: Sample
    telling: Sample | None
    """The cells of it that can show equality; None if there are none. See `Compared.telling`."""
    variants: dict[str, Sample]
    """The samples of other analyses by name; `bench.evidence.wording` puts names into words."""
    ratio: bool
    counted: bool


@dataclass(frozen=True)
class Compared:
    """The values that a part compares, as measured.

    Tables have a column `screened` beside those of values: of a value that was spared after seeds that screen, how many
    these were; else 0.
    """

    part: Part
    own: pd.DataFrame
    twin: pd.DataFrame | None
    """None where the part compares with a number, or a dial's values with each other."""
    shortest: dict[str, int] = field(default_factory=dict)
    """The shortest lag of each task."""

    def __post_init__(self) -> None:
        if any(table.empty for table in self.tables):
            raise NotEstimable("unpaired")

    @property
    def tables(self) -> list[pd.DataFrame]:
        return [self.own] if self.twin is None else [self.own, self.twin]

    def where(self, cells: set[Cell]) -> Compared:
        """The same in these cells alone."""
        own, *twin = [table[_cells(table).isin(cells)] for table in self.tables]
        return replace(self, own=own, twin=twin[0] if twin else None)

    def without(self, task: str) -> Compared:
        """The same without one task."""
        return self.where({cell for cell in _cells(self.own) if cell[0] != task})

    def observed(self) -> Compared:
        """The same without cells that nobody ran: 0 less 0 of two lags that the ladder spared is no observation."""
        both = pd.concat(self.tables)
        return self.where(set(_cells(both[both.run != ""])))

    def solved(self) -> Compared:
        """The same in the cells that some run of these techniques solved; raises CannotTell if there are none.

        Which cells count must not depend on anybody else: one lucky run of a third technique would add a cell at which
        those who are compared are both at 0.
        """
        if self.part.against is not None:
            return self
        both = pd.concat(self.tables)
        cells = set(_cells(both[both.value > 0]))
        if not cells:
            raise CannotTell("unsolved")
        return self.where(cells)

    def telling(self) -> Compared:
        """The same without cells in which every run is at the floor, or every run at the ceiling.

        There nothing could have told the two apart: adding hopeless lags, or easy ones, must not make them equal.
        """
        bounds, ladders = self.part.estimand.bounds, self.part.estimand.of_ladders
        if (bounds is None and not ladders) or (self.twin is None and not self.part.choice):
            return self
        both = pd.concat(self.tables)
        ends = both.groupby(CELL)["value"].agg(["min", "max"])
        if bounds is not None:
            stuck = (ends["max"] <= bounds[0]) | (ends["min"] >= bounds[1])
        else:  # a ladder's cell has its longest lag
            first = ends.index.get_level_values("task").map(self.shortest)
            stuck = (ends["max"] < first) | (ends["min"] >= ends.index.get_level_values("lag"))
        return self.where(set(ends.index[~stuck]))

    def sample(self) -> Sample:
        """Paired seed by seed; raises NotEstimable if no seed has every cell."""
        if self.part.choice:
            return self._choice()
        estimand = self.part.estimand
        grids = [_grid(table, estimand) for table in self.tables]
        less = estimand.transformed(self.part.against or 0.0) if self.twin is None else grids[1]
        differences = _whole(grids[0] - less)
        return self._made(differences)

    def _choice(self) -> Sample:
        """The best of a dial's values less the worst, each chosen by the mean over every other seed."""
        grids = {name: _grid(rows, self.part.estimand) for name, rows in self.own.groupby("technique", sort=False)}
        shared = pd.concat(grids, axis=1, join="inner")
        shared = _whole(shared.loc[:, [all(cell[1:] in g.columns for g in grids.values()) for cell in shared.columns]])
        if len(shared) < 2:
            raise NotEstimable("unpaired")
        scores = np.stack([shared[name].mean(axis=1).to_numpy() for name in grids])
        every = shared.T.groupby(level=[1, 2]).mean().T  # which cells and seeds there are; values say nothing
        return self._made(every.rename_axis(columns=CELL), scores)

    def _made(self, differences: pd.DataFrame, dial: Array | None = None) -> Sample:
        """Put the data behind the differences beside them."""
        data = pd.concat(self.tables, ignore_index=True)
        data = data[_cells(data).isin(set(differences.columns)) & data.seed.isin(differences.index)].reset_index(
            drop=True
        )
        runs = tuple(sorted({run for run in data.run if run}))
        spared = self._spared(set(differences.columns))
        return Sample(differences, data[VALUED], _bounds(self.part), runs, dial, spared=spared)

    def _spared(self, cells: set[Cell]) -> Spared | None:
        """Sum up what was spared in these cells; of a dial, whose best and worst may be any value, in any one value."""
        tables = [table[_cells(table).isin(cells)] for table in self.tables]
        least = min((int(n) for table in tables for n in table.screened[table.screened > 0]), default=0)
        if not least or self.part.estimand.bounds is None:
            return None
        if self.part.choice:
            worst = max(_share(rows, cells) for _, rows in tables[0].groupby("technique"))
            return Spared(worst, worst, least)
        shares = [_share(table, cells) for table in tables]
        return Spared(shares[0], shares[1] if len(shares) > 1 else 0.0, least)


def _share(table: pd.DataFrame, cells: set[Cell]) -> float:
    """The share of techniques' cells in which seeds that screen spared others."""
    spared = table[table.screened > 0].drop_duplicates(["technique", *CELL])
    return len(spared) / (table.technique.nunique() * len(cells))


def estimate(part: Part, results: Results) -> Estimate:
    """The part's estimate and its robustness analyses; raises NotEstimable."""
    found, estimand = compared(part, results), part.estimand
    sample, telling = found.sample(), None
    with suppress(NotEstimable):
        fewer = found.telling()
        telling = sample if fewer is found else fewer.sample()
    if part.direction in ("equal", "not lower"):
        if telling is None:
            raise CannotTell("untelling")
        sample = telling
    return Estimate(
        sample=sample,
        telling=telling,
        variants={} if estimand.is_counted else _variants(found, sample, results),
        ratio=estimand.is_ratio,
        counted=estimand.is_counted,
    )


def draw(part: Part, results: Results, measure: Measure | None = None, only_run: bool = False) -> Sample:
    """The part's sample, by another measure if one is given; `only_run`: without the lags that the ladder spared."""
    return compared(part, results, measure, only_run).sample()


def compared(part: Part, results: Results, measure: Measure | None = None, only_run: bool = False) -> Compared:
    """Give what the part compares; raises NotEstimable."""
    part = unfold(part, results.scope(part.arm))
    if part.explodes:
        _must_explode(part, results)
    if any(protocol.matched == part.estimand.name for protocol in results.scope(part.arm).protocols.values()):
        raise CannotTell("matched")
    at_reference = _reference(part)
    own = _marked(results.table(part, part.techniques, measure), results.scope(part.arm))
    own = own[counting(part, own, [results.scope(arm) for arm in (part.arm, at_reference.arm)])]
    twin = None
    if part.twins:
        twin = _marked(results.table(at_reference, part.twins, measure), results.scope(at_reference.arm))
        twin = twin[_cells(twin).isin(set(_cells(own)))]
    if only_run:
        own, twin = own[own.run != ""], None if twin is None else twin[twin.run != ""]
    found = Compared(part, own, twin, results.scope(part.arm).shortest)
    return found.observed().solved() if part.estimand.only_where_solved else found


def _marked(table: pd.DataFrame, scope: Scope) -> pd.DataFrame:
    """The table with the column `screened`: see `Compared`."""
    after = {
        (technique, *cell): seeds
        for technique in table.technique.unique()
        for cell, seeds in screened(scope, technique).items()
    }
    if not after:
        return table.assign(screened=0)
    keys = zip(*(table[column] for column in SETTING), strict=True)
    return table.assign(screened=pd.Series([after.get(key, 0) for key in keys], table.index).where(table.run == "", 0))


def _reference(part: Part) -> Part:
    """The part as it asks for its references."""
    where = {
        "arm": part.reference_arm or part.arm,
        "moment": part.reference_moment or part.moment,
        "quantity": part.reference_quantity or part.quantity,
    }
    return part.model_copy(update=where)


def _must_explode(part: Part, results: Results) -> None:
    runs = results.table(part, (part.explodes,), _exploded)
    if runs.value.mean() < EXPLOSIONS:
        raise CannotTell("calm", technique=part.explodes)


def _exploded(scope: Scope, technique: str, part: Part) -> pd.DataFrame:
    return exploded(scope, technique)


def _grid(table: pd.DataFrame, estimand: Estimand) -> pd.DataFrame:
    """Seeds × cells, the mean over the techniques where all of them have a value."""
    grids = [
        rows.set_index(["seed", *CELL])["value"].unstack(CELL) for _, rows in table.groupby("technique", sort=False)
    ]
    total = sum((estimand.transformed(grid) for grid in grids[1:]), start=estimand.transformed(grids[0]))
    assert isinstance(total, pd.DataFrame)
    return total / len(grids)


def _whole(differences: pd.DataFrame) -> pd.DataFrame:
    """The seeds that have every cell which any seed has; raises NotEstimable if there are none."""
    found = differences.dropna(axis=1, how="all").dropna(axis=0, how="any")
    if found.empty:
        raise NotEstimable("unpaired")
    return found


def _cells(table: pd.DataFrame) -> pd.Series:
    """The cell of each row; many times faster than an index of two levels."""
    return pd.Series(list(zip(table["task"], table["lag"], strict=True)), table.index, dtype=object)


def _bounds(part: Part) -> Bounds | None:
    """The least and the largest that a single value can be; of a dial, that a score can be."""
    if part.estimand.bounds is None or part.choice:
        return part.estimand.bounds
    low, high = part.estimand.bounds
    if part.against is not None:
        return low - part.against, high - part.against
    return low - high, high - low


def _variants(found: Compared, sample: Sample, results: Results) -> dict[str, Sample]:
    """The analyses that say how robust the effect is; those that cannot be done are left out."""
    part = found.part
    tasks = list(dict.fromkeys(sample.differences.columns.get_level_values("task")))
    made = {}
    for task in tasks if len(tasks) > 1 else ():
        with suppress(NotEstimable):
            made[f"without:{task}"] = found.without(task).sample()
    if sample.dial is None:
        made["mean" if sample.bounds is None else "median"] = replace(sample, otherwise=True)
    for name, variant in part.estimand.variants(part).items():
        with suppress(NotEstimable):
            made[name] = _varied(part, results, variant)
    return made


def _varied(part: Part, results: Results, variant: Variant) -> Sample:
    return draw(part.model_copy(update=variant.changes), results, variant.measure, variant.only_run)
