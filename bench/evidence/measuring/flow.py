"""Values of the gradient's flow: from probes, and from its norm step by step."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bench.evidence.claims import Part
from bench.evidence.estimands.base import Variant
from bench.evidence.measuring.moments import at_moment
from bench.evidence.measuring.runs import runs_of, tidy
from bench.evidence.scope import MEMBER, Scope
from bench.languages import words
from bench.records.study import MAIN

DARK = -700.0
"""The logarithm that an exact zero is given: that of about the smallest number in double precision."""


def probed(scope: Scope, technique: str, part: Part, column: str) -> pd.DataFrame:
    """A column of the probes of the lowest layer."""
    return of_members(scope, technique, probes_of(scope, technique, part), column)


def decays(scope: Scope, technique: str, part: Part) -> pd.DataFrame:
    """The rate of the gradient a step back in time.

    A gradient that is exactly 0 so soon that no rate can be fitted is not left out, for it is the worst there is: its
    norm is taken to fall to DARK over the lag.
    """
    probes = probes_of(scope, technique, part)
    floor = DARK / probes.lag.clip(lower=1)
    return of_members(scope, technique, probes.assign(decay=probes.decay.fillna(floor)), "decay")


def probes_of(scope: Scope, technique: str, part: Part) -> pd.DataFrame:
    """The probes of a technique's lowest layer, of the part's quantity at its moment."""
    probes = at_moment(scope, "probes", technique, part)
    return probes[probes.layer == 0]


def gradients_of(scope: Scope, technique: str, part: Part) -> pd.DataFrame:
    """The norms of a technique's gradients, of the part's quantity at its moment: a row a member, layer and step."""
    steps = at_moment(scope, "gradients", technique, part)[[*MEMBER, "layer", "step", "log_norm"]]
    return steps.assign(log_norm=steps.log_norm.clip(lower=DARK))


def of_members(scope: Scope, technique: str, table: pd.DataFrame, column: str) -> pd.DataFrame:
    """Values of a table with a row or several a member, whose mean is taken, as a tidy table."""
    rows = runs_of(scope, technique)
    if table.empty:
        return tidy(rows.iloc[:0].assign(value=0.0))
    return tidy(rows.merge(table.groupby(MEMBER)[column].mean().rename("value").reset_index(), on=MEMBER))


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
