"""The runs behind a claim, setting by setting."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import pandas as pd

from bench.evidence.scope import SETTING
from bench.evidence.verdicts import ClaimVerdict
from bench.report.findings import Findings
from bench.report.trained import place
from bench.tracking import RunAddresses
from bench.tracking.layout import run_name, task_experiment

MOST_SETTINGS = 4
"""The settings that a trail lists; it counts the others."""
MOST_RUNS = 2
"""The run ids that are listed of a setting."""
SHORT = 8
"""Characters of a run id or a commit that are enough to find it."""


class Step(NamedTuple):
    """One setting of a trail."""

    experiment: str
    name: str
    """Of its runs, as MLflow shows them."""
    ids: list[tuple[str, str]]
    """Of the first runs, each with its address in MLflow (empty where none is known)."""
    more: int
    """How many others there are."""
    place: str
    """The id of its row in the ledger of runs."""
    rate: str
    setting: str
    protocol: str
    commit: str
    dirty: bool


class Trail(NamedTuple):
    """The runs that a claim's effects were reckoned from."""

    steps: list[Step]
    runs: int
    settings: int


class Trails:
    """Finds the runs that the effects of claims were computed from."""

    def __init__(self, findings: Findings, addresses: RunAddresses | None) -> None:
        self.findings, self.addresses = findings, addresses

    @cached_property
    def _members(self) -> pd.DataFrame:
        members = self.findings.members
        return members.drop_duplicates("mlflow_run_id").set_index("mlflow_run_id", drop=False)

    def trail(self, claim: ClaimVerdict) -> Trail | None:
        """The runs behind all parts of a claim; None where no run is."""
        ids = dict.fromkeys(run for part in claim.parts for run in part.runs)
        rows = self._members.loc[[run for run in ids if run in self._members.index]]
        if rows.empty:
            return None
        settings = list(rows.groupby([*SETTING, "protocol_hash", "setting_hash", "learning_rate"], sort=False))
        return Trail(
            steps=[self._step(runs) for _, runs in settings[:MOST_SETTINGS]],
            runs=len(rows),
            settings=len(settings),
        )

    def _step(self, runs: pd.DataFrame) -> Step:
        runs = runs.sort_values("seed")
        first, last = runs.iloc[0], runs.iloc[-1]
        known = [str(run) for run in runs["mlflow_run_id"][:MOST_RUNS]]
        more = len(runs) - len(known)
        name = run_name(first.to_dict()) + (f"–{last['seed']}" if len(runs) > 1 else "")
        return Step(
            experiment=task_experiment(first["task"]),
            name=name,
            ids=[(run[:SHORT], self.addresses.run(first["task"], run) if self.addresses else "") for run in known],
            more=more,
            place=place(first["setting_hash"], first["role"]),
            rate=f"{first['learning_rate']:g}",
            setting=first["setting_hash"],
            protocol=first["protocol_hash"],
            commit=str(first["commit"])[:SHORT],
            dirty=bool(runs["dirty"].any()),
        )
