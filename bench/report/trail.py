"""The runs behind a claim, setting by setting."""

from __future__ import annotations

from functools import cached_property
from typing import Any, NamedTuple

from bench.evidence.verdicts import ClaimVerdict
from bench.report.findings import Findings
from bench.report.rows import Run
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
    """Name of its runs, as MLflow shows them."""
    ids: list[tuple[str, str]]
    """Ids of the first runs, each with its address in MLflow (empty where none is known)."""
    more: int
    """Number of the other runs."""
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
    def _runs(self) -> dict[str, Run]:
        """Each run once; the arms that share it do not matter."""
        return {run.mlflow_run_id: run for run in reversed(self.findings.all_runs)}

    def trail(self, claim: ClaimVerdict) -> Trail | None:
        """The runs behind all parts of a claim; None where no run is."""
        ids = dict.fromkeys(run for part in claim.parts for run in part.runs)
        known = [self._runs[id] for id in ids if id in self._runs]
        if not known:
            return None
        settings: dict[tuple[Any, ...], list[Run]] = {}
        for run in known:
            settings.setdefault((run.key, run.protocol_hash, run.setting_hash, run.learning_rate), []).append(run)
        return Trail(
            steps=[self._step(runs) for runs in list(settings.values())[:MOST_SETTINGS]],
            runs=len(known),
            settings=len(settings),
        )

    def _step(self, runs: list[Run]) -> Step:
        runs = sorted(runs, key=lambda run: run.seed)
        first, last = runs[0], runs[-1]
        known = [run.mlflow_run_id for run in runs[:MOST_RUNS]]
        seeds = f"{first.seed}–{last.seed}" if len(runs) > 1 else first.seed
        return Step(
            experiment=task_experiment(first.task),
            name=run_name(first.key, seeds, first.learning_rate, first.role),
            ids=[(run[:SHORT], self.addresses.run(first.task, run) if self.addresses else "") for run in known],
            more=len(runs) - len(known),
            place=place(first.setting_hash, first.role),
            rate=f"{first.learning_rate:g}",
            setting=first.setting_hash,
            protocol=first.protocol_hash,
            commit=first.commit[:SHORT],
            dirty=any(run.dirty for run in runs),
        )
