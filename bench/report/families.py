"""Tables with a row a technique, family by family."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable

from bench.evidence.scope import BASELINE
from bench.report.document import Cell, Group, Row
from bench.report.names import Names
from bench.report.rows import Technique


def groups(techniques: Iterable[Technique], row: Callable[[Technique], Iterable[Row]]) -> tuple[Group, ...]:
    """The rows of each technique, which stand family by family: a group for each family that has rows."""
    found = []
    for _, family in itertools.groupby(techniques, key=lambda technique: technique.family):
        rows = tuple(itertools.chain.from_iterable(map(row, family)))
        found += [Group(rows)] if rows else []
    return tuple(found)


def head(technique: str, say: Names) -> Cell:
    """A technique's name as the head of its row."""
    return Cell(say.technique(technique), "row", kind="baseline" if technique == BASELINE else "")
