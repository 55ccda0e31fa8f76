"""The section on published results: what it shows, and that their arms stand in no other section."""

from __future__ import annotations

from dataclasses import replace

from bench.evidence.published import find_result
from bench.evidence.published.compare import Compared, Outcome
from bench.evidence.statistics import Interval
from bench.languages import language
from bench.report.document import Cell, Lines, Table, Text
from bench.report.findings import Findings, gather
from bench.report.section import Page
from bench.report.sections.published import PublishedResults
from bench.testing.made_up import SmallStore, member, setting, study


def small() -> Findings:
    """A report's findings on a tanh network alone."""
    of = setting("tanh", 20)
    return gather(SmallStore([member(of, 1)], [study(of)]))


def found() -> Compared:
    """R4 with a number that agrees, one that does not, and a shape that holds."""
    result = find_result("R4")
    ours = [Outcome(result.numbers[0], 250.0, Interval(200, 300), 6, True),
            Outcome(result.numbers[1], 0.9, Interval(0.8, 0.9), 6, False)]  # fmt: skip
    return Compared(result, tuple(ours), tuple((statement, True) for statement in result.shape))


def test_each_number_stands_beside_ours_with_whether_it_agrees() -> None:
    missing = Compared(find_result("R1"))
    page = Page(replace(small(), published=[found(), missing]), language("en"))
    _, table, note = PublishedResults(page).blocks()
    assert isinstance(table, Table)
    ((row,),) = (group.rows for group in table.groups)
    lines = next(cell for cell in row.cells if isinstance(cell, Lines))
    assert [line.text for line in lines.lines] == [
        "✓ updates until the metric is 0.95, LSTM, no forget gate: 200; ours 250 (200 to 300), within a factor of 2",
        "× metric at the end, tanh: 0.26; ours 0.9 (0.8 to 0.9), within ±0.06",
        "✓ LSTM, no forget gate solves",
        "✓ tanh does not solve it",
    ]
    assert row.cells[-1] == Cell("in part", kind="short")
    assert isinstance(row.cells[0], Cell)
    assert isinstance(note, Text)
    assert note.text == "Not run: R1."


def test_nothing_is_said_where_nothing_was_run() -> None:
    page = Page(replace(small(), published=[Compared(find_result("R1"))]), language("en"))
    assert not list(PublishedResults(page).blocks())


def test_a_published_results_arm_is_no_matrix_of_the_report() -> None:
    of = setting("tanh", 20)
    store = SmallStore([member(of, 1)], [study(of, arm="published:R1")])
    gathered = gather(store)
    assert not gathered.arms
    assert gathered.members.empty
