"""The gradient of all techniques at the same moments."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rendering import texts

from bench.evidence.scope import select
from bench.languages import language
from bench.records.cell import SettingKey
from bench.report.document import Table, Text
from bench.report.equal_updates import equal_rates
from bench.report.findings import Findings
from bench.report.section import Page
from bench.report.sections.moments import Moments
from bench.testing.made_up import Row, SmallStore, member, probe, setting


def probed(name: str, seed: int, decays: dict[int, float]) -> tuple[Row, list[Row]]:
    """A run and its probes, by the updates at which it was probed; the last of them is its end."""
    row = member(setting(name, 10), seed, "unsolved", max(decays))
    moments = {update: "end" if update == max(decays) else "during" for update in decays} | {0: "start"}
    return row, [probe(row, moments[u], decay=decay) | {"update": u} for u, decay in ({0: -9.0} | decays).items()]


def test_everyone_is_seen_after_equally_many_updates_seed_by_seed() -> None:
    """With the first seed the LSTM solved after 50 updates; with the third nobody shares any with it."""
    runs = [
        probed("tanh", 1, {25: -0.5, 50: -0.4, 100: -0.1}),
        probed("lstm", 1, {25: -0.3, 50: -0.2}),
        probed("tanh", 2, {25: -0.6, 50: -0.5, 100: -0.2}),
        probed("lstm", 2, {25: -0.3, 50: -0.2, 100: 0.0}),
        probed("tanh", 3, {25: -0.6}),
        probed("lstm", 3, {10: -0.3}),
    ]
    scope = select(SmallStore([row for row, _ in runs], probe_rows=[one for _, own in runs for one in own]))
    found = equal_rates(scope)
    tanh, lstm = (found[SettingKey(name, "adding", 10)] for name in ("tanh", "lstm"))
    assert (tanh.decay, lstm.decay) == (pytest.approx(-0.3), pytest.approx(-0.1))  # of −0.4, −0.2 and of −0.2, 0
    assert (tanh.seeds, tanh.first, tanh.last) == (lstm.seeds, lstm.first, lstm.last) == (2, 50, 100)
    assert tanh.low < tanh.decay < tanh.high


def test_one_table_has_both_moments_of_all_techniques(findings: Findings) -> None:
    blocks = list(Moments(Page(findings, language("en"))).blocks())
    (table,) = [block for block in blocks if isinstance(block, Table)]
    assert len(table.columns) == 1 + 2 * len(findings.tasks)
    rows = [row for group in table.groups for row in group.rows]
    assert len(rows) == len(findings.techniques)
    assert "a spectral radius of about 0.58" in table.caption
    why = texts([block for block in blocks if isinstance(block, Text)], language("en"))[0]
    start, later = why.split("Before training are judged parts of ")[1].split("In training or at its end")
    assert "S01" in start
    assert "S06" in later
    assert "S06" not in start


def test_who_solves_more_with_a_worse_start_is_named(findings: Findings) -> None:
    (lag,) = {findings.flow.lag("adding")}
    assert lag is not None
    keys = {name: SettingKey(name, "adding", lag) for name in ("tanh", "lstm")}
    rates = []
    for rate in findings.flow.rates:
        worse = rate.key == keys["lstm"] and rate.moment == "start"
        rates.append(replace(rate, decay=-9.0, low=-9.5, high=-8.5) if worse else rate)
    table = findings.table.copy()
    mine = (table["task"] == "adding") & (table["lag"] == lag)
    table.loc[mine, "state"] = "measured"
    table.loc[mine, "rate"] = (table.loc[mine, "technique"] == "lstm").astype(float)
    other = replace(findings, flow=replace(findings.flow, rates=rates), table=table)
    told = texts([b for b in Moments(Page(other, language("en"))).blocks() if isinstance(b, Text)], language("en"))
    assert (
        f"LSTM solves adding {lag} more often than the baseline (100 % against 0 %), although its gradient" in told[1]
    )
