"""Gradient flow as the report shows it: averages, tables, arms, and what is stale."""

from __future__ import annotations

import html
import math
from dataclasses import replace

import numpy as np
import pytest
from rendering import LANGUAGES, page

from bench.engine import probe
from bench.evidence.claims import source_claims
from bench.evidence.measuring.flow import probed
from bench.evidence.measuring.moments import quantity_of
from bench.evidence.scope import select
from bench.languages import language as language_of
from bench.records.cell import SettingKey
from bench.records.result import GRADIENTS, PROBES, typed
from bench.report.document import Cell, Table
from bench.report.draw.over_training import over_training
from bench.report.findings import Findings, gather
from bench.report.flow import REACH_SHARE, Flow, _over_training, _profiles, _rates, _training, flow
from bench.report.section import Page
from bench.report.sections import flow as section_module
from bench.report.sections.arms import about
from bench.report.sentences import Sentences
from bench.testing.made_up import Row, SmallStore
from bench.tracking.layout import STORED_OF_MEMBERS

HERE = {"technique": "tanh", "task": "adding", "lag": 3, "learning_rate": 0.01, "cohort": "c", "role": "measured",
        "outcome": "solved", "protocol_hash": "p", "quantity": "h", "layer": 0, "update": 0}  # fmt: skip


def test_profiles_are_means_of_logarithms_over_seeds() -> None:
    rows = [
        {**HERE, "moment": "end", "seed": seed, "step": 3 - back, "lag_back": back, "log_norm": norm}
        for seed, norms in {1: (0.0, -2.0, -4.0), 2: (-2.0, -4.0, -math.inf)}.items()
        for back, norm in enumerate(norms)
    ]
    table = _profiles(typed(rows, STORED_OF_MEMBERS["gradients"]))
    assert list(table["lag_back"]) == [0, 1], "a step whose gradient is exactly 0 has no mean"
    assert table["log10_norm"].to_numpy() == pytest.approx(np.array([-1.0, -3.0]) / math.log(10))


def test_what_is_measured_during_training_is_not_drawn() -> None:
    row = {**HERE, "moment": "during", "seed": 1, "step": 3, "lag_back": 0, "log_norm": 0.0}
    assert _profiles(typed([row], STORED_OF_MEMBERS["gradients"])).empty


def test_over_training_means_are_of_the_seeds_that_were_still_training() -> None:
    known = {(1, 0, "start"): -1.0, (2, 0, "start"): -3.0, (1, 50, "during"): -2.0, (1, 80, "end"): -4.0,
             (2, 40, "end"): -6.0}  # fmt: skip
    rows = [
        {**HERE, "moment": moment, "seed": seed, "update": update, "step": 3 - back, "lag_back": back,
         "log_norm": norm * back}
        for (seed, update, moment), norm in known.items()
        for back in (0, 1)
    ]  # fmt: skip
    (profiles,) = _over_training(typed(rows, STORED_OF_MEMBERS["gradients"])).values()
    assert list(profiles) == [0.0, 50.0, math.inf]
    last = [profile.log10_norms[-1] * math.log(10) for profile in profiles.values()]
    assert last == pytest.approx([-2.0, -2.0, -5.0])
    assert all(list(profile.lags_back) == [0, 1] for profile in profiles.values())


def test_strips_are_drawn_of_what_was_probed_in_training(findings: Findings) -> None:
    say = Sentences(findings, language_of("en"))
    drawn = over_training(findings, say, "an alternative text")
    assert drawn is not None
    told = [value[2] for value in drawn.values]
    assert any(text.startswith("LSTM") and "at the end of training" in text for text in told)
    untrained = next(matrix for matrix in findings.arms.values() if not matrix.trained)
    assert over_training(untrained, say, "an alternative text") is None


def test_rates_carry_an_interval_over_seeds() -> None:
    numbers = dict.fromkeys(PROBES.types, 1.0) | HERE | {"moment": "start"}
    rows = [{**numbers, "seed": seed, "decay": decay} for seed, decay in enumerate((-0.2, -0.3, -0.4, math.nan))]
    rate = _rates(typed(rows, STORED_OF_MEMBERS["probes"])).iloc[0]
    half = 4.303 * 0.1 / math.sqrt(3)  # Student's t at 2 degrees of freedom
    assert (rate["decay"], rate["low"], rate["high"]) == pytest.approx((-0.3, -0.3 - half, -0.3 + half), abs=1e-4)
    assert rate["seeds"] == 3


def test_a_spike_is_ten_times_the_runs_median() -> None:
    curve = {**HERE, "seed": 1, "loss": 1.0, "metric": 1.0, "train_loss": 1.0, "train_loss_peak": 1.0}
    peaks = {0: (5.0, 90.0), 1: (1.0, 9.0), 2: (1.0, 11.0), 3: (2.0, 9.5), 4: (1.0, 10.0)}
    rows = [
        {**curve, "update": update, "gradient_norm": norm, "gradient_peak": peak, "clipped": 0.5 * (update > 2)}
        for update, (norm, peak) in peaks.items()
    ]
    found = _training(typed(rows, STORED_OF_MEMBERS["curves"]))[SettingKey("tanh", "adding", 3)]
    assert found.spikes == pytest.approx(1 / 4), "what comes before the first update is no training"
    assert found.clipped == pytest.approx(0.25)


def test_reach_is_what_the_engine_measures() -> None:
    assert REACH_SHARE == probe.REACH_SHARE


