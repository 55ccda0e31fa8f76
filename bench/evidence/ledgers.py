"""Ledgers of what results cost and how fair the trial was: techniques, tuning, costs, failures, gaps, provenance."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bench.evidence.measuring.costs import parameters, times
from bench.evidence.scope import BASELINE, SETTING, Scope, diverged, failed, solved_in

MACHINE = ["platform", "cpu", "accelerator", "threads"]
ENDS = {"low": "min", "high": "max"}
VERSIONS = ["bench", "python", "torch", "lightning", "mlflow"]


def techniques(scope: Scope) -> pd.DataFrame:
    """One row a technique, in the plan's order, baseline first: technique, title, family, source_row, dials.

    Of a technique that nothing was trained of, all but the name is empty.
    """
    known = scope.members.drop_duplicates("technique", keep="last")
    columns = ["technique", "title", "family", "source_row", "dials"]
    table = scope.plan[["technique"]].drop_duplicates().merge(known[columns], how="left")
    table = table.astype(dict.fromkeys(columns, "object")).fillna("")
    return table.sort_values("technique", key=lambda s: s != BASELINE, kind="stable").reset_index(drop=True)


def tuning(scope: Scope, cells: pd.DataFrame) -> pd.DataFrame:
    """One row a technique and task: trials, rates (the winner of each lag, by rising lag), measured, updates
    (all that its members took, tuning included)."""
    rows = []
    spent = scope.members.groupby(["technique", "task"])["updates"].sum()
    trained = cells[(cells.runs > 0) | (cells.trials > 0)]
    for (technique, task), group in trained.groupby(["technique", "task"], sort=False):
        winners = {int(r.lag): float(r.learning_rate) for r in group.itertuples() if r.runs}
        rows.append(
            {
                "technique": technique,
                "task": task,
                "trials": int(group.trials.sum()),
                "rates": winners,
                "measured": int(group.runs.sum()),
                "updates": int(spent.get((technique, task), 0)),
            }
        )
    return pd.DataFrame(rows, columns=["technique", "task", "trials", "rates", "measured", "updates"])


def edges(scope: Scope) -> pd.DataFrame:
    """One row a technique, task, lag and rate that was measured where some tuning member had solved.

    Columns: technique, task, lag, learning_rate, measured (how many at it), edge ("largest" or "smallest" of the rates
    tried, else empty): a winner at an edge may not be the best there is.
    """
    tuned, measured = scope.tuning, scope.measured
    solved = tuned[solved_in(tuned)].groupby(SETTING).size().rename("solved").reset_index()
    ends = tuned.groupby(SETTING)["learning_rate"].agg(smallest="min", largest="max").reset_index()
    table = measured.groupby([*SETTING, "learning_rate"]).size().rename("measured").reset_index()
    table = table.merge(solved, on=SETTING).merge(ends, on=SETTING)
    several = table["smallest"] < table["largest"]
    at = [several & (table["learning_rate"] == table[end]) for end in ("largest", "smallest")]
    table["edge"] = np.select(at, ["largest", "smallest"], "")
    return table[[*SETTING, "learning_rate", "measured", "edge"]]


def neighbours(scope: Scope) -> pd.DataFrame:
    """One row a setting in which some tuning member solved, at one of several rates: technique, task, lag, own, beside.

    own: the share of its tuning members that solved at the rate that was measured (of several the commonest); beside:
    the larger of the shares at the rates next to it.
    """
    shares = solved_in(scope.tuning).groupby([scope.tuning[k] for k in [*SETTING, "learning_rate"]]).mean()
    chosen = scope.measured.groupby(SETTING)["learning_rate"].agg(lambda rates: rates.mode().iloc[0])
    found = []
    for key, rate in chosen.items():
        by_rate = shares.get(key, pd.Series(dtype=float)).sort_index()
        if rate in by_rate.index and len(by_rate) > 1:
            place = by_rate.index.get_loc(rate)
            beside = by_rate.iloc[[p for p in (place - 1, place + 1) if 0 <= p < len(by_rate)]]
            found += [(*key, by_rate[rate], beside.max())] if by_rate.max() else []
    return pd.DataFrame(found, columns=[*SETTING, "own", "beside"])


def costs(scope: Scope, task: str) -> pd.DataFrame:
    """The measured costs of a task at the lag at which most techniques have one (of several, the longest)."""
    table = scope.costs[scope.costs.task == task]
    if table.empty:
        return table
    count = table.groupby("lag")["technique"].nunique()
    return table[table.lag == count[count == count.max()].index.max()]


def cost_ratios(scope: Scope) -> pd.DataFrame:
    """Summarise, by technique that was timed, its costs over the baseline's.

    Columns: time_low, time_high, the smallest and the largest of `bench.evidence.measuring.costs.times` in any setting;
    parameters, of `bench.evidence.measuring.costs.parameters`.
    """
    own = scope.costs.assign(time=times(scope.costs)).groupby("technique")["time"]
    return own.agg(time_low="min", time_high="max").assign(parameters=parameters(scope))


def failures(members: pd.DataFrame) -> pd.DataFrame:
    """Count the members (given with their `arm`) that diverged or failed: arm, technique, task, lag, role, outcome,
    reason, members (how many), runs (of how many), first and last (update of divergence); arms in their order.

    What was not trained did not diverge, even if a number in it was not finite.
    """
    key = ["arm", *SETTING, "role"]
    runs = members.groupby(key).size().rename("runs").reset_index()
    bad = members[failed(members) | diverged(members) & (members.budget > 0)].fillna({"reason": ""})
    grouped = bad.groupby([*key, "outcome", "reason"], sort=False)["updates"]
    table = grouped.agg(members="size", first="min", last="max").reset_index().merge(runs, on=key)
    place = table["arm"].map({arm: place for place, arm in enumerate(members["arm"].unique())})
    order = {"outcome": False, "place": True, "task": True, "lag": True}
    table = table.assign(place=place).sort_values(list(order), ascending=list(order.values()), kind="stable")
    return table.drop(columns="place")


def gaps(cells: pd.DataFrame) -> pd.DataFrame:
    """List what was not measured: technique, task, state, reason, stopped_at, stopped_after, lags (all of one reason).

    Where only a setting's first seeds were, which screen, the state is `stopped`.
    """
    stopped = cells.stopped_after > 0
    missing = cells.assign(state=cells.state.mask(stopped, "stopped"))
    missing = missing[~missing.state.isin(["measured", "unplanned"])]
    key = ["technique", "task", "state", "reason", "stopped_at", "stopped_after"]
    grouped = missing.groupby(key, sort=False, dropna=False)["lag"]
    return grouped.agg(lambda lags: tuple(int(lag) for lag in lags)).rename("lags").reset_index()


def provenance(scope: Scope) -> pd.DataFrame:
    """One row an origin: commit, dirty, versions, machine; members, first and last start (ISO 8601)."""
    grouped = scope.members.groupby(["commit", "dirty", *VERSIONS, *MACHINE], dropna=False, sort=False)["started"]
    return grouped.agg(members="size", first="min", last="max").reset_index()
