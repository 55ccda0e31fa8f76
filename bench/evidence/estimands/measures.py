"""What is measured of a run: tables of technique, task, lag, seed, value and run, one row a measured member.

`run` is the MLflow run behind the value; empty where the value follows from the rules alone.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from bench.evidence.claims import Part
from bench.evidence.scope import SETTING, Scope

VALUES = ["technique", "task", "lag", "seed", "value", "run"]
MEMBER = ["cohort", "seed", "learning_rate"]
NEEDED = [*SETTING, *MEMBER, "outcome", "updates", "budget", "parameters", "state_size", "mlflow_run_id"]
"""Of the many columns of a member."""
FLOW = ["layer", "step", "log_norm", "decay", "r2", "power_r2", "reach", "dead_share", "cosine"]
"""The same of probes and gradients."""
SPIKE = 3.0
"""A spike of the loss is at least so many times the mean loss of the interval before."""
CALM = 1e-3
"""Rises of the loss below a thousandth are taken for this much: rounding, whose ratios say nothing."""
LEARNED = 0.1
"""Of a loss below this share of the untrained network's, rises do not count: there single sequences decide."""
DARK = -700.0
"""The logarithm that an exact zero is given: of about the smallest number in double precision."""

Measure = Callable[[Scope, str, Part], pd.DataFrame]


def measured(scope: Scope, technique: str) -> pd.DataFrame:
    """The technique's measured members, with `run`."""
    members = scope.members
    rows = members.loc[(members["technique"] == technique) & (members["role"] == "measured"), NEEDED]
    return rows.assign(run=rows["mlflow_run_id"].fillna(""))


def score(scope: Scope, technique: str, part: Part) -> pd.DataFrame:
    """1 − min(updates to solve, budget) / budget, 0 if not solved; 0 too at lags that the ladder spared."""
    rows = measured(scope, technique)
    share = rows["updates"].clip(upper=rows["budget"]) / rows["budget"].clip(lower=1)
    return with_spared(scope, technique, rows.assign(value=(1 - share).where(rows["outcome"] == "solved", 0.0)))


def solved(scope: Scope, technique: str, part: Part) -> pd.DataFrame:
    """1 if solved, else 0; 0 too at lags that the ladder spared."""
    rows = measured(scope, technique)
    return with_spared(scope, technique, rows.assign(value=(rows["outcome"] == "solved").astype(float)))


def with_spared(scope: Scope, technique: str, rows: pd.DataFrame) -> pd.DataFrame:
    """With rows of value 0 for the planned lags beyond one that no measured member solved, seed by seed.

    A setting whose tuning failed throughout ends the ladder too; its seeds are those of the others on the task.
    """
    plan = scope.plan[(scope.plan["technique"] == technique) & scope.plan["planned"] & (scope.plan["skip"] == "")]
    solved_any = (rows["outcome"] == "solved").groupby([rows["task"], rows["lag"]]).any()
    stops = [*solved_any.index[~solved_any], *_untuned(scope, technique)]
    zeros = [
        (technique, task, lag, seed, 0.0, "")
        for task, stop in dict(sorted(stops, reverse=True)).items()
        for lag in plan.loc[(plan["task"] == task) & (plan["lag"] >= stop), "lag"]
        if (task, lag) not in solved_any.index
        for seed in _seeds(scope, rows, task, stop)
    ]
    own = _tidy(rows)
    return pd.concat([own, _tidy(pd.DataFrame(zeros, columns=VALUES))], ignore_index=True) if zeros else own


def _untuned(scope: Scope, technique: str) -> list[tuple[str, int]]:
    """Tasks and lags at which every tuning member failed, so that none was measured."""
    m = scope.members
    tuning = m.loc[(m["technique"] == technique) & (m["role"] == "tuning"), ["task", "lag", "outcome"]]
    failed = (tuning["outcome"] == "failed").groupby([tuning["task"], tuning["lag"]]).all()
    return list(failed.index[failed])


