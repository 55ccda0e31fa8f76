"""The verdicts made ready to show: numbers as text, the trail behind them, which of them tell most."""

from __future__ import annotations

import math
from collections import Counter
from functools import cached_property
from typing import get_args

from bench.evidence import wording
from bench.evidence.assess import CONFIDENCE
from bench.evidence.questions import Verdict
from bench.evidence.statistics import LEVEL
from bench.evidence.verdicts import ClaimVerdict, PartVerdict
from bench.report.document import Chip, Rich, Styled
from bench.report.draw.forest import RATIO
from bench.report.sentences import Sentences
from bench.tracking import RunAddresses

VERDICTS: tuple[Verdict, ...] = get_args(Verdict)


class Verdicts:
    """The verdicts on the claims of one family, in one report in one language; on the source's, if none is given."""

    def __init__(
        self, say: Sentences, addresses: RunAddresses | None = None, family: list[ClaimVerdict] | None = None
    ) -> None:
        self.addresses = addresses
        self.say, self.words, self.numbers = say, say.words, say.numbers
        self.all = say.findings.verdicts if family is None else family
        self.comparisons = max((claim.comparisons for claim in self.all), default=0)

    # What is claimed

    @cached_property
    def _by_id(self) -> dict[str, ClaimVerdict]:
        return {claim.claim: claim for claim in self.all}

    def says(self, claim: PartVerdict) -> str:
        """Return what the source claims."""
        return wording.says(claim.claim, self.words)

    def label(self, part: PartVerdict) -> str:
        """A part of a claim in few words."""
        return wording.label(part.asked, self.words)

    def estimand(self, part: PartVerdict) -> str:
        """Describe what was estimated of a part."""
        return wording.estimated(part.claim, part.asked, self.words, self.say.called)

    def reason(self, part: PartVerdict) -> str:
        """Explain the verdict in a sentence."""
        return wording.reason(part, self.words)

    def rates(self, part: PartVerdict) -> str:
        """Say where tuning chose different rates for those who are compared, if it matters; else nothing."""
        return wording.unlike_rates(part, self.words)

    # How they stand

    def chip(self, verdict: Verdict, claim: str = "") -> Chip:
        """A verdict to show; with a claim's id it leads to the claim."""
        return Chip(verdict, self.say.verdict(verdict), self.say.symbol(verdict), claim)

    def tally(self) -> dict[Verdict, int]:
        """Count the claims of each verdict that any claim has."""
        found = Counter(claim.verdict for claim in self.all)
        return {verdict: found[verdict] for verdict in VERDICTS if found[verdict]}

    def run(self, claim: ClaimVerdict) -> list[PartVerdict]:
        """The parts that there are data for."""
        return [part for part in claim.parts if part.estimated]

    def not_run(self, claim: ClaimVerdict) -> list[PartVerdict]:
        """The others."""
        return [part for part in claim.parts if not part.estimated]

    # Numbers

    def effect(self, part: PartVerdict) -> str:
        """Format an effect with its unit."""
        if not math.isfinite(part.effect):
            return self.numbers.none
        return self._number(part, part.effect)

    def interval(self, part: PartVerdict) -> str:
        """Its interval; empty where it was counted, not estimated."""
        if math.isnan(part.low) or (part.low == part.high and part.p is None and part.n <= 1):
            return ""
        return self.numbers.range(self._bare(part, part.low), self._bare(part, part.high))

    def margin(self, part: PartVerdict) -> str:
        """Format the range that counts as no difference."""
        if part.band is None:
            return self.numbers.none
        if part.unit == RATIO:
            low, high = part.band
            return self.numbers.range(f"{low:.2f}", f"{high:.2f}")
        return f"±{part.margin:g}"

    def p(self, part: PartVerdict) -> str:
        """Format the p-value after Holm's correction."""
        return self.numbers.p(part.p)

    def needed(self, part: PartVerdict) -> str:
        """Say how many seeds would decide it; empty if there are enough, or no number would."""
        return "" if part.needed_n is None else self.words("needs {needed}", needed=self.numbers.count(part.needed_n))

    def robust(self, part: PartVerdict) -> str:
        """'9 of 10'; a dash where nothing else could be tried."""
        if not part.robustness.analyses:
            return self.numbers.none
        return f"{part.robustness.agree}/{part.robustness.analyses}"

    def estimate(self, part: PartVerdict) -> Rich:
        """Format an effect, followed by its interval in small type."""
        interval = self.interval(part)
        return (self.effect(part), " ", Styled(interval, "small")) if interval else self.effect(part)

    def written(self, part: PartVerdict) -> str:
        """An effect with its interval in brackets."""
        interval = self.interval(part)
        if not interval:
            return self.effect(part)
        return self.words("{effect} ({interval})", effect=self.effect(part), interval=interval)

    def _number(self, part: PartVerdict, value: float) -> str:
        return self.numbers.ratio(value) if part.unit == RATIO else self.numbers.signed(value)

    def _bare(self, part: PartVerdict, value: float) -> str:
        return self.numbers.factor(value) if part.unit == RATIO else self.numbers.signed(value)

    # What is said about them

    def alt(self, claim: ClaimVerdict) -> str:
        """A claim's figure in words: the effects that it shows."""
        told = [
            self.words("{part}: {estimate}", part=self.label(part), estimate=self.written(part))
            for part in self.run(claim)
        ]
        return self.words.rules.between_clauses.join(told)

    def values(self) -> dict[str, str]:
        """Return the values for sentences about all verdicts."""
        return {
            "comparisons": self.numbers.count(self.comparisons),
            "confidence": self.numbers.percent(CONFIDENCE),
            "level": f"{LEVEL:g}",
            "claims": self.numbers.count(len(self.all)),
        }
