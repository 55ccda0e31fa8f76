"""Gradient flow made ready to show: profiles averaged over seeds, and what they come down to."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from bench.evidence.estimates import CONFIDENCE
from bench.evidence.measuring.flow import CELL_ALONE, INPUTS, quantity_of
from bench.evidence.scope import BASELINE, MEMBER, SETTING, Scope, measured_in
from bench.evidence.statistics import Interval, mean_interval
from bench.records.cell import SettingKey
from bench.report.rows import FlowRate, InTraining, Profile, rows_of

FLOOR = math.log10(np.finfo(np.float32).tiny)
"""log10 of the smallest normal number in single precision: smaller ones are flushed to zero in training."""
SPIKE = 10
"""A gradient norm of so many times the median one of its run is a spike."""
REACH_SHARE = 0.01
"""The share of its norm that a gradient keeps as far as it reaches; `bench.engine.probe` measures by it."""
PROFILE = [*SETTING, "moment", "quantity", "layer"]
MEDIANS = ("first_lag", "last_lag", "r2", "power_r2", "half_life", "reach")
MEANS = ("decay", "dead_share", "kept", "cosine")


@dataclass(frozen=True)
class Flow:
    """The gradient flow of one arm."""

    profiles: pd.DataFrame
    """PROFILE, lag_back; log10_norm: the logarithm's mean over seeds. For `curve` alone."""
    rates: list[FlowRate]
    probed: dict[SettingKey, list[str]]
    """The quantities that were probed, by setting, in a probe's order: states stand as a technique declares them."""
    training: dict[SettingKey, InTraining]
    """The shares, by setting, of updates that clipping changed, and of the intervals between evaluations in which the
    largest gradient norm is a spike."""

    def lag(self, task: str) -> int | None:
        """The longest lag of a task at which the baseline's flow was measured, else anybody's; None if nobody's."""
        here = [rate for rate in self.rates if rate.task == task]
        base = [rate for rate in here if rate.technique == BASELINE]
        return max((rate.lag for rate in base or here), default=None)

    def rates_in(self, task: str, lag: int | None) -> list[FlowRate]:
        """Everything that was probed on a task at a lag."""
        return [rate for rate in self.rates if (rate.task, rate.lag) == (task, lag)]

    def curve(self, key: SettingKey, moment: str, quantity: str, layer: int = 0) -> Profile | None:
        """The norms of one profile, from the last step back; None if it was not measured."""
        return self._curves.get((*key, moment, quantity, layer))

    def rate(self, key: SettingKey, moment: str, quantity: str) -> FlowRate | None:
        """Return what a profile of the lowest layer comes down to; None if it was not measured."""
        return self._lowest.get((key, moment, quantity))

    def quantities(self, key: SettingKey) -> list[str]:
        """Return the quantities that were probed: a technique's states, the output first, then the cell state alone.

        The inputs stand for what has no states.
        """
        found = [name for name in self.probed.get(key, ()) if (key, name) in self._known]
        states = [name for name in found if name not in (INPUTS, CELL_ALONE)]
        return [*states, *(name for name in found if name == CELL_ALONE)] or found

    def asked(self, key: SettingKey, quantity: str) -> str:
        """The quantity of a technique that a claim means by its name for it."""
        return quantity_of(self.quantities(key), quantity)

    def output(self, key: SettingKey) -> str | None:
        """The state that a technique puts out, or the inputs where it has none; None if nothing was probed."""
        return next(iter(self.quantities(key)), None)

    @cached_property
    def _curves(self) -> dict[Any, Profile]:
        return {
            key: Profile(rows.lag_back.to_numpy(), rows.log10_norm.to_numpy())
            for key, rows in self.profiles.groupby(PROFILE, sort=False)
        }

    @cached_property
    def _known(self) -> set[tuple[SettingKey, str]]:
        """The quantities that have a rate at some moment."""
        return {(rate.key, rate.quantity) for rate in self.rates if rate.layer == 0}

    @cached_property
    def _lowest(self) -> dict[tuple[SettingKey, str, str], FlowRate]:
        return {(rate.key, rate.moment, rate.quantity): rate for rate in self.rates if rate.layer == 0}


def flow(scope: Scope) -> Flow:
    """Average an arm's gradient tables over seeds."""
    rates = rows_of(_rates(scope.probes), FlowRate)
    return Flow(_profiles(scope.gradients), rates, _probed(scope.probes), _training(scope.curves))


def _profiles(gradients: pd.DataFrame) -> pd.DataFrame:
    """A gradient that is exactly 0 has no logarithm: a step where any seed's is has no mean."""
    shown = gradients[gradients.moment != "during"]
    means = (shown.log_norm / math.log(10)).groupby([shown[k] for k in [*PROFILE, "lag_back"]], sort=False).mean()
    table = means.rename("log10_norm").reset_index()
    return table[np.isfinite(table.log10_norm)].sort_values("lag_back", kind="stable")


def _rates(probes: pd.DataFrame) -> pd.DataFrame:
    probes = probes[np.isfinite(probes.decay) & (probes.moment != "during")]  # that is two moments
    groups = probes.groupby(PROFILE, sort=False)
    how = {name: (name, "median") for name in MEDIANS} | {name: (name, "mean") for name in MEANS}
    table = groups.agg(seeds=("decay", "size"), **how)
    intervals = [mean_interval(rows.decay, CONFIDENCE) for _, rows in groups]
    bounds = pd.DataFrame(intervals, index=table.index, columns=list(Interval._fields))
    return table.join(bounds).reset_index()


def _probed(probes: pd.DataFrame) -> dict[SettingKey, list[str]]:
    found: dict[SettingKey, list[str]] = {}
    columns = [*SETTING, "quantity"]
    for *key, quantity in probes[columns].drop_duplicates().itertuples(index=False, name=None):
        found.setdefault(SettingKey(*key), []).append(quantity)
    return found


def _training(curves: pd.DataFrame) -> dict[SettingKey, InTraining]:
    rows = curves[measured_in(curves) & (curves["update"] > 0)]
    usual = rows.gradient_norm.groupby([rows[k] for k in MEMBER]).transform("median")
    marked = rows.assign(spikes=(rows.gradient_peak > SPIKE * usual).astype(float))
    means = marked.groupby(SETTING, sort=False)[["clipped", "spikes"]].mean()
    return {SettingKey(*key): InTraining(*shares) for key, *shares in means.itertuples(name=None)}
