"""The ledger of runs: every setting that was trained, the claims that rest on it, and where MLflow shows its runs."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

from bench.records.cell import SettingKey
from bench.report.document import Link, Rich
from bench.report.matrix import Matrix
from bench.report.names import Names
from bench.report.rows import Run
from bench.report.vocabulary import ROLES
from bench.tracking import RunAddresses


class Row(NamedTuple):
    """One setting in one role, in words."""

    place: str
    technique: str
    task: str
    lag: str
    arm: str
    role: str
    runs: int
    solved: int
    rates: str
    claims: str
    setting_hash: str
    address: str
    """Address in MLflow; empty where none is known."""


def place(setting_hash: str, role: str) -> str:
    """The id of a row."""
    return f"{role}-{setting_hash}"


def measured_places(matrix: Matrix) -> dict[SettingKey, str]:
    """The rows of an arm's measured settings."""
    return {key: place(runs[0].setting_hash, runs[0].role) for key, runs in matrix.measured_runs.items()}


class Trained:
    """The settings that were trained, in one report in one language."""

    def __init__(self, say: Names, addresses: RunAddresses | None) -> None:
        self.say, self.addresses = say, addresses
        self.base = addresses.base if addresses else ""

    @cached_property
    def rows(self) -> list[Row]:
        """Technique by technique, in the order in which they were trained."""
        groups: dict[tuple[SettingKey, str, str], list[Run]] = {}
        for run in self.say.findings.all_runs:
            groups.setdefault((run.key, run.setting_hash, run.role), []).append(run)
        return [self._row(runs) for runs in sorted(groups.values(), key=lambda runs: self._order(runs[0]))]

    @cached_property
    def places(self) -> set[str]:
        """The ids of all rows."""
        return {row.place for row in self.rows}

    def place(self, key: SettingKey) -> str:
        """The id of the row of a measured setting of the main arm; empty if there is none."""
        return self._main.get(key, "")

    def origin(self, text: str, key: SettingKey) -> Rich:
        """A number of a measured setting, which leads to the setting's runs."""
        to = self.place(key)
        return Link(text, f"#{to}", "origin") if to in self.places else text

    @cached_property
    def _main(self) -> dict[SettingKey, str]:
        return measured_places(self.say.findings)

    def _order(self, run: Run) -> tuple[int, int, str, int, str]:
        """Return a key for the report's order: by task, then technique, then lag."""
        tasks, techniques = self._ranks
        known = techniques.get(run.technique, len(techniques))
        return tasks.get(run.task, len(tasks)), known, run.technique, run.lag, run.role

    @cached_property
    def _ranks(self) -> tuple[dict[str, int], dict[str, int]]:
        """Places of tasks and of techniques in the report."""
        tasks = {task: place for place, task in enumerate(self.say.findings.tasks)}
        return tasks, {technique.name: place for place, technique in enumerate(self.say.findings.techniques)}

    def _row(self, runs: list[Run]) -> Row:
        """Make the row of a setting's runs in one role, which are given once for each arm that they belong to."""
        first, words = runs[0], self.say.words
        own = {run.mlflow_run_id: run for run in reversed(runs)}
        rates = sorted({run.learning_rate for run in own.values()})
        return Row(
            place=place(first.setting_hash, first.role),
            technique=self.say.technique(first.technique),
            task=self.say.cell(first.task),
            lag=self.say.numbers.count(first.lag),
            arm=words.rules.between_items.join(map(self.say.arm, dict.fromkeys(run.arm for run in runs))),
            role=words(ROLES[first.role] if first.trained else "untrained"),
            runs=len(own),
            solved=sum(run.solved for run in own.values()),
            rates=words.rules.between_items.join(f"{rate:g}" for rate in rates),
            claims=words.rules.between_items.join(
                claim for claim, behind in self._claims.items() if not behind.isdisjoint(own)
            ),
            setting_hash=first.setting_hash,
            address=self.addresses.setting(first.task, first.setting_hash, first.role) if self.addresses else "",
        )

    @cached_property
    def _claims(self) -> dict[str, set[str]]:
        return {claim.claim: {r for part in claim.parts for r in part.runs} for claim in self.say.findings.all_verdicts}
