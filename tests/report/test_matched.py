"""Sizes that were matched, as the report states them."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from made_up.whole import RULES, TASKS, plan, train, whole_study
from rendering import page_of

from bench.languages import language
from bench.report.document import Block, Table, Text
from bench.report.findings import Findings, gather
from bench.report.sections.arms import Arms
from bench.report.sections.tasks import Tasks

NAMES = ("tanh", "relu", "gru")
"""The made-up GRU has three times the baseline's parameters and operations, and as large a state."""


def study(match: str) -> Findings:
    """A study whose main arm is not matched, with an arm named dials that is."""
    store = whole_study(2, ("adding",), NAMES)
    title = {"en": "Matched", "zh": "匹配"}
    rules = RULES.model_copy(update={"match": match})
    train(store, plan(NAMES, {"adding": TASKS["adding"]["lags"][:2]}, 2, rules, arm="dials", arm_title=title))
    return gather(store)


def texts(blocks: Iterable[Block]) -> str:
    return " ".join(str(block.text) for block in blocks if isinstance(block, Text))


@pytest.mark.parametrize(
    ("match", "said", "off"),
    [
        ("parameters", "as many parameters as the baseline, to within 5 %", "Further off: GRU (3.0×)."),
        ("state", "as many numbers carried from step to step as the baseline", ""),
        ("flops", "as many operations of an update as the baseline", "Further off: GRU (3.0×)."),
    ],
)
def test_a_matched_arm_states_every_size(match: str, said: str, off: str) -> None:
    blocks = list(Arms(page_of(study(match), language("en"))).blocks())
    assert said in texts(blocks)
    assert off in texts(blocks)
    assert bool(off) == ("Further off" in texts(blocks))
    (table,) = [block for block in blocks if isinstance(block, Table)]
    assert [column.title for column in table.columns][1] == "Hidden units"
    rows = {row.cells[0].text: row for group in table.groups for row in group.rows}
    assert rows["GRU"].cells[-1] == ("3.0×" if off else "1.00×")
    assert rows["Tanh RNN"].cells[-1] == "1.00×"


def test_a_table_of_costs_states_units_and_whether_they_are_matched() -> None:
    for match, told in (("units", False), ("flops", True)):
        rules = RULES.model_copy(update={"match": match})
        findings = gather(whole_study(2, ("adding",), NAMES, rules))
        blocks = [b for part in Tasks(page_of(findings, language("en"))).sections() for b in part.blocks]
        (costs,) = [block for block in blocks if getattr(block, "name", "") == "adding-costs"]
        assert "Hidden units" in [column.title for column in costs.columns]
        assert ("operations of an update" in costs.caption) is told
        assert ("Further off: GRU (3.0×)" in costs.caption) is told
