"""A verdict on every claim: the source's claims are one family of comparisons, those of each plugin another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Literal

import pandas as pd

from bench.evidence.assess import Assessment, assess, shown
from bench.evidence.claims import SOURCE, Claim, Direction, Part, families, source_claims
from bench.evidence.combining import of_claim
from bench.evidence.contrasts import CannotTell, Results
from bench.evidence.estimands import Estimand
from bench.evidence.family import Family
from bench.evidence.measuring.costs import Size
from bench.evidence.questions import FAILS, HOLDS, WITHOUT_NUMBERS, Verdict, alike
from bench.evidence.rates import Unlike
from bench.evidence.scope import ResultStore, Scope, scopes
from bench.evidence.statistics import Needed

Orthogonal = Literal["holds", "does not hold", "undecided", "not run"]

NO_DATA = pd.DataFrame(columns=["technique", "task", "lag", "seed", "value", "arm", "moment"])


@dataclass(frozen=True)
class Robustness:
    """Counts of the other analyses, and of those that read like the final verdict."""

    agree: int
    analyses: int
    details: tuple[tuple[str, float, float, float, bool], ...]
    """name (see `bench.evidence.wording.analysis`), effect, low, high, and whether it reads as the verdict does."""


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
    """The seeds that would decide it if the truth is what was seen: as uncertain as `needed_range` says."""
    robustness: Robustness
    orthogonal: Orthogonal
    runs: tuple[str, ...]
    reason: Reason
    data: pd.DataFrame = field(compare=False, repr=False)
    """technique, task, lag, seed, value, arm, moment: the raw values behind the effect."""
    needed_range: tuple[int | None, int | None] = (None, None)
    """The seeds needed at either end of the effect's interval at 80 %; None: more than one could run."""
    points_to: Verdict = "undecided"
    """The reading of the part's own interval, without any correction: where nothing is decided, what it points to."""
    size: Size | None = None
    """The size at which costs were measured; None for what is no cost."""
    given_rate: float | None = None
    """The learning rate, if its runs were trained at one that was given and not tuned."""
    unlike: Unlike | None = None
    """The settings in which tuning chose different rates for those who are compared, if it matters."""

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
        """The margin, either way of `null`; for a ratio, 0.1 stands for the factors 1 / 1.1 and 1.1: see `band`."""
        return self.asked.margin

    @property
    def estimated(self) -> bool:
        """True if there is an effect: False where nothing was run, or nothing could be told."""
        return self.verdict not in WITHOUT_NUMBERS

    @property
    def beside(self) -> bool:
        """True if the part has no say in the claim's verdict."""
        return self.asked.beside

    @property
    def null(self) -> float:
        """The effect that is none."""
        return 1.0 if self.estimand.is_ratio else 0.0

    @property
    def band(self) -> tuple[float, float]:
        """The smallest and the largest effect that is practically none."""
        return self.asked.band


@dataclass(frozen=True)
class ClaimVerdict(PartVerdict):
    """A whole claim; what was asked, and the numbers, are those of the part that decides."""

    parts: tuple[PartVerdict, ...] = ()
    comparisons: int = 0
    """The number of comparisons that were tested in the claim's family."""
    made_of: tuple[Verdict, ...] = ()
    """The verdicts that make the claim's: of its groups in their order, or of the parts that stand in none."""

    @property
    def holding(self) -> int:
        """The number of `made_of` that hold: the k of "in part: k of n"."""
        return sum(verdict in HOLDS for verdict in self.made_of)

    @property
    def failing(self) -> int:
        """The number of `made_of` that are known not to hold."""
        return sum(verdict in FAILS for verdict in self.made_of)


def judge(store: ResultStore) -> list[ClaimVerdict]:
    """The verdicts on S01 to S30; raises BenchError if the store is empty. Equal results give equal verdicts."""
    return judge_scopes(scopes(store))


def judge_scopes(found: dict[str, Scope]) -> list[ClaimVerdict]:
    """`judge` for a store whose arms are read already."""
    return judge_claims(source_claims(), Results(found))


def judge_families(store: ResultStore) -> dict[str, list[ClaimVerdict]]:
    """The verdicts on all claims that there are by family, the source's first.

    No family's comparisons count in another one's correction: a plugin's claims leave the source's as they are.
    """
    results = Results(scopes(store))
    return {family: judge_claims(claims, results) for family, claims in families().items()}


def judge_others(store: ResultStore) -> dict[str, list[ClaimVerdict]]:
    """The verdicts on the claims of plugins and packages, by family."""
    others = {family: claims for family, claims in families().items() if family != SOURCE}
    if not others:
        return {}
    results = Results(scopes(store))
    return {family: judge_claims(claims, results) for family, claims in others.items()}


