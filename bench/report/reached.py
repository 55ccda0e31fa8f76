"""Tells how far runs got that did not solve their task."""

from __future__ import annotations

from dataclasses import dataclass

from bench.evidence import curves
from bench.evidence.scope import Scope
from bench.records.cell import SettingKey
from bench.report.rows import rows_of


@dataclass(frozen=True, slots=True)
class Reached:
    """The held-out metric that a setting's runs ended at: see `bench.evidence.curves.reached`."""

    technique: str
    task: str
    lag: int
    metric: float
    improving: bool
    """True if most runs that did not solve were still improving when the budget ended."""


def reached(scope: Scope) -> dict[SettingKey, Reached]:
    """Return what every measured setting of an arm reached."""
    return {SettingKey(r.technique, r.task, r.lag): r for r in rows_of(curves.reached(scope), Reached)}
