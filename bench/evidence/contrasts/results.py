"""Results as contrasts ask for them: scopes by arm, and every measure taken once."""

from __future__ import annotations

import itertools

from bench.evidence.claims import Part
from bench.evidence.contrasts.cells import NotEstimable
from bench.evidence.contrasts.values import Value, marked, values_of
from bench.evidence.estimands import Measure
from bench.evidence.measuring.runs import screened
from bench.evidence.scope import Scope
from bench.records.cell import Cell


class Results:
    """The arms of a store."""

    def __init__(self, scopes: dict[str, Scope]) -> None:
        self._scopes = scopes
        self._taken: dict[tuple[object, ...], tuple[Value, ...]] = {}
        self._stopped: dict[tuple[str, str], dict[Cell, int]] = {}

    def scope(self, arm: str) -> Scope:
        """One arm; raises NotEstimable if there is none."""
        if arm not in self._scopes:
            raise NotEstimable("arm", arm=arm)
        return self._scopes[arm]

    def values(self, part: Part, techniques: tuple[str, ...], measure: Measure | None = None) -> tuple[Value, ...]:
        """The values of the part's estimand, or of another measure, of each technique.

        Raises NotEstimable if one of them has nothing.
        """
        return tuple(itertools.chain.from_iterable(self._take(part, technique, measure) for technique in techniques))

    def _take(self, part: Part, technique: str, measure: Measure | None) -> tuple[Value, ...]:
        scope, estimand = self.scope(part.arm), part.estimand
        key: tuple[object, ...] = (measure or part.kind, part.arm, technique, part.moment, part.quantity)
        beside = estimand.one_place or part.after_equal_updates
        key += (part.techniques, part.twins, part.lags) if beside else ()
        if key not in self._taken:
            found = values_of((measure or estimand.measure)(scope, technique, part))
            self._taken[key] = marked(found, self._screened(part.arm, technique))
        if not self._taken[key]:
            raise _lack(scope, technique)
        return self._taken[key]

    def _screened(self, arm: str, technique: str) -> dict[Cell, int]:
        if (arm, technique) not in self._stopped:
            self._stopped[arm, technique] = screened(self.scope(arm), technique)
        return self._stopped[arm, technique]


def _lack(scope: Scope, technique: str) -> NotEstimable:
    """Say why a technique has no values: never run, run by older code, or run without this measurement."""
    if (scope.members.technique == technique).any():
        return NotEstimable("unmeasured", technique=technique)
    stale = (scope.stale.technique == technique).any()
    return NotEstimable("stale" if stale else "missing", technique=technique, arm=scope.arm)
