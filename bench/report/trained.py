"""The ledger of runs: every setting that was trained, who rests on it, and where MLflow shows its runs."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

import pandas as pd

from bench.evidence.scope import SETTING, Scope
from bench.report.document import Link, Rich
from bench.report.names import Names
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
    """In MLflow; empty where none is known."""


def place(setting_hash: str, role: str) -> str:
    """The id of a row."""
    return f"{role}-{setting_hash}"


def measured_places(scope: Scope) -> dict[tuple[str, str, int], str]:
    """The rows of an arm's measured settings, by technique, task and lag."""
    members = scope.members.query("role == 'measured'").drop_duplicates(SETTING)
    return {(m.technique, m.task, m.lag): place(m.setting_hash, m.role) for m in members.itertuples()}


class Trained:
    """The settings that were trained, in one report in one language."""

    def __init__(self, say: Names, addresses: RunAddresses | None) -> None:
        self.say, self.addresses = say, addresses
        self.base = addresses.base if addresses else ""

    @cached_property
    def rows(self) -> list[Row]:
        """Technique by technique, in the order in which they were trained."""
        members = self.say.findings.members
        groups = members.groupby([*SETTING, "setting_hash", "role"], sort=False)
        return [self._row(group) for _, group in sorted(groups, key=lambda item: self._order(item[1].iloc[0]))]

    @cached_property
    def places(self) -> set[str]:
        """The ids of all rows."""
        return {row.place for row in self.rows}

    def place(self, technique: str, task: str, lag: int) -> str:
        """The id of the row of a measured setting of the main arm; empty if there is none."""
        return self._main.get((technique, task, lag), "")

    def origin(self, text: str, technique: str, task: str, lag: int) -> Rich:
        """A number of a measured setting, which leads to the setting's runs."""
        to = self.place(technique, task, lag)
        return Link(text, f"#{to}", "origin") if to in self.places else text

    @cached_property
    def _main(self) -> dict[tuple[str, str, int], str]:
        return measured_places(self.say.findings.scope)

    def _order(self, member: pd.Series) -> tuple[int, int, str, int, str]:
        """As the report has them: by task, then technique, then lag."""
        tasks, techniques = self._ranks
        task = tasks.get(member["task"], len(tasks))
        known = techniques.get(member["technique"], len(techniques))
        return task, known, member["technique"], int(member["lag"]), member["role"]

    @cached_property
    def _ranks(self) -> tuple[dict[str, int], dict[str, int]]:
        """Places of tasks and of techniques in the report."""
        tasks = {task: place for place, task in enumerate(self.say.findings.scope.tasks)}
        return tasks, {technique.name: place for place, technique in enumerate(self.say.findings.techniques)}

    def _row(self, members: pd.DataFrame) -> Row:
        first, words = members.iloc[0], self.say.words
        own = members.drop_duplicates("mlflow_run_id")
        key = first["task"], first["setting_hash"], first["role"]
        return Row(
            place=place(first["setting_hash"], first["role"]),
            technique=self.say.technique(first["technique"]),
            task=self.say.cell(first["task"]),
            lag=self.say.numbers.count(first["lag"]),
            arm=words.rules.between_items.join(map(self.say.arm, members["arm"].unique())),
            role=words(ROLES[first["role"]]),
            runs=len(own),
            solved=int((own["outcome"] == "solved").sum()),
            rates=words.rules.between_items.join(f"{rate:g}" for rate in sorted(own["learning_rate"].unique())),
            claims=words.rules.between_items.join(self._claims_of(own["mlflow_run_id"])),
            setting_hash=first["setting_hash"],
            address=self.addresses.setting(*key) if self.addresses else "",
        )

    def _claims_of(self, runs: pd.Series) -> Iterator[str]:
        for claim, own in self._claims.items():
            if not own.isdisjoint(runs):
                yield claim

    @cached_property
    def _claims(self) -> dict[str, set[str]]:
        return {claim.claim: {r for part in claim.parts for r in part.runs} for claim in self.say.findings.verdicts}