def test_the_baselines_longest_lag_is_told(store: SmallStore) -> None:
    found = flow(select(store))
    assert isinstance(found, Flow)
    lags = {technique: {r.lag for r in found.rates if (r.technique, r.task) == (technique, "adding")}
            for technique in ("tanh", "lstm")}  # fmt: skip
    assert found.lag("adding") == max(lags["tanh"]) < max(lags["lstm"])
    assert found.lag("copy") is None
    assert found.quantities(SettingKey("lstm", "adding", 20)) == ["h", "c", "cell"]
    assert {"seed", "update", "step"} <= set(GRADIENTS.types) - set(found.profiles.columns)


@pytest.fixture
def section(findings: Findings) -> section_module.Flow:
    return section_module.Flow(Page(findings, language_of("en")))


def test_tables_tell_before_from_after(findings: Findings, section: section_module.Flow) -> None:
    table = next(section._tables("main", findings))
    assert isinstance(table, Table)
    rows = [row for group in table.groups for row in group.rows]
    names = [row.cells[0].text for row in rows if isinstance(row.cells[0], Cell)]
    lstm = names.index("LSTM")
    assert names[lstm : lstm + 3] == ["LSTM", "LSTM, c", "LSTM, from cell to cell"]
    assert "ReLU RNN" in names
    assert all(len(row.cells) == len(table.columns) for row in rows)
    start = findings.arms["start"]
    assert not start.trained
    heads = [column.title for column in table.columns]
    assert heads[1:3] == ["Rate before", "Rate after"]
    untrained = next(section._tables("start", start))
    assert isinstance(untrained, Table)
    assert [column.title for column in untrained.columns][1:3] == ["Rate", "Fitted"]


def test_truncation_tells_how_much_of_the_gradient_it_keeps(findings: Findings, section: section_module.Flow) -> None:
    said = section._cut(findings, "adding")
    assert said.startswith("Truncated BPTT does not use the full gradient")
    assert "70 % of its norm with a cosine of 0.9 before training" in said
    assert "Tanh" not in said


def test_an_arm_says_how_its_protocol_differs(findings: Findings) -> None:
    say = Sentences(findings, language_of("en"))
    assert "Gain on recurrent weights 2 (main: 1)" in about("exploding", say)
    assert "Budget, updates 0 (main: 2,000)" in about("start", say)
    assert say.arm("exploding") == "Where gradients do explode"


@pytest.fixture(scope="module")
def stale(store: SmallStore) -> Findings:
    """What is said of the store if the ReLU network's code has changed since."""
    rows = [{**row, "technique_hash": "0" * 12} if row["technique"] == "relu" else row for row in store.rows]
    return gather(replace(store, rows=rows))


@pytest.mark.parametrize("language", LANGUAGES)
def test_stale_results_are_listed_and_counted(store: SmallStore, stale: Findings, language: str) -> None:
    found, words = stale, language_of(language)
    assert found.stale_runs == sum(row["technique"] == "relu" for row in store.rows)
    assert {old.technique for old in found.stale} == {"relu"}
    content = page(found, words)
    section = content.partition('id="stale">')[2].partition("</section>")[0]
    assert words("the technique's code has changed") in html.unescape(section)
    assert "relu" not in {e.technique for e in found.estimates if e.measured}


def test_gradients_that_were_not_stored_are_no_error(store: SmallStore) -> None:
    bare = replace(store, gradient_rows=[], probe_rows=[])
    assert "No gradients of the main matrix have been stored." in page(gather(bare), language_of("en"))


@pytest.fixture
def renamed(store: SmallStore) -> SmallStore:
    """The store, if the LSTM's states had other names than claims have for them."""
    names = {"h": "output", "c": "memory"}

    def renamed(rows: list[Row]) -> list[Row]:
        return [
            row | {"quantity": names.get(row["quantity"], row["quantity"])} if row["technique"] == "lstm" else row
            for row in rows
        ]

    return replace(store, probe_rows=renamed(store.probe_rows), gradient_rows=renamed(store.gradient_rows))


def test_states_of_any_name_are_shown(findings: Findings, renamed: SmallStore) -> None:
    found, words = gather(renamed), language_of("en")
    table = next(section_module.Flow(Page(found, words))._tables("main", found))
    assert isinstance(table, Table)
    rows = {row.cells[0].text: row for group in table.groups for row in group.rows if isinstance(row.cells[0], Cell)}
    assert {"LSTM, output", "LSTM, memory", "LSTM, from cell to cell"} <= set(rows)
    assert "–" not in rows["LSTM, output"].cells[-2:], "what the output alone has: clipping and spikes"
    assert rows["LSTM, memory"].cells[-2:] == ("–", "–")
    key = SettingKey("lstm", "adding", 20)
    assert found.flow.output(key) == found.flow.asked(key, "h") == "output"
    assert found.flow.asked(key, "memory") == "memory"
    same = findings.flow.curve(key, "end", "h")
    there = found.flow.curve(key, "end", "output")
    assert same is not None
    assert there is not None
    assert (same.log10_norms == there.log10_norms).all()


def test_claims_find_the_output_whatever_its_name(store: SmallStore, renamed: SmallStore) -> None:
    parts = (part for claim in source_claims() for part in claim.parts)
    part = next(part for part in parts if (part.kind, part.quantity) == ("decay", "h"))
    usual, other = (probed(select(one), "lstm", part, "decay")["value"] for one in (store, renamed))
    assert len(usual)
    assert list(usual) == list(other)


@pytest.mark.parametrize(
    ("probed_of", "asked", "found"),
    [
        (["x", "h", "c", "cell"], "h", "h"),
        (["x", "z", "y", "cell"], "h", "z"),
        (["x", "z"], "z", "z"),
        (["x"], "h", "h"),
        (["x", "z"], "c", "c"),
    ],
)
def test_the_quantity_that_is_meant(probed_of: list[str], asked: str, found: str) -> None:
    assert quantity_of(probed_of, asked) == found
