"""Values of learning curves: spikes of the training loss and of its gradient, rises of the loss, and clipping."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from bench.evidence.measuring.runs import runs_of, tidy
from bench.evidence.scope import MEMBER, SETTING, Scope, diverged, failed

SPIKE = 3.0
"""The least height of a spike, over the mean loss of the interval before."""
BURST = 10.0
"""The least height of a spike of the gradient, over its mean norm in the interval before."""
CALM = 1e-3
"""The roughness that smaller ones are taken for: rounding, whose ratios say nothing."""
LEARNED = 0.1
"""Rises are ignored below this share of the untrained network's loss, where single sequences dominate."""


def exploded(scope: Scope, technique: str) -> pd.DataFrame:
    """1 if the run diverged or its loss had a spike, else 0; nothing of a run that failed.

    A spike: the largest training loss of an interval between two evaluations exceeds both SPIKE times the mean of the
    interval before and the loss of the untrained network. The second condition keeps out the jumps of a loss that is
    nearly 0, where single sequences decide.
    """
    return _of_curves(scope, technique, lambda curve: float(_spikes(curve).any()), of_diverged=lambda _: 1.0)


def burst(scope: Scope, technique: str) -> pd.DataFrame:
    """1 if the run diverged or its gradient had a spike, else 0; nothing of a run that failed.

    A spike: the largest norm of an interval between two evaluations, before any clipping, exceeds BURST times the mean
    norm of the interval before.
    """
    return _of_curves(scope, technique, _bursts, of_diverged=lambda _: 1.0)


def clipped_share(scope: Scope, technique: str) -> pd.DataFrame:
    """The share of a run's updates in which clipping changed the gradient."""
    rows = runs_of(scope, technique)
    curves = scope.rows("curves", technique).sort_values("update", kind="stable")
    curves = curves.assign(since=curves.groupby(MEMBER)["update"].diff()).dropna(subset=["since", "clipped"])
    weighed = curves.assign(value=curves.clipped * curves.since).groupby(MEMBER)[["value", "since"]].sum()
    return tidy(rows.merge((weighed.value / weighed.since).rename("value").reset_index(), on=MEMBER))


def spiked(scope: Scope, technique: str) -> pd.DataFrame:
    """The share of the evaluation intervals that have a spike; 1 for a run that diverged."""
    return _of_curves(scope, technique, lambda curve: float(_spikes(curve).mean()), of_diverged=lambda _: 1.0)


def roughness(scope: Scope, technique: str) -> pd.DataFrame:
    """Root mean square of the rises of log training loss from one evaluation interval to the next.

    Falls count as 0, so that learning fast is not taken for unsteadiness, and so do jumps of a loss that is nearly 0:
    otherwise what learns nothing would be the steadiest. A run that diverged is as rough as the roughest of its
    setting, or as a spike at every evaluation if that is more.
    """
    worst = np.log(SPIKE)
    return _of_curves(scope, technique, _rises, of_diverged=lambda others: max([worst, *others]))


def _spikes(curve: pd.DataFrame) -> np.ndarray:
    untrained = curve.loss.iloc[0]
    before = curve.train_loss.shift(1).fillna(untrained)
    return (curve.train_loss_peak > np.maximum(SPIKE * before, untrained)).to_numpy()[1:]


def _bursts(curve: pd.DataFrame) -> float:
    return float((curve.gradient_peak > BURST * curve.gradient_norm.shift(1)).any())


def _rises(curve: pd.DataFrame) -> float:
    loss, least = curve.train_loss.to_numpy(), LEARNED * curve.loss.iloc[0]
    loss = loss[np.isfinite(loss)]
    if not 0 < least < np.inf:
        return np.nan
    if len(loss) < 2:  # solved before anything could rise
        return CALM
    rises = np.diff(np.log(loss.clip(min=least))).clip(min=0)
    return max(CALM, float(np.sqrt(np.mean(rises**2))))


def _of_curves(
    scope: Scope,
    technique: str,
    summary: Callable[[pd.DataFrame], float],
    of_diverged: Callable[[list[float]], float],
) -> pd.DataFrame:
    """One number a member's curve; of a run that diverged, a number made from those of its setting's others."""
    rows = runs_of(scope, technique)
    curves = scope.rows("curves", technique).sort_values("update", kind="stable")
    found = {key: summary(curve) for key, curve in curves.groupby(MEMBER) if len(curve) > 1}
    values = pd.Series([found.get(key, np.nan) for key in rows[MEMBER].itertuples(index=False, name=None)], rows.index)
    gone = diverged(rows)
    for _, index in rows.groupby(SETTING).groups.items():
        finite = values.loc[index][~gone.loc[index]].dropna().tolist()
        values.loc[[i for i in index if gone.loc[i]]] = of_diverged(finite)
    return tidy(rows.assign(value=values.where(~failed(rows))))
