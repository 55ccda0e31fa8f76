"""Made-up verdicts on the real claims: every verdict, unit and kind of figure that there is."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from bench.evidence.claims import BEYOND, Claim, Part, further_claims, source_claims
from bench.evidence.estimands import Sampled
from bench.evidence.verdicts import ClaimVerdict, PartVerdict, Reason, Robustness

VERDICTS = ("supported", "contradicted", "undecided", "supported", "practically equal", "not run")
COMPARISONS = 137
FEW = frozenset({"S01", "S04", "S06", "S08", "S11", "S23"})
"""Claims of every sort and kind of figure."""
ANALYSES = ("without:adding", "without:copy", "median")


def make_others(store: Any) -> dict[str, list[ClaimVerdict]]:
    """The same of the claims beyond the source."""
    return {BEYOND: make_verdicts(store, family=further_claims())}


def make_all(store: Any) -> list[ClaimVerdict]:
    """The verdicts on the claims of both families."""
    return [*make_verdicts(store), *make_others(store)[BEYOND]]


def make_verdicts(store: Any, claims: frozenset[str] | None = None, family: Sequence[Claim] = ()) -> list[ClaimVerdict]:
    """A verdict a claim (of these, else of all), in turn of each sort; the store's members stand behind them."""
    members = store.members()
    measured, rng = members[members["role"] == "measured"], np.random.default_rng(11)
    turns = itertools.cycle(VERDICTS)
    given = [(test, next(turns)) for test in family or source_claims()]
    return [_claim(test, turn, measured, rng) for test, turn in given if claims is None or test.id in claims]


def _claim(test: Claim, verdict: str, measured: pd.DataFrame, rng: np.random.Generator) -> ClaimVerdict:
    others = ["supported"] if verdict == "supported" else ["supported", "undecided", verdict]
    sorts = [verdict] * len(test.parts) if verdict == "not run" else [verdict, *others * len(test.parts)]
    parts = tuple(_part(test.id, p, sort, measured, rng) for p, sort in zip(test.parts, sorts, strict=False))
    return ClaimVerdict(**vars(parts[0]) | {"parts": parts, "comparisons": COMPARISONS})


def _part(claim: str, part: Part, verdict: str, measured: pd.DataFrame, rng: np.random.Generator) -> PartVerdict:
    names = [n for n in (*part.techniques, *part.references) if "*" not in n]
    rows = measured[measured["technique"].isin(names)]
    if part.choice:
        rows = measured[measured["technique"].str.startswith(part.techniques[0].partition("*")[0])]
    if part.estimand.sampled is Sampled.ROUNDS:  # costs are measured at one place
        rows = rows[(rows["task"] == rows["task"].min()) & (rows["lag"] == rows["lag"].min())]
    own = rows[["technique", "task", "lag", "seed"]]
    data = own.assign(value=_values(rows, part, rng), arm=part.arm, moment=part.moment)
    if data.empty:
        verdict = "not run"
    sign = {"higher": 1, "not lower": 1}.get(part.direction, -1)
    size = {"supported": 4, "contradicted": -5, "undecided": 1, "practically equal": 0.2}.get(verdict, math.nan)
    effect = sign * size * part.margin * (0.8 + 0.4 * rng.random())
    half = {"undecided": 2.5, "practically equal": 0.5}.get(verdict, 1.5) * part.margin
    if part.estimand.is_ratio:
        effect, low, high = math.exp(effect), math.exp(effect - half), math.exp(effect + half)
    else:
        low, high = effect - half, effect + half
    tried = () if verdict == "not run" else (*ANALYSES, *part.estimand.variants(part))
    held = tuple((name, effect, low, high, i % 5 != 3) for i, name in enumerate(tried))
    return PartVerdict(
        claim=claim,
        asked=part,
        verdict=verdict,
        effect=effect,
        low=low,
        high=high,
        p=None if verdict == "not run" else 0.31 if verdict == "undecided" else 0.0004,
        n=0 if verdict == "not run" else 5,
        needed_n=1_234 if verdict == "undecided" else None,
        robustness=Robustness(sum(h[-1] for h in held), len(held), held),
        orthogonal=("holds", "does not hold", "undecided", "not run")[rng.integers(4)],
        runs=tuple(rows["mlflow_run_id"]),
        data=data,
        reason=Reason(*_reason(verdict, part)),
    )


def _reason(verdict: str, part: Part) -> tuple[str, dict[str, object]]:
    """A key that the verdict may have, and its values."""
    if verdict == "not run":
        return "missing", {"technique": part.techniques[0], "arm": part.arm}
    return verdict, {"comparisons": COMPARISONS}


def _values(rows: pd.DataFrame, part: Part, rng: np.random.Generator) -> pd.Series:
    """A value a member, as its kind would have it."""
    if part.estimand.only_where_solved:
        return (1 - rows["updates"] / rows["budget"]).where(rows["outcome"] == "solved", 0.0)
    return pd.Series(rng.normal(0.5, 0.1, len(rows)), rows.index)
