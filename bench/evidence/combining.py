"""The verdict on a claim from those on its parts: what holds, what does not, what is open, which part tells of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from bench.evidence.claims import Claim, Rule
from bench.evidence.questions import FAILS, HOLDS, OPEN, WITHOUT_NUMBERS, Verdict

if TYPE_CHECKING:
    from bench.evidence.verdicts import PartVerdict

MOST_SAID: tuple[Verdict, ...] = ("contradicted", "weakly contradicted", "practically equal")
"""The whole's verdict is the first of these that a part has, if all are claimed, none holds and none is open."""


class Whole(NamedTuple):
    """A verdict on several parts, and the part whose numbers tell of it."""

    verdict: Verdict
    part: PartVerdict


def of_claim(claim: Claim, parts: Iterable[PartVerdict]) -> tuple[Whole, tuple[Verdict, ...]]:
    """A claim's verdict, and those that make it: of its groups, or of its parts where there are none."""
    groups: dict[str, list[Whole]] = {}
    for part in parts:
        if not part.beside:
            groups.setdefault(part.asked.group or part.part, []).append(Whole(part.verdict, part))
    wholes = [decided(group, claim.within) for group in groups.values()]
    return decided(wholes, claim.combine), tuple(whole.verdict for whole in wholes)


def decided(wholes: Sequence[Whole], rule: Rule) -> Whole:
    """The verdict on all of these together.

    It is told by one that comes out the same way: the best proved, or the weakest link where all hold. What holds in
    part is told by the best proved of those that do not hold.
    """
    verdict = combined([whole.verdict for whole in wholes], rule)
    if verdict == "in part":
        telling = [whole for whole in wholes if whole.verdict in FAILS or whole.verdict == "in part"]
    else:
        telling = [whole for whole in wholes if whole.verdict == verdict]
    telling = telling or [whole for whole in wholes if whole.verdict not in WITHOUT_NUMBERS]
    proved = [(whole.part.p, whole) for whole in telling if whole.part.p is not None]
    if not proved:
        return Whole(verdict, telling[0].part)
    weakest = rule == "all" and verdict in HOLDS
    _, told = (max if weakest else min)(proved, key=lambda pair: pair[0])
    return Whole(verdict, told.part)


def combined(verdicts: Sequence[Verdict], rule: Rule) -> Verdict:
    """The verdict on a whole of parts, or of groups of them.

    `all`: it holds if all of them do, and as weakly as the weakest; where some hold and others do not, it holds in
    part, so that one that fails among several is no contradiction. `any`: it holds if one does, and as surely as the
    surest; where none does, the best of them counts. What is open leaves the whole open where it could still matter.
    """
    found = set(verdicts)
    if found <= WITHOUT_NUMBERS:
        return "cannot tell" if "cannot tell" in found else "not run"
    if rule == "any":
        return _any(found)
    holds, fails = found & HOLDS, found & FAILS
    if "in part" in found or (holds and fails):
        return "in part"
    if found & OPEN:
        return "undecided"
    if holds:
        return "weakly supported" if "weakly supported" in holds else "supported"
    return next(verdict for verdict in MOST_SAID if verdict in fails)


def _any(found: set[Verdict]) -> Verdict:
    sure: tuple[Verdict, ...] = ("supported", "weakly supported")
    for verdict in sure:
        if verdict in found:
            return verdict
    if found & OPEN:
        return "undecided"
    return "in part" if "in part" in found else next(v for v in reversed(MOST_SAID) if v in found)
