"""What is kept on longer sequences than trained on: the shares, and the section that shows them."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from bench.evidence.scope import select
from bench.languages import language
from bench.report.document import Figure, Heading
from bench.report.findings import gather
from bench.report.longer import kept
from bench.report.section import Page
from bench.report.sections.longer import LongerSequences
from bench.testing.made_up import SmallStore, member, setting, study

LEVELS = {"trivial_level": 0.5, "solved_at": 0.99}


def longer_than(arm: str = "main", **metrics: list[float]) -> SmallStore:
    """Runs that solved lag 20 with the metrics 1.0 there and these at lag 80, and one that did not solve it."""
    settings = {name: setting(name, 20) for name in metrics}
    rows = [
        member(settings[name], seed, "solved", 40, test_metrics=json.dumps({"80": metric, "20": 1.0}), **LEVELS)
        for name, own in metrics.items()
        for seed, metric in enumerate(own, 1)
    ]
    rows.append(member(next(iter(settings.values())), 99, "unsolved", 100, **LEVELS))
    return SmallStore(rows, [study(*settings.values(), arm=arm)])


def test_a_share_is_the_way_from_the_trivial_level_to_a_perfect_answer() -> None:
    found = kept(select(longer_than(lstm=[1.0, 0.75], gru=[0.5, 0.4])))
    shares = {(one.technique, one.lag): one.share for one in found}
    assert shares == {("lstm", 20): 1.0, ("lstm", 80): 0.75, ("gru", 20): 1.0, ("gru", 80): 0.0}
    assert {one.trained for one in found} == {20}
    assert all(one.runs == 2 and one.interval.low <= one.share <= one.interval.high for one in found)


def test_errors_are_turned_round() -> None:
    store = longer_than(lstm=[0.1])
    store.rows = [row | {"trivial_level": 0.2, "solved_at": 0.01} for row in store.rows]
    by_lag = {one.lag: one.share for one in kept(select(store))}
    assert by_lag == {20: 0.0, 80: pytest.approx(0.5)}


def test_the_section_names_who_keeps_most_and_stands_only_where_something_was_tested() -> None:
    findings = gather(longer_than(lstm=[1.0, 0.75], gru=[0.5, 0.4]))
    _, figure = LongerSequences(Page(findings, language("en"))).blocks()
    assert isinstance(figure, Figure)
    assert figure.picture.alt == "Trained on adding 20 and tested at lag 80, lstm keeps most, 75 %."
    bare = longer_than(lstm=[1.0])
    bare.rows = [row | {"test_metrics": "{}"} for row in bare.rows]
    assert not list(LongerSequences(Page(gather(bare), language("en"))).blocks())


def test_each_matrix_has_a_picture() -> None:
    main = gather(longer_than(lstm=[1.0]))
    both = replace(main, arms={"parameters": main})
    blocks = list(LongerSequences(Page(both, language("en"))).blocks())
    assert sum(isinstance(block, Heading) for block in blocks) == 2
    assert [block.name for block in blocks if isinstance(block, Figure)] == ["longer-main", "longer-parameters"]
