"""The sizes of techniques that are to have as much of something as the baseline."""

from __future__ import annotations

from collections.abc import Iterator

from bench.evidence.scope import BASELINE
from bench.languages import words
from bench.records.result import COSTS
from bench.report.document import Column, Row, Table
from bench.report.families import groups, head
from bench.report.ledger_rows import Cost
from bench.report.matrix import Matrix
from bench.report.rows import Technique
from bench.report.sentences import Sentences

NEAR = 0.05
"""Share of the baseline's amount by which a technique may miss it."""
NAMES = {
    "parameters": words("parameters"),
    "state_size": words("numbers carried from step to step"),
    "flops": words("operations of an update"),
}
"""The quantities that sizes can be matched by."""
SHOWN = ("hidden_size", *NAMES)


def told(matrix: Matrix, task: str, say: Sentences) -> str:
    """Say what the sizes of a task are matched by, and which techniques miss it; empty if units are the same."""
    by = matrix.protocols[task].matched
    if not by:
        return ""
    missed = [
        say.words("{technique} ({times})", technique=say.technique(name), times=say.numbers.ratio(ratio))
        for name, ratio in _ratios(matrix, task, by).items()
        if abs(ratio - 1) > NEAR
    ]
    return say.words.joined(
        say.words(
            "Hidden units differ, so that techniques have as many {quantity} as the baseline, to within {near} where a "
            "whole number of units allows it, and the nearest elsewhere.",
            quantity=say.words.name(NAMES[by]),
            near=say.numbers.percent(NEAR),
        ),
        say.words("Further off: {techniques}.", techniques=say.numbers.join(missed)) if missed else "",
    )


def sizes(matrix: Matrix, task: str, caption: str, name: str, say: Sentences) -> Table | None:
    """The size of each technique, and how much of what is matched it has; None if no cost was measured."""
    by, costs = matrix.protocols[task].matched, matrix.costs(task)
    if not by or not costs:
        return None
    ratios = _ratios(matrix, task, by)

    def row(technique: Technique) -> Iterator[Row]:
        if cost := costs.get(technique.name):
            shown = (say.numbers.shown(COSTS[column], getattr(cost, column)) for column in SHOWN)
            ratio = say.numbers.ratio(ratios[technique.name]) if technique.name in ratios else say.numbers.none
            yield Row((head(technique.name, say), *shown, ratio))

    columns = (
        Column(say.words("Technique")),
        *(Column(say.words.name(COSTS[column].title)) for column in SHOWN),
        Column(say.words("Over the baseline's")),
    )
    return Table(columns, groups(matrix.members_of(task), row), caption, name, "numbers")


def _ratios(matrix: Matrix, task: str, by: str) -> dict[str, float]:
    """The amount that each technique has over the baseline's; none without the baseline's."""
    costs = matrix.costs(task)
    base = _amount(costs[BASELINE], by) if BASELINE in costs else 0
    return {name: _amount(cost, by) / base for name, cost in costs.items()} if base else {}


def _amount(cost: Cost, by: str) -> float:
    return float(getattr(cost, by))
