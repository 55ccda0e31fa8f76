"""Everything a report shows, gathered once and the same for every language."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import pandas as pd

from bench.evidence import compare, curves, estimates, horizons, ledgers, scope
from bench.evidence.source import SourceRow, load_rows
from bench.evidence.verdicts import ClaimVerdict, judge
from bench.history.take import HistoryStore
from bench.history.timeline import History, look_back
from bench.records.study import MAIN
from bench.report.flow import Flow, flow

FAMILIES = (
    *("baseline", "gated", "relu", "clipping", "residual", "truncated"),
    *("activation", "initialisation", "optimiser", "light gate", "attention"),
)
"""The order of the families: the baseline, the rows of the source's table, the controls, then its outlook."""

ARMS = ("start", "dials", "exploding", "clipped", "orthogonal")
"""The order of the arms; a preset's own ones come after them."""


@dataclass(frozen=True)
class Technique:
    """How a technique is introduced; all but the name is empty if nothing was trained of it."""

    name: str
    title: str
    family: str
    source_row: str
    dials: str


@dataclass(frozen=True)
class Matrix:
    """The estimates of one arm: techniques × tasks × lags under protocols of its own."""

    scope: scope.Scope
    cells: pd.DataFrame
    techniques: list[Technique]
    """Baseline first, then family by family."""
    flow: Flow

    @property
    def trained(self) -> bool:
        """Whether there is anything but networks as they start."""
        return any(protocol.updates for protocol in self.scope.protocols.values())

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

    def members_of(self, task: str) -> list[Technique]:
        """The techniques that have a place in a task's plan."""
        planned = set(self.task_cells(task)["technique"])
        return [t for t in self.techniques if t.name in planned]

    @cached_property
    def _by_setting(self) -> pd.DataFrame:
        return self.cells.set_index(["technique", "task", "lag"]).sort_index()


@dataclass(frozen=True)
class Findings(Matrix):
    """The main arm with all its estimates and ledgers, the further arms, and the verdicts reached from them."""

    horizons: pd.DataFrame
    curves: pd.DataFrame
    cost_ratios: pd.DataFrame
    tuning: pd.DataFrame
    failures: pd.DataFrame
    gaps: pd.DataFrame
    provenance: pd.DataFrame
    """Of every arm."""
    arms: dict[str, Matrix]
    """All but the main one."""
    members: pd.DataFrame
    """Of every arm, with a column `arm`."""
    stale: pd.DataFrame
    """arm, technique, task, why, lags; members: how many results are not used."""
    verdicts: list[ClaimVerdict]
    state: str
    """SHA-256 of what the store held."""
    history: History | None
    """None where there is but one run to tell of."""

    @cached_property
    def rows(self) -> list[tuple[SourceRow, list[Technique]]]:
        """The source's rows, each with the techniques that stand for it."""
        return [(row, [t for t in self.techniques if t.source_row == row.id]) for row in load_rows()]

    @cached_property
    def remedies(self) -> set[str]:
        """The techniques that stand for a row of the source's table."""
        return {t.name for t in self.techniques if t.source_row}

    @cached_property
    def matrices(self) -> dict[str, Matrix]:
        """Every arm, the main one first."""
        return {MAIN: self, **self.arms}

    def dial(self, technique: str, dial: str) -> float:
        """The value of a technique's dial, whether its name spells it or not; not a number if nothing was trained."""
        name = f":{technique.partition(':')[2]}:"
        if f":{dial}=" in name:
            return float(name.partition(f":{dial}=")[2].partition(":")[0])
        found = self._dials.get(technique, "{}")
        return float(json.loads(found).get(dial, math.nan))

    @cached_property
    def _dials(self) -> dict[str, str]:
        return dict(self.members.drop_duplicates("technique")[["technique", "dials"]].to_numpy())

    def horizon(self, technique: str, task: str) -> pd.Series | None:
        """One technique's horizon on one task."""
        key = (technique, task)
        return self._by_pair.loc[key] if key in self._by_pair.index else None

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
        """How much stands behind the report, arms and all."""
        cells = pd.concat([matrix.cells for matrix in self.matrices.values()])
        roles = self.members["role"].value_counts()
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
            "arms": len(self.arms),
            "stale": int(self.stale["members"].sum()),
        }

    @cached_property
    def _by_pair(self) -> pd.DataFrame:
        return self.horizons.set_index(["technique", "task"]).sort_index()


def gather(store: HistoryStore) -> Findings:
    """Read a store and estimate everything; raises BenchError if it holds nothing."""
    read = scope.Reading(store)
    found = read.arms
    main = found[MAIN]
    cells = estimates.summarise(main)
    members = pd.concat([s.members.assign(arm=arm) for arm, s in found.items()], ignore_index=True)
    snapshots = store.snapshots()
    return Findings(
        scope=main.brief(),
        cells=cells,
        techniques=_by_family(ledgers.techniques(main)),
        flow=flow(main),
        horizons=horizons.horizons(cells),
        curves=curves.learning_curves(main),
        cost_ratios=ledgers.cost_ratios(main),
        tuning=ledgers.tuning(main, cells),
        failures=ledgers.failures(members),
        gaps=ledgers.gaps(cells),
        provenance=ledgers.provenance(replace(main, members=members)),
        arms={arm: _matrix(found[arm]) for arm in sorted(found, key=_place) if arm != MAIN},
        members=members,
        stale=_stale(found),
        verdicts=judge(read),
        state=read.state(),
        history=look_back(snapshots) if len(snapshots) > 1 else None,
    )


def _place(arm: str) -> int:
    return ARMS.index(arm) if arm in ARMS else len(ARMS)


def _matrix(arm: scope.Scope) -> Matrix:
    return Matrix(arm.brief(), estimates.summarise(arm), _by_family(ledgers.techniques(arm)), flow(arm))


def _stale(found: dict[str, scope.Scope]) -> pd.DataFrame:
    stale = pd.concat([s.stale.assign(arm=arm) for arm, s in found.items()], ignore_index=True)
    groups = stale.groupby(["arm", "technique", "task", "why"], sort=False)["lag"]
    table = groups.agg(members="size", lags=lambda lags: tuple(sorted({int(lag) for lag in lags})))
    return table.reset_index()


def _by_family(table: pd.DataFrame) -> list[Technique]:
    found = [
        Technique(str(r.technique), str(r.title), str(r.family), str(r.source_row), str(r.dials))
        for r in table.itertuples()
    ]
    unknown = sorted({t.family for t in found if t.family and t.family not in FAMILIES})
    order: dict[str, Any] = {family: i for i, family in enumerate([*FAMILIES, *unknown, ""])}
    return sorted(found, key=lambda t: order[t.family])
