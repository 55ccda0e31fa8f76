"""One arm's estimates: what every technique reached on every task, at every lag."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from bench.evidence import curves, estimates, ledgers, scope
from bench.records.cell import SettingKey
from bench.records.settings import Protocol
from bench.records.study import Study
from bench.report.flow import Flow, flow
from bench.report.ledger_rows import Cost, LeftOut
from bench.report.reached import Reached, reached
from bench.report.rows import Estimate, Run, Technique, rows_of
from bench.report.vocabulary import FAMILIES


@dataclass(frozen=True)
class Matrix:
    """The estimates of one arm: techniques × tasks × lags under protocols of its own."""

    scope: scope.Scope
    """The tables that evidence reads, without the largest."""
    table: pd.DataFrame
    """The estimates as `bench.evidence.estimates.summarise` gives them, for evidence."""
    techniques: list[Technique]
    """Baseline first, then family by family."""
    flow: Flow
    reached: dict[SettingKey, Reached]
    """The metric that the runs of each setting ended at."""

    @property
    def tasks(self) -> list[str]:
        """Every task, in order."""
        return self.scope.tasks

    @property
    def protocols(self) -> dict[str, Protocol]:
        """The protocol of each task."""
        return self.scope.protocols

    @property
    def hashes(self) -> dict[str, str]:
        """The protocol's hash by task."""
        return self.scope.hashes

    @property
    def studies(self) -> list[Study]:
        """Return the studies that were asked for, oldest first."""
        return self.scope.studies

    @property
    def trained(self) -> bool:
        """Return True if any protocol trains; otherwise networks are only probed as they start."""
        return any(protocol.updates for protocol in self.protocols.values())

    @cached_property
    def estimates(self) -> list[Estimate]:
        """Every setting, in the plan's order."""
        return rows_of(self.table, Estimate)

    def estimates_on(self, task: str, lag: int | None = None, *, measured: bool = False) -> list[Estimate]:
        """One task's settings, at one lag or at all; only those that were measured if that is asked for."""
        found = [e for e in self.estimates if e.task == task and (lag is None or e.lag == lag)]
        return [e for e in found if e.measured] if measured else found

    def estimate(self, key: SettingKey) -> Estimate | None:
        """One setting; None if it stands in no plan."""
        return self._by_key.get(key)

    def lags(self, task: str) -> list[int]:
        """One task's lags, rising."""
        return sorted({e.lag for e in self.estimates_on(task)})

    def members_of(self, task: str) -> list[Technique]:
        """The techniques that have a place in a task's plan."""
        planned = {e.technique for e in self.estimates_on(task)}
        return [t for t in self.techniques if t.name in planned]

    @cached_property
    def runs(self) -> list[Run]:
        """Every run of the arm, those that only tuned among them."""
        return rows_of(self.scope.members.assign(arm=self.scope.arm), Run)

    def runs_on(self, task: str, role: str = "") -> list[Run]:
        """One task's runs, of one role or of both."""
        return [run for run in self.runs if run.task == task and role in ("", run.role)]

    @cached_property
    def measured_runs(self) -> dict[SettingKey, list[Run]]:
        """The runs of each setting that was measured."""
        found: dict[SettingKey, list[Run]] = {}
        for run in self.runs:
            if run.measured:
                found.setdefault(run.key, []).append(run)
        return found

    def levels(self, task: str) -> curves.Levels | None:
        """Return the levels that a task's metric is compared with; None if nothing was trained on it."""
        return self._levels.get(task)

    @cached_property
    def _levels(self) -> dict[str, curves.Levels | None]:
        return {str(task): curves.levels(self.scope, str(task)) for task in self.scope.members["task"].unique()}

    def costs(self, task: str) -> dict[str, Cost]:
        """One task's cost ledger, at one lag, by technique."""
        return {cost.technique: cost for cost in rows_of(ledgers.costs(self.scope, task), Cost)}

    @property
    def left_out(self) -> list[LeftOut]:
        """Results that exist and are not shown."""
        return rows_of(self.scope.left_out, LeftOut)

    @cached_property
    def _by_key(self) -> dict[SettingKey, Estimate]:
        return {e.key: e for e in self.estimates}


def matrix_of(arm: scope.Scope) -> Matrix:
    """Estimate every setting of an arm."""
    return Matrix(arm.brief(), estimates.summarise(arm), by_family(arm), flow(arm), reached(arm))


def by_family(arm: scope.Scope) -> list[Technique]:
    """Sort an arm's techniques family by family, in the order in which readers know the families."""
    found = rows_of(ledgers.techniques(arm), Technique)
    unknown = sorted({t.family for t in found if t.family not in FAMILIES})
    order = [*filter(None, FAMILIES), *unknown, ""]
    return sorted(found, key=lambda t: order.index(t.family))
