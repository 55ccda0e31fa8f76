"""Gradient flow made ready to show: profiles averaged over seeds, and what they come down to."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.evidence.estimates import CONFIDENCE
from bench.evidence.measuring.moments import CELL_TO_CELL, INPUTS, quantity_of
from bench.evidence.scope import BASELINE, MEMBER, SETTING, Scope, measured_in
from bench.evidence.statistics import Interval, mean_interval
from bench.records.cell import SettingKey
from bench.report.rows import rows_of

FLOOR = math.log10(np.finfo(np.float32).tiny)
"""log10 of the smallest normal number in single precision: smaller ones are flushed to zero in training."""
SPIKE = 10
"""Ratio of a gradient norm to the median of its run above which it is a spike."""
REACH_SHARE = 0.01
"""The share of its norm that a gradient keeps as far as it reaches; `bench.engine.probe` measures by it."""
PROFILE = [*SETTING, "moment", "quantity", "layer"]
MEDIANS = ("first_lag", "last_lag", "r2", "power_r2", "half_life", "reach")
MEANS = ("decay", "dead_share", "kept", "cosine")


class Profile(NamedTuple):
    """The norm of a gradient by steps back in time, from the last step on."""

    lags_back: NDArray[np.int64]
    log10_norms: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FlowRate:
    """The summary of a gradient's profile, over the seeds of a setting."""

    technique: str
    task: str
    lag: int
    moment: str
    quantity: str
    layer: int
    decay: float
    """Mean slope of the norm's logarithm, in nats per step back, with its interval `low` to `high`."""
    low: float
    high: float
    seeds: int
    first_lag: float
    last_lag: float
    """The fitted range of steps back: medians, as are the fits, the half-life and the reach."""
    r2: float
    power_r2: float
    half_life: float
    reach: float
    dead_share: float
    kept: float
    cosine: float
    """Means."""

    @property
    def key(self) -> SettingKey:
        """Return the key of the setting in its arm."""
        return SettingKey(self.technique, self.task, self.lag)


@dataclass(frozen=True, slots=True)
class InTraining:
    """The steadiness of the gradient over training: the share of updates that were clipped, and of spikes."""

    clipped: float
    spikes: float


@dataclass(frozen=True)
class Flow:
    """The gradient flow of one arm."""

    profiles: pd.DataFrame
    """PROFILE, lag_back; log10_norm: the logarithm's mean over seeds. For `curve` alone."""
    rates: list[FlowRate]
    probed: dict[SettingKey, list[str]]
    """Quantities that were probed, by setting, in the probe's order: states are in the order of their declaration."""
    training: dict[SettingKey, InTraining]
    """Shares, by setting, of updates that clipping changed, and of intervals between evaluations with a spike."""
    over_training: dict[tuple[SettingKey, str], dict[float, Profile]]
    """Profiles of the lowest layer by setting and quantity, and by the updates after which they were measured; infinite
    at the end of training."""

    def lag(self, task: str) -> int | None:
        """Return a task's longest lag at which the baseline's flow was measured, else any technique's, else None."""
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
        """Return the summary of a profile of the lowest layer; None if it was not measured."""
        return self._lowest.get((key, moment, quantity))

    def quantities(self, key: SettingKey) -> list[str]:
        """List the quantities that were probed of a technique: its states, the output first, then from cell to cell.

        For a technique without states they are the inputs.
        """
        found = [name for name in self.probed.get(key, ()) if (key, name) in self._known]
        states = [name for name in found if name not in (INPUTS, CELL_TO_CELL)]
        return [*states, *(name for name in found if name == CELL_TO_CELL)] or found

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
    training = _training(scope.curves)
    over_training = _over_training(scope.gradients)
    return Flow(_profiles(scope.gradients), rates, _probed(scope.probes), training, over_training)


def _profiles(gradients: pd.DataFrame) -> pd.DataFrame:
    """A gradient that is exactly 0 has no logarithm: a step where any seed's is has no mean."""
    shown = gradients[gradients.moment != "during"]
    means = (shown.log_norm / math.log(10)).groupby([shown[k] for k in [*PROFILE, "lag_back"]], sort=False).mean()
    table = means.rename("log10_norm").reset_index()
    return table[np.isfinite(table.log10_norm)].sort_values("lag_back", kind="stable")


def _over_training(gradients: pd.DataFrame) -> dict[tuple[SettingKey, str], dict[float, Profile]]:
    """Average profiles over the seeds that had not ended before."""
    lowest = gradients[gradients.layer == 0]
    when = lowest["update"].astype(float).mask(lowest.moment == "end", math.inf)
    keys = [*SETTING, "quantity", "when", "lag_back"]
    shown = lowest.assign(when=when, log10_norm=lowest.log_norm / math.log(10))
    table = shown.groupby(keys, sort=False)["log10_norm"].mean().reset_index()
    table = table[np.isfinite(table.log10_norm)].sort_values(["when", "lag_back"], kind="stable")
    found: dict[tuple[SettingKey, str], dict[float, Profile]] = {}
    for (*setting, quantity, moment), rows in table.groupby(keys[:-1], sort=False):
        profile = Profile(rows.lag_back.to_numpy(), rows.log10_norm.to_numpy())
        found.setdefault((SettingKey(*setting), quantity), {})[float(moment)] = profile
    return found


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
