"""A verdict on every claim: the source's claims are one family of comparisons, those of each plugin another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

import numpy as np
import pandas as pd

from bench.evidence.assess import (
    Analysis,
    Assessment,
    Orthogonal,
    Verdict,
    assess,
    margin_of,
    reading,
    seeds_needed,
    shown,
)
from bench.evidence.claims import SOURCE, Claim, Direction, Part, Rule, families, source_claims
from bench.evidence.contrasts import Results
from bench.evidence.estimands import Estimand
from bench.evidence.family import LEVEL, able, adjusted
from bench.evidence.scope import ResultStore, Scope, scopes

SEED = 20250731
"""Seed of the bootstrap and of sampled sign flips. (The date of the source page.)"""
NO_DATA = pd.DataFrame(columns=["technique", "task", "lag", "seed", "value", "arm", "moment"])

WORST_FIRST: tuple[Verdict, ...] = ("contradicted", "practically equal", "undecided", "not run", "supported")
"""Order of verdicts under the rule `all`: the first that a part has is the claim's."""
BEST_FIRST: tuple[Verdict, ...] = ("supported", "undecided", "not run", "practically equal", "contradicted")
"""The same with rule `any`: what is open may still be what the claim needs."""


@dataclass(frozen=True)
class Robustness:
    """Counts of the other analyses, and of those that read like the main one."""

    agree: int
    analyses: int
    details: tuple[tuple[str, float, float, float, bool], ...]
    """name (see `bench.evidence.wording.analysis`), effect, low, high, agrees."""


@dataclass(frozen=True)
class Reason:
    """The reason of a verdict before it is put into words: `bench.evidence.wording` has a sentence by each key."""

    key: str
    values: dict[str, Any] = field(default_factory=dict)
    """Values that fill the sentence, beside the verdict's own numbers."""


OF_PARTS = "of parts"
"""The key of the reason of a claim with several parts: how they came out."""


@dataclass(frozen=True)
class PartVerdict:
    """A verdict on one part of a claim. A ratio is given as such: 1 means no difference."""

    claim: str
    """The claim's id."""
    asked: Part
    verdict: Verdict
    effect: float
    low: float
    high: float
    """The ends of the 95 % interval of this part by itself are `low` and `high`."""
    p: float | None
    """Adjusted for all comparisons; None if nothing was tested."""
    n: int
    needed_n: int | None
    robustness: Robustness
    orthogonal: Orthogonal
    runs: tuple[str, ...]
    reason: Reason
    data: pd.DataFrame = field(compare=False, repr=False)
    """technique, task, lag, seed, value, arm, moment: the raw values behind the effect."""

    @property
    def part(self) -> str:
        """The part's id."""
        return self.asked.id

    @property
    def kind(self) -> str:
        """The name of the estimand."""
        return self.asked.kind

    @property
    def estimand(self) -> Estimand:
        """The estimand that was measured."""
        return self.asked.estimand

    @property
    def unit(self) -> str:
        """The symbol of the effect's unit."""
        return self.estimand.unit.symbol

    @property
    def direction(self) -> Direction:
        """The way that the effect has to go."""
        return self.asked.direction

    @property
    def margin(self) -> float:
        """Either way of `null`; for a ratio, 0.1 stands for the factors 1 / 1.1 and 1.1: see `band`."""
        return self.asked.margin

    @property
    def beside(self) -> bool:
        """Whether the part has no say in the claim's verdict."""
        return self.asked.beside

    @property
    def null(self) -> float:
        """The effect that is none."""
        return 1.0 if self.estimand.is_ratio else 0.0

    @property
    def band(self) -> tuple[float, float]:
        """The smallest and the largest effect that is practically none."""
        if self.estimand.is_ratio:
            return 1 / (1 + self.margin), 1 + self.margin
        return -self.margin, self.margin