def judge_claims(claims: Sequence[Claim], results: Results) -> list[ClaimVerdict]:
    """The verdicts on the claims of one family."""
    questions = {part.question: part for claim in reversed(claims) for part in reversed(claim.parts)}
    answers = {question: assess(part, results) for question, part in questions.items()}
    by_claim = {claim.id: [replace(answers[part.question], part=part) for part in claim.parts] for claim in claims}
    family = Family([found for assessments in by_claim.values() for found in assessments])
    return [_claim(claim, by_claim[claim.id], family) for claim in claims]


def _claim(claim: Claim, assessments: Sequence[Assessment], family: Family) -> ClaimVerdict:
    parts = tuple(_part(claim.id, found, family) for found in assessments)
    whole, made_of = of_claim(claim, parts)
    own = {one.name: getattr(whole.part, one.name) for one in fields(PartVerdict)} | {"verdict": whole.verdict}
    if sum(not part.beside for part in parts) > 1:
        own["reason"] = Reason(OF_PARTS)
    return ClaimVerdict(**own, parts=parts, comparisons=family.comparisons, made_of=made_of)


def _part(claim: str, found: Assessment, family: Family) -> PartVerdict:
    if found.estimate is None:
        assert found.why is not None
        nan = math.nan
        nothing: Verdict = "cannot tell" if isinstance(found.why, CannotTell) else "not run"
        return PartVerdict(
            claim, found.part, nothing, effect=nan, low=nan, high=nan, p=None, n=0, needed_n=None,
            robustness=Robustness(0, 0, ()), orthogonal="not run", runs=(),
            reason=Reason(found.why.why, found.why.values), data=NO_DATA,
        )  # fmt: skip
    verdict, p = family.verdict(found)
    look = found.look(verdict)
    needed = family.needed(found) if verdict == "undecided" else Needed(None, None, None)
    effect, low, high = shown((look.effect, *look.interval), found.estimate.ratio)
    return PartVerdict(
        claim, found.part, verdict, effect=effect, low=low, high=high, p=p, n=look.n, needed_n=needed.seeds,
        robustness=_robustness(found, verdict), orthogonal=_orthogonal(found, verdict),
        runs=look.sample.runs, reason=_reason(found, verdict, needed, family), data=look.sample.data,
        needed_range=(needed.fewest, needed.most), points_to=found.reading(look), size=found.size,
        given_rate=found.given_rate, unlike=found.unlike,
    )  # fmt: skip


def _reason(found: Assessment, verdict: Verdict, needed: Needed, family: Family) -> Reason:
    if not found.tested:
        return Reason(f"counted {verdict}")
    few = family.p(found) is None
    values = {"comparisons": family.asked if few else family.comparisons}
    if verdict == "undecided":
        how = [text for text, holds in (("for few", few), ("for good", needed.seeds is None)) if holds]
        return Reason(" ".join(["undecided", " and ".join(how)]).strip(), values)
    special = verdict != "practically equal" and found.part.direction in ("equal", "not lower")
    return Reason(f"{verdict} {found.part.direction}" if special else verdict, values)


def _robustness(found: Assessment, verdict: Verdict) -> Robustness:
    assert found.estimate is not None
    details = []
    for name, look in found.analyses:
        effect, low, high = shown((look.effect, *look.interval), found.estimate.ratio)
        details.append((name, effect, low, high, alike(found.reading(look), verdict)))
    return Robustness(sum(agrees for *_, agrees in details), len(details), tuple(details))


def _orthogonal(found: Assessment, verdict: Verdict) -> Orthogonal:
    """Tell whether the verdict reads the same in the arm of orthogonal starts."""
    if found.orthogonal is None:
        return "not run"
    there = found.reading(found.orthogonal)
    if "undecided" in (there, verdict):
        return "undecided"
    return "holds" if alike(there, verdict) else "does not hold"


def as_record(verdict: PartVerdict) -> dict[str, Any]:
    """Give all but the raw values, without sentences, for JSON."""
    own = ("claim", "part", "kind", "verdict", "unit", "direction", "margin", "null", "effect", "low", "high", "p", "n",
           "needed_n", "needed_range", "points_to", "orthogonal", "given_rate", "runs", "beside")  # fmt: skip
    record = {name: getattr(verdict, name) for name in own}
    record |= {"why": asdict(verdict.reason), "robustness": asdict(verdict.robustness)}
    record |= {"size": verdict.size and asdict(verdict.size)}
    record |= {"unlike_rates": verdict.unlike and verdict.unlike._asdict()}
    if isinstance(verdict, ClaimVerdict):
        record |= {"made_of": verdict.made_of, "holding": verdict.holding}
        record |= {"comparisons": verdict.comparisons, "parts": [as_record(part) for part in verdict.parts]}
    return record
