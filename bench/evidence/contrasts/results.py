"""Results as contrasts ask for them: scopes by arm, and every measure taken once."""

from __future__ import annotations

import pandas as pd

from bench.evidence.claims import Part
from bench.evidence.contrasts.cells import NotEstimable
from bench.evidence.estimands import Measure
from bench.evidence.scope import Scope


class Results:
    """The arms of a store."""

    def __init__(self, scopes: dict[str, Scope]) -> None:
        self._scopes = scopes
        self._taken: dict[tuple[object, ...], pd.DataFrame] = {}

    def scope(self, arm: str) -> Scope:
        """One arm; raises NotEstimable if there is none."""
        if arm not in self._scopes:
            raise NotEstimable("arm", arm=arm)
        return self._scopes[arm]

    def table(self, part: Part, techniques: tuple[str, ...], measure: Measure | None = None) -> pd.DataFrame:
        """The part's estimand, or another measure, of each technique, with `arm` and `moment`.

        Raises NotEstimable if one of them has nothing.
        """
        tables = [self._take(part, technique, measure) for technique in techniques]
        return pd.concat(tables, ignore_index=True).assign(arm=part.arm, moment=part.moment)

    def _take(self, part: Part, technique: str, measure: Measure | None) -> pd.DataFrame:
        scope, estimand = self.scope(part.arm), part.estimand
        key: tuple[object, ...] = (measure or part.kind, part.arm, technique, part.moment, part.quantity)
        beside = estimand.one_place or part.after_equal_updates
        key += (part.techniques, part.twins, part.lags) if beside else ()
        if key not in self._taken:
            self._taken[key] = (measure or estimand.measure)(scope, technique, part)
        if self._taken[key].empty:
            raise _lack(scope, technique)
        return self._taken[key]


def _lack(scope: Scope, technique: str) -> NotEstimable:
    """Say why a technique has no values: never run, run by older code, or run without this measurement."""
    if (scope.members.technique == technique).any():
        return NotEstimable("unmeasured", technique=technique)
    stale = (scope.stale.technique == technique).any()
    return NotEstimable("stale" if stale else "missing", technique=technique, arm=scope.arm)
