"""Rules read off the settings: what is cheapest of what solves, how firm that is, and which lags share an answer."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest

from bench.evidence.advice import rules, solvers

REMEDIES = {"gru", "lstm"}


def cell(technique: str, lag: int, solved: int, updates: float, runs: int = 20, **more: Any) -> dict[str, Any]:
    """A measured setting; runs that did not solve are in the updates already."""
    row = {"technique": technique, "task": "adding", "lag": lag, "state": "measured", "solved": solved, "runs": runs}
    return row | {"restricted_mean": updates} | more


def cost(technique: str, lag: int, ratio: float, task: str = "adding") -> dict[str, Any]:
    return {"technique": technique, "task": task, "lag": lag, "time_ratio": ratio, "round_ratios": "[]"}


CELLS = pd.DataFrame(
    [
        cell("tanh", 10, 20, 900.0),
        cell("tanh", 20, 0, 1000.0),
        cell("gru", 10, 20, 100.0),
        cell("gru", 20, 20, 200.0),
        cell("gru", 50, 16, 400.0),
        cell("lstm", 10, 20, 300.0),
        cell("lstm", 20, 12, 700.0),
        cell("mingru", 10, 20, 220.0),
        cell("mingru", 20, 20, 500.0),
        cell("mingru", 50, 20, 600.0),
        cell("tanh", 50, 0, math.nan, state="ladder", runs=1),
    ]
)
COSTS = pd.DataFrame(
    [cost("gru", 10, 2.0), cost("gru", 50, 3.0), cost("lstm", 10, 1.5), cost("mingru", 10, 1.0), cost("tanh", 10, 1.0)]
)


def test_the_cheapest_that_solves_is_picked_and_equal_answers_are_one_rule() -> None:
    first, second, third = rules(CELLS, COSTS, REMEDIES, "adding")
    assert (first.lags, second.lags, third.lags) == ((10,), (20,), (50,))
    # prices: 100 × 2, 300 × 1.5 and 220 × 1; then 200 × 2 against 500 × 1; then 400 × 3 against 600 × 1
    assert first.remedy.offer
    assert first.remedy.offer.technique == "gru"
    assert first.remedy.offer.price == 200
    assert first.best.offer == first.remedy.offer
    assert first.best.near == ("mingru",)
    assert second.best.offer
    assert second.best.offer.technique == "gru"
    assert second.best.near == ("mingru",)
    assert third.best.offer
    assert third.best.offer.technique == "mingru"
    assert third.best.offer.price == 600
    assert third.remedy.offer
    assert third.remedy.offer.price == 1200
    assert first.baseline
    assert first.baseline.solves
    assert second.baseline
    assert not second.baseline.solves
    assert third.baseline is None


def test_lags_with_one_answer_share_a_rule() -> None:
    cells = CELLS[(CELLS["technique"] != "tanh") | (CELLS["lag"] > 10)]
    first, second = rules(cells, COSTS, REMEDIES, "adding")
    assert (first.lags, second.lags) == ((10, 20), (50,))
    assert first.best.offer
    assert first.best.offer.price == 400


def test_firm_is_what_the_whole_interval_says() -> None:
    rule = rules(CELLS, COSTS, REMEDIES, "adding")[-1]
    assert rule.best.offer
    assert rule.best.offer.firm
    assert rule.remedy.offer
    assert rule.remedy.offer.solves
    assert not rule.remedy.offer.firm
    for solved, runs in ((5, 5), (0, 1)):  # 48 to 100 %, 0 to 98 %
        few = pd.DataFrame([cell("gru", 10, solved, 100.0, runs=runs)])
        assert not rules(few, COSTS, REMEDIES, "adding")[0].best.offer.firm  # type: ignore[union-attr]


def test_where_nothing_solves_the_nearest_is_told() -> None:
    cells = pd.DataFrame([cell("gru", 10, 3, 900.0), cell("lstm", 10, 3, 800.0), cell("tanh", 10, 0, 1000.0)])
    (rule,) = rules(cells, COSTS, REMEDIES, "adding")
    assert rule.best.offer
    assert rule.best.offer.technique == "lstm"
    assert not rule.best.offer.solves
    assert rule.best.offer.firm
    baseline_alone = cells[cells["technique"] == "tanh"]
    assert rules(baseline_alone, COSTS, REMEDIES, "adding")[0].best.offer is None
    assert rules(cells.iloc[:0], COSTS, REMEDIES, "adding") == []


def test_where_no_run_solves_whoever_came_furthest_is_the_nearest() -> None:
    cells = pd.DataFrame([cell(name, 5, 0, 600.0) for name in ("gru", "lstm", "mingru")])
    came = {"gru": 0.2, "lstm": 0.4, "mingru": 0.9}
    (rule,) = rules(cells, COSTS, REMEDIES, "adding", lambda setting: came[setting.technique])
    assert rule.remedy.offer
    assert rule.best.offer
    assert (rule.remedy.offer.technique, rule.best.offer.technique) == ("lstm", "mingru")


def test_without_timings_updates_decide() -> None:
    rule = rules(CELLS, COSTS.iloc[:0], REMEDIES, "adding")[-1]
    assert rule.best.offer
    assert rule.best.offer.technique == "gru"
    assert math.isnan(rule.best.offer.price)
    assert rule.best.near == ()


@pytest.mark.parametrize(("lag", "time"), [(10, 2.0), (20, 2.0), (40, 3.0), (50, 3.0)])
def test_the_nearest_timed_lag_counts(lag: int, time: float) -> None:
    cells = pd.DataFrame([cell("gru", lag, 20, 100.0)])
    assert solvers(cells, COSTS, "adding")["gru"][lag].time == time


def test_timings_of_another_task_help_out() -> None:
    cells = pd.DataFrame([cell("gru", 50, 20, 100.0)])
    other = pd.DataFrame([cost("gru", 50, 4.0, task="copy"), cost("gru", 10, 2.0)])
    assert solvers(cells, other, "adding")["gru"][50].time == 2.0
    assert solvers(cells, other.iloc[:1], "adding")["gru"][50].time == 4.0


def test_solvers_end_at_their_horizon() -> None:
    found = solvers(CELLS, COSTS, "adding")
    assert {name: list(offers) for name, offers in found.items()} == {
        "tanh": [10], "gru": [10, 20, 50], "lstm": [10], "mingru": [10, 20, 50],
    }  # fmt: skip


def test_the_baseline_of_several_lags_is_that_of_the_longest_it_was_run_at() -> None:
    cells = [cell("gru", lag, 20, 100.0) for lag in (10, 20, 50)] + [cell("tanh", lag, 0, 1000.0) for lag in (10, 20)]
    (rule,) = rules(pd.DataFrame(cells), COSTS, REMEDIES, "adding")
    assert (rule.lags, rule.baseline_lag) == ((10, 20, 50), 20)
    assert rule.baseline
    assert (rule.baseline.technique, rule.baseline.solved) == ("tanh", 0)
    (alone,) = rules(pd.DataFrame(cells[:3]), COSTS, REMEDIES, "adding")
    assert alone.baseline is None
