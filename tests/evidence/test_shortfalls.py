"""Where a store is too thin for a conclusion, and what is said of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.evidence.claims import source_claims
from bench.evidence.scope import select
from bench.evidence.shortfalls import headline, reasons, shortfalls
from bench.evidence.statistics import LEVEL, least_n
from bench.evidence.verdicts import judge
from bench.languages import language
from bench.testing.made_up import RULES, SmallStore, member, setting, study


def trained(seeds: int, changed: dict[str, tuple[int, ...]] | None = None, **rules: object) -> SmallStore:
    """Tanh and LSTM on one task, of which the LSTM solves with every seed."""
    own = RULES.model_copy(update=rules)
    settings = [setting(name, 20, rules=own) for name in ("tanh", "lstm")]
    rows = [
        member(one, seed, "solved" if one.technique == "lstm" else "unsolved", 50)
        for one in settings
        for seed in range(1, seeds + 1)
    ]
    return SmallStore(rows, [study(*settings, seeds=seeds, changed=changed or {})])


def found(store: SmallStore) -> list[tuple[str, int]]:
    return [(one.kind, one.amount) for one in shortfalls(select(store), judge(store))]


def test_what_is_enough_has_no_shortfall_and_less_has() -> None:
    assert found(trained(20)) == []
    assert found(trained(3)) == [("seeds", 3)]
    assert found(trained(20, updates=40)) == [("evaluations", 40)]
    assert found(trained(20, updates=50)) == [], "five evaluations"
    assert found(trained(20, learning_rates=(0.01,))) == [("rate", 1)]
    assert found(trained(20, {"updates": (1000,)})) == [("cut", 100)]
    assert found(trained(20, {"updates": (50,)})) == [], "trained for longer than the preset does"
    assert found(trained(2, updates=0)) == [], "what was not trained says nothing about training"


def test_seeds_are_enough_if_any_comparison_of_trained_networks_is_tested() -> None:
    store = trained(3)
    verdicts = judge(store)
    claim = next(c for c in verdicts if any(part.verdict == "undecided" for part in c.parts))
    tested = replace(claim, parts=tuple(replace(part, p=0.5) for part in claim.parts))
    assert shortfalls(select(store), [tested]) == []
    (few,) = shortfalls(select(store), [])
    assert few.enough == least_n(LEVEL)


def test_a_headline_says_each_amount_once() -> None:
    store = trained(2, {"updates": (1000,)}, updates=40, learning_rates=(0.01,))
    english = language("en")
    short = shortfalls(select(store), judge(store))
    assert headline(short, english) == "2 seeds, 40 updates, 1 learning rate: no conclusion"
    assert len(reasons(short, english)) == 4
    assert "1,000 updates" in " ".join(reasons(short, english))


@pytest.mark.parametrize(("claim", "part", "before"), [("S01", 0, True), ("S06", 0, False), ("S03", 0, False)])
def test_parts_before_training_are_known(claim: str, part: int, before: bool) -> None:
    (asked,) = [one for one in source_claims() if one.id == claim]
    assert asked.parts[part].before_training is before
