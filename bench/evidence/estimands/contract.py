"""Checks that an estimand must pass to be registered: its words are there, and its numbers fit together.

Whether `measure` does what its example promises `bench.testing.check_estimand` says, which begins with these checks.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterator
from string import Formatter

from bench.contract import Checks, missing_words
from bench.evidence.estimands.base import Estimand, Panel, Sampled, Scale, Unit

BRACES = {"technique", "reference", "moment", "where"}
"""Names of the braces that a clause may have."""


def _words(cls: type[Estimand]) -> Iterator[str]:
    yield from missing_words(cls, ("name", "noun"))
    clauses = {name: getattr(cls, name) for name in ("says", "alone", "choice")}
    if not any(clauses.values()):
        yield (
            "it has no clause: add says, alone or choice to the class, for example "
            'says = words("… of {technique}{where}")'
        )
    for name, clause in clauses.items():
        strange = {brace for _, brace, _, _ in Formatter().parse(clause or "") if brace} - BRACES
        if strange:
            known = ", ".join(f"{{{brace}}}" for brace in sorted(BRACES))
            yield f"its clause {name} has {{{min(strange)}}} as a placeholder: choose from {known}"


def _numbers(cls: type[Estimand]) -> Iterator[str]:
    if not isinstance(getattr(cls, "margin", None), int | float) or not 0 < cls.margin < math.inf:
        yield "it has no margin above 0: add margin = 0.1 to the class"
    if not isinstance(cls.unit, Unit):
        yield f"its unit is {cls.unit!r}, not a Unit of bench.evidence.estimands.base"
    for name, kind in (("scale", Scale), ("sampled", Sampled), ("panel", Panel)):
        if not isinstance(getattr(cls, name), kind):
            yield f"its {name} is {getattr(cls, name)!r}, not one of {', '.join(map(str, kind))}"
    if cls.choice and cls.bounds is None:
        yield "it has the clause choice and no bounds: the best of a dial's values is told by means alone"
    for name in ("bounds", "axis"):
        ends = getattr(cls, name)
        if ends is not None and not ends[0] < ends[1]:
            yield f"its {name} are {ends!r}, of which the first is not the smaller one"


def _methods(cls: type[Estimand]) -> Iterator[str]:
    if inspect.isabstract(cls):
        yield f"it lacks the method {' and the method '.join(sorted(cls.__abstractmethods__))}"


CHECKS: Checks = {"reading its words": _words, "reading its numbers": _numbers, "looking for its methods": _methods}
