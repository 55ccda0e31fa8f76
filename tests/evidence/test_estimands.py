"""Every estimand on results small enough to work out by hand."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bench.evidence.assess import assess
from bench.evidence.claims import Part
from bench.evidence.contrasts import NotEstimable, Results, draw, estimate
from bench.evidence.measuring.costs import Size, size_of
from bench.evidence.scope import scopes, select
from bench.records.result import COSTS
from bench.records.study import Skip
from bench.testing.made_up import ARMS, RULES, SmallStore, World, curve, member, probe, profile, setting, study


def part(kind: str, own: str | tuple[str, ...], reference: str | float | None = None, **words: Any) -> Part:
    """Of a technique against a reference or a number."""
    techniques = (own,) if isinstance(own, str) else own
    contrast: dict[str, Any] = {}
    if isinstance(reference, str):
        contrast = {"references": (reference,)}
    elif reference is not None:
        contrast = {"against": reference}
    fixed = {"id": "x", "label": "-", "says": "-", "margin": 0.1, "direction": "higher"}
    return Part.model_validate({**fixed, "kind": kind, "techniques": techniques, **contrast, **words})


def values(store: SmallStore, of: Part) -> list[float]:
    return list(draw(of, Results(scopes(store))).values)


def refused(store: SmallStore, of: Part) -> str:
    with pytest.raises(NotEstimable) as caught:
        draw(of, Results(scopes(store)))
    return caught.value.why


def test_score_is_the_budget_left_and_0_for_whatever_did_not_solve() -> None:
    lstm, tanh = setting("lstm", 10), setting("tanh", 10)
    rows = [
        *[member(lstm, 1, "solved", 20), member(lstm, 2, "solved", 100), member(lstm, 3, "diverged", 10)],
        *[member(lstm, 4, "failed", 0), member(lstm, 5, "solved", 0), member(lstm, 9, "solved", 20)],
        *[member(tanh, seed, "unsolved", 100) for seed in (1, 2, 3, 4)],
        member(tanh, 5, "solved", 60),
    ]
    found = draw(part("score", "lstm", "tanh"), Results(scopes(SmallStore(rows))))
    assert list(found.values) == pytest.approx([0.8, 0, 0, 0, 0.6])  # seed 9 has no pair
    assert list(found.data.query("technique == 'tanh'")["value"]) == pytest.approx([0, 0, 0, 0, 0.4])
    assert len(found.runs) == 10
    assert rows[0]["mlflow_run_id"] in found.runs
    assert rows[5]["mlflow_run_id"] not in found.runs


def test_a_lag_that_the_ladder_spared_scores_0_unless_only_what_ran_counts() -> None:
    lags = (10, 20, 40)
    settings = [setting(name, lag) for name in ("tanh", "lstm") for lag in lags]
    rows = [
        *[member(setting("tanh", 10), seed, "solved", 50) for seed in (1, 2)],
        *[member(setting("tanh", 20), seed, "unsolved", 100) for seed in (1, 2)],
        *[member(setting("lstm", lag), seed, "solved", 20 if seed == 1 else 40) for seed in (1, 2) for lag in lags],
    ]
    store = SmallStore(rows, [study(*settings)])
    of = part("score", "lstm", "tanh")
    assert values(store, of) == pytest.approx([(0.3 + 0.8 + 0.8) / 3, (0.1 + 0.6 + 0.6) / 3])
    ran = draw(of, Results(scopes(store)), only_run=True)
    assert list(ran.values) == pytest.approx([(0.3 + 0.8) / 2, (0.1 + 0.6) / 2])


def test_a_lag_that_both_were_spared_is_no_observation() -> None:
    """tanh and clip-norm fail at 20: what neither ran at 40 and 80 makes them no more equal."""
    lags = (10, 20, 40, 80)
    settings = [setting(name, lag) for name in ("tanh", "clip-norm", "gru") for lag in lags]
    rows = [member(setting("gru", lag), seed, "solved", 10) for lag in lags for seed in (1, 2)]
    for name, updates in (("tanh", 50), ("clip-norm", 40)):
        rows += [member(setting(name, 10), seed, "solved", updates) for seed in (1, 2)]
        rows += [member(setting(name, 20), seed, "unsolved", 100) for seed in (1, 2)]
    results = Results(scopes(SmallStore(rows, [study(*settings)])))
    found = estimate(part("score", "clip-norm", "tanh"), results)
    assert list(found.sample.values) == pytest.approx([0.1, 0.1])  # over 10: neither solves 20
    assert found.telling is not None
    assert list(found.telling.values) == pytest.approx([0.1, 0.1])
    one = estimate(part("score", "gru", "tanh"), results)
    assert one.telling is not None
    assert one.telling.differences.shape == (2, 4)  # what one of them ran counts, though it tells against equality


def test_cells_at_the_ceiling_tell_nothing_of_equality() -> None:
    rows = [member(setting(name, lag), seed) for name in ("tanh", "gru") for lag in (10, 20) for seed in (1, 2)]
    results = Results(scopes(SmallStore(rows)))
    assert estimate(part("solved", "gru", "tanh"), results).telling is None
    with pytest.raises(NotEstimable) as caught:
        estimate(part("solved", "gru", "tanh", direction="not lower"), results)
    assert caught.value.why == "untelling"


def test_a_seed_that_lacks_a_cell_is_no_value() -> None:
    rows = [member(setting(name, lag), seed) for name in ("tanh", "gru") for lag in (10, 20) for seed in (1, 2, 3)]
    assert len(values(SmallStore(rows[:-1]), part("score", "gru", "tanh"))) == 2


def test_a_lag_that_was_skipped_or_never_planned_has_no_score() -> None:
    settings = [setting("tanh", 10), *[setting("lstm", lag) for lag in (10, 20)]]
    rows = [
        member(setting("tanh", 10), 1, "unsolved", 100),
        *[member(setting("lstm", lag), 1, "solved", 20) for lag in (10, 20)],
    ]
    skip = Skip(technique="tanh", task="adding", lag=20, reason="too long")
    assert values(SmallStore(rows, [study(*settings, skips=(skip,))]), part("score", "lstm", "tanh")) == [0.8]
    alone = [study(settings[0]), study(*settings[1:])]
    assert values(SmallStore(rows, alone), part("score", "lstm", "tanh")) == [0.8]


def test_tuning_that_failed_throughout_ends_the_ladder_with_0() -> None:
    settings = [setting(name, lag) for name in ("tanh", "lstm") for lag in (10, 20)]
    rows = [
        member(setting("lstm", 10), 99, "failed", 0, role="tuning"),
        *[member(setting("tanh", lag), seed, "solved", 40) for lag in (10, 20) for seed in (1, 2)],
    ]
    assert values(SmallStore(rows, [study(*settings)]), part("score", "lstm", "tanh")) == pytest.approx([-0.6, -0.6])


def test_cells_that_neither_solves_do_not_count_whoever_else_does() -> None:
    rows = [
        *[member(setting(name, 10), 1, "unsolved", 100) for name in ("tanh", "lstm", "gru")],
        *[member(setting(name, 10, "copy"), 1, "unsolved", 100) for name in ("tanh", "lstm")],
        member(setting("gru", 10, "copy"), 1, "solved", 50),
    ]
    found = draw(part("score", "gru", "tanh"), Results(scopes(SmallStore(rows))))
    assert list(found.differences.columns) == [("copy", 10)]
    assert refused(SmallStore(rows), part("score", "lstm", "tanh")) == "unsolved", "the GRU's run is not theirs"


def test_horizons_at_the_floor_or_at_the_ceiling_tell_nothing_of_equality() -> None:
    lags = (10, 20)
    settings = [setting(name, lag, task) for name in ("tanh", "gru") for task in ("adding", "copy") for lag in lags]

    def store(solved: dict[str, tuple[int, ...]]) -> SmallStore:
        rows = [
            member(of, seed, "solved" if of.lag in solved[of.task] else "unsolved", 50)
            for of in settings
            for seed in (1, 2)
        ]
        return SmallStore(rows, [study(*settings)])

    def cells(**solved: tuple[int, ...]) -> list[str] | None:
        telling = estimate(part("horizon", "gru", "tanh"), Results(scopes(store(solved)))).telling
        return None if telling is None else list(telling.differences.columns.get_level_values("task"))

    assert cells(adding=(), copy=lags) is None
    assert cells(adding=(10,), copy=()) == ["adding"]
    assert cells(adding=(10,), copy=(10,)) == ["adding", "copy"]


def test_solve_rate_where_some_technique_still_solves_or_at_the_longest_lag() -> None:
    settings = [setting(name, lag) for name in ("tanh", "gru") for lag in (10, 20, 40)]
    rows = [
        *[member(setting("gru", lag), seed, "solved", 10) for lag in (10, 20) for seed in range(1, 6)],
        *[member(setting("gru", 40), seed, "solved" if seed == 1 else "unsolved", 10) for seed in range(1, 6)],
        *[member(setting("tanh", 10), seed, "solved", 10) for seed in range(1, 6)],
        *[member(setting("tanh", 20), seed, "solved" if seed > 2 else "unsolved", 10) for seed in range(1, 6)],
    ]
    store = SmallStore(rows, [study(*settings)])
    assert values(store, part("solved", "tanh", 0.5, lags="longest solved")) == [-0.5, -0.5, 0.5, 0.5, 0.5]
    assert values(store, part("solved", "gru", 0.5, lags="longest")) == [0.5, -0.5, -0.5, -0.5, -0.5]


def test_several_references_are_averaged_before_they_are_compared() -> None:
    rows = [member(setting(n, 10), 1, "solved", u) for n, u in (("tanh", 70), ("lstm", 20), ("gru", 40))]
    both = part("score", "tanh", references=("lstm", "gru"))
    assert values(SmallStore(rows), both) == pytest.approx([0.3 - (0.8 + 0.6) / 2])
    assert refused(SmallStore(rows[:2]), both) == "missing"


def test_beyond_the_window_counts_lags_that_it_cannot_hold() -> None:
    rows = [
        member(setting(name, lag), 1, "solved", 50 if name == "tanh" else 50 + lag)
        for name in ("tanh", "tbptt")
        for lag in (8, 10, 20)
    ]
    assert values(SmallStore(rows), part("score", "tbptt", "tanh", lags="beyond window")) == pytest.approx([-0.2])


def with_curves(name: str, runs: list[tuple[str, list[float], list[float]]]) -> SmallStore:
    """A technique with (outcome, losses, peaks) by seed; the untrained loss is 1."""
    rows = [member(setting(name, 10), seed, outcome) for seed, (outcome, _, _) in enumerate(runs, start=1)]
    curves = [curve(row, 1.0, losses, peaks) for row, (_, losses, peaks) in zip(rows, runs, strict=True)]
    return SmallStore(rows, curve_rows=[row for rows_ in curves for row in rows_])


def test_an_explosion_is_ten_times_the_untrained_loss() -> None:
    store = with_curves(
        "tanh",
        [
            ("unsolved", [0.5, 0.5, 0.5], [0.6, 10.1, 0.6]),
            ("unsolved", [0.5, 0.5, 0.5], [9.9, 0.6, 0.6]),
            ("solved", [0.5, 0.01, 0.01], [0.6, 0.5, 0.9]),  # 90 times as high, but below the untrained loss
            ("unsolved", [5.0, 9.0, 9.0], [9.0, 9.0, 9.0]),  # stuck, and not rising that far
            ("diverged", [0.5, math.nan], [0.6, math.nan]),
            ("failed", [], []),
        ],
    )
    assert values(store, part("exploded", "tanh", 0.0)) == [1, 0, 0, 0, 1]
    intervals = estimate(part("exploded", "tanh", 0.0), Results(scopes(store))).variants["intervals"]
    assert list(intervals.values) == pytest.approx([1 / 3, 0, 0, 0, 1])


def test_roughness_is_of_rises_alone() -> None:
    e = math.e
    store = with_curves(
        "tanh",
        [
            ("solved", [1, e, 1, e], [1] * 4),  # rises of 1, 0, 1
            ("solved", [1, 0.1, 0.01, 0.001], [1] * 4),  # however fast it falls
            ("solved", [1, 1, 1, e**2], [1] * 4),  # 0, 0, 2
            ("solved", [1, 0.05, 0.02, 0.1], [1] * 4),  # nearly learned: nothing rises above a tenth
            ("diverged", [1, math.nan], [1, math.nan]),  # as rough as the roughest, or a spike each time
        ],
    )
    found = draw(part("roughness", "tanh", 1.0), Results(scopes(store)))
    expected = [math.sqrt(2 / 3), 1e-3, math.sqrt(4 / 3), 1e-3, max(math.sqrt(4 / 3), math.log(3))]
    assert list(found.data["value"]) == pytest.approx(expected)
    assert list(found.values) == pytest.approx(np.log(expected))


def flowing(**decays: list[float]) -> SmallStore:
    """Techniques with decays by seed, at the end of training."""
    store = SmallStore([])
    for name, by_seed in decays.items():
        for seed, decay in enumerate(by_seed, start=1):
            row = member(setting(name, 10), seed)
            store.rows.append(row)
            store.probe_rows += [probe(row, decay=decay), probe(row, "start", decay=decay - 1)]
    return store


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


def test_a_horizon_needs_every_shorter_lag() -> None:
    lags = (10, 20, 40)
    settings = [setting(name, lag) for name in ("tanh", "gru") for lag in lags]
    solves = {"gru": ({10, 20, 40}, {10, 40}, {10, 20}), "tanh": ({10}, set(), {20})}
    rows = [
        member(of, seed, "solved" if of.lag in solves[of.technique][seed - 1] else "unsolved", 50)
        for of in settings
        for seed in (1, 2, 3)
    ]
    found = draw(part("horizon", "gru", "tanh"), Results(scopes(SmallStore(rows, [study(*settings)]))))
    by_technique = found.data.groupby("technique")["value"].apply(list).to_dict()
    assert by_technique == {"gru": [40, 10, 20], "tanh": [10, 5, 5]}
    assert list(found.values) == pytest.approx(np.log([4, 2, 4]))
    assert set(found.data["lag"]) == {40}


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


def test_another_arm_is_paired_seed_by_seed() -> None:
    made = World()
    made.train("lstm", 3, "clipped", updates=[30, 40, 50])
    made.train("lstm", 3, "main", updates=[40, 40, 20])
    of = part("score", "lstm", arm="clipped", reference_arm="main")
    found = draw(of, Results(scopes(made.finish())))
    assert list(found.values) == pytest.approx([0.1, 0, -0.3])
    assert set(found.data["arm"]) == {"main", "clipped"}
    assert refused(SmallStore([member(setting("lstm", 10), 1)]), of) == "arm"


def test_the_best_of_a_dial_is_not_measured_on_the_seeds_that_chose_it() -> None:
    made = World()
    # by the odd seeds 0.1 is best and 10 worst; by the even ones the other way round
    made.train("clip-norm:threshold=0.1", 4, "dials", updates=[10, 60, 10, 60])
    made.train("clip-norm", 4, "dials", updates=[50, 50, 50, 50])
    made.train("clip-norm:threshold=10", 4, "dials", updates=[90, 20, 90, 20])
    made.train("clip-value", 4, "dials", updates=[1, 1, 1, 1])
    of = part("score", "clip-norm:threshold=*", choice=True, arm="dials")
    found = draw(of, Results(scopes(made.finish())))
    assert list(found.values) == pytest.approx([-0.8, -0.4, -0.8, -0.4])
    assert found.dial is not None
    assert found.dial.shape == (3, 4)
    assert set(found.data["technique"]) == {"clip-norm", "clip-norm:threshold=0.1", "clip-norm:threshold=10"}


def test_the_deepest_is_the_deepest_that_both_have() -> None:
    made = World()
    for name, depths in (("deep-tanh", (2, 4, 8)), ("residual-depth", (2, 4))):
        for depth in depths:
            made.train(f"{name}:depth={depth}", 1, "dials", updates=10 * depth)
    made.train("residual-depth", 1, "dials", updates=1)  # a depth of 3
    results = Results(scopes(made.finish()))
    deepest = draw(part("score", "residual-depth:depth=max", "deep-tanh:depth=max", arm="dials"), results)
    assert set(deepest.data["technique"]) == {"residual-depth:depth=4", "deep-tanh:depth=4"}
    deeper = draw(part("score", "residual-depth:depth=max", "residual-depth:depth=min", arm="dials"), results)
    assert list(deeper.values) == pytest.approx([0.6 - 0.8])
    with pytest.raises(NotEstimable, match="dial"):
        draw(part("score", "tbptt:window=min", "tbptt:window=max", arm="dials"), results)


def exploding(tanh_explodes: bool) -> SmallStore:
    made = World()
    for name in ("tanh", "clip-norm"):
        for row in made.train(name, 3, "exploding"):
            peak = 50.0 if name == "tanh" and tanh_explodes else 0.6
            columns = {"gradient_norm": 1.0, "gradient_peak": peak, "clipped": 0.25 if name == "clip-norm" else 0.0}
            made.store.curve_rows += curve(row, 1.0, [0.5, 0.5], [0.6, peak], **columns)
    return made.finish()


def test_where_nothing_explodes_there_is_nothing_to_prevent() -> None:
    of = part("exploded", "clip-norm", "tanh", arm="exploding", explodes="tanh")
    assert values(exploding(True), of) == [-1, -1, -1]
    assert refused(exploding(False), of) == "calm"


def test_how_often_clipping_acts_is_a_share_of_updates() -> None:
    of = part("clipped", "clip-norm", 0.05, arm="exploding")
    assert values(exploding(True), of) == pytest.approx([0.2] * 3)
    store = exploding(False)
    rows = [row for row in store.curve_rows if row["cohort"] == store.rows[-1]["cohort"] and row["seed"] == 3]
    for row, update, share in zip(rows, (0, 10, 40), (math.nan, 1.0, 0.2), strict=True):
        row |= {"update": update, "clipped": share}
    assert values(store, of) == pytest.approx([0.2, 0.2, 0.4 - 0.05])  # 10 updates at 1, 30 at 0.2


def test_stale_results_are_never_used() -> None:
    old = setting("lstm", 10, code="older")
    rows = [member(old, 1), member(setting("tanh", 10), 1)]
    assert refused(SmallStore(rows), part("score", "lstm", "tanh")) == "stale"
    rows.append(member(setting("lstm", 10), 1, updates=10))
    assert values(SmallStore(rows), part("score", "lstm", "tanh")) == pytest.approx([0.4])


def test_variants_leave_out_one_task_at_a_time() -> None:
    rows = [
        member(setting(name, 10, task), 1, "solved", updates)
        for name, by_task in (("lstm", (20, 60)), ("tanh", (50, 50)))
        for task, updates in zip(("adding", "copy"), by_task, strict=True)
    ]
    variants = estimate(part("score", "lstm", "tanh"), Results(scopes(SmallStore(rows)))).variants
    means = {name: float(sample.values.mean()) for name, sample in variants.items()}
    assert means["without:adding"] == pytest.approx(-0.1)
    assert means["without:copy"] == pytest.approx(0.3)
    assert means["solve rate"] == 0
    assert means["as run"] == pytest.approx(0.1)
    assert "median" in variants


def test_variants_of_a_decay_look_at_other_moments() -> None:
    variants = estimate(part("decay", "gru", 0.0), Results(scopes(flowing(gru=[-0.1])))).variants
    assert variants["moment:start"].values == pytest.approx([-1.1])
    assert "moment:during" not in variants  # which was not measured


def test_arms_have_protocols_of_their_own() -> None:
    hashes = {arm: rules.hash for arm, rules in ARMS.items()}
    assert hashes["dials"] == hashes["main"]
    assert len(set(hashes.values())) == len(hashes) - 1
