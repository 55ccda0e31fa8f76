"""Estimands of costs and sizes on results small enough to work out by hand."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from estimating import part, refused, values

from bench.evidence.assess import assess
from bench.evidence.contrasts import Results, estimate
from bench.evidence.measuring.costs import Size, size_of
from bench.evidence.scope import scopes, select
from bench.records.result import COSTS
from bench.testing.made_up import RULES, SmallStore, member, setting, study


def cost(technique: str, lag: int, **columns: Any) -> dict[str, Any]:
    blank = {c: "" if kind == "str" else 0 for c, kind in COSTS.types.items()}
    sizes = {"hidden_size": RULES.hidden_size, "batch_size": RULES.batch_size, "task": "adding", "lag": lag}
    return {**blank, **sizes, "technique": technique, **columns}


def test_costs_are_taken_where_all_techniques_have_one() -> None:
    rows = [member(setting(name, lag), 1) for name in ("tanh", "lstm", "gru") for lag in (10, 20)]
    costs = [
        cost("tanh", 10, flops=100, peak_bytes=10, round_ratios=json.dumps([1.1, 0.9])),
        cost("lstm", 10, flops=400, peak_bytes=40, round_ratios=json.dumps([4, 5])),
        cost("gru", 10, flops=300, peak_bytes=30, round_ratios=json.dumps([2, 2.5])),
        cost("tanh", 20, flops=200, peak_bytes=20),
        cost("lstm", 20, flops=900, peak_bytes=70),
    ]
    store = SmallStore(rows, cost_rows=costs)
    assert values(store, part("flops", "lstm", "tanh", lags="longest")) == pytest.approx([math.log(4.5)])
    assert values(store, part("flops", "lstm", "tanh", lags="shortest")) == pytest.approx([math.log(4)])
    assert values(store, part("memory", "gru", "lstm", lags="longest")) == pytest.approx([math.log(0.75)])
    less_the_null = np.log([4 / 1.1, 5 / 0.9])
    assert values(store, part("time", "lstm", "tanh", lags="shortest")) == pytest.approx(less_the_null)
    assert values(store, part("time", "gru", "lstm", lags="shortest")) == pytest.approx(np.log([0.5, 0.5]))
    assert refused(SmallStore(rows, cost_rows=costs[:1]), part("flops", "lstm", "tanh")) == "unmeasured"


def test_costs_of_an_arm_are_its_own_and_the_verdict_says_at_which_size() -> None:
    """The main arm has 8 units; another 16, at longer lags, of which the longest is no place that both share."""
    large = RULES.model_copy(update={"hidden_size": 16})
    settings = {
        arm: [setting(name, lag, rules=rules) for name in ("tanh", "tbptt") for lag in lags]
        for arm, rules, lags in (("main", RULES, (10,)), ("large", large, (10, 50)))
    }
    rows = [member(s, 1, hidden_size=s.protocol.hidden_size) for several in settings.values() for s in several]
    costs = [
        cost(name, lag, steps=lag, hidden_size=units, flops=flops)
        for units, lag, tanh, tbptt in ((8, 10, 100, 200), (16, 10, 400, 400), (16, 50, 2000, 1000))
        for name, flops in (("tanh", tanh), ("tbptt", tbptt))
    ]
    costs.append(cost("tanh", 90, steps=90, hidden_size=16, flops=9000))
    store = SmallStore(rows, [study(*several, arm=arm) for arm, several in settings.items()], cost_rows=costs)
    for arm, lags, ratio, size in (
        ("main", "longest", 2, Size("adding", 10, 10, (8,))),
        ("large", "shortest", 1, Size("adding", 10, 10, (16,))),
        ("large", "longest", 0.5, Size("adding", 50, 50, (16,))),
    ):
        asked = part("flops", "tbptt", "tanh", lags=lags, arm=arm)
        assert values(store, asked) == pytest.approx([math.log(ratio)])
        found = assess(asked, Results(scopes(store)))
        assert found.size == size
    assert refused(store, part("flops", "tbptt", "tanh", lags="longest", arm="wide")) == "arm"
    assert assess(part("score", "tbptt", "tanh"), Results(scopes(store))).size is None


def test_the_place_with_most_units_counts_before_the_longest_lag() -> None:
    """Tasks of one arm may differ in size; and where sizes are matched, each technique has its own."""
    wide = RULES.model_copy(update={"hidden_size": 16})
    cells = (("adding", 40, RULES), ("copy", 5, wide), ("copy", 10, wide))
    settings = [setting(name, lag, task, rules=rules) for name in ("tanh", "gru") for task, lag, rules in cells]
    sizes = {("tanh", "copy"): 16, ("gru", "copy"): 9}
    units = {s.hash: sizes.get((s.technique, s.task), 8) for s in settings}
    rows = [member(s, 1, hidden_size=units[s.hash]) for s in settings]
    costs = [cost(s.technique, s.lag, task=s.task, steps=2 * s.lag, hidden_size=units[s.hash]) for s in settings]
    scope = select(SmallStore(rows, [study(*settings)], cost_rows=costs))
    assert size_of(scope, part("flops", "gru", "tanh", lags="longest")) == Size("copy", 10, 20, (9, 16))
    assert size_of(scope, part("flops", "gru", "tanh", lags="shortest")) == Size("adding", 40, 80, (8,))
    assert size_of(scope, part("flops", "lstm", "tanh")) is None


def test_sizes_are_counted() -> None:
    rows = [
        member(setting(name, 10, task), seed, parameters=size * factor, state_size=8 * factor)
        for name, factor in (("lstm", 4), ("gru", 3))
        for task, size in (("adding", 100), ("copy", 200))
        for seed in (1, 2)
    ]
    found = estimate(part("parameters", "gru", "lstm"), Results(scopes(SmallStore(rows))))
    assert found.counted
    assert found.ratio
    assert list(found.sample.values) == pytest.approx([math.log(0.75)] * 2)
