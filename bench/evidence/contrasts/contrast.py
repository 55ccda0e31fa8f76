"""Contrasts: technique and reference paired by seed in every cell (task and lag) that both have."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from statistics import fmean

import numpy as np
import pandas as pd

from bench.evidence.claims import Part
from bench.evidence.contrasts.cells import CannotTell, NotEstimable, counting, unfold
from bench.evidence.contrasts.results import Results
from bench.evidence.contrasts.sample import Sample, Side, Spared
from bench.evidence.contrasts.values import Grid, Value, by_technique, grids, ran
from bench.evidence.estimands import Estimand, Measure, Variant
from bench.evidence.measuring.losses import exploded
from bench.evidence.scope import Scope
from bench.evidence.statistics import Array, Bounds
from bench.records.cell import Cell

EXPLOSIONS = 0.1
"""The smallest share of runs that has to explode without a remedy: below it there is nothing to prevent."""


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
    own: tuple[Value, ...]
    twin: tuple[Value, ...] | None
    """None where the part compares with a number, or a dial's values with each other."""
    shortest: dict[str, int] = field(default_factory=dict)
    """The shortest lag of each task."""

    def __post_init__(self) -> None:
        if not all(self.tables):
            raise NotEstimable("unpaired")

    @property
    def tables(self) -> list[tuple[Value, ...]]:
        """The values of each side, the reference last."""
        return [self.own] if self.twin is None else [self.own, self.twin]

    @property
    def both(self) -> Iterator[Value]:
        """All values."""
        return itertools.chain(*self.tables)

    def where(self, cells: set[Cell]) -> Compared:
        """The same in these cells alone."""
        own, *twin = [_within(table, cells) for table in self.tables]
        return replace(self, own=own, twin=twin[0] if twin else None)

    def without(self, task: str) -> Compared:
        """The same without one task."""
        return self.where({value.cell for value in self.own if value.cell.task != task})

    def observed(self) -> Compared:
        """The same without cells that nobody ran: 0 less 0 of two lags that the ladder spared is no observation."""
        return self.where({value.cell for value in self.both if value.run})

    def solved(self) -> Compared:
        """The same in the cells that some run of these techniques solved; raises CannotTell if there are none.

        Which cells count must not depend on anybody else: one lucky run of a third technique would add a cell at which
        those who are compared are both at 0.
        """
        if self.part.against is not None:
            return self
        ladders = self.part.estimand.of_ladders
        cells = {value.cell for value in self.both if value.value >= self._least(value.cell)}
        if not cells:
            raise CannotTell("unsolved ladder" if ladders else "unsolved")
        return self.where(cells)

    def _least(self, cell: Cell) -> float:
        """The least value of a seed that solves something: how far it gets is the shortest lag then, or half a step."""
        return max(self.shortest[cell.task], 0.5) if self.part.estimand.of_ladders else math.ulp(0.0)

    def telling(self) -> Compared:
        """The same without cells in which every run is at the floor, or every run at the ceiling.

        There nothing could have told the two apart: adding hopeless lags, or easy ones, must not make them equal.
        """
        bounds, ladders = self.part.estimand.bounds, self.part.estimand.of_ladders
        if (bounds is None and not ladders) or (self.twin is None and not self.part.choice):
            return self
        values: dict[Cell, list[float]] = {}
        for value in self.both:
            values.setdefault(value.cell, []).append(value.value)
        return self.where({cell for cell, found in values.items() if not self._stuck(cell, found, bounds)})

    def _stuck(self, cell: Cell, values: list[float], bounds: Bounds | None) -> bool:
        if bounds is not None:
            return max(values) <= bounds[0] or min(values) >= bounds[1]
        return max(values) < self._least(cell) or min(values) >= cell.lag  # a ladder's cell has its longest lag

    def sample(self) -> Sample:
        """Paired seed by seed; raises NotEstimable if no seed has every cell."""
        if self.part.choice:
            return self._choice()
        own, *twin = _means(self.tables, self.part.estimand)
        less = twin[0].values if twin else self.part.estimand.transformed(self.part.against or 0.0)
        return self._made(_whole(own._replace(values=own.values - less)))

    def _choice(self) -> Sample:
        """The best of a dial's values less the worst, each chosen by the mean over every other seed."""
        transformed = self.part.estimand.transformed
        dial = [grid._replace(values=transformed(grid.values)) for grid in grids(list(by_technique(self.own).values()))]
        # nobody's value counts in a cell, or of a seed, that another one lacks
        every = _whole(dial[0]._replace(values=np.mean([grid.values for grid in dial], axis=0)))
        if len(every.seeds) < 2:
            raise NotEstimable("unpaired")
        return self._made(every, np.stack([grid.at(every).values.mean(axis=1) for grid in dial]))

    def _made(self, differences: Grid, dial: Array | None = None) -> Sample:
        """Put the data behind the differences beside them."""
        cells, seeds = set(differences.cells), set(differences.seeds)
        at_reference = reference(self.part)
        sides = zip(self.tables, [self.part, at_reference], strict=False)
        behind = tuple(
            Side(part.arm, part.moment, tuple(value for value in _within(table, cells) if value.seed in seeds))
            for table, part in sides
        )
        return Sample(differences, behind, _bounds(self.part), dial, spared=self._spared(cells))

    def _spared(self, cells: set[Cell]) -> Spared | None:
        """Sum up what was spared in these cells; of a dial, whose best and worst may be any value, in any one value."""
        tables = [_within(table, cells) for table in self.tables]
        least = min((value.screened for table in tables for value in table if value.screened), default=0)
        if not least or self.part.estimand.bounds is None:
            return None
        if self.part.choice:
            worst = max(_share(rows, cells) for rows in by_technique(tables[0]).values())
            return Spared(worst, worst, least)
        shares = [_share(table, cells) for table in tables]
        return Spared(shares[0], shares[1] if len(shares) > 1 else 0.0, least)


