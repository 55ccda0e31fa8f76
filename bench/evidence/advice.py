"""Advice on what to use at which lag, and what it costs: rules read off the settings, task by task."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import stats

from bench.evidence.estimates import CONFIDENCE, HORIZON_SHARE, measured_cells
from bench.evidence.measuring.costs import times
from bench.evidence.scope import BASELINE
from bench.records.cell import SettingKey

Progress = Callable[[SettingKey], float]
NEAR = 1.25
"""Offers whose prices differ by no larger factor are told together: timings are no finer."""


def _none(setting: SettingKey) -> float:
    return 0.0


@dataclass(frozen=True)
class Offer:
    """One technique at one lag: how often it solves, and at what price."""

    technique: str
    solved: int
    runs: int
    updates: float
    """Mean updates to solve, restricted to the budget."""
    time: float
    """The time of an update over that of the baseline; NaN if nothing was timed."""
    progress: float = 0.0
    """Share of the way from the trivial level to the solved one that its runs have come."""

    @property
    def solves(self) -> bool:
        """True if as many runs solve as a horizon asks for."""
        return self.solved / self.runs >= HORIZON_SHARE

    @property
    def firm(self) -> bool:
        """True if the whole exact interval of the solve rate (Clopper & Pearson 1934) is on the side of `solves`."""
        interval = stats.binomtest(self.solved, self.runs).proportion_ci(CONFIDENCE, method="exact")
        return bool(interval.low >= HORIZON_SHARE if self.solves else interval.high < HORIZON_SHARE)

    @property
    def price(self) -> float:
        """Time to solve, in updates of the baseline; NaN if nothing was timed."""
        return self.updates * self.time

    @property
    def order(self) -> tuple[float, float]:
        """The key that sorts offers, the cheapest first; those that were not timed come last, by updates."""
        return math.inf if math.isnan(self.price) else self.price, self.updates


@dataclass(frozen=True)
class Pick:
    """The cheapest offer that solves; where none does, the one that comes nearest."""

    offer: Offer | None
    """None where nothing was measured."""
    near: tuple[str, ...] = ()
    """Techniques that solve at a price that hardly differs, cheapest first."""


@dataclass(frozen=True)
class Rule:
    """The answer for a task at the lags that share it; its offers are those of the longest of these lags."""

    task: str
    lags: tuple[int, ...]
    baseline: Offer | None
    """The baseline's offer at `baseline_lag`; None where it was run at none of the lags."""
    baseline_lag: int
    """The longest of the lags at which the baseline was run; its ladder may end before the others'."""
    remedy: Pick
    """The pick of the source's remedies."""
    best: Pick
    """The pick of everything that was measured."""

    @property
    def _answer(self) -> tuple[str | None, ...]:
        """The part of a rule that neighbouring lags have to share if they are to be one rule."""
        picks = (self.remedy.offer, self.best.offer)
        solving = tuple(o.technique if o and o.solves else None for o in picks)
        return (*solving, "baseline" if self.baseline and self.baseline.solves else None)


def rules(
    cells: pd.DataFrame, costs: pd.DataFrame, remedies: set[str], task: str, progress: Progress = _none
) -> list[Rule]:
    """Give one task's rules by rising lag.

    `cells` as of `estimates.summarise`, `costs` as of a scope; `remedies` are those of the source's table; `progress`
    tells who comes nearest where none solves. Lags at which nothing was measured have no rule of their own: a ladder's
    end is told by the lag before.
    """
    measured = measured_cells(cells)
    measured = measured[measured.task == task]
    times = _Times(costs)
    found = [_rule(rows, times, remedies, progress, int(lag)) for lag, rows in measured.groupby("lag")]
    return list(_merged(found))


def _offers(measured: pd.DataFrame, times: _Times) -> Iterator[tuple[Offer, int]]:
    """Yield an offer for every setting, with its lag; lags rise."""
    for r in measured.sort_values("lag", kind="stable").itertuples():
        time = times.of(r.technique, r.task, r.lag)
        yield Offer(r.technique, int(r.solved), int(r.runs), r.restricted_mean, time), int(r.lag)


def _rule(rows: pd.DataFrame, times: _Times, remedies: set[str], progress: Progress, lag: int) -> Rule:
    task = str(rows.task.iloc[0])
    found = (offer for offer, _ in _offers(rows, times))
    offers = {o.technique: replace(o, progress=progress(SettingKey(o.technique, task, lag))) for o in found}
    others = [offer for name, offer in offers.items() if name != BASELINE]
    own = [offer for offer in others if offer.technique in remedies]
    return Rule(task, (lag,), offers.get(BASELINE), lag, _pick(own), _pick(others))


def _pick(offers: list[Offer]) -> Pick:
    solving = sorted((o for o in offers if o.solves), key=lambda o: o.order)
    if not solving:
        return Pick(max(offers, key=lambda o: (o.solved / o.runs, o.progress, -o.updates), default=None))
    first = solving[0]
    near = tuple(o.technique for o in solving[1:] if o.price <= NEAR * first.price)
    return Pick(first, near)


def _merged(found: list[Rule]) -> Iterator[Rule]:
    """Yield neighbouring lags that have the same answer as one rule."""
    pending: list[Rule] = []
    for rule in found:
        if pending and pending[-1]._answer != rule._answer:
            yield _joined(pending)
            pending = []
        pending.append(rule)
    if pending:
        yield _joined(pending)


def _joined(same: list[Rule]) -> Rule:
    last = same[-1]
    base = next((rule for rule in reversed(same) if rule.baseline), last)
    return replace(last, lags=tuple(r.lags[0] for r in same), baseline=base.baseline, baseline_lag=base.baseline_lag)


class _Times:
    """Ratios of update times to the baseline's: of the nearest lag that was timed, on the same task if there is any."""

    def __init__(self, costs: pd.DataFrame) -> None:
        known = costs.assign(time=times(costs))
        known = known[np.isfinite(known["time"])]
        self._of = {str(name): rows for name, rows in known.groupby("technique")}

    def of(self, technique: str, task: str, lag: float) -> float:
        """Give the ratio at a lag; NaN if the technique was never timed."""
        if technique == BASELINE:
            return 1.0
        rows = self._of.get(technique)
        if rows is None:
            return math.nan
        same = rows[rows.task == task]
        rows = rows if same.empty else same
        distance = (np.log1p(rows.lag.astype(float)) - math.log1p(lag)).abs()
        return float(rows.loc[distance.idxmin(), "time"])


def solvers(cells: pd.DataFrame, costs: pd.DataFrame, task: str) -> dict[str, dict[int, Offer]]:
    """Map each technique to its offers at the lags of a task that it solves; the last of these lags is its horizon."""
    measured = measured_cells(cells)
    measured = measured[measured.task == task]
    found: dict[str, dict[int, Offer]] = {}
    for offer, lag in _offers(measured, _Times(costs)):
        if offer.solves:
            found.setdefault(offer.technique, {})[lag] = offer
    return found
