"""The contract of an estimand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pandas as pd

from bench.contract import Checks, first_fault
from bench.evidence.assess import margin_of
from bench.evidence.claims import Part
from bench.evidence.contrasts import Results, draw
from bench.evidence.estimands import Estimand, contract, estimand, estimands
from bench.evidence.measuring.runs import TYPES, VALUES
from bench.evidence.scope import scopes
from bench.testing.worlds import LEVELS, Level, world

TECHNIQUE, REFERENCE = "gru", "tanh"
SEEDS = 10


def check_estimand(estimand_class: type[Estimand]) -> None:
    """Raise AssertionError, saying what is wrong, unless the class keeps the contract of `Estimand`."""
    with estimands.also(estimand_class):
        fault = first_fault(estimand_class, CHECKS)
    if fault:
        raise AssertionError(f"{estimand_class.__name__}: {fault.sentence}.") from fault.cause


def part_of(cls: type[Estimand], **changes: Any) -> Part:
    """A part that asks for the estimand in the way in which it can be asked for."""
    part = {"id": "made-up", "label": "made up", "kind": cls.name, "techniques": (TECHNIQUE,), "direction": "higher"}
    if cls.says:
        return Part.model_validate({**part, "references": (REFERENCE,), **changes})
    if cls.alone:
        return Part.model_validate({**part, "against": 0.0, **changes})
    return Part.model_validate({**part, "techniques": ("residual-time:scale=*",), "choice": True, **changes})


def _words(cls: type[Estimand]) -> Iterator[str]:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", cls.name):
        yield f"the name '{cls.name}' must consist of lower-case letters, digits, hyphens and underscores"
    if not (cls.__doc__ or "").strip():
        yield "there is no docstring: say what is measured"


def _values(cls: type[Estimand]) -> Iterator[str]:
    """Complain unless `measure` gives a table of values, within bounds, of the runs that there are."""
    part = part_of(cls)
    results = scopes(world(part, "mid", SEEDS))["main"]
    technique = TECHNIQUE if not part.choice else "residual-time:scale=1"
    table = estimand(cls.name).measure(results, technique, part)
    yield from _table_faults(table)
    if table.empty:
        yield "measure finds nothing in results made of its own examples"
    if cls.bounds is not None and not table["value"].between(*cls.bounds).all():
        yield f"a value lies outside bounds, {cls.bounds}"
    nothing = estimand(cls.name).measure(results, "never-run", part)
    yield from _table_faults(nothing)
    if not nothing.empty:
        yield "measure gives values of a technique that was never run"


def _table_faults(table: pd.DataFrame) -> Iterator[str]:
    if not isinstance(table, pd.DataFrame) or list(table.columns) != VALUES:
        yield f"measure does not give a table with the columns {', '.join(VALUES)}"
    elif not table.empty and any(table.dtypes[name] != TYPES[name] for name in ("lag", "seed", "value")):
        yield "measure gives columns of other types: lag and seed are whole numbers, value is a number"


def _levels(cls: type[Estimand]) -> Iterator[str]:
    """Examples come out as their level says: low below the reference, high above it, middling practically at it."""
    part, made = part_of(cls), estimand(cls.name)
    if part.against is not None:
        part = part.model_copy(update={"against": _middle(made, part)})
    margin = margin_of(part, made.is_ratio)
    levels: tuple[Level, ...] = ("mid", "high") if part.choice else ("low", "mid", "high")
    for level in levels:
        effect = float(draw(part, Results(scopes(world(part, level, SEEDS)))).values.mean())
        side = 0 if abs(effect) < margin else 1 if effect > 0 else -1
        if side != LEVELS[level]:
            yield (
                f"where its examples are {level}, the effect is {effect:.3g}, with a margin of {margin:.3g}: "
                f"make them lie {'within it' if level == 'mid' else 'further apart'}, or turn their order around"
            )


def _middle(made: Estimand, part: Part) -> float:
    """The value of a middling example, with which others are then compared."""
    return float(made.measure(scopes(world(part, "mid", SEEDS))["main"], TECHNIQUE, part)["value"].mean())


CHECKS: Checks = {
    **contract.CHECKS,
    "reading its name and docstring": _words,
    "measuring made-up results": _values,
    "comparing made-up results": _levels,
}