def _within(values: Iterable[Value], cells: set[Cell]) -> tuple[Value, ...]:
    return tuple(value for value in values if value.cell in cells)


def _share(values: Iterable[Value], cells: set[Cell]) -> float:
    """The share of techniques' cells in which seeds that screen spared others."""
    spared = {(value.technique, value.cell) for value in values if value.screened}
    return len(spared) / (len({value.technique for value in values}) * len(cells))


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
    at_reference = reference(part)
    own, twin = results.values(part, part.techniques, measure), None
    cells = counting(part, own, [results.scope(arm) for arm in (part.arm, at_reference.arm)])
    own = _within(own, cells)
    if part.twins:
        twin = _within(results.values(at_reference, part.twins, measure), cells)
    if only_run:
        own, twin = ran(own), None if twin is None else ran(twin)
    found = Compared(part, own, twin, results.scope(part.arm).shortest)
    return found.observed().solved() if part.estimand.only_where_solved else found


def reference(part: Part) -> Part:
    """The part as it asks for its references."""
    where = {
        "arm": part.reference_arm or part.arm,
        "moment": part.reference_moment or part.moment,
        "quantity": part.reference_quantity or part.quantity,
    }
    return part.model_copy(update=where)


def _must_explode(part: Part, results: Results) -> None:
    runs = results.values(part, (part.explodes,), _exploded)
    if fmean(run.value for run in runs) < EXPLOSIONS:
        raise CannotTell("calm", technique=part.explodes)


def _exploded(scope: Scope, technique: str, part: Part) -> pd.DataFrame:
    return exploded(scope, technique)


def _means(tables: Sequence[Sequence[Value]], estimand: Estimand) -> list[Grid]:
    """A grid a table: the mean over its techniques where all of them have a value."""
    split = [list(by_technique(table).values()) for table in tables]
    made = iter(grids([values for values_of in split for values in values_of]))
    found = []
    for values_of in split:
        own = [next(made) for _ in values_of]
        total = sum(estimand.transformed(grid.values) for grid in own)
        found.append(own[0]._replace(values=total / len(own)))
    return found


def _whole(differences: Grid) -> Grid:
    """The seeds that have every cell which any seed has; raises NotEstimable if there are none."""
    found = differences.whole()
    if not found.values.size:
        raise NotEstimable("unpaired")
    return found


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
    made = {}
    for task in sample.tasks if len(sample.tasks) > 1 else ():
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