@dataclass(frozen=True)
class ClaimVerdict(PartVerdict):
    """A whole claim; what was asked, and the numbers, are those of the part that decides."""

    parts: tuple[PartVerdict, ...] = ()
    comparisons: int = 0
    """The number of comparisons that were tested in the claim's family."""


def judge(store: ResultStore, rng: np.random.Generator | None = None) -> list[ClaimVerdict]:
    """The verdicts on S01 to S30; raises BenchError if the store is empty. Equal results give equal verdicts."""
    return judge_scopes(scopes(store), rng)


def judge_scopes(found: dict[str, Scope], rng: np.random.Generator | None = None) -> list[ClaimVerdict]:
    """`judge` for a store whose arms are read already."""
    return _judge(source_claims(), Results(found), rng)


def judge_families(store: ResultStore) -> dict[str, list[ClaimVerdict]]:
    """The verdicts on all claims that there are by family, the source's first.

    No family's comparisons count in another one's correction: a plugin's claims leave the source's as they are.
    """
    return {SOURCE: judge(store), **judge_others(store)}


def judge_others(store: ResultStore) -> dict[str, list[ClaimVerdict]]:
    """The verdicts on the claims of plugins and packages, by family."""
    others = {family: claims for family, claims in families().items() if family != SOURCE}
    if not others:
        return {}
    results = Results(scopes(store))
    return {family: _judge(claims, results) for family, claims in others.items()}


def _judge(claims: Sequence[Claim], results: Results, rng: np.random.Generator | None = None) -> list[ClaimVerdict]:
    """The verdicts on the claims of one family."""
    questions = {part.question: part for claim in reversed(claims) for part in reversed(claim.parts)}
    streams = (np.random.default_rng(SEED) if rng is None else rng).spawn(len(questions))
    asked = zip(questions.items(), streams, strict=True)
    answers = {question: assess(part, results, stream) for (question, part), stream in asked}
    by_claim = {claim.id: [replace(answers[part.question], part=part) for part in claim.parts] for claim in claims}
    family = Family([found for assessments in by_claim.values() for found in assessments])
    return [_claim(claim, by_claim[claim.id], family) for claim in claims]


class Family:
    """All comparisons of a document; parts that ask the same question are one."""

    def __init__(self, assessments: Sequence[Assessment]) -> None:
        questions = {a.part.question: a for a in reversed(assessments) if a.tested}
        can = able([a.n for a in questions.values()])
        self.asked = len(questions)
        tested = [question for question, testable in zip(questions, can, strict=True) if testable]
        pairs = adjusted([(questions[q].p_apart, questions[q].p_close) for q in tested])
        self._p = dict(zip(tested, pairs, strict=True))

    @property
    def comparisons(self) -> int:
        """How many could be tested."""
        return len(self._p)

    def p(self, found: Assessment) -> tuple[float, float] | None:
        """Adjusted p of (apart, close); None where so few seeds could reach no level."""
        return self._p.get(found.part.question)

    def needed(self, found: Assessment) -> int | None:
        """Seeds that would decide it, with as many comparisons as there are data for."""
        return seeds_needed(found, LEVEL / self.asked)


def _claim(claim: Claim, assessments: Sequence[Assessment], family: Family) -> ClaimVerdict:
    parts = tuple(_part(claim.id, found, family) for found in assessments)
    having_say = [verdict for verdict in parts if not verdict.beside]
    groups: dict[str, list[PartVerdict]] = {}
    for verdict in having_say:
        groups.setdefault(verdict.asked.group or verdict.part, []).append(verdict)
    deciding = decide([decide(group, claim.within) for group in groups.values()], claim.combine)
    own = {one.name: getattr(deciding, one.name) for one in fields(PartVerdict)}
    reason = deciding.reason if len(having_say) == 1 else Reason(OF_PARTS)
    return ClaimVerdict(**{**own, "reason": reason}, parts=parts, comparisons=family.comparisons)


