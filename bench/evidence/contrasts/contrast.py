"""Contrasts: technique and reference paired by seed in every cell (task and lag) that both have."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.evidence.claims import Part
from bench.evidence.contrasts.cells import NotEstimable, counting, unfold
from bench.evidence.contrasts.results import Results
from bench.evidence.estimands import Estimand, Measure, Variant
from bench.evidence.measuring.losses import exploded
from bench.evidence.scope import CELL, Scope

Array = NDArray[np.float64]
Statistic = Literal["mean", "median", "interquartile mean"]

EXPLOSIONS = 0.1
"""The smallest share of runs that has to explode without a remedy: below it there is nothing to prevent."""


@dataclass(frozen=True)
class Sample:
    """A contrast in numbers."""

    differences: pd.DataFrame
    """Seeds × cells, logarithms for a ratio; NaN where a seed lacks a cell."""
    data: pd.DataFrame
    """technique, task, lag, seed, value as measured, arm, moment; of the seeds and cells that count."""
    runs: tuple[str, ...] = ()
    dial: Array | None = None
    """Scores by value of the dial and seed, where the best is compared with the worst."""
    statistic: Statistic = "mean"

    @property
    def values(self) -> Array:
        """One value a seed: its mean over the cells."""
        return self.differences.mean(axis=1).to_numpy(dtype=float)

    @property
    def by_cell(self) -> list[Array]:
        """The same cell by cell."""
        return [column.dropna().to_numpy(dtype=float) for _, column in self.differences.items()]


@dataclass(frozen=True)
class Estimate:
    """A part's sample, and what it looks like in other ways."""

    sample: Sample
    variants: dict[str, Sample]
    """The samples of other analyses by name; `bench.evidence.wording` puts names into words."""
    bounds: tuple[float, float] | None
    """The smallest and the largest that a single value can be."""
    ratio: bool
    counted: bool


def estimate(part: Part, results: Results) -> Estimate:
    """The part's estimate and its robustness analyses; raises NotEstimable."""
    sample, estimand = draw(part, results), part.estimand
    return Estimate(
        sample=sample,
        variants={} if estimand.is_counted else _variants(part, results, sample),
        bounds=_bounds(part),
        ratio=estimand.is_ratio,
        counted=estimand.is_counted,
    )


def draw(part: Part, results: Results, measure: Measure | None = None, only_run: bool = False) -> Sample:
    """The part's sample, by another measure if one is given; `only_run`: without the lags that the ladder spared."""
    part = unfold(part, results.scope(part.arm))
    if part.explodes:
        _must_explode(part, results)
    at_reference = _reference(part)
    own = results.table(part, part.techniques, measure)
    twin = results.table(at_reference, part.twins, measure) if part.twins else None
    own = own[counting(part, own, [results.scope(arm) for arm in (part.arm, at_reference.arm)])]
    own = own[own.run != ""] if only_run else own
    if part.choice:
        return _choice(own, part.estimand)
    twins = [] if twin is None else [twin[twin.run != ""] if only_run else twin]
    if any(table.empty for table in (own, *twins)):
        raise NotEstimable("unpaired")
    grids = [_grid(table, part.estimand) for table in (own, *twins)]
    less = grids[1] if twins else part.estimand.transformed(part.against or 0.0)
    differences = (grids[0] - less).dropna(axis=1, how="all").dropna(axis=0, how="all")
    if differences.empty:
        raise NotEstimable("unpaired")
    return _sample(differences, [own, *twins])


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
        raise NotEstimable("calm", technique=part.explodes)


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


def _sample(differences: pd.DataFrame, tables: list[pd.DataFrame], dial: Array | None = None) -> Sample:
    """Put the data behind the differences beside them."""
    data = pd.concat(tables, ignore_index=True)
    cells = pd.MultiIndex.from_frame(data[CELL])
    data = data[cells.isin(differences.columns) & data.seed.isin(differences.index)].reset_index(drop=True)
    runs = tuple(sorted({run for run in data.run if run}))
    return Sample(differences, data.drop(columns="run"), runs, dial)


def _choice(table: pd.DataFrame, estimand: Estimand) -> Sample:
    """The best of a dial's values less the worst, each chosen by the mean over every other seed (see statistics)."""
    grids = {name: _grid(rows, estimand) for name, rows in table.groupby("technique", sort=False)}
    shared = pd.concat(grids, axis=1, join="inner").dropna()
    cells = [cell for cell in next(iter(grids.values())).columns if all(cell in g.columns for g in grids.values())]
    if len(shared) < 2 or not cells:
        raise NotEstimable("unpaired")
    cube = np.stack([shared[name][cells].to_numpy() for name in grids])
    scores = cube.mean(axis=2)
    chosen = np.empty(cube.shape[1:])
    for chosen_on, measured_on in ((0, 1), (1, 0)):
        means = scores[:, chosen_on::2].mean(axis=1)
        chosen[measured_on::2] = (cube[means.argmax()] - cube[means.argmin()])[measured_on::2]
    columns = pd.MultiIndex.from_tuples(cells, names=CELL)
    return _sample(pd.DataFrame(chosen, shared.index, columns), [table], scores)


def _bounds(part: Part) -> tuple[float, float] | None:
    """The least and the largest that a single value can be."""
    if part.estimand.bounds is None:
        return None
    low, high = part.estimand.bounds
    if part.against is not None:
        return low - part.against, high - part.against
    return low - high, high - low


def _variants(part: Part, results: Results, sample: Sample) -> dict[str, Sample]:
    """The analyses that say how robust the effect is; those that cannot be done are left out."""
    tasks = list(dict.fromkeys(sample.differences.columns.get_level_values("task")))
    found = {f"without:{task}": _without(sample, task) for task in tasks} if len(tasks) > 1 else {}
    found |= {name: replace(sample, statistic=name) for name in ("median", "interquartile mean")}
    for name, variant in part.estimand.variants(part).items():
        with suppress(NotEstimable):
            found[name] = _varied(part, results, variant)
    return found


def _varied(part: Part, results: Results, variant: Variant) -> Sample:
    return draw(part.model_copy(update=variant.changes), results, variant.measure, variant.only_run)


def _without(sample: Sample, task: str) -> Sample:
    """The sample without one task; a choice stays as it was made."""
    columns = sample.differences.columns.get_level_values("task") != task
    return replace(sample, differences=sample.differences.loc[:, columns].dropna(axis=0, how="all"))
