"""The questions that parts of claims ask, and the verdicts, read off p-values or off an interval by itself.

The centre of a part's values, of which an interval is known, may lie beyond the margin on either side, within it, or
on one side of none. A difference that is told, though not that it is beyond the margin, makes a weak verdict.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from bench.evidence.claims import Direction
from bench.evidence.statistics import Inference, Interval, Needed

Verdict = Literal[
    "supported", "weakly supported", "in part", "practically equal", "weakly contradicted", "contradicted",
    "undecided", "cannot tell", "not run",
]  # fmt: skip
"""`in part` is a claim's alone: some of its parts hold, and others do not. `cannot tell` means that there are results,
which had no chance to differ: nobody solved the task, or everybody did, or nothing exploded."""
HOLDS: frozenset[Verdict] = frozenset({"supported", "weakly supported"})
FAILS: frozenset[Verdict] = frozenset({"contradicted", "weakly contradicted", "practically equal"})
WITHOUT_NUMBERS: frozenset[Verdict] = frozenset({"cannot tell", "not run"})
OPEN: frozenset[Verdict] = WITHOUT_NUMBERS | {"undecided"}
DECIDED: frozenset[Verdict] = HOLDS | FAILS | {"in part"}


Statement = Literal["beyond above", "beyond below", "within", "above", "below", "not beyond below"]
"""A statement on a centre: beyond the margin, within it, on one side of 0, or no lower than the margin allows."""


class Answer(NamedTuple):
    """A statement that may be made of a part."""

    statement: Statement
    p: float
    """The two-sided p: twice that of the statement's own side, so that all answers are read off one interval."""
    final: bool
    """True if it leaves nothing to ask of the part."""


def answers(direction: Direction, found: Inference, telling: Inference | None, margin: float) -> tuple[Answer, ...]:
    """Give every statement that may be made of a part, with its p before any correction.

    They are the same for "higher" and "lower". `found` is of all cells that count; `telling` of those that can show
    equality, None if there are none.
    """
    below = Answer("beyond below", _doubled(found.below(-margin)), True)
    if direction == "not lower":
        return Answer("not beyond below", _doubled(found.above(-margin)), True), below
    above = Answer("beyond above", _doubled(found.above(margin)), True)
    within = Answer("within", 1.0 if telling is None else _doubled(telling.within(margin)), True)
    if direction == "equal":
        return above, below, within
    sides = Answer("above", _doubled(found.above(0)), False), Answer("below", _doubled(found.below(0)), False)
    return above, below, within, *sides


def verdict_of(statement: Statement, direction: Direction) -> Verdict:
    """Turn a statement into a verdict on a claim with this direction."""
    if direction in ("equal", "not lower"):
        return "supported" if statement in ("within", "not beyond below") else "contradicted"
    if statement == "within":
        return "practically equal"
    claimed = statement.endswith("above") == (direction == "higher")
    if statement.startswith("beyond"):
        return "supported" if claimed else "contradicted"
    return "weakly supported" if claimed else "weakly contradicted"


def _doubled(p: float) -> float:
    return min(1.0, 2 * p)


def reading(interval: Interval, margin: float, direction: Direction) -> Verdict:
    """Read a verdict off an interval by itself."""
    statement = _stated(interval, margin, direction)
    return "undecided" if statement is None else verdict_of(statement, direction)


def _stated(interval: Interval, margin: float, direction: Direction) -> Statement | None:
    low, high = interval
    if high < -margin:
        return "beyond below"
    if direction == "not lower":
        return "not beyond below" if low > -margin else None
    if low > margin:
        return "beyond above"
    if -margin < low and high < margin:
        return "within"
    if direction == "equal" or low <= 0 <= high:
        return None
    return "above" if low > 0 else "below"


def alike(one: Verdict, other: Verdict) -> bool:
    """Tell whether two verdicts say the same, however strongly."""
    return _side(one) == _side(other)


def _side(verdict: Verdict) -> str:
    return verdict.removeprefix("weakly ")


def seeds_needed(
    direction: Direction, found: Inference, telling: Inference | None, margin: float, level: float
) -> Needed:
    """Give the seeds for the verdict that is nearest, if the truth is what was seen; the level is two-sided."""
    if direction == "not lower":
        return found.needed_apart(-margin, level)
    within = [] if telling is None else [telling.needed_within(margin, level)]
    centre = found.estimate
    if direction == "equal":
        apart = [found.needed_apart(margin if centre > 0 else -margin, level)] if abs(centre) > margin else []
    else:
        apart = [found.needed_apart(0.0, level)]
    return min([*within, *apart], key=lambda needed: needed.order, default=Needed(None, None, None))
