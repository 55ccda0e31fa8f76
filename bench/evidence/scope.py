"""Which results a report is about: one protocol a task, one version of each setting, never pooled."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Protocol as Interface

import pandas as pd

from bench.errors import BenchError
from bench.protocol.settings import Protocol
from bench.protocol.study import Study

SETTING = ["technique", "task", "lag"]
BASELINE = "tanh"


class ResultStore(Interface):
    """What evidence needs of `bench.tracking.Store`."""

    def members(self) -> pd.DataFrame:
        """MEMBER_COLUMNS and mlflow_run_id."""

    def curves(self) -> pd.DataFrame:
        """CURVE_COLUMNS and cohort, technique, task, lag, role, outcome, protocol_hash."""

    def costs(self) -> pd.DataFrame:
        """COST_COLUMNS."""

    def studies(self) -> list[Study]:
        """Oldest first."""


@dataclass(frozen=True)
class Scope:
    """The tables of a store, cut to what belongs together."""

    studies: list[Study]
    """Those with a task whose protocol is in scope, oldest first."""
    hashes: dict[str, str]
    """Protocol hash by task, in the order of the newest study."""
    protocols: dict[str, Protocol]
    members: pd.DataFrame
    curves: pd.DataFrame
    costs: pd.DataFrame
    plan: pd.DataFrame
    """technique, task, lag; planned: some study wants it; skip: the technique's own reason, or empty."""
    left_out: pd.DataFrame
    """task, protocol_hash, members: results that exist and are not shown."""

    @property
    def tasks(self) -> list[str]:
        """Every task of the report, in order."""
        return list(self.hashes)


def select(store: ResultStore) -> Scope:
    """Cut a store's tables to the newest protocol of each task; raises BenchError if the store is empty."""
    everything, studies = store.members(), store.studies()
    if everything.empty:
        raise BenchError(
            "The store holds no complete result: train something first, e.g. bptt-bench run --preset quick."
        )
    hashes, protocols = _protocols(everything, studies)
    studies = [s for s in studies if any(hashes[p.task] == p.protocol.hash for p in s.tasks)]
    current = everything[everything["protocol_hash"] == everything["task"].map(hashes)]
    members = _newest(current, studies, hashes)
    left_out = everything.drop(members.index).groupby(["task", "protocol_hash"]).size().rename("members")
    key = ["cohort", "seed", "learning_rate"]
    return Scope(
        studies=studies,
        hashes=hashes,
        protocols=protocols,
        members=members.reset_index(drop=True),
        curves=store.curves().merge(members[key], on=key),
        costs=_costs(store.costs(), members),
        plan=_plan(members, studies, hashes),
        left_out=left_out.reset_index(),
    )


def _protocols(members: pd.DataFrame, studies: list[Study]) -> tuple[dict[str, str], dict[str, Protocol]]:
    """Each task's newest protocol: of the newest study that has the task, else of the newest members."""
    hashes: dict[str, str] = {}
    protocols: dict[str, Protocol] = {}
    for plan in itertools.chain.from_iterable(s.tasks for s in reversed(studies)):
        hashes.setdefault(plan.task, plan.protocol.hash)
        protocols.setdefault(plan.task, plan.protocol)
    for task, rows in members.groupby("task"):
        if task not in hashes:
            newest = rows.sort_values("started", kind="stable")["protocol_hash"].iloc[-1]
            hashes[str(task)] = newest
            protocols[str(task)] = _protocol_of(rows[rows["protocol_hash"] == newest])
    return hashes, protocols


def _protocol_of(members: pd.DataFrame) -> Protocol:
    """Members' protocol, told from their columns, where no study is on record."""
    first, tuning = members.iloc[0], members[members["role"] == "tuning"]
    rates = (members if tuning.empty else tuning)["learning_rate"]
    return Protocol(
        hidden_size=first["hidden_size"],
        batch_size=first["batch_size"],
        updates=first["budget"],
        evaluate_every=first["evaluate_every"],
        held_out_size=first["held_out_size"],
        learning_rates=tuple(sorted(rates.unique())),
        tuning_seeds=tuning["seed"].nunique(),
        optimizer=first["optimizer"],
        clip_norm=None if pd.isna(first["clip_norm"]) else first["clip_norm"],
        initialisation=first["initialisation"],
    )


def _newest(members: pd.DataFrame, studies: list[Study], hashes: dict[str, str]) -> pd.DataFrame:
    """One version of each setting (the newest study's, else the newest) and one row a member of it."""
    members = members.sort_values("started", kind="stable")
    wanted = {
        (s.technique, s.task, s.lag): s.hash
        for study in studies
        for s in study.settings
        if s.protocol.hash == hashes[s.task]
    }
    latest = members.groupby(SETTING)["setting_hash"].transform("last")
    keys = zip(members["technique"], members["task"], members["lag"], strict=True)
    version = [wanted.get(key, last) for key, last in zip(keys, latest, strict=True)]
    members = members[members["setting_hash"] == pd.Series(version, index=members.index, dtype="str")]
    # tuned twice (on unlike machines, say), a setting may have been measured at two rates: the newer counts
    rate = members.groupby([*SETTING, "role"])["learning_rate"].transform("last")
    members = members[(members["role"] == "tuning") | (members["learning_rate"] == rate)]
    return members.drop_duplicates([*SETTING, "role", "seed", "learning_rate"], keep="last")


def _costs(costs: pd.DataFrame, members: pd.DataFrame) -> pd.DataFrame:
    """The newest cost of each setting in scope, at its own size."""
    key = [*SETTING, "hidden_size", "batch_size"]
    costs = costs.merge(members[key].drop_duplicates(), on=key)
    return costs.sort_values("started", kind="stable").drop_duplicates(key, keep="last").reset_index(drop=True)


def _plan(members: pd.DataFrame, studies: list[Study], hashes: dict[str, str]) -> pd.DataFrame:
    """Techniques × lags of each task, over all studies in scope and over what was trained without one."""
    skips = {(s.technique, s.task, s.lag): s.reason for study in studies for s in study.skips}
    rows = []
    for task, protocol_hash in hashes.items():
        mine = [(s, p) for s in studies for p in s.tasks if p.task == task and p.protocol.hash == protocol_hash]
        trained = members[members["task"] == task]
        planned = {(t, lag) for s, p in mine for t in s.techniques for lag in p.lags}
        techniques = dict.fromkeys([t for s, _ in reversed(mine) for t in s.techniques] + [*trained["technique"]])
        lags = sorted({lag for _, p in mine for lag in p.lags} | {*trained["lag"]})
        rows += [
            {
                "technique": t,
                "task": task,
                "lag": lag,
                "planned": (t, lag) in planned,
                "skip": skips.get((t, task, lag), ""),
            }
            for t, lag in itertools.product(techniques, lags)
        ]
    return pd.DataFrame(rows, columns=[*SETTING, "planned", "skip"])
