"""What to use at which lag: a table of rules with their prices, and a picture of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from made_up.whole import whole_study
from rendering import LANGUAGES, texts

from bench.languages import language as language_of
from bench.records.cell import SettingKey
from bench.report.draw.canvas import spread
from bench.report.draw.frontier import frontier, short_name
from bench.report.findings import Findings, gather
from bench.report.reached import Reached
from bench.report.section import Page
from bench.report.sections.choice import Choice
from bench.report.sentences import Sentences
from bench.techniques import techniques


@pytest.fixture(scope="module")
def small() -> Findings:
    """Two tasks; a few claims."""
    return gather(
        whole_study(seeds=3, tasks=("adding", "copy"), techniques=("tanh", "gru", "relu", "clip-norm", "tbptt"))
    )


def choice_of(findings: Findings, language: str = "en") -> Choice:
    return Choice(Page(findings, language_of(language)))


def said(choice: Choice) -> list[str]:
    """The cells of the decision table."""
    table = choice._decisions.table()
    assert table is not None
    return texts([table], choice.words)[1:]


def test_a_rule_says_what_solving_costs_and_how_sure_that_is(small: Findings) -> None:
    cells = small.table[(small.table["task"] == "adding") & (small.table["lag"] == 20)].copy()
    known = {
        "tanh": (0, 2000.0),
        "gru": (20, 400.0),
        "relu": (17, 900.0),
        "clip-norm": (3, 1900.0),
        "tbptt": (0, 2000.0),
    }
    for column, place in (("solved", 0), ("restricted_mean", 1)):
        cells[column] = [known[name][place] for name in cells["technique"]]
    cells = cells.assign(runs=20, state="measured")
    costs = small.scope.costs.assign(round_ratios="[]", time_ratio=2.2)
    costs.loc[costs["technique"] == "tanh", "time_ratio"] = 1.1  # timed against itself
    findings = replace(small, table=cells, scope=replace(small.scope, costs=costs), reached={})
    priced = choice_of(findings)
    assert said(priced) == ["Adding", "20", "0/20", "GRU 20/20, firm price 800 ≈ 400 updates × 2.0", "the same"]
    assert "cheapest GRU (price 800 ≈ 400 updates × 2.0)" in priced._alt()
    nobody = cells.assign(solved=cells["solved"].clip(upper=3))
    assert said(choice_of(replace(findings, table=nobody)))[3] == "none; nearest: GRU, 3/20 (firm)"
    nothing = replace(findings, table=nobody.assign(solved=0))
    assert said(choice_of(nothing))[3] == "none: at best GRU, 0/20 (firm)"
    came = {"gru": Reached("gru", "adding", 20, 0.0512, True), "tanh": Reached("tanh", "adding", 20, 0.166, False)}
    reached = replace(nothing, reached={SettingKey(name, "adding", 20): one for name, one in came.items()})
    shown = said(choice_of(reached))
    assert shown[2:4] == ["0/20 0.17", "none: at best GRU, 0/20 at 0.051, still improving (firm)"]


def test_prices_are_compared_only_where_all_were_timed(small: Findings) -> None:
    assert small.priced
    costs = small.scope.costs
    partly = replace(small, scope=replace(small.scope, costs=costs[costs["technique"] != "gru"]))
    assert not partly.priced
    shown = [frontier(own, Sentences(own, language_of("en")), "an alternative text") for own in (small, partly)]
    whole, part = ([value[-1] for value in picture.values] for picture in shown if picture)
    assert len(whole) == len(part), "all are drawn, at the updates that they take"


def test_there_is_no_figure_where_nothing_was_solved(small: Findings) -> None:
    say = Sentences(small, language_of("en"))
    assert frontier(small, say, "an alternative text") is not None
    assert frontier(replace(small, table=small.table.assign(solved=0)), say, "an alternative text") is None


def test_names_are_spread_no_further_than_needed() -> None:
    assert spread([0.0, 0.5, 1.0], 0.1, 1.0) == [0.0, 0.5, 1.0]
    assert spread([0.2, 0.2], 0.1, 1.0) == pytest.approx([0.2, 0.3])
    assert spread([0.9, 1.0, 1.0], 0.1, 1.0) == pytest.approx([0.8, 0.9, 1.0])
    assert spread([], 0.1, 1.0) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_technique_is_cut_short_beside_the_figure(language: str) -> None:
    words = language_of(language)
    shown = {name: short_name(words.name(cls.title)) for name, cls in techniques.all().items()}
    assert len(set(shown.values())) == len(shown)
    assert not [text for text in shown.values() if "…" in text]