def decide(verdicts: Sequence[PartVerdict], rule: Rule) -> PartVerdict:
    """The part that decides. Of several with the same verdict: the best proved, or the weakest link where all hold."""
    order = WORST_FIRST if rule == "all" else BEST_FIRST
    verdict = min((v.verdict for v in verdicts), key=order.index)
    same = [v for v in verdicts if v.verdict == verdict]
    sureness = [math.inf if v.p is None else v.p for v in same]
    if rule == "all" and verdict == "supported":
        proved = [(p, v) for p, v in zip(sureness, same, strict=True) if math.isfinite(p)]
        return max(proved, key=lambda pair: pair[0])[1] if proved else same[0]
    return same[sureness.index(min(sureness))]


def _part(claim: str, found: Assessment, family: Family) -> PartVerdict:
    if found.estimate is None:
        assert found.why is not None
        nan = math.nan
        return PartVerdict(
            claim, found.part, "not run", effect=nan, low=nan, high=nan, p=None, n=0, needed_n=None,
            robustness=Robustness(0, 0, ()), orthogonal=found.orthogonal, runs=(),
            reason=Reason(found.why.why, found.why.values), data=NO_DATA,
        )  # fmt: skip
    verdict, p = verdict_of(found, family)
    needed = family.needed(found) if verdict == "undecided" else None
    effect, low, high = shown((found.effect, *found.interval), found.estimate.ratio)
    return PartVerdict(
        claim, found.part, verdict, effect=effect, low=low, high=high, p=p, n=found.n, needed_n=needed,
        robustness=_robustness(found.analyses), orthogonal=found.orthogonal, runs=found.sample.runs,
        reason=_reason(found, verdict, needed, family), data=found.sample.data,
    )  # fmt: skip


def _reason(found: Assessment, verdict: Verdict, needed: int | None, family: Family) -> Reason:
    if not found.tested:
        return Reason(f"counted {verdict}")
    few = family.p(found) is None
    values = {"comparisons": family.asked if few else family.comparisons}
    if verdict == "undecided":
        how = [text for text, holds in (("for few", few), ("for good", not needed)) if holds]
        return Reason(" ".join(["undecided", " and ".join(how)]).strip(), values)
    special = verdict != "practically equal" and found.part.direction in ("equal", "not lower")
    return Reason(f"{verdict} {found.part.direction}" if special else verdict, values)


def verdict_of(found: Assessment, family: Family) -> tuple[Verdict, float | None]:
    """A part's verdict, and the adjusted p that it rests on; None if nothing was tested."""
    assert found.estimate is not None
    direction = found.part.direction
    if found.estimate.counted:
        return reading(found.interval, margin_of(found.part, found.estimate.ratio), direction), None
    p = family.p(found)
    if p is None:
        return "undecided", None
    apart, close = p
    if close <= LEVEL:
        return "supported" if direction in ("equal", "not lower") else "practically equal", close
    if apart > LEVEL:
        return "undecided", min(p) if direction in ("equal", "not lower") else apart
    if direction in ("equal", "not lower"):
        return "contradicted", apart
    return "supported" if (found.effect > 0) == (direction == "higher") else "contradicted", apart


def _robustness(analyses: tuple[Analysis, ...]) -> Robustness:
    details = tuple((a.name, a.effect, a.low, a.high, a.agrees) for a in analyses)
    return Robustness(sum(a.agrees for a in analyses), len(analyses), details)


def as_record(verdict: PartVerdict) -> dict[str, Any]:
    """Give all but the raw values, without sentences, for JSON."""
    own = ("claim", "part", "kind", "verdict", "unit", "direction", "margin", "null", "effect", "low", "high", "p", "n",
           "needed_n", "orthogonal", "runs", "beside")  # fmt: skip
    record = {name: getattr(verdict, name) for name in own}
    record |= {"why": asdict(verdict.reason), "robustness": asdict(verdict.robustness)}
    if isinstance(verdict, ClaimVerdict):
        record |= {"comparisons": verdict.comparisons, "parts": [as_record(part) for part in verdict.parts]}
    return record
