"""Values of the gradient's flow: from probes, and from its norm step by step."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bench.evidence.claims import Part
from bench.evidence.estimands.base import Variant
from bench.evidence.measuring.runs import runs_of, tidy
from bench.evidence.scope import MEMBER, Scope
from bench.languages import words
from bench.records.study import MAIN

OUTPUT, INPUTS, CELL_ALONE = "h", "x", "cell"
"""Quantities that gradients are taken of: what claims call a technique's output, whatever its own name; the inputs; and
the cell state along itself. All others are states by their names."""
DARK = -700.0
"""The logarithm that an exact zero is given: that of about the smallest number in double precision."""


def probed(scope: Scope, technique: str, part: Part, column: str) -> pd.DataFrame:
    """A column of the probes of the lowest layer."""
    return of_members(scope, technique, probes_of(scope, technique, part), column)


def probes_of(scope: Scope, technique: str, part: Part) -> pd.DataFrame:
    """The probes of a technique's lowest layer, of the part's quantity at its moment."""
    probes = _there(scope.rows("probes", technique), part)
    return probes[probes.layer == 0]


def gradients_of(scope: Scope, technique: str, part: Part) -> pd.DataFrame:
    """The norms of a technique's gradients, of the part's quantity at its moment: a row a member, layer and step."""
    steps = _there(scope.rows("gradients", technique), part)[[*MEMBER, "layer", "step", "log_norm"]]
    return steps.assign(log_norm=steps.log_norm.clip(lower=DARK))


def of_members(scope: Scope, technique: str, table: pd.DataFrame, column: str) -> pd.DataFrame:
    """Values of a table with a row or several a member, whose mean is taken, as a tidy table."""
    rows = runs_of(scope, technique)
    if table.empty:
        return tidy(rows.iloc[:0].assign(value=0.0))
    return tidy(rows.merge(table.groupby(MEMBER)[column].mean().rename("value").reset_index(), on=MEMBER))


def quantity_of(probed: list[str], asked: str) -> str:
    """The quantity that is meant, of those that were probed of a technique, in their order.

    The output is the state h, or the first state of a technique that has none of this name.
    """
    states = [name for name in probed if name not in (INPUTS, CELL_ALONE)]
    return states[0] if asked == OUTPUT and states and OUTPUT not in states else asked


def log_mean(logs: pd.Series) -> float:
    """The logarithm of the mean of numbers given by their logarithms; NaN where one of them is not finite."""
    if not np.isfinite(logs).all():
        return np.nan
    return float(np.logaddexp.reduce(logs.to_numpy()) - np.log(len(logs)))


def other_views(part: Part) -> dict[str, Variant]:
    """The same question at other moments, and of the output's gradient if it is about the cell state's."""
    found = {}
    if part.arm == MAIN and part.reference_moment is None:
        for moment, says in (("start", words("before training")), ("during", words("during training"))):
            found[f"moment:{moment}"] = Variant(says, changes={"moment": moment})
    if part.quantity == "c":
        found["quantity:h"] = Variant(words("gradient at the output h"), changes={"quantity": "h"})
    return found


def _there(table: pd.DataFrame, part: Part) -> pd.DataFrame:
    there = table[table.moment == part.moment]
    return there[there.quantity == quantity_of(list(there.quantity.unique()), part.quantity)]
