"""Tells where a store is too thin for a conclusion about training: too few seeds or updates, or a rate left untuned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from bench.evidence.estimands import Sampled
from bench.evidence.scope import SETTING, Scope
from bench.evidence.statistics import LEVEL, least_n
from bench.evidence.verdicts import ClaimVerdict
from bench.languages import Language, words
from bench.records.settings import Protocol

LEAST_EVALUATIONS = 5
"""The fewest evaluations in a budget that can show whether anything is learned."""

Kind = Literal["seeds", "evaluations", "cut", "rate"]
IN_SHORT: dict[Kind, tuple[str, str]] = {
    "seeds": (words("{count} seed"), words("{count} seeds")),
    "evaluations": (words("{count} update"), words("{count} updates")),
    "cut": (words("{count} update"), words("{count} updates")),
    "rate": (words("{count} learning rate"), words("{count} learning rates")),
}
"""One of it, and several."""
WHY: dict[Kind, str] = {
    "seeds": words(
        "With so few seeds, nothing that training does can be told from chance after correcting for all comparisons: "
        "that takes {enough} at least."
    ),
    "evaluations": words("So short a training shows that the program works, not what a technique can do."),
    "cut": words("The preset trains for up to {enough} updates: what would have been learned later is missing."),
    "rate": words("No learning rate was tuned, so that a technique may fail for its rate alone."),
}


class Shortfall(NamedTuple):
    """A reason for which a store allows no conclusion about training, and the amount of what is too little."""

    kind: Kind
    amount: int
    enough: int
    """The least that would do."""


def shortfalls(main: Scope, verdicts: Sequence[ClaimVerdict]) -> list[Shortfall]:
    """List the reasons for which the main arm allows no conclusion about training; none where nothing was trained."""
    protocols = [protocol for protocol in main.protocols.values() if protocol.updates]
    measured = main.measured[main.measured["budget"] > 0]
    if not protocols or measured.empty:
        return []
    seeds = int(measured.groupby(SETTING)["seed"].nunique().max())
    return [*_few(seeds, verdicts), *_short(main, protocols), *_untuned(protocols)]


def headline(found: Sequence[Shortfall], words: Language) -> str:
    """'2 seeds, 100 updates: no conclusion'; the first of those that count the same."""
    told = [words(IN_SHORT[one.kind][one.amount != 1], count=f"{one.amount:,}") for one in found]
    return words("{too_little}: no conclusion", too_little=words.rules.between_items.join(dict.fromkeys(told)))


def reasons(found: Sequence[Shortfall], words: Language) -> list[str]:
    """A sentence for each shortfall."""
    return [words(WHY[one.kind], enough=f"{one.enough:,}") for one in found]


def _few(seeds: int, verdicts: Sequence[ClaimVerdict]) -> Iterator[Shortfall]:
    """Yield a shortfall if no comparison of training could reach the level, or one alone if none was asked for."""
    parts = [part for claim in verdicts for part in claim.parts if part.estimated]
    tested = {part.asked.question: part for part in parts if part.asked.estimand.sampled is Sampled.SEEDS}
    trained = [part for part in tested.values() if not part.asked.before_training]
    enough = least_n(LEVEL / max(1, len(tested)))
    if all(part.p is None for part in trained) and (trained or seeds < enough):
        yield Shortfall("seeds", seeds, enough)


def _short(main: Scope, protocols: Sequence[Protocol]) -> Iterator[Shortfall]:
    """Yield a shortfall if evaluations are too few, and if updates are fewer than the preset's: the smallest budget."""
    least = {p.updates: LEAST_EVALUATIONS * p.evaluate_every for p in protocols}
    if short := {updates: enough for updates, enough in least.items() if updates < enough}:
        yield Shortfall("evaluations", min(short), max(short.values()))
    if main.studies and main.studies[-1].cut:
        yield Shortfall("cut", min(least), max(main.studies[-1].changed["updates"]))


def _untuned(protocols: Sequence[Protocol]) -> Iterator[Shortfall]:
    if not any(protocol.tunes for protocol in protocols):
        yield Shortfall("rate", 1, 2)
