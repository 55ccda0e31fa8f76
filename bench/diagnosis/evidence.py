"""The evidence that a remedy rests on: a store's verdicts, or what one run of the benchmark found."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from pydantic import BaseModel, ConfigDict
from scipy import stats

from bench import plain_yaml
from bench.evidence.questions import WITHOUT_NUMBERS
from bench.languages import Message, words

NONE = words("none: no run of the benchmark has measured this")
CONFIDENCE = 0.95


class Record(BaseModel):
    """Data that are immutable, and strict about unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Solved(Record):
    """Counts of runs that solve a task with a technique, and with the baseline beside it, of equally many."""

    task: str
    lag: int
    technique: str
    solved: int
    runs: int
    baseline: str
    baseline_solved: int


class Judged(Record):
    """The verdict on a claim."""

    says: str
    verdict: str


class Measured(Record):
    """One run of the benchmark."""

    run: str
    solved: tuple[Solved, ...]
    claims: dict[str, Judged]


@cache
def measured() -> Measured:
    """The run that comes with the program."""
    text = files(__package__).joinpath("measured.yaml").read_text(encoding="utf-8")
    return Measured.model_validate(plain_yaml.load_own(text))


class Evidence:
    """Looks up what is known of a technique. `store`: an open store, whose verdicts count instead of those shipped."""

    def __init__(self, store: Any = None) -> None:
        self.verdicts: dict[str, Any] = {}
        self.shown = ""
        if store is not None:
            from bench.evidence.scope import Reading
            from bench.evidence.verdicts import judge_families

            found = judge_families(Reading(store)).values()
            self.verdicts = {verdict.claim: verdict for family in found for verdict in family}
            self.shown = store.shown

    def of(self, technique: str, baseline: str, claims: tuple[str, ...]) -> Message:
        """The evidence for a technique in place of a baseline, and for what claims say of it."""
        found = [*self._of_store(claims)] if self.verdicts else [*_of_claims(claims), *_of_runs(technique, baseline)]
        return _joined(found) if found else Message(NONE)

    def _of_store(self, claims: tuple[str, ...]) -> list[Message]:
        known = (self.verdicts[name] for name in claims if name in self.verdicts)
        return [
            Message(
                "{claim} is {verdict}: effect {effect} (95 % interval {low} to {high}; n = {n}), store {store}",
                {
                    "claim": one.claim, "verdict": one.verdict, "effect": f"{one.effect:.3g}", "low": f"{one.low:.3g}",
                    "high": f"{one.high:.3g}", "n": one.n, "store": self.shown,
                },
            )
            for one in known
            if one.verdict not in WITHOUT_NUMBERS
        ]  # fmt: skip


def _of_claims(claims: tuple[str, ...]) -> list[Message]:
    known = measured()
    return [
        Message(
            "{claim} ({says}) is {verdict}; {run}",
            {"claim": name, "says": known.claims[name].says, "verdict": known.claims[name].verdict, "run": known.run},
        )
        for name in claims
        if name in known.claims
    ]


def _of_runs(technique: str, baseline: str) -> list[Message]:
    known = measured()
    return [
        Message(
            "{technique} solves {task} at lag {lag} in {solved} of {runs} runs (95 % interval {low} to {high}), "
            "{baseline} in {baseline_solved} ({baseline_low} to {baseline_high}); {run}",
            one.model_dump() | _ends("", one.solved, one.runs) | _ends("baseline_", one.baseline_solved, one.runs)
            | {"run": known.run},
        )
        for one in known.solved
        if (one.technique, one.baseline) == (technique, baseline)
    ]  # fmt: skip


def _ends(prefix: str, solved: int, runs: int) -> dict[str, str]:
    """Ends of the exact interval of a share (Clopper & Pearson 1934)."""
    interval = stats.binomtest(solved, runs).proportion_ci(CONFIDENCE, method="exact")
    return {f"{prefix}low": f"{interval.low:.0%}", f"{prefix}high": f"{interval.high:.0%}"}


def _joined(parts: list[Message]) -> Message:
    first, *rest = parts
    return Message("{first}; {rest}", {"first": first, "rest": _joined(rest)}) if rest else first
