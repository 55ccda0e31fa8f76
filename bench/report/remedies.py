"""Says in a sentence or two what each remedy of the source's table did, from findings that were tested."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cached_property

from bench.evidence import wording
from bench.evidence.estimands.base import NATS_A_STEP
from bench.evidence.questions import DECIDED, HOLDS
from bench.evidence.scope import BASELINE
from bench.evidence.source import SourceRow, claims_of
from bench.evidence.verdicts import ClaimVerdict, PartVerdict
from bench.languages import words
from bench.records.cell import SettingKey
from bench.report.document import Break, Rich, Styled
from bench.report.draw.forest import in_margins
from bench.report.rows import Technique
from bench.report.section import Page

MOST_CLAIMS = 2
"""The claims that are quoted about a remedy."""
MOST_CASES = 3
"""The tasks that are quoted of a remedy that helps."""


class Remedies:
    """The remedies in one report in one language."""

    def __init__(self, page: Page) -> None:
        self.page, self.findings, self.say = page, page.findings, page.say
        self.words, self.numbers = page.words, page.say.numbers

    @cached_property
    def tasks(self) -> list[str]:
        """List the tasks on which the baseline was measured."""
        return [h.task for h in self.findings.horizons if h.technique == BASELINE and h.known]

    def lead(self) -> Iterator[str]:
        """Yield the answer: which remedies lengthen what is learned, and for which that could not be shown."""
        if not self.tasks:
            yield self.words("The baseline has not been measured yet, so that nothing can be compared with it.")
            return
        helped, others = [], []
        for row, techniques in self.findings.rows:
            name, tasks = row.called(self.words), self._helped(techniques)
            if tasks:
                counts = {"count": len(tasks), "tasks": len(self.tasks)}
                helped.append(self.words("{row} (on {count} of {tasks} tasks)", row=name, **counts))
            elif techniques:
                others.append(name)
        if helped:
            yield self.words(
                "Longer dependencies than with a plain tanh RNN were learned with {rows}.",
                rows=self.numbers.join(helped),
            )
        if others:
            key = (
                words("For {others} no such gain was shown.")
                if helped
                else words("No longer dependencies than with a plain tanh RNN were shown for {others}.")
            )
            yield self.words(key, others=self.numbers.join(others))
        if len(self.tasks) > 1:
            yield self._everywhere()

    def _everywhere(self) -> str:
        """Say which techniques, of the table or not, help on every task."""
        found = [name for name, tasks in self.findings.gains.items() if len(tasks) == len(self.tasks)]
        if not found:
            return self.words("No technique helped on all {tasks} tasks.", tasks=len(self.tasks))
        named = [
            self.words(
                "{technique}, at {ratio} the time per update",
                technique=self.say.technique(name),
                ratio=self.say.time_ratio(name),
            )
            for name in found
        ]
        return self.words("On every task it was so with {techniques}.", techniques=self.numbers.join(named))

    def items(self) -> Iterator[Rich]:
        """Yield what is said of each remedy: how far it gets, and the clearest verdicts on it."""
        for row, techniques in self.findings.rows:
            name = (Styled(row.called(self.words), "name"), self.words.rules.colon)
            did = self._did(techniques) if self.concludes else ""
            yield (*name, did, *((Break(), claim) for claim in self._verdicts(row)))

    @property
    def concludes(self) -> bool:
        """Return True if the store is large enough for conclusions about training."""
        return not self.findings.shortfalls

    def _helped(self, techniques: list[Technique]) -> set[str]:
        return {task for technique in techniques for task in self.findings.gains.get(technique.name, set())}

    def _did(self, techniques: list[Technique]) -> str:
        """Say on which tasks a remedy learns longer lags than the baseline, and how often it solves them."""
        if not techniques or not self.tasks:
            return self.words("not measured.")
        helped = [task for task in self.tasks if task in self._helped(techniques)]
        gain = self.words("no gain in lag on any task, as far as could be shown.")
        if helped:
            cases = [self._case(task, techniques) for task in helped[:MOST_CASES]]
            gain = self.words(
                "a gain in lag on {count} of {tasks} tasks: {cases}.",
                count=len(helped),
                tasks=len(self.tasks),
                cases=self.words.rules.between_clauses.join(cases),
            )
        return self.words.joined(gain, self._harm(techniques))

    def _harm(self, techniques: list[Technique]) -> str:
        """Say where a remedy is found to solve a task less often than the baseline; empty if nowhere."""
        worse = [
            (technique.name, task, lag)
            for technique in techniques
            for task, lag in self.findings.losses.get(technique.name, [])
            if task in self.tasks
        ]
        told = []
        for name, task, lag in worse[:MOST_CASES]:
            own, base = (self.findings.estimate(SettingKey(one, task, lag)) for one in (name, BASELINE))
            if own and base and own.measured and base.measured:
                told.append(
                    self.words(
                        "{technique} on {task} at lag {lag} ({solved} of {runs}; plain tanh {base})",
                        technique=self.say.technique(name),
                        task=self.say.cell(task),
                        lag=self.numbers.count(lag),
                        solved=own.solved,
                        runs=own.runs,
                        base=base.solved,
                    )
                )
        if not told:
            return ""
        return self.words("Worse than plain tanh: {cases}.", cases=self.words.rules.between_clauses.join(told))

    def _case(self, task: str, techniques: list[Technique]) -> str:
        """The technique of a remedy that gets furthest on a task, how often it solves it there, and the baseline."""
        own = [t.name for t in techniques if task in self.findings.gains.get(t.name, set())]
        best = max(own, key=lambda name: self._rank(name, task))
        lag = self._reach(best, task)
        found = self.findings.estimate(SettingKey(best, task, lag))
        assert found is not None  # it is of its horizon
        return self.words(
            "{technique} solves {task} at lag {lag} in {solved} of {runs} runs ({base})",
            technique=self.say.technique(best),
            task=self.say.cell(task),
            lag=self.numbers.count(lag),
            solved=found.solved,
            runs=found.runs,
            base=self._baseline(task, lag),
        )

    def _rank(self, technique: str, task: str) -> tuple[int, float, float]:
        lag = self._reach(technique, task)
        found = self.findings.estimate(SettingKey(technique, task, lag))
        return (lag, found.rate, -found.restricted_mean) if found else (lag, 0.0, 0.0)

    def _reach(self, technique: str, task: str) -> int:
        row = self.findings.horizon(technique, task)
        return int(row.horizon) if row is not None and row.known else 0

    def _baseline(self, task: str, lag: int) -> str:
        """Say how often the baseline solves a task at a lag, or at the longest one at which it was run."""
        measured = [e for e in self.findings.estimates_on(task, measured=True) if e.technique == BASELINE]
        last = max((e for e in measured if e.lag <= lag), key=lambda e: e.lag)
        counts = {"solved": last.solved, "runs": last.runs}
        if last.lag == lag:
            return self.words("plain tanh: {solved} of {runs}", **counts)
        return self.words("plain tanh: {solved} of {runs} already at {lag}", lag=self.numbers.count(last.lag), **counts)

    # Verdicts

    def _verdicts(self, row: SourceRow) -> Iterator[Rich]:
        """Yield the clearest claims about a remedy with their effects: first those that are decided."""
        verdicts, own = self.page.verdicts, self._own(row)
        decided = [claim for claim in own if claim.verdict in DECIDED and math.isfinite(distance(claim))]
        for claim in sorted(decided, key=distance, reverse=True)[:MOST_CLAIMS]:
            chip = verdicts.chip(claim.verdict, claim.claim)
            in_part = claim.verdict == "in part"  # one part's numbers would not tell of the others
            part = _deciding(claim)
            told = verdicts.reason(claim) if in_part else self.words.joined(self._estimate(part), verdicts.rates(part))
            yield (chip, " ", verdicts.says(claim), " ", Styled(told, "small"))
        if not decided:
            yield from self._open(own)

    def _own(self, row: SourceRow) -> list[ClaimVerdict]:
        """The claims about a remedy; in a thin store those that rest on no training, and that something is known of."""
        ids, verdicts = claims_of(row.id), self.page.verdicts
        own = [claim for claim in verdicts.all if claim.claim in ids]
        if self.concludes:
            return own
        known = {claim.claim: verdicts.run(claim) for claim in own}
        untrained = {id for id, parts in known.items() if parts and all(p.asked.before_training for p in parts)}
        return [claim for claim in own if claim.claim in untrained]

    def _estimate(self, part: PartVerdict) -> str:
        """Say what was measured, the effect, and what it rests on; a rate in nats as a factor per step."""
        verdicts, n = self.page.verdicts, self.numbers
        what = verdicts.estimand(part)
        what = what[:1].upper() + what[1:]
        if part.unit == NATS_A_STEP.symbol and math.isfinite(part.effect):
            effect = self.words("×{factor} per step", factor=n.factor(math.exp(part.effect)))
            interval = n.range(n.factor(math.exp(part.low)), n.factor(math.exp(part.high)))
        else:
            effect, interval = verdicts.effect(part), verdicts.interval(part)
        if not interval or not verdicts.interval(part):
            return self.words("{what}: {effect}.", what=what, effect=effect)
        count = wording.counted(part.asked, part.n, self.words)
        return self.words(
            "{what}: {effect} ({interval}; {count}).", what=what, effect=effect, interval=interval, count=count
        )

    def _open(self, claims: list[ClaimVerdict]) -> Iterator[Rich]:
        """Yield the claim of which most parts hold, where none is decided, with its reason."""
        known = [claim for claim in claims if claim.estimated]
        if not known:
            yield Styled(self.words("None of the claims about it could be tested with what is stored."), "small")
            return
        claim = max(known, key=lambda c: (sum(part.verdict in HOLDS for part in c.parts), -(c.needed_n or math.inf)))
        verdicts = self.page.verdicts
        chip = verdicts.chip(claim.verdict, claim.claim)
        yield (chip, " ", verdicts.says(claim), " ", Styled(verdicts.reason(claim), "small"))


def _deciding(claim: ClaimVerdict) -> PartVerdict:
    return next(part for part in claim.parts if part.part == claim.part)


def distance(claim: PartVerdict) -> float:
    """Margins from the nearer end of the interval to where the verdict would be another; not a number without any.

    A difference is measured from 0; for a claim of no difference, or of none for the worse, from the margin.
    """
    _, low, high = in_margins(claim)
    if claim.direction == "not lower":
        return low + 1 if claim.verdict == "supported" else -1 - high
    if claim.verdict == "practically equal" or (claim.direction, claim.verdict) == ("equal", "supported"):
        return 1 - max(abs(low), abs(high))
    apart = max(low, -high)
    return apart - 1 if claim.direction == "equal" else apart
