"""What of a store no report shows any more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from bench.evidence.scope import ResultStore, scopes
from bench.protocol.result import typed
from bench.protocol.study import Study

WHOSE = {"cohort": "str", "seed": "int64", "learning_rate": "float64"}


@dataclass(frozen=True)
class Unneeded:
    """What may go: everything that a report shows stays as it is."""

    cohorts: pd.DataFrame
    """cohort, why, members, started; oldest first. superseded: another version or protocol stands in the report;
    technique, task: its code has changed."""
    studies: list[str]
    """Keys of studies that are about nothing that is left."""
    unknown: int
    """Members of techniques or tasks that are not known here, perhaps a plugin's: they stay."""


def unneeded(store: ResultStore, before: datetime) -> Unneeded:
    """Cohorts that were begun before this moment, and that no report shows but as a number left out or stale.

    In an empty store there is nothing.
    """
    members, studies = store.members(), store.studies()
    found = [] if members.empty else list(scopes(_WithoutCurves(store)).values())
    shown = {cohort for scope in found for cohort in scope.members["cohort"]}
    stale = {row.cohort: row.why for scope in found for row in scope.stale.itertuples()}
    table = members.groupby("cohort").agg(members=("seed", "size"), started=("started", "min")).reset_index()
    table = table[~table["cohort"].isin(shown)]
    why = table["cohort"].map(stale).fillna("superseded")
    unknown = int(table.loc[why == "unknown", "members"].sum())
    old = pd.to_datetime(table["started"], utc=True) < before
    table = table.assign(why=why)[old & (why != "unknown")].sort_values("started", ignore_index=True)
    left = set(members.loc[~members["cohort"].isin(table["cohort"]), "setting_hash"])
    needed = {study.key for scope in found for study in scope.studies}
    idle = [s.key for s in studies if s.key not in needed and _about_nothing(s, left)]
    return Unneeded(table, [] if members.empty else idle, unknown)


def _about_nothing(study: Study, settings: set[str]) -> bool:
    return not any(setting.hash in settings for setting in study.settings)


class _WithoutCurves:
    """A store whose largest tables are empty: members alone say what is shown."""

    def __init__(self, store: ResultStore) -> None:
        self.members, self.costs, self.studies = store.members, store.costs, store.studies

    def curves(self) -> pd.DataFrame:
        return typed([], WHOSE)

    gradients = probes = curves
