"""Comparisons, curves, ledgers and the source as data."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest
from estimating import part

from bench.evidence import ledgers
from bench.evidence.claims import source_claims
from bench.evidence.compare import compare
from bench.evidence.contrasts import Results, estimate
from bench.evidence.curves import learning_curves, levels, reached
from bench.evidence.estimates import summarise
from bench.evidence.measuring.costs import times
from bench.evidence.scope import scopes, select
from bench.evidence.source import load_rows
from bench.languages import language
from bench.records.result import COSTS
from bench.testing.made_up import RULES, SmallStore, member, setting, study
from bench.testing.made_up import cost as made_up_cost

UPDATES = (0, 13, 25, 38, 50, 63, 75, 88, 100)
"""Of the evaluations of a curve: two a quarter of the budget."""


def test_comparison_is_paired_by_seed_at_the_longest_lag_of_both() -> None:
    rows = [
        *[member(setting("tanh", 10), seed, "solved") for seed in (1, 2, 3)],
        *[member(setting("tanh", 20), seed, "solved" if seed == 3 else "unsolved") for seed in (1, 2, 3)],
        *[member(setting("lstm", 20), seed, "solved" if seed < 3 else "unsolved") for seed in (1, 2, 3, 4)],
        *[member(setting("lstm", 40), seed, "solved") for seed in (1, 2)],
    ]
    scope = select(SmallStore(rows))
    (found,) = compare(scope, summarise(scope), "lstm")
    assert (found.lag, found.own.solved, found.own.runs) == (20, 2, 4)
    assert found.baseline is not None
    assert (found.baseline.solved, found.baseline.runs) == (1, 3)
    assert (found.pairs, found.only_own, found.only_baseline) == (3, 2, 1)


def test_comparison_without_a_baseline() -> None:
    scope = select(SmallStore([member(setting("lstm", 20), 1), member(setting("lstm", 40), 1)]))
    (found,) = compare(scope, summarise(scope), "lstm")
    assert (found.lag, found.baseline, found.pairs) == (40, None, 0)
    assert compare(scope, summarise(scope), "gru") == []


def test_a_member_that_ended_early_keeps_its_last_value() -> None:
    one = setting("lstm", 10)
    rows = [member(one, 1, "solved", 10), member(one, 2, "unsolved", 20), member(one, 3, "diverged", 20)]
    paths = {1: [0.1, 1.0], 2: [0.1, 0.2, 0.3], 3: [0.1, 0.5, math.nan]}
    curves = [{**row, "update": 10 * i, "metric": value} for row in rows for i, value in enumerate(paths[row["seed"]])]
    table = learning_curves(select(SmallStore(rows, curve_rows=curves)))
    assert list(table["update"]) == [0, 10, 20]
    assert list(table["median"]) == pytest.approx([0.1, 0.5, 0.5])  # of (1, .2, .5), then of (1, .3, .5)
    assert list(table["lower"]) == pytest.approx([0.1, 0.35, 0.4])


def test_levels_come_from_the_results() -> None:
    one = setting("lstm", 10)
    row = member(one, 1, trivial_level=0.25, solved_at=0.01, plateaus='{"half": 0.1}', metric_name="error")
    found = levels(select(SmallStore([row])), "adding")
    assert found is not None
    assert (found.metric, found.trivial, found.solved, found.plateaus) == ("error", 0.25, 0.01, {"half": 0.1})
    assert found.lower_is_better
    assert levels(select(SmallStore([row])), "copy") is None


def test_tuning_ledger_counts_trials_winners_and_updates() -> None:
    one, two = setting("lstm", 10), setting("lstm", 20)
    rows = [
        *[member(one, 99, learning_rate=rate, role="tuning", updates=40) for rate in (0.01, 0.1)],
        member(one, 1, learning_rate=0.1, updates=30),
        member(two, 1, learning_rate=0.01, updates=60),
    ]
    scope = select(SmallStore(rows))
    (row,) = ledgers.tuning(scope, summarise(scope)).to_dict("records")
    assert row == {
        "technique": "lstm",
        "task": "adding",
        "trials": 2,
        "rates": {10: 0.1, 20: 0.01},
        "measured": 2,
        "updates": 170,
    }


def test_gaps_are_grouped_by_reason() -> None:
    settings = [setting("tanh", lag) for lag in (10, 20, 40)]
    scope = select(SmallStore([member(settings[0], 1, "unsolved", 100)], [study(*settings)]))
    (row,) = ledgers.gaps(summarise(scope)).to_dict("records")
    assert (row["state"], row["stopped_at"], row["lags"]) == ("ladder", 10, (20, 40))


def test_failures_are_counted_with_their_reason() -> None:
    one = setting("relu", 10)
    rows = [
        member(one, 1),
        member(one, 2, "diverged", 20),
        member(one, 3, "diverged", 40),
        member(one, 4, "failed", 0, reason="out of memory"),
    ]
    members = select(SmallStore(rows)).members
    arms = [members.assign(arm="main"), members.assign(arm="exploding")]
    table = ledgers.failures(pd.concat(arms)).set_index(["outcome", "arm"])
    assert list(table.index) == [("failed", a) for a in ("main", "exploding")] + [
        ("diverged", a) for a in ("main", "exploding")
    ]
    for arm in ("main", "exploding"):
        assert table.loc[("diverged", arm), ["members", "first", "last"]].tolist() == [2, 20, 40]
        assert table.loc[("failed", arm), "reason"] == "out of memory"
    assert set(table["runs"]) == {4}


def cost(technique: str, lag: int, ratio: float, parameters: int, hidden: int = 8) -> dict[str, object]:
    blank = {c: "" if kind == "str" else 0 for c, kind in COSTS.types.items()}
    return {
        **blank,
        "technique": technique,
        "task": "adding",
        "lag": lag,
        "hidden_size": hidden,
        "batch_size": 4,
        "time_ratio": ratio,
        "parameters": parameters,
    }


def test_costs_are_of_the_sizes_in_scope_and_relative_to_the_baseline() -> None:
    rows = [member(setting(name, lag), 1) for name in ("tanh", "lstm") for lag in (10, 20)]
    costs = [
        cost("tanh", 10, 1, 100),
        cost("lstm", 10, 3.5, 400),
        cost("lstm", 20, 4, 400),
        cost("lstm", 10, 9, 4, 99),
    ]
    scope = select(SmallStore(rows, cost_rows=costs))
    assert len(scope.costs) == 3
    assert set(ledgers.costs(scope, "adding")["lag"]) == {10}  # the lag at which most techniques were timed
    lstm = ledgers.cost_ratios(scope).loc["lstm"]
    assert (lstm["time_low"], lstm["time_high"]) == pytest.approx((3.5, 4))


def test_tables_and_claims_have_the_same_costs() -> None:
    sizes = {("adding", 10): (100, 390), ("adding", 20): (100, 390), ("copy", 10): (200, 680)}
    rows = [
        member(setting(name, lag, task), 1, parameters=of[name == "lstm"])
        for (task, lag), of in sizes.items()
        for name in ("tanh", "lstm")
    ]
    rows.append(member(setting("lstm", 40), 1, parameters=1))  # where the baseline was not run
    noise, times = [1.0, 1.1, 1.3, 0.9], [1.6, 1.5, 2.9, 1.4]
    costs = [
        made_up_cost("tanh", 10, round_ratios=json.dumps(noise)),
        made_up_cost("lstm", 10, round_ratios=json.dumps(times)),
    ]
    store = SmallStore(rows, cost_rows=costs)
    lstm = ledgers.cost_ratios(select(store)).loc["lstm"]
    for column, kind in (("parameters", "parameters"), ("time_low", "time")):
        effect = float(np.median(estimate(part(kind, "lstm", "tanh"), Results(scopes(store))).sample.values))
        assert lstm[column] == pytest.approx(np.exp(effect))
    assert lstm["parameters"] == pytest.approx((3.9 * 3.9 * 3.4) ** (1 / 3))


def test_baseline_comes_first() -> None:
    rows = [member(setting(name, 10), 1) for name in ("gru", "tanh", "lstm")]
    assert list(ledgers.techniques(select(SmallStore(rows)))["technique"]) == ["tanh", "gru", "lstm"]


def test_the_source_as_data() -> None:
    rows, claims = load_rows(), source_claims()
    assert [row.id for row in rows] == ["gated", "relu", "clipping", "residual", "truncated"]
    assert rows[2].statements("drawback", language("zh")) == ["需手动设置阈值"]
    assert rows[2].statements("drawback", language("en")) == ["the threshold is set by hand"]
    assert [claim.id for claim in claims] == [f"S{i:02}" for i in range(1, 31)]
    assert all(claim.says and claim.measure for claim in claims)


def test_winners_at_an_edge_of_the_grid_are_named() -> None:
    settings = {lag: setting("tanh", lag) for lag in (10, 20, 40)}
    rows = []
    for lag, winner, ends in ((10, 0.1, "solved"), (20, 0.01, "solved"), (40, 0.1, "unsolved")):
        rows += [member(settings[lag], 99, ends, learning_rate=rate, role="tuning") for rate in (0.001, 0.01, 0.1)]
        rows += [member(settings[lag], seed, learning_rate=winner) for seed in (1, 2)]
    table = ledgers.edges(select(SmallStore(rows, [study(*settings.values())])))
    assert list(table[["lag", "measured", "edge"]].itertuples(index=False, name=None)) == [
        (10, 2, "largest"),
        (20, 2, ""),  # and at 40 nothing was solved, so that the winner says nothing
    ]


def test_what_nobody_solved_is_still_improving_if_most_runs_gain_on_the_solved_level() -> None:
    """From a trivial level of 0.1 to a solved one of 0.9: 2 % of the way are 0.016."""
    paths = {"rising": (0.3, 0.3, 0.4, 0.5), "flat": (0.5, 0.5, 0.5, 0.5), "slow": (0.3, 0.3, 0.4, 0.415)}
    of = {"lstm": ("rising", "rising", "flat"), "gru": ("rising", "flat", "flat"), "mgu": ("slow", "slow", "slow")}
    rows, curves = [], []
    for name, runs in of.items():
        for seed, path in enumerate(runs, start=1):
            row = member(setting(name, 10), seed, "unsolved", 100)
            rows.append(row)
            values = [0.1, *(value for value in paths[path] for _ in range(2))]
            curves += [{**row, "update": update, "metric": v} for update, v in zip(UPDATES, values, strict=True)]
    table = reached(select(SmallStore(rows, curve_rows=curves))).set_index("technique")
    assert dict(table["improving"]) == {"lstm": True, "gru": False, "mgu": False}
    assert dict(table["metric"]) == {"lstm": 0.5, "gru": 0.5, "mgu": 0.415}


def test_runs_that_solved_or_diverged_do_not_say_whether_others_improve() -> None:
    one = setting("lstm", 10)
    rows = [member(one, 1, "solved", 100), member(one, 2, "diverged", 100), member(one, 3, "unsolved", 100)]
    paths = ([0.1] + [0.2] * 6 + [0.95] * 2, [0.1] + [0.2] * 6 + [math.nan] * 2, [0.1] + [0.3] * 8)
    curves = [
        {**row, "update": update, "metric": value}
        for row, path in zip(rows, paths, strict=True)
        for update, value in zip(UPDATES, path, strict=True)
    ]
    (found,) = reached(select(SmallStore(rows, curve_rows=curves))).itertuples(index=False)
    assert (found.metric, found.improving) == (0.3, False)


def test_a_neighbouring_rate_is_compared_on_the_runs_that_tuned() -> None:
    one, other, rows = setting("tanh", 10), setting("tanh", 20), []
    solving = {0.001: "unsolved", 0.01: "solved", 0.1: "solved"}
    for seed in (98, 99):
        rows += [member(one, seed, ends, learning_rate=rate, role="tuning") for rate, ends in solving.items()]
        rows += [member(other, seed, "unsolved", learning_rate=rate, role="tuning") for rate in solving]
    rows[1]["outcome"] = "unsolved"
    rows += [member(one, 1, learning_rate=0.1), member(other, 1, "unsolved", learning_rate=0.1)]
    table = ledgers.neighbours(select(SmallStore(rows, [study(one, other)])))
    assert list(table.itertuples(index=False, name=None)) == [("tanh", "adding", 10, 1.0, 0.5)]


def test_what_was_not_trained_does_not_diverge() -> None:
    rules = RULES.model_copy(update={"updates": 0})
    rows = [member(setting("tanh", 10), 1, "diverged"), member(setting("tanh", 20, rules=rules), 1, "diverged")]
    members = pd.DataFrame(rows).assign(arm="main")
    assert list(ledgers.failures(members)["lag"]) == [10]


def test_times_are_over_the_baselines_own_as_verdicts_have_them() -> None:
    """Geometric means over processes: 4 and 1 of the LSTM, less 1.21 and 1 of the baseline against itself."""
    costs = pd.DataFrame([cost("tanh", 10, 1.1, 100), cost("lstm", 10, 2.5, 400), cost("gru", 20, 3.0, 300)])
    costs["round_ratios"] = ["[1.21, 1.0]", "[4.0, 1.0]", "[]"]
    assert list(times(costs)) == pytest.approx([1.0, 2 / 1.1, 3.0])
