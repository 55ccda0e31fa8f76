"""Everything a report shows, gathered once and the same for every language."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from bench.evidence import compare, curves, estimates, ledgers, scope
from bench.evidence.source import SourceRow, load_rows

FAMILIES = (
    *("baseline", "gated", "relu", "clipping", "residual", "truncated"),
    *("activation", "initialisation", "optimiser", "light gate", "attention"),
)
"""The order of the families: the baseline, the rows of the source's table, the controls, then its outlook."""


@dataclass(frozen=True)
class Technique:
    """How a technique is introduced; all but the name is empty if nothing was trained of it."""

    name: str
    title: str
    family: str
    source_row: str
    dials: str


@dataclass(frozen=True)
class Findings:
    """Estimates and ledgers of one scope."""

    scope: scope.Scope
    cells: pd.DataFrame
    horizons: pd.DataFrame
    curves: pd.DataFrame
    cost_ratios: pd.DataFrame
    tuning: pd.DataFrame
    failures: pd.DataFrame
    gaps: pd.DataFrame
    provenance: pd.DataFrame
    techniques: list[Technique]
    """Baseline first, then family by family."""

    @cached_property
    def rows(self) -> list[tuple[SourceRow, list[Technique]]]:
        """The source's rows, each with the techniques that stand for it."""
        return [(row, [t for t in self.techniques if t.source_row == row.id]) for row in load_rows()]

    def task_cells(self, task: str) -> pd.DataFrame:
        """One task's settings."""
        return self.cells[self.cells["task"] == task]

    def lags(self, task: str) -> list[int]:
        """One task's lags, rising."""
        return sorted(int(lag) for lag in self.task_cells(task)["lag"].unique())

    def cell(self, technique: str, task: str, lag: int) -> pd.Series | None:
        """One setting; None if it stands in no plan."""
        key = (technique, task, lag)
        return self._by_setting.loc[key] if key in self._by_setting.index else None

    def horizon(self, technique: str, task: str) -> pd.Series | None:
        """One technique's horizon on one task."""
        key = (technique, task)
        return self._by_pair.loc[key] if key in self._by_pair.index else None

    def members_of(self, task: str) -> list[Technique]:
        """The techniques that have a place in a task's plan."""
        planned = set(self.task_cells(task)["technique"])
        return [t for t in self.techniques if t.name in planned]

    def compare(self, technique: str) -> list[compare.Comparison]:
        """One technique beside the baseline, task by task."""
        return compare.compare(self.scope, self.cells, technique)

    def costs(self, task: str) -> pd.DataFrame:
        """One task's cost ledger, at one lag, by technique."""
        return ledgers.costs(self.scope, task).set_index("technique")

    def tuning_of(self, task: str) -> pd.DataFrame:
        """One task's tuning ledger, by technique."""
        return self.tuning[self.tuning["task"] == task].set_index("technique")

    @cached_property
    def counts(self) -> dict[str, int]:
        """How much stands behind the report."""
        cells, roles = self.cells, self.scope.members["role"].value_counts()
        planned = cells[cells["state"] != "unplanned"]
        return {
            "measured": int(roles.get("measured", 0)),
            "tuning": int(roles.get("tuning", 0)),
            "settings": int((cells["state"] == "measured").sum()),
            "planned": len(planned),
            "missing": int((planned["state"] != "measured").sum()),
            "pending": int((planned["state"] == "pending").sum()),
            "diverged": int(cells["diverged"].sum()),
            "failed": int(cells["failed"].sum()),
        }

    @cached_property
    def _by_setting(self) -> pd.DataFrame:
        return self.cells.set_index(["technique", "task", "lag"]).sort_index()

    @cached_property
    def _by_pair(self) -> pd.DataFrame:
        return self.horizons.set_index(["technique", "task"]).sort_index()


def gather(store: scope.ResultStore) -> Findings:
    """Read a store and estimate everything; raises BenchError if it holds nothing."""
    selected = scope.select(store)
    cells = estimates.summarise(selected)
    return Findings(
        scope=selected,
        cells=cells,
        horizons=estimates.horizons(cells),
        curves=curves.learning_curves(selected),
        cost_ratios=ledgers.cost_ratios(selected),
        tuning=ledgers.tuning(selected, cells),
        failures=ledgers.failures(selected),
        gaps=ledgers.gaps(cells),
        provenance=ledgers.provenance(selected),
        techniques=_by_family(ledgers.techniques(selected)),
    )


def _by_family(table: pd.DataFrame) -> list[Technique]:
    found = [
        Technique(str(r.technique), str(r.title), str(r.family), str(r.source_row), str(r.dials))
        for r in table.itertuples()
    ]
    unknown = sorted({t.family for t in found if t.family and t.family not in FAMILIES})
    order: dict[str, Any] = {family: i for i, family in enumerate([*FAMILIES, *unknown, ""])}
    return sorted(found, key=lambda t: order[t.family])
