"""Gradient flow made ready to show: profiles averaged over seeds, and what they come down to."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from bench.evidence.estimates import CONFIDENCE
from bench.evidence.scope import BASELINE, SETTING, Scope
from bench.evidence.statistics import Interval, mean_interval

FLOOR = math.log10(np.finfo(np.float32).tiny)
"""log10 of the smallest normal number in single precision: smaller ones are flushed to zero in training."""
SPIKE = 10
"""A gradient norm of so many times the median one of its run is a spike."""
REACH_SHARE = 0.01
"""The share of its norm that a gradient keeps as far as it reaches; `bench.engine.probe` measures by it."""
PROFILE = [*SETTING, "moment", "quantity", "layer"]


@dataclass(frozen=True)
class Flow:
    """The gradient flow of one arm."""

    profiles: pd.DataFrame
    """PROFILE, lag_back; log10_norm: the logarithm's mean over seeds."""
    rates: pd.DataFrame
    """One row a PROFILE: decay, low, high (mean over seeds and its interval, nats a step); seeds; the medians of
    first_lag, last_lag, half_life and reach; the means of dead_share, kept and cosine."""
    training: pd.DataFrame
    """By SETTING: clipped (share of updates that clipping changed) and spikes (share of the intervals between
    evaluations in which the largest gradient norm is a spike)."""

    def lag(self, task: str) -> int | None:
        """The longest lag of a task at which the baseline's flow was measured, else anybody's; None if nobody's."""
        here = self.rates[self.rates["task"] == task]
        base = here[here["technique"] == BASELINE]
        lags = (here if base.empty else base)["lag"]
        return None if lags.empty else int(lags.max())

    def curve(
        self, technique: str, task: str, lag: int, moment: str, quantity: str = "h", layer: int = 0
    ) -> pd.DataFrame | None:
        """lag_back and log10_norm of one profile, from the last step back; None if it was not measured."""
        return self._curves.get((technique, task, lag, moment, quantity, layer))

    def rate(self, technique: str, task: str, lag: int, moment: str, quantity: str = "h") -> Any | None:
        """One row of `rates`, of the lowest layer; None if it was not measured."""
        return self._rates.get((technique, task, lag, moment, quantity, 0))

    def trained(self, technique: str, task: str, lag: int) -> pd.Series | None:
        """One row of `training`; None if nothing was trained."""
        key = (technique, task, lag)
        return self.training.loc[key] if key in self.training.index else None

    def quantities(self, technique: str, task: str, lag: int) -> list[str]:
        """What was probed of a technique: h before c and cell; x only where it has no h."""
        found = {key[4] for key in self._rates if key[:3] == (technique, task, lag)}
        return [q for q in ("h", "c", "cell") if q in found] or [q for q in ("x",) if q in found]

    @cached_property
    def _curves(self) -> dict[Any, pd.DataFrame]:
        return dict(iter(self.profiles.groupby(PROFILE, sort=False)))

    @cached_property
    def _rates(self) -> dict[Any, Any]:
        return {tuple(getattr(row, k) for k in PROFILE): row for row in self.rates.itertuples()}


def flow(scope: Scope) -> Flow:
    """Average an arm's gradient tables over seeds."""
    return Flow(_profiles(scope.gradients), _rates(scope.probes), _training(scope.curves))


def _profiles(gradients: pd.DataFrame) -> pd.DataFrame:
    """A gradient that is exactly 0 has no logarithm: a step where any seed's is has no mean."""
    shown = gradients[gradients["moment"] != "during"]
    means = (shown["log_norm"] / math.log(10)).groupby([shown[k] for k in [*PROFILE, "lag_back"]], sort=False).mean()
    table = means.rename("log10_norm").reset_index()
    return table[np.isfinite(table["log10_norm"])].sort_values("lag_back", kind="stable")


def _rates(probes: pd.DataFrame) -> pd.DataFrame:
    probes = probes[np.isfinite(probes["decay"]) & (probes["moment"] != "during")]  # that is two moments
    groups = probes.groupby(PROFILE, sort=False)
    table = groups.agg(
        decay=("decay", "mean"),
        seeds=("decay", "size"),
        **{name: (name, "median") for name in ("first_lag", "last_lag", "r2", "power_r2", "half_life", "reach")},
        **{name: (name, "mean") for name in ("dead_share", "kept", "cosine")},
    )
    intervals = [mean_interval(rows, CONFIDENCE) for _, rows in groups["decay"]]
    bounds = pd.DataFrame(intervals, index=table.index, columns=list(Interval._fields))
    return table.join(bounds).reset_index()


def _training(curves: pd.DataFrame) -> pd.DataFrame:
    rows = curves[(curves["role"] == "measured") & (curves["update"] > 0)]
    usual = rows["gradient_norm"].groupby([rows[k] for k in ("cohort", "seed", "learning_rate")]).transform("median")
    marked = rows.assign(spikes=(rows["gradient_peak"] > SPIKE * usual).astype(float))
    return marked.groupby(SETTING, sort=False)[["clipped", "spikes"]].mean()
