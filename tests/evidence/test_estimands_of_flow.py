"""Estimands of gradient flow on probes small enough to work out by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from estimating import flowing, part, refused, values

from bench.evidence.contrasts import Results, draw, estimate
from bench.evidence.scope import scopes
from bench.testing.made_up import SmallStore, member, probe, profile, setting


def test_decay_and_relief() -> None:
    store = flowing(tanh=[-0.5, -0.4], gru=[-0.1, 0.1])
    assert values(store, part("decay", "gru", "tanh")) == pytest.approx([0.4, 0.5])
    assert values(store, part("relief", "gru", "tanh")) == pytest.approx([0.4, 0.4])  # growth counts as no loss
    assert values(store, part("decay", "gru", 0.0, moment="start")) == pytest.approx([-1.1, -0.9])


def test_at_the_end_of_training_runs_are_compared_after_equally_many_updates() -> None:
    """tanh never solves; the GRU does after 40 updates, and was probed with tanh after 25 for the last time."""
    store = SmallStore([])
    for name, outcome, updates, by_moment in (
        ("tanh", "unsolved", 100, {"start": -1.0, "during": -0.8, "end": -0.6}),
        ("gru", "solved", 40, {"start": -0.9, "during": -0.3, "end": 0.0}),
    ):
        row = member(setting(name, 10), 1, outcome, updates)
        store.rows.append(row)
        store.probe_rows += [probe(row, moment, decay=decay) for moment, decay in by_moment.items()]
    assert values(store, part("decay", "gru", "tanh")) == pytest.approx([0.5])
    assert values(store, part("decay", "gru", 0.0)) == pytest.approx([0.0])  # alone it is seen at its own end
    early = [row for row in store.probe_rows if row["moment"] != "during"]
    assert values(replace(store, probe_rows=early), part("decay", "gru", "tanh")) == pytest.approx([0.1])


def test_a_run_that_diverged_is_seen_as_it_was_last() -> None:
    store = SmallStore([])
    for name, ends in (("tanh", ("start", "during", "end")), ("relu", ("start", "during"))):
        row = member(setting(name, 10), 1, "unsolved" if "end" in ends else "diverged", 100 if "end" in ends else 60)
        store.rows.append(row)
        store.probe_rows += [probe(row, m, decay=-0.1 * i, dead_share=0.2 * i) for i, m in enumerate(ends, start=1)]
    assert values(store, part("decay", "relu", "tanh")) == pytest.approx([0.0])
    assert values(store, part("decay", "relu", 0.0)) == pytest.approx([-0.2])
    assert values(store, part("dead", "relu", moment="end", reference_moment="start")) == pytest.approx([0.2])


def test_a_gradient_that_grows_relieves_as_one_that_keeps_its_norm() -> None:
    store = flowing(tanh=[-0.2], relu=[0.5], orthogonal=[0.0], irnn=[2.0])
    assert values(store, part("relief", "relu", "tanh")) == values(store, part("relief", "orthogonal", "tanh"))
    assert values(store, part("relief", "relu", "tanh")) == pytest.approx([0.2])
    assert values(store, part("relief", "irnn", "relu")) == pytest.approx([0.0])


def test_other_quantities_layers_and_moments_stay_apart() -> None:
    store = flowing(tanh=[-0.5])
    row = member(setting("lstm", 10), 1)
    store.rows.append(row)
    store.probe_rows += [
        probe(row, decay=-0.3),
        probe(row, quantity="c", decay=-0.2),
        probe(row, quantity="h", layer=1, decay=-0.9),
        probe(row, "during", decay=-0.7),
    ]
    assert values(store, part("decay", "lstm", "tanh")) == pytest.approx([0.2])
    other = part("decay", "lstm", "tanh", quantity="c", reference_quantity="h")
    assert values(store, other) == pytest.approx([0.3])
    assert refused(store, part("decay", "tanh", 0.0, quantity="c")) == "unmeasured"


def test_a_dead_gradient_is_the_worst_there_is_and_is_not_left_out() -> None:
    store = flowing(tanh=[-0.5, -0.4, -0.3], relu=[-0.1, math.nan, -0.2])
    found = values(store, part("decay", "relu", "tanh"))
    assert found == pytest.approx([0.4, -70 + 0.4, 0.1])  # to the smallest number there is, over a lag of 10
    assert values(store, part("relief", "relu", "tanh"))[1] == pytest.approx(-69.6)


def test_exponential_is_the_better_fit_less_the_other() -> None:
    store = flowing(tanh=[-0.5])
    store.probe_rows = [probe(store.rows[0], r2=0.99, power_r2=0.9)]
    assert values(store, part("exponential", "tanh", 0.0)) == pytest.approx([0.09])


def test_dead_units_after_training_less_before() -> None:
    store = flowing(relu=[-0.5])
    (row,) = store.rows
    store.probe_rows = [probe(row, "start", dead_share=0.1), probe(row, "end", dead_share=0.35)]
    of = part("dead", "relu", moment="end", reference_moment="start")
    assert values(store, of) == pytest.approx([0.25])


def test_reach_is_a_ratio_of_steps_and_at_least_one() -> None:
    store = flowing(tanh=[-0.5], tbptt=[-0.5])
    store.probe_rows = [probe(row, reach=reach) for row, reach in zip(store.rows, (40, 0), strict=True)]
    assert values(store, part("reach", "tbptt", "tanh")) == pytest.approx([math.log(1 / 40)])


def test_steps_at_which_the_gradient_is_faint_count_only_as_far_as_it_is_carried() -> None:
    store = flowing(tanh=[-0.5], tbptt=[-0.5])
    tanh = [-20, -10, -5, -4.7, -4.5, -1, 0, -1]  # 1 % is −4.605
    store.gradient_rows = profile(store.rows[0], tanh) + profile(store.rows[1], [-math.inf] * 4 + tanh[4:])
    found = draw(part("faded", "tbptt", "tanh"), Results(scopes(store)))
    assert found.data.set_index("technique")["value"].to_dict() == {"tanh": 0.5, "tbptt": 0.0}


def test_a_gradient_that_tells_who_learns() -> None:
    """Over lags 10, 20 and 40 of two techniques: what is left of the gradient falls as the score does, or rises."""
    store, lags = SmallStore([]), (10, 20, 40)
    for seed, turn in ((1, 1), (2, -1)):
        for name, rate in (("tanh", 0.1), ("gru", 0.01)):
            for lag in lags:
                row = member(setting(name, lag), seed, "solved", int(50 + turn * rate * lag * 10))
                store.rows.append(row)
                store.probe_rows.append(probe(row, "start", decay=-rate))
    of = part("prediction", "tanh", 0.0, moment="start")
    assert values(store, of) == pytest.approx([1.0, -1.0])
    grown = [row | {"decay": 0.5} for row in store.probe_rows]
    assert refused(replace(store, probe_rows=grown), of) == "unmeasured"  # all is left, everywhere


def test_early_half_over_late_half() -> None:
    store = flowing(tanh=[-0.5, -0.5])
    logs = [math.log(x) for x in (1, 3, 8, 8)]
    store.gradient_rows = profile(store.rows[0], logs, quantity="x")
    store.gradient_rows += profile(store.rows[1], [-math.inf, -math.inf, 0, 0], quantity="x")
    found = values(store, part("early", "tanh", 1.0, quantity="x"))
    assert found[0] == pytest.approx(math.log(2 / 8))
    assert found[1] == pytest.approx(-700)  # an exact zero is as dark as double precision gets


def test_fade_is_a_rate_a_layer_over_all_steps() -> None:
    store = SmallStore([])
    for name, down in (("deep-tanh", -0.6), ("residual-depth", 0.1)):
        row = member(setting(name, 10), 1)
        store.rows.append(row)
        for layer in range(3):
            store.gradient_rows += profile(row, [1 + (2 - layer) * down, (2 - layer) * down], layer=layer)
    assert values(store, part("fade", "residual-depth", "deep-tanh")) == pytest.approx([0.6])


def test_variants_of_a_decay_look_at_other_moments() -> None:
    variants = estimate(part("decay", "gru", 0.0), Results(scopes(flowing(gru=[-0.1])))).variants
    assert variants["moment:start"].values == pytest.approx([-1.1])
    assert "moment:during" not in variants  # which was not measured
