"""Values of learning curves: explosions of the training loss, its rises, and clipping."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from bench.evidence.measuring.runs import runs_of, tidy
from bench.evidence.scope import MEMBER, SETTING, Scope, diverged, failed

EXPLODED = 10.0
"""The training loss, over that of the untrained network, from which on a run has exploded."""
ROUGHEST = float(np.log(3.0))
"""The least roughness of a run that diverged: that of a loss which trebles at every evaluation."""
CALM = 1e-3
"""The roughness that smaller ones are taken for: rounding, whose ratios say nothing."""
LEARNED = 0.1
"""Rises are ignored below this share of the untrained network's loss, where single sequences dominate."""


def exploded(scope: Scope, technique: str) -> pd.DataFrame:
    """1 if the run diverged or its training loss rose to EXPLODED times the untrained network's, else 0.

    The untrained network is the measure, so that whoever learns is not taken to explode when a loss that is nearly 0
    jumps, and whoever is stuck can explode, too. Nothing of a run that failed.
    """
    return _of_curves(scope, technique, lambda curve: float(_explosions(curve).any()), of_diverged=lambda _: 1.0)


def clipped_share(scope: Scope, technique: str) -> pd.DataFrame:
    """The share of a run's updates in which clipping changed the gradient."""
    rows = runs_of(scope, technique)
    curves = scope.rows("curves", technique).sort_values("update", kind="stable")
    curves = curves.assign(since=curves.groupby(MEMBER)["update"].diff()).dropna(subset=["since", "clipped"])
    weighed = curves.assign(value=curves.clipped * curves.since).groupby(MEMBER)[["value", "since"]].sum()
    return tidy(rows.merge((weighed.value / weighed.since).rename("value").reset_index(), on=MEMBER))


def exploded_share(scope: Scope, technique: str) -> pd.DataFrame:
    """The share of the intervals between evaluations in which it had exploded; 1 for a run that diverged."""
    return _of_curves(scope, technique, lambda curve: float(_explosions(curve).mean()), of_diverged=lambda _: 1.0)


def roughness(scope: Scope, technique: str) -> pd.DataFrame:
    """Root mean square of the rises of log training loss from one evaluation interval to the next.

    Falls count as 0, so that learning fast is not taken for unsteadiness, and so do jumps of a loss that is nearly 0:
    otherwise what learns nothing would be the steadiest. A run that diverged is as rough as the roughest of its
    setting, or as ROUGHEST if that is more.
    """
    return _of_curves(scope, technique, _rises, of_diverged=lambda others: max([ROUGHEST, *others]))


def _explosions(curve: pd.DataFrame) -> np.ndarray:
    return (curve.train_loss_peak > EXPLODED * curve.loss.iloc[0]).to_numpy()[1:]


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
