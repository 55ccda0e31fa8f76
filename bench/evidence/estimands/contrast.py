"""Contrasts: technique and reference paired by seed in every cell (task and lag) that both have."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.evidence.claims import Part
from bench.evidence.estimands.cells import NotEstimable, counting, unfold
from bench.evidence.estimands.measures import MEASURES, Measure, solved, spiked
from bench.evidence.estimands.results import Results

Array = NDArray[np.float64]
Statistic = Literal["mean", "median", "interquartile mean"]

RATIOS = {"roughness", "reach", "early", "time", "parameters", "state_size", "flops", "memory"}
"""Kinds whose values are compared as ratios: differences of their logarithms."""
COUNTED = {"parameters", "state_size", "flops", "memory"}
"""Kinds without chance in them."""
NEARNESS = {"relief", "fade"}
"""Kinds in which nearer to 0 is higher, from either side: a gradient that explodes is no relief."""
BOUNDS = dict.fromkeys(("score", "solved", "exploded", "dead"), (0.0, 1.0))
EXPLOSIONS = 0.1
"""Where fewer of the runs explode without a remedy, there is nothing to prevent."""


@dataclass(frozen=True)
class Sample:
    """What a contrast comes down to."""

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
    """By name of the analysis: words of reasons.yaml, with a detail behind a colon."""
    bounds: tuple[float, float] | None
    """Of a single value."""
    ratio: bool
    counted: bool


def estimate(part: Part, results: Results) -> Estimate:
    """The part's estimate and its robustness analyses; raises NotEstimable."""
    sample = draw(part, results)
    counted = part.kind in COUNTED
    return Estimate(
        sample=sample,
        variants={} if counted else _variants(part, results, sample),
        bounds=_bounds(part),
        ratio=part.kind in RATIOS,
        counted=counted,
    )


def draw(part: Part, results: Results, measure: Measure | None = None, ran: bool = False) -> Sample:
    """The part's sample, by another measure if one is given; `ran`: without the lags that the ladder spared."""
    part = unfold(part, results.scope(part.arm))
    if part.explodes:
        _must_explode(part, results)
    at_reference = _reference(part)
    own = results.table(part, part.techniques, measure)
    twin = results.table(at_reference, part.twins, measure) if part.twins else None
    own = own[counting(part, own, [results.scope(arm) for arm in (part.arm, at_reference.arm)])]
    own = own[own["run"] != ""] if ran else own
    if part.choice:
        return _choice(own)
    twins = [] if twin is None else [twin[twin["run"] != ""] if ran else twin]
    if any(table.empty for table in (own, *twins)):
        raise NotEstimable("unpaired")
    grids = [_grid(table, part.kind) for table in (own, *twins)]
    less = grids[1] if twins else _transformed(part.kind, part.against or 0.0)
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
    runs = results.table(part, (part.explodes,), MEASURES["exploded"])
    if runs["value"].mean() < EXPLOSIONS:
        raise NotEstimable("calm", technique=part.explodes)


def _transformed(kind: str, values: pd.DataFrame | float) -> pd.DataFrame | float:
    if kind in RATIOS:
        return np.log(np.maximum(values, 1.0) if kind == "reach" else values)  # a reach below one step counts as one
    return -abs(values) if kind in NEARNESS else values


def _grid(table: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Seeds × cells, the mean over the techniques where all of them have a value."""
    grids = [
        rows.set_index(["seed", "task", "lag"])["value"].unstack(["task", "lag"])
        for _, rows in table.groupby("technique", sort=False)
    ]
    total = sum((_transformed(kind, grid) for grid in grids[1:]), start=_transformed(kind, grids[0]))
    assert isinstance(total, pd.DataFrame)
    return total / len(grids)


def _sample(differences: pd.DataFrame, tables: list[pd.DataFrame], dial: Array | None = None) -> Sample:
    """With the data behind the differences."""
    data = pd.concat(tables, ignore_index=True)
    cells = pd.MultiIndex.from_frame(data[["task", "lag"]])
    data = data[cells.isin(differences.columns) & data["seed"].isin(differences.index)].reset_index(drop=True)
    runs = tuple(sorted({run for run in data["run"] if run}))
    return Sample(differences, data.drop(columns="run"), runs, dial)


def _choice(table: pd.DataFrame) -> Sample:
    """The best of a dial's values less the worst, each chosen by the mean over every other seed (see statistics)."""
    grids = {name: _grid(rows, "") for name, rows in table.groupby("technique", sort=False)}
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
    columns = pd.MultiIndex.from_tuples(cells, names=["task", "lag"])
    return _sample(pd.DataFrame(chosen, shared.index, columns), [table], scores)


def _bounds(part: Part) -> tuple[float, float] | None:
    """The least and the largest that a single value can be."""
    if part.kind not in BOUNDS:
        return None
    low, high = BOUNDS[part.kind]
    if part.against is not None:
        return low - part.against, high - part.against
    return low - high, high - low


def _variants(part: Part, results: Results, sample: Sample) -> dict[str, Sample]:
    """The analyses that say how robust the effect is; those that cannot be done are left out."""
    tasks = list(dict.fromkeys(sample.differences.columns.get_level_values("task")))
    found = {f"without:{task}": _without(sample, task) for task in tasks} if len(tasks) > 1 else {}
    found |= {name: replace(sample, statistic=name) for name in ("median", "interquartile mean")}
    others: dict[str, dict[str, object]] = {}
    if part.kind == "score":
        others = {"solve rate": {"measure": solved}, "as run": {"ran": True}}
    elif part.kind == "exploded":
        others = {"spikes": {"measure": spiked}}
    elif part.arm == "main" and part.reference_moment is None and part.kind in ("decay", "relief", "reach", "fade"):
        others = {"moment:start": {"moment": "start"}, "moment:during": {"moment": "during"}}
    if part.quantity == "c":
        others["quantity:h"] = {"quantity": "h"}
    for name, changes in others.items():
        words = {key: changes.pop(key) for key in ("moment", "quantity") if key in changes}
        try:
            found[name] = draw(part.model_copy(update=words), results, **changes)  # type: ignore[arg-type]
        except NotEstimable:
            continue
    return found


def _without(sample: Sample, task: str) -> Sample:
    """The sample without one task; a choice stays as it was made."""
    columns = sample.differences.columns.get_level_values("task") != task
    return replace(sample, differences=sample.differences.loc[:, columns].dropna(axis=0, how="all"))
