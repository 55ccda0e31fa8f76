"""The contract of a claim."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bench.errors import BenchError
from bench.evidence import wording
from bench.evidence.assess import assess
from bench.evidence.claims import Claim, Part, read_claims
from bench.evidence.contrasts import Results
from bench.evidence.family import Family
from bench.evidence.questions import Verdict
from bench.evidence.scope import scopes
from bench.languages import language
from bench.protocol.preset import parse_technique
from bench.tasks import tasks
from bench.testing.made_up import Level, world

SEEDS, MANY = 20, 60
"""Seeds with which a difference is plain, and with which equality is."""
OPEN = ("=*", "=min", "=max")
HIGH: dict[str, Level] = {"higher": "high", "lower": "low", "equal": "mid", "not lower": "high"}
"""The level of techniques, beside their references, at which a claim plainly holds."""


def check_claim(claim: Claim | str | Path) -> None:
    """Raise AssertionError, saying what is wrong, unless a claim, or each claim of a YAML file, can be judged.

    Its words are whole, its techniques and tasks exist, and each part comes out either way on results made for it.
    """
    try:
        claims = (claim,) if isinstance(claim, Claim) else read_claims(Path(claim))
    except BenchError as error:
        raise AssertionError(str(error)) from None
    for one in claims:
        for complaint in (*spelling_faults(one), *verdict_faults(one)):
            raise AssertionError(f"Claim {one.id}, {complaint}.")


def spelling_faults(claim: Claim) -> Iterator[str]:
    """Complaints about what a claim names: a technique that does not exist, a clause that cannot be filled."""
    for part in claim.parts:
        for name in (*part.techniques, *part.references, *filter(None, [part.explodes])):
            yield from (f"part {part.id}: {fault}" for fault in _technique_faults(name))
        yield from (f"part {part.id}: there is no task {task}" for task in part.tasks if task not in tasks.names())
        try:
            wording.clause(part, {}, language("en"))
        except (KeyError, ValueError, IndexError):
            yield (
                f"part {part.id}: says may contain only the placeholders {{technique}}, {{reference}}, {{moment}} and "
                "{where}"
            )


def _technique_faults(name: str) -> Iterator[str]:
    open_dial = name.endswith(OPEN)
    base, _, dial = name.rpartition("=")[0].partition(":") if open_dial else (name, "", "")
    try:
        spelt, _, dials = parse_technique(base)
    except BenchError as error:
        yield str(error).rstrip(".")
        return
    if open_dial and dial not in dials:
        yield f"{base} has no dial {dial}"
    if not open_dial and spelt != name:
        yield f"write {spelt} instead of {name}, as in the results"


def verdict_faults(claim: Claim) -> Iterator[str]:
    """Complaints about parts that do not hold where they should, or cannot fail."""
    for part in claim.parts:
        level = HIGH[part.direction]
        holds = judged(part, level, MANY if part.direction == "equal" else SEEDS)
        if holds != "supported":
            yield f"part {part.id}: with results in which it clearly holds, its verdict is {holds}"
        fails = judged(part, "high" if level == "low" else "low", SEEDS)
        if fails != "contradicted" and not part.choice:
            yield f"part {part.id}: with results in which it clearly does not hold, its verdict is {fails}"


def judged(part: Part, level: Level, seeds: int) -> Verdict:
    """The verdict on a part alone, in a store that is made for it."""
    found = assess(part, Results(scopes(world(part, level, seeds))))
    return "not run" if found.estimate is None else Family([found]).verdict(found)[0]
