"""One family of comparisons over a whole document: which can be tested, and what their p-values are worth together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bench.evidence.assess import Assessment
from bench.evidence.claims import Claim
from bench.evidence.estimands import Sampled
from bench.evidence.questions import Verdict, verdict_of
from bench.evidence.statistics import LEVEL, Needed, adjusted, reaching, smallest_p


class Family:
    """All comparisons of a document; parts that ask the same question are one."""

    def __init__(self, assessments: Sequence[Assessment]) -> None:
        questions = {a.part.question: a for a in reversed(assessments) if a.tested}
        can = able([a.whole.n for a in questions.values() if a.whole])
        self.asked = len(questions)
        tested = [question for question, testable in zip(questions, can, strict=True) if testable]
        corrected = adjusted([[(answer.p, answer.final) for answer in questions[q].answers] for q in tested])
        self._p = dict(zip(tested, corrected, strict=True))

    @property
    def comparisons(self) -> int:
        """The number of comparisons that could be tested."""
        return len(self._p)

    def p(self, found: Assessment) -> list[float] | None:
        """The adjusted p of every answer; None where so few seeds could reach no level."""
        return self._p.get(found.part.question)

    def needed(self, found: Assessment) -> Needed:
        """Seeds that would decide it, with as many comparisons as there are data for."""
        return found.needed(LEVEL / self.asked)

    def verdict(self, found: Assessment) -> tuple[Verdict, float | None]:
        """A part's verdict, and the adjusted p that it rests on; None if nothing was tested."""
        assert found.whole is not None
        if not found.tested:
            return found.reading(found.whole), None
        adjusted_p = self.p(found)
        if adjusted_p is None:
            return "undecided", None
        told = [(a, p) for a, p in zip(found.answers, adjusted_p, strict=True) if p <= LEVEL]
        final = [(a, p) for a, p in told if a.final]
        for answer, p in final or told:
            return verdict_of(answer.statement, found.part.direction), p
        return "undecided", min(adjusted_p)


def most_comparisons(claims: Iterable[Claim]) -> int:
    """The comparisons of a family of claims if all of them were run: questions in which chance has a part."""
    parts = (part for claim in claims for part in claim.parts)
    return len({part.question for part in parts if part.estimand.sampled is not Sampled.COUNTED})


def able(sizes: Sequence[int]) -> list[bool]:
    """Tell which comparisons, of so many seeds each, can reach the level; the others take no part (Tarone 1990).

    It depends on numbers of seeds alone, never on results.
    """
    return reaching([smallest_p(n) for n in sizes])
