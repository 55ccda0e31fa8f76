"""Where a figure's values lie, what they say, and the ledger of runs that they lead to."""

from __future__ import annotations

import pytest
from made_up.whole import ADDRESSES
from matplotlib.figure import Figure

from bench.languages import language as language_of
from bench.report.draw.canvas import Box, axes_at
from bench.report.draw.marks import MOST, mark, thinned, told, values
from bench.report.draw.style import WIDTH
from bench.report.findings import Findings
from bench.report.names import Names
from bench.report.trained import Trained


def test_values_lie_where_the_axes_put_them() -> None:
    figure = Figure(figsize=(WIDTH, 4))
    axes = axes_at(figure, Box(0.25 * WIDTH, 1, 0.5 * WIDTH, 2))
    axes.set(xlim=(0, 10), ylim=(1, 100), yscale="log")
    mark(axes, 5, 10, "middle")
    mark(axes, 0, 100, "corner", to="there")
    mark(axes, 40, 10, "outside of the figure")
    assert values(figure) == ((250, 250, "corner", "there"), (500, 500, "middle"))


@pytest.mark.parametrize("rows", [1, 2, MOST, MOST + 1, 100])
def test_thinning_keeps_both_ends_and_no_more_than_it_may(rows: int) -> None:
    kept = thinned(rows)
    assert kept == sorted(set(kept))
    assert (kept[0], kept[-1]) == (0, rows - 1)
    assert len(kept) <= MOST
    assert len(kept) >= min(rows, MOST // 2)


def test_a_value_in_words() -> None:
    assert told(language_of("en"), ["LSTM", "adding 50"], "0.3") == "LSTM, adding 50: 0.3"
    assert told(language_of("en"), ["LSTM"], "0.3", "0.1", "0.5") == "LSTM: 0.3 (0.1 to 0.5)"


def test_the_ledger_has_every_run_once_and_knows_who_rests_on_it(findings: Findings) -> None:
    runs = Trained(Names(findings, language_of("en")), ADDRESSES)
    members = findings.members.drop_duplicates("mlflow_run_id")
    assert sum(row.runs for row in runs.rows) == len(members)
    assert sum(row.solved for row in runs.rows) == (members["outcome"] == "solved").sum()
    assert len(runs.places) == len(runs.rows)
    claim = next(claim for claim in findings.verdicts if any(part.runs for part in claim.parts))
    ids = {run for part in claim.parts for run in part.runs}
    behind = members[members["mlflow_run_id"].isin(ids)]["setting_hash"].unique()
    assert {row.setting_hash for row in runs.rows if claim.claim in row.claims} == set(behind)
    first = runs.rows[0]
    assert first.setting_hash in first.address
    assert first.address.startswith(ADDRESSES.base)


def test_without_addresses_the_ledger_has_no_links(findings: Findings) -> None:
    runs = Trained(Names(findings, language_of("en")), None)
    assert runs.rows
    assert {row.address for row in runs.rows} == {""}