def _seeds(scope: Scope, rows: pd.DataFrame, task: str, stop: int) -> list[int]:
    """The seeds that ran where the ladder stopped; those of all techniques on the task if none did."""
    own = rows.loc[(rows["task"] == task) & (rows["lag"] == stop), "seed"]
    if own.empty:
        own = scope.members.loc[(scope.members["task"] == task) & (scope.members["role"] == "measured"), "seed"]
    return sorted(own.unique())


def _tidy(table: pd.DataFrame) -> pd.DataFrame:
    """VALUES alone, without values that are no numbers."""
    table = table[VALUES].astype({"lag": "int64", "seed": "int64", "value": "float64", "run": "str"})
    return table[np.isfinite(table["value"])].reset_index(drop=True)


# Learning curves


def exploded(scope: Scope, technique: str, part: Part) -> pd.DataFrame:
    """1 if the run diverged or its loss had a spike, else 0; nothing of a run that failed.

    A spike: the largest training loss of an interval between two evaluations exceeds both SPIKE times the mean of the
    interval before and the loss of the untrained network. The second condition keeps out the jumps of a loss that is
    nearly 0, where single sequences decide.
    """
    return _of_curves(scope, technique, lambda curve: float(_spikes(curve).any()), diverged=lambda _: 1.0)


def spiked(scope: Scope, technique: str, part: Part) -> pd.DataFrame:
    """The share of the evaluation intervals that have a spike; 1 for a run that diverged."""
    return _of_curves(scope, technique, lambda curve: float(_spikes(curve).mean()), diverged=lambda _: 1.0)


def roughness(scope: Scope, technique: str, part: Part) -> pd.DataFrame:
    """Root mean square of the rises of log training loss from one evaluation interval to the next.

    Falls count as 0, so that learning fast is not taken for unsteadiness, and nor do jumps of a loss that is nearly 0:
    else the steadiest would be who learns nothing. A run that diverged is as rough as the
    roughest of its setting, or as a spike at every evaluation if that is more.
    """
    worst = np.log(SPIKE)
    return _of_curves(scope, technique, _rises, diverged=lambda others: max([worst, *others]))


def _spikes(curve: pd.DataFrame) -> np.ndarray:
    untrained = curve["loss"].iloc[0]
    before = curve["train_loss"].shift(1).fillna(untrained)
    return (curve["train_loss_peak"] > np.maximum(SPIKE * before, untrained)).to_numpy()[1:]


def _rises(curve: pd.DataFrame) -> float:
    loss, least = curve["train_loss"].to_numpy(), LEARNED * curve["loss"].iloc[0]
    loss = loss[np.isfinite(loss)]
    if len(loss) < 3 or not 0 < least < np.inf:
        return np.nan
    loss = loss.clip(min=least)
    rises = np.diff(np.log(loss)).clip(min=0)
    return max(CALM, float(np.sqrt(np.mean(rises**2))))


def _of_curves(
    scope: Scope,
    technique: str,
    summary: Callable[[pd.DataFrame], float],
    diverged: Callable[[list[float]], float],
) -> pd.DataFrame:
    """One number a member's curve; `diverged` gives that of a run that diverged from those of its setting's others."""
    rows = measured(scope, technique)
    curves = scope.curves[scope.curves["technique"] == technique].sort_values("update", kind="stable")
    found = {key: summary(curve) for key, curve in curves.groupby(MEMBER) if len(curve) > 1}
    values = pd.Series([found.get(key, np.nan) for key in rows[MEMBER].itertuples(index=False, name=None)], rows.index)
    gone = rows["outcome"] == "diverged"
    for _, index in rows.groupby(SETTING).groups.items():
        finite = values.loc[index][~gone.loc[index]].dropna().tolist()
        values.loc[[i for i in index if gone.loc[i]]] = diverged(finite)
    return _tidy(rows.assign(value=values.where(rows["outcome"] != "failed")))


# Gradient flow


