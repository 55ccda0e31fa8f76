"""The contents of a store that no report shows any more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import pandas as pd

from bench.evidence.scope import ResultStore, scopes
from bench.records.result import typed
from bench.records.study import Study

WHOSE = {"cohort": "str", "seed": "int64", "learning_rate": "float64"}


@dataclass(frozen=True)
class Unneeded:
    """The records that may go: everything that a report shows stays as it is."""

    cohorts: pd.DataFrame
    """cohort, members, started, why; oldest first. superseded: another version or protocol stands in the report;
    technique, task: its code has changed."""
    studies: list[str]
    """Keys of studies that are about nothing that is left."""
    unknown: int
    """Members of techniques or tasks that are not known here, perhaps a plugin's: they stay."""


def unneeded(store: ResultStore, before: datetime, now: datetime | None = None) -> Unneeded:
    """Cohorts that were begun before this moment, and that no report shows but as a number left out or stale.

    In an empty store there is nothing. now: by which a clock that was ahead is told.
    """
    members, studies = store.members(), store.studies()
    found = [] if members.empty else list(scopes(_WithoutCurves(store)).values())
    shown = {cohort for scope in found for cohort in scope.members.cohort}
    stale = {row.cohort: row.why for scope in found for row in scope.stale.itertuples()}
    cohorts = members.groupby("cohort", sort=False)
    table = cohorts.agg(members=("seed", "size"), started=("started", "min")).reset_index()
    table["begun"] = _begun(table.started, now or datetime.now(UTC))
    table = table[~table.cohort.isin(shown)]
    why = pd.Series([stale.get(key, "superseded") for key in table.cohort], table.index, dtype="str")
    unknown = int(table.loc[why == "unknown", "members"].sum())
    table = table.assign(why=why)[(table.begun < before) & (why != "unknown")].drop(columns="begun")
    table = table.reset_index(drop=True)
    left = set(members.loc[~members.cohort.isin(table.cohort), "setting_hash"])
    needed = {study.key for scope in found for study in scope.studies}
    idle = [s.key for s in studies if s.key not in needed and _about_nothing(s, left)]
    return Unneeded(table, [] if members.empty else idle, unknown)


def _begun(started: pd.Series, now: datetime) -> pd.Series:
    """Tell when each cohort was begun at the latest, from all of them in the order in which the store took them.

    Nothing was begun before what came into the store earlier, so a clock that was behind makes nothing old. And nothing
    was begun in the future: what says so is taken to be as young as what came next.
    """
    times = pd.to_datetime(started, utc=True)
    return times.where(times <= now).cummax().bfill().fillna(pd.Timestamp(now))


def _about_nothing(study: Study, settings: set[str]) -> bool:
    return not any(setting.hash in settings for setting in study.settings)


class _WithoutCurves:
    """A store whose largest tables are empty: members alone say what is shown."""

    def __init__(self, store: ResultStore) -> None:
        self.members, self.costs, self.studies = store.members, store.costs, store.studies

    def curves(self) -> pd.DataFrame:
        return typed([], WHOSE)

    gradients = probes = curves
