"""Finds the settings that a part is about: a dial's values, and the cells (task and lag) that count."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from bench.evidence.claims import Part
from bench.evidence.contrasts.values import Value
from bench.evidence.estimates import HORIZON_SHARE
from bench.evidence.scope import SETTING, Scope, solved_in
from bench.records.cell import Cell
from bench.records.spec import Spec


class NotEstimable(Exception):  # noqa: N818  (an answer, not a fault)
    """The reason why there is no estimate: a key of `bench.evidence.wording`, and what fills its sentence."""

    def __init__(self, why: str, **values: str) -> None:
        super().__init__(why)
        self.why, self.values = why, values


class CannotTell(NotEstimable):
    """The reason why nothing can be told though there are results: what is compared had no chance to differ."""


_OPEN = re.compile(r"(?P<name>[^:]+):(?P<dial>\w+)=(?P<rule>\*|min|max)")
"""A technique whose dial is left open."""


def unfold(part: Part, scope: Scope) -> Part:
    """The part with every open dial spelt out as the values that the arm has; of several techniques, the shared ones.

    Raises NotEstimable if there are fewer than two where two are compared.
    """
    opened = [found for spec in (*part.techniques, *part.references) if (found := _OPEN.fullmatch(spec))]
    if not opened:
        return part
    values = {found["name"]: _values(scope, found["name"], found["dial"]) for found in opened}
    shared = sorted(set.intersection(*(set(v) for v in values.values())))
    least = 1 if {found["rule"] for found in opened} in ({"max"}, {"min"}) else 2
    if len(shared) < least:
        raise NotEstimable("dial", technique=opened[0]["name"], dial=opened[0]["dial"])

    def spelt(specs: tuple[str, ...]) -> tuple[str, ...]:
        result: list[str] = []
        for spec in specs:
            found = _OPEN.fullmatch(spec)
            if found is None:
                result.append(spec)
                continue
            chosen = {"*": shared, "min": shared[:1], "max": shared[-1:]}[found["rule"]]
            result += [values[found["name"]][value] for value in chosen]
        return tuple(result)

    return part.model_copy(update={"techniques": spelt(part.techniques), "references": spelt(part.references)})


def _values(scope: Scope, name: str, dial: str) -> dict[float, str]:
    """The techniques of an arm that differ in this dial alone, by its value."""
    found = {}
    for technique, dials in scope.dials.items():
        spec = Spec.parse(technique)
        if spec.name == name and set(spec.dials) <= {dial}:
            found[dials[dial]] = technique
    return found


def _largest(scope: Scope, techniques: tuple[str, ...], dial: str) -> float:
    """The largest value of a dial among techniques that the arm has."""
    return max((scope.dials[name].get(dial, math.inf) for name in techniques if name in scope.dials), default=math.inf)


def counting(part: Part, values: Iterable[Value], scopes: list[Scope]) -> set[Cell]:
    """The cells of these values that count for the part. Raises NotEstimable if none does."""
    values = list(values)
    cells = _at_lags(part, values, scopes[0])
    if part.tasks:
        cells = {cell for cell in cells if cell.task in part.tasks}
        if not any(value.cell.task in part.tasks for value in values):
            raise NotEstimable("tasks", tasks=", ".join(part.tasks), arm=part.arm)
    if not cells:
        raise NotEstimable("lags")
    if part.estimand.only_where_solved and part.against is not None:
        cells &= {cell for scope in scopes for cell in scope.solved_cells}
        if not cells:
            raise CannotTell("unsolved")
    return cells


def _at_lags(part: Part, values: list[Value], scope: Scope) -> set[Cell]:
    """The cells at the lags that the part is about."""
    cells = {value.cell for value in values}
    chosen = None if part.estimand.one_place else _lag_by_task(part, values, scope)
    if chosen is not None:
        return {cell for cell in cells if cell.lag == chosen.get(cell.task)}
    if part.lags == "beyond window":
        window = _largest(scope, part.techniques, "window")
        return {cell for cell in cells if cell.lag > window}
    return cells


def _lag_by_task(part: Part, values: list[Value], scope: Scope) -> dict[str, int] | None:
    """The one lag of each task that the part is about; None if it is about several."""
    if part.lags == "longest solved":
        return _longest_solved(scope)
    if part.lags == "longest run":
        ran: dict[str, int] = {}
        for value in values:
            if value.run:
                ran[value.cell.task] = max(value.cell.lag, ran.get(value.cell.task, value.cell.lag))
        return ran
    if part.lags == "shortest":
        return scope.shortest
    return scope.longest if part.lags == "longest" else None


def _longest_solved(scope: Scope) -> dict[str, int]:
    """The longest lag of each task that some technique solves with most of its runs."""
    rates = solved_in(scope.measured).groupby([scope.measured[key] for key in SETTING]).mean()
    reached = rates[rates >= HORIZON_SHARE].reset_index()
    return {str(task): int(lag) for task, lag in reached.groupby("task").lag.max().items()}