def probed(column: str) -> Measure:
    """A column of the probes, at the part's moment, of its quantity, in the lowest layer."""

    def measure(scope: Scope, technique: str, part: Part) -> pd.DataFrame:
        table = _flow(scope.probes, technique, part)
        return _of_members(scope, technique, table[table["layer"] == 0].groupby(MEMBER)[column].mean())

    return measure


def exponential(scope: Scope, technique: str, part: Part) -> pd.DataFrame:
    """R² of the exponential fit less that of the power law's."""
    table = _flow(scope.probes, technique, part)
    table = table[table["layer"] == 0]
    return _of_members(scope, technique, (table["r2"] - table["power_r2"]).groupby([table[k] for k in MEMBER]).mean())


def early(scope: Scope, technique: str, part: Part) -> pd.DataFrame:
    """Mean norm of the gradient over the early half of the steps, over that of the late half."""
    table = _flow(scope.gradients, technique, part)
    if table.empty:
        return _of_members(scope, technique, pd.Series(dtype=float))
    norms = table["log_norm"].clip(lower=DARK)
    last = table.groupby(MEMBER)["step"].transform("max")
    halves = norms.groupby([*(table[k] for k in MEMBER), table["step"] * 2 <= last]).agg(_log_mean).unstack()
    halves = halves.reindex(columns=[True, False])  # a single step has no early half
    return _of_members(scope, technique, np.exp(halves[True] - halves[False]))


def fade(scope: Scope, technique: str, part: Part) -> pd.DataFrame:
    """Rate of the gradient a layer down, nats: its norm over all steps, from the top layer to the lowest."""
    table = _flow(scope.gradients, technique, part)
    power = (2 * table["log_norm"].clip(lower=DARK)).groupby([*(table[k] for k in MEMBER), table["layer"]])
    if table["layer"].nunique() < 2:
        return _of_members(scope, technique, pd.Series(dtype=float))
    layers = power.agg(_log_mean).unstack() / 2
    return _of_members(scope, technique, (layers.iloc[:, 0] - layers.iloc[:, -1]) / (layers.shape[1] - 1))


def _log_mean(logs: pd.Series) -> float:
    """NaN where one of them is not finite."""
    if not np.isfinite(logs).all():
        return np.nan
    return float(np.logaddexp.reduce(logs.to_numpy()) - np.log(len(logs)))


def _flow(table: pd.DataFrame, technique: str, part: Part) -> pd.DataFrame:
    """The rows of a technique's measured members at the part's moment."""
    which = (table["technique"] == technique) & (table["role"] == "measured")
    which &= (table["moment"] == part.moment) & (table["quantity"] == part.quantity)
    return table.loc[which, [*MEMBER, *(c for c in FLOW if c in table)]]


def _of_members(scope: Scope, technique: str, values: pd.Series) -> pd.DataFrame:
    """Values by member (cohort, seed, rate) as a tidy table."""
    rows = measured(scope, technique)
    if values.empty:
        return _tidy(rows.iloc[:0].assign(value=0.0))
    return _tidy(rows.merge(values.rename("value").reset_index(), on=MEMBER))


# Sizes


def sized(column: str) -> Measure:
    """A whole number that all members of a setting share."""

    def measure(scope: Scope, technique: str, part: Part) -> pd.DataFrame:
        rows = measured(scope, technique)
        return _tidy(rows.assign(value=rows[column].where(rows[column] > 0).astype(float)))

    return measure


MEASURES: dict[str, Measure] = {
    "score": score,
    "solved": solved,
    "exploded": exploded,
    "roughness": roughness,
    "decay": probed("decay"),
    "relief": probed("decay"),
    "exponential": exponential,
    "dead": probed("dead_share"),
    "reach": probed("reach"),
    "cosine": probed("cosine"),
    "early": early,
    "fade": fade,
    "parameters": sized("parameters"),
    "state_size": sized("state_size"),
}
"""By kind of part; costs are measured apart from runs (`bench.evidence.estimands.costs`)."""
