"""Which settings a part is about: a dial's values, and the cells (task and lag) that count."""

from __future__ import annotations

import json
import re

import pandas as pd

from bench.evidence.claims import Part
from bench.evidence.estimates import HORIZON_SHARE
from bench.evidence.scope import Scope
from bench.records.spec import Spec


class NotEstimable(Exception):  # noqa: N818  (an answer, not a fault)
    """Why there is no estimate: a key of reasons.yaml, and what it has to fill."""

    def __init__(self, why: str, **values: str) -> None:
        super().__init__(why)
        self.why, self.values = why, values


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
    least = 2 if {found["rule"] for found in opened} != {"max"} else 1
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
    for technique, dials in scope.members.drop_duplicates("technique")[["technique", "dials"]].to_numpy():
        spec = Spec.parse(technique)
        if spec.name == name and set(spec.dials) <= {dial}:
            found[float(json.loads(dials)[dial])] = str(technique)
    return found


def _largest(scope: Scope, techniques: tuple[str, ...], dial: str) -> float:
    """The largest value of a dial among techniques that the arm has."""
    rows = scope.members[scope.members["technique"].isin(techniques)]
    return max((float(json.loads(dials)[dial]) for dials in rows["dials"].unique()), default=float("inf"))


def counting(part: Part, table: pd.DataFrame, scopes: list[Scope]) -> pd.Series:
    """Which rows of a table (task, lag) count for the part: a mask. Raises NotEstimable if none does.

    A score counts only in cells where some run of the arm was solved: elsewhere the budget was too small to tell.
    """
    cells = pd.Series(list(zip(table["task"], table["lag"], strict=True)), table.index)
    counts = _lags_of(part, table, scopes[0])
    if part.tasks:
        counts &= table["task"].isin(part.tasks)
    if not counts.any():
        raise NotEstimable("lags")
    if part.kind in ("score", "solved"):
        done = [s.members[(s.members["role"] == "measured") & (s.members["outcome"] == "solved")] for s in scopes]
        counts &= cells.isin({cell for rows in done for cell in zip(rows["task"], rows["lag"], strict=True)})
        if not counts.any():
            raise NotEstimable("unsolved")
    return counts


def _lags_of(part: Part, table: pd.DataFrame, scope: Scope) -> pd.Series:
    if part.lags == "longest" and part.kind == "solved":
        return table["lag"] == table["task"].map(scope.plan.groupby("task")["lag"].max())
    if part.lags == "longest solved":
        return table["lag"] == table["task"].map(_solvable(scope))
    if part.lags == "longest run":
        return table["lag"] == table["task"].map(table[table["run"] != ""].groupby("task")["lag"].max())
    if part.lags == "beyond window":
        return table["lag"] > _largest(scope, part.techniques, "window")
    return pd.Series(True, table.index)


def _solvable(scope: Scope) -> pd.Series:
    """The longest lag of each task that some technique solves with most of its runs."""
    rows = scope.members[scope.members["role"] == "measured"]
    rates = (rows["outcome"] == "solved").groupby([rows["technique"], rows["task"], rows["lag"]]).mean()
    reached = rates[rates >= HORIZON_SHARE].reset_index()
    return reached.groupby("task")["lag"].max()
