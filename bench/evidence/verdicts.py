"""A verdict on every claim of the source, from one family of comparisons over all of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from bench.evidence import reasons
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
from bench.evidence.claims import ClaimTest, Direction, Rule, Words, load_tests
from bench.evidence.estimands import Results
from bench.evidence.family import LEVEL, able, adjusted
from bench.evidence.scope import ResultStore, Scope, scopes

SEED = 20250731
"""Of the draws, where a test cannot count all sign flips, and of the bootstrap: the day of the source page."""
NO_DATA = pd.DataFrame(columns=["technique", "task", "lag", "seed", "value", "arm", "moment"])

WORST_FIRST: tuple[Verdict, ...] = ("contradicted", "practically equal", "undecided", "not run", "supported")
"""With rule `all`, the first of these that a part has is the claim's verdict."""
BEST_FIRST: tuple[Verdict, ...] = ("supported", "undecided", "not run", "practically equal", "contradicted")
"""The same with rule `any`: what is open may still be what the claim needs."""


@dataclass(frozen=True)
class Robustness:
    """How many of the other analyses read as the main one."""

    agree: int
    analyses: int
    details: tuple[tuple[str, float, float, float, bool], ...]
    """name (`bench.evidence.reasons.analysis_name`), effect, low, high, agrees."""


@dataclass(frozen=True)
class PartVerdict:
    """What the results say of one part of a claim. A ratio is given as such: 1 means no difference."""

    claim: str
    part: str
    label: Words
    kind: str
    verdict: Verdict
    estimand: Words
    unit: str
    direction: Direction
    margin: float | None
    """Either way of `null`; for a ratio, 0.1 stands for the factors 1 / 1.1 and 1.1: see `band`."""
    null: float
    effect: float
    low: float
    high: float
    """The 95 % interval of this part by itself."""
    p: float | None
    """Adjusted for all comparisons; None if nothing was tested."""
    n: int
    needed_n: int | None
    robustness: Robustness
    orthogonal: Orthogonal
    runs: tuple[str, ...]
    said: Words
    beside: bool
    """Without a say in the claim's verdict."""
    data: pd.DataFrame = field(compare=False, repr=False)
    """technique, task, lag, seed, value, arm, moment: the raw values behind the effect."""

    def reason(self, language: str) -> str:
        """The verdict's reason in a sentence."""
        return self.said[language]

    @property
    def band(self) -> tuple[float, float] | None:
        """Within these the effect is practically none."""
        if self.margin is None:
            return None
        if self.unit == "×":
            return 1 / (1 + self.margin), 1 + self.margin
        return -self.margin, self.margin


@dataclass(frozen=True)
class ClaimVerdict(PartVerdict):
    """A whole claim; numbers, label and estimand are those of the part that decides."""

    parts: tuple[PartVerdict, ...] = ()
    comparisons: int = 0
    """Tested in the document, all claims together."""


def judge(store: ResultStore, rng: np.random.Generator | None = None) -> list[ClaimVerdict]:
    """The verdicts on S01 to S30; raises BenchError if the store is empty. Equal results give equal verdicts."""
    return judge_scopes(scopes(store), rng)


def judge_scopes(found: dict[str, Scope], rng: np.random.Generator | None = None) -> list[ClaimVerdict]:
    """`judge` for a store whose arms are read already."""
    results, tests = Results(found), load_tests()
    questions = {part.question: part for test in reversed(tests) for part in reversed(test.parts)}
    streams = (np.random.default_rng(SEED) if rng is None else rng).spawn(len(questions))
    asked = zip(questions.items(), streams, strict=True)
    answers = {question: assess(part, results, stream) for (question, part), stream in asked}
    by_claim = {test.id: [replace(answers[part.question], part=part) for part in test.parts] for test in tests}
    family = Family([found for assessments in by_claim.values() for found in assessments])
    return [_claim(test, by_claim[test.id], family) for test in tests]


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


def _claim(test: ClaimTest, assessments: Sequence[Assessment], family: Family) -> ClaimVerdict:
    parts = tuple(_part(test.id, found, family) for found in assessments)
    having_say = [p for p in parts if not p.beside]
    groups: dict[str, list[PartVerdict]] = {}
    for verdict, part in zip(parts, test.parts, strict=True):
        if not part.beside:
            groups.setdefault(part.group or part.id, []).append(verdict)
    deciding = decide([decide(group, test.within) for group in groups.values()], test.combine)
    said = deciding.said if len(having_say) == 1 else reasons.why_all([(p.label, p.verdict) for p in having_say])
    fields = {name: getattr(deciding, name) for name in PartVerdict.__dataclass_fields__}
    return ClaimVerdict(**{**fields, "said": said}, parts=parts, comparisons=family.comparisons)


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
    part = found.part
    common: dict[str, Any] = {
        "claim": claim,
        "part": part.id,
        **{
            name: getattr(part, name) for name in ("label", "kind", "estimand", "unit", "direction", "margin", "beside")
        },
        "null": 1.0 if part.unit == "×" else 0.0,
        "orthogonal": found.orthogonal,
    }
    if found.estimate is None:
        assert found.why is not None
        nan = math.nan
        nothing: dict[str, Any] = {"effect": nan, "low": nan, "high": nan, "p": None, "n": 0, "needed_n": None}
        said = reasons.why_not_run(found.why)
        return PartVerdict(
            **common, **nothing, verdict="not run", said=said, robustness=Robustness(0, 0, ()), runs=(), data=NO_DATA
        )
    verdict, p = verdict_of(found, family)
    needed = family.needed(found) if verdict == "undecided" else None
    few = family.p(found) is None
    said = reasons.why(found, verdict, p, needed, family.asked if few else family.comparisons)
    effect, low, high = shown((found.effect, *found.interval), found.estimate.ratio)
    return PartVerdict(
        **common, verdict=verdict, effect=effect, low=low, high=high, p=p, n=found.n, needed_n=needed, said=said,
        robustness=_robustness(found.analyses), runs=found.sample.runs, data=found.sample.data,
    )  # fmt: skip


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


def as_line(verdict: PartVerdict) -> dict[str, str]:
    """For a table in a terminal: a claim in a line."""
    robust = verdict.robustness
    ran = verdict.verdict != "not run"
    return {
        "claim": verdict.claim,
        "verdict": verdict.verdict,
        "effect": f"{verdict.effect:.3g} [{verdict.low:.3g}, {verdict.high:.3g}]{verdict.unit}" if ran else "-",
        "n": str(verdict.n) if ran else "-",
        "robust": f"{robust.agree}/{robust.analyses}" if robust.analyses else "-",
        "reason": verdict.reason("en"),
    }


def as_record(verdict: PartVerdict) -> dict[str, Any]:
    """For JSON: all but the raw values."""
    record = {k: v for k, v in vars(verdict).items() if k not in ("data", "said", "robustness", "parts")}
    record |= {"reason": verdict.said, "robustness": asdict(verdict.robustness)}
    if isinstance(verdict, ClaimVerdict):
        record["parts"] = [as_record(part) for part in verdict.parts]
    return record
