"""Estimands of learning on results small enough to work out by hand: scores, solved lags, horizons, dials."""

from __future__ import annotations

import numpy as np
import pytest
from estimating import part, refused, values

from bench.evidence.contrasts import CannotTell, NotEstimable, Results, draw, estimate
from bench.evidence.scope import scopes
from bench.records.study import Skip
from bench.testing.made_up import ARMS, SmallStore, World, member, setting, study


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
    # what one of them ran counts, though it tells against equality
    assert one.telling.differences.values.shape == (2, 4)


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
    assert found.differences.cells == (("copy", 10),)
    assert refused(SmallStore(rows), part("score", "lstm", "tanh")) == "unsolved", "the GRU's run is not theirs"


def test_horizons_of_tasks_that_neither_learns_do_not_count() -> None:
    settings = [setting(name, lag, task) for name in ("tanh", "gru") for task in ("adding", "copy") for lag in (0, 20)]

    def store(solved: dict[str, tuple[int, ...]]) -> SmallStore:
        rows = [
            member(of, seed, "solved" if of.technique == "gru" and of.lag in solved[of.task] else "unsolved", 50)
            for of in settings
            for seed in (1, 2)
        ]
        return SmallStore(rows, [study(*settings)])

    asked = part("horizon", "gru", "tanh")
    found = draw(asked, Results(scopes(store({"adding": (0,), "copy": ()}))))
    assert list(found.tasks) == ["adding"]
    assert list(found.values) == pytest.approx(np.log([2, 2])), "copy's 0 less 0 halves nothing"
    with pytest.raises(CannotTell, match="unsolved ladder"):
        draw(asked.model_copy(update={"tasks": ("copy",)}), Results(scopes(store({"adding": (0,), "copy": ()}))))
    with pytest.raises(CannotTell, match="unsolved ladder"):
        draw(asked, Results(scopes(store({"adding": (), "copy": (20,)}))))


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
        return None if telling is None else telling.tasks

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


def test_a_horizon_of_no_step_counts_as_half_a_one() -> None:
    settings = [setting(name, lag) for name in ("tanh", "gru") for lag in (0, 10)]
    solves = {"gru": {0, 10}, "tanh": {0}}
    rows = [
        member(of, seed, "solved" if of.lag in solves[of.technique] and seed > 1 else "unsolved", 50)
        for of in settings
        for seed in (1, 2, 3)
    ]
    found = draw(part("horizon", "gru", "tanh"), Results(scopes(SmallStore(rows, [study(*settings)]))))
    by_technique = found.data.groupby("technique")["value"].apply(list).to_dict()
    assert by_technique == {"gru": [0.25, 10, 10], "tanh": [0.25, 0.5, 0.5]}
    assert list(found.values) == pytest.approx(np.log([1, 20, 20]))


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


def test_arms_have_protocols_of_their_own() -> None:
    hashes = {arm: rules.hash for arm, rules in ARMS.items()}
    assert hashes["dials"] == hashes["main"]
    assert len(set(hashes.values())) == len(hashes) - 1
