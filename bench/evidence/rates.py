"""The learning rates behind a part: one that was given to all, or those that tuning chose for each."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from bench.evidence.claims import Part
from bench.evidence.contrasts import Results, Sample
from bench.evidence.estimands import Sampled
from bench.evidence.scope import CELL

SAME = 1e-9
"""The difference of logarithms up to which two rates are one."""


class Unlike(NamedTuple):
    """The settings in which tuning chose other rates for a part's techniques than for its references."""

    smaller: int
    """Settings in which the techniques' rate is the smaller one."""
    larger: int
    settings: int
    """All settings that were compared."""


def given_rate(part: Part, sample: Sample, results: Results) -> float | None:
    """The one learning rate that the part's arm gave to all, without tuning; None if there is none."""
    if part.before_training or part.estimand.sampled is not Sampled.SEEDS:
        return None
    protocols = [results.scope(part.arm).protocols[task] for task in sample.tasks]
    rates = {protocol.learning_rates for protocol in protocols}
    return protocols[0].learning_rates[0] if len(rates) == 1 and len(protocols[0].learning_rates) == 1 else None


def unlike_rates(part: Part, sample: Sample, results: Results) -> Unlike | None:
    """Compare the rates that were tuned for a part's techniques and for its references; None where they are alike.

    None, too, where learning itself is compared, for which each was tuned: the best rate of each is then the fair one.
    """
    if not part.twins or part.before_training or part.estimand.of_learning:
        return None
    own, twin = (_rates(names, sample, results) for names in (part.techniques, part.twins))
    both = pd.concat([own, twin], axis=1, join="inner")
    apart = both.iloc[:, 0] - both.iloc[:, 1]
    smaller, larger = int((apart < -SAME).sum()), int((apart > SAME).sum())
    return Unlike(smaller, larger, len(both)) if smaller or larger else None


def _rates(names: tuple[str, ...], sample: Sample, results: Results) -> pd.Series:
    """The mean logarithm of the rates at which these techniques' values were trained, by cell."""
    rows = sample.data[sample.data.technique.isin(names)]
    found = [_trained(arm, own, results) for arm, own in rows.groupby("arm")]
    if not found:
        return pd.Series(dtype=float)
    runs = pd.concat(found)
    return np.log(runs.learning_rate.astype(float)).groupby([runs[key] for key in CELL]).mean()


def _trained(arm: str, values: pd.DataFrame, results: Results) -> pd.DataFrame:
    runs = results.scope(arm).runs
    return values.merge(runs, on=["technique", *CELL, "seed"])[[*CELL, "learning_rate"]]
