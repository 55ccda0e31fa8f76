"""What belongs together, what was planned, and why something is missing."""

from __future__ import annotations

import pytest

from bench.errors import BenchError
from bench.evidence.estimates import summarise
from bench.evidence.scope import select
from bench.records.result import COSTS
from bench.records.study import Skip
from bench.testing.made_up import RULES, SmallStore, member, probe, setting, study

OTHER = RULES.model_copy(update={"hidden_size": 16})


def test_empty_store() -> None:
    with pytest.raises(BenchError, match="holds no complete result"):
        select(SmallStore([]))


def test_results_of_unlike_protocols_are_never_pooled() -> None:
    old, new = setting("tanh", 10, rules=OTHER), setting("tanh", 10)
    store = SmallStore([member(old, 1), member(old, 2), member(new, 1)], [study(old), study(new)])
    scope = select(store)
    assert set(scope.members["protocol_hash"]) == {RULES.hash}
    assert scope.left_out.to_dict("records") == [{"task": "adding", "protocol_hash": OTHER.hash, "members": 2}]


def test_the_newest_study_decides_even_if_its_results_are_older() -> None:
    old, new = setting("tanh", 10, rules=OTHER), setting("tanh", 10)
    rows = [member(new, 1, started="2025-01-01"), member(old, 1, started="2026-01-01")]
    assert select(SmallStore(rows, [study(old), study(new)])).hashes == {"adding": RULES.hash}
    assert select(SmallStore(rows, [study(new), study(old)])).hashes == {"adding": OTHER.hash}


def test_without_a_study_the_newest_results_decide() -> None:
    old, new = setting("tanh", 10, rules=OTHER), setting("tanh", 10)
    """That is, what the store took last: the clock was once ahead."""
    scope = select(SmallStore([member(old, 1, started="2031-01-01"), member(new, 1, started="2026-01-01")]))
    assert scope.hashes == {"adding": RULES.hash}
    assert scope.protocols["adding"].hidden_size == RULES.hidden_size
    assert scope.protocols["adding"].learning_rates == (0.01,)


def test_each_task_has_its_own_newest_protocol() -> None:
    adding, copy = setting("tanh", 10, rules=OTHER), setting("tanh", 10, task="copy")
    scope = select(SmallStore([member(adding, 1), member(copy, 1)], [study(adding), study(copy)]))
    assert scope.hashes == {"copy": RULES.hash, "adding": OTHER.hash}
    assert len(scope.members) == 2


def test_what_older_code_gave_is_stale_and_in_no_other_table() -> None:
    old, new = setting("lstm", 10, code="v1"), setting("lstm", 10)
    rows = [member(old, 1), member(new, 1), member(old, 2)]
    probes = [probe(row, decay=-0.1) for row in rows]
    scope = select(SmallStore(rows, [study(new)], probe_rows=probes))
    assert list(scope.members["setting_hash"]) == [new.hash]
    assert list(scope.stale["setting_hash"]) == [old.hash] * 2
    assert set(scope.stale["why"]) == {"technique"}
    assert list(scope.probes["cohort"]) == [rows[1]["cohort"]]
    assert scope.left_out["members"].sum() == 0


def test_a_member_counts_once() -> None:
    one = setting("tanh", 10)
    rows = [member(one, 1), member(one, 1, cohort="again", started="2027-01-01"), member(one, 2)]
    scope = select(SmallStore(rows))
    assert sorted(scope.members["seed"]) == [1, 2]
    assert "again" in set(scope.members["cohort"])


def test_plan_is_the_union_of_the_studies_in_scope() -> None:
    short, long = setting("tanh", 10), setting("lstm", 40)
    scope = select(SmallStore([member(short, 1)], [study(short), study(long)]))
    assert {(r.technique, r.lag, r.planned) for r in scope.plan.itertuples()} == {
        ("tanh", 10, True),
        ("lstm", 40, True),
        ("tanh", 40, False),
        ("lstm", 10, False),
    }


def test_every_gap_has_its_reason() -> None:
    lags = (10, 20, 40)
    settings = [setting(name, lag) for name in ("tanh", "lstm", "gru", "irnn") for lag in lags]
    skips = tuple(Skip(technique="tbptt", task="adding", lag=lag, reason="too short") for lag in lags)
    rows = [
        member(setting("tanh", 10), 1),
        member(setting("tanh", 20), 1, "unsolved", 100),
        member(setting("lstm", 10), 1),
        member(setting("irnn", 10), 1, "failed", 0, role="tuning"),
    ]
    cells = summarise(select(SmallStore(rows, [study(*settings, skips=skips)])))
    states = cells.set_index(["technique", "lag"])["state"]
    assert [states["tanh", lag] for lag in lags] == ["measured", "measured", "ladder"]
    assert [states["lstm", lag] for lag in lags] == ["measured", "pending", "pending"]
    assert [states["gru", lag] for lag in lags] == ["pending"] * 3
    assert [states["irnn", lag] for lag in lags] == ["untuned", "ladder", "ladder"]
    assert [states["tbptt", lag] for lag in lags] == ["skipped"] * 3
    stopped = cells.set_index(["technique", "lag"])["stopped_at"]
    assert stopped["tanh", 40] == 20
    assert stopped["irnn", 20] == 10


def test_counts_and_rates_of_a_setting() -> None:
    one = setting("lstm", 10)
    rows = [
        member(one, 1, "solved", 30),
        member(one, 2, "solved", 50),
        member(one, 3, "diverged", 20),
        member(one, 4, "failed", 0),
        member(one, 5, "unsolved", 100),
        member(one, 9, role="tuning"),
    ]
    cell = summarise(select(SmallStore(rows))).iloc[0]
    assert [cell[k] for k in ("runs", "solved", "unsolved", "diverged", "failed", "trials")] == [
        5,
        2,
        1,
        1,
        1,
        1,
    ]
    assert cell["rate"] == 0.4
    assert cell["restricted_mean"] == pytest.approx((30 + 50 + 3 * 100) / 5)


def test_a_cost_counts_at_lags_that_the_ladder_did_not_reach():
    ran = setting("tanh", 10)
    blank = {column: "" if kind == "str" else 0 for column, kind in COSTS.types.items()}
    rows = [
        {**blank, "technique": "tanh", "task": "adding", "lag": lag, "hidden_size": hidden, "batch_size": 4}
        for lag, hidden in ((10, 8), (50, 8), (50, 99))
    ]
    store = SmallStore([member(ran, 1)], [study(ran, setting("tanh", 50))], cost_rows=rows)
    assert select(store).costs[["lag", "hidden_size"]].values.tolist() == [[10, 8], [50, 8]]


def test_seeds_that_are_tuned_each_by_itself_keep_their_rates() -> None:
    own = setting("tanh", 10, rules=RULES.model_copy(update={"tuning": "own"}))
    rates = {1: 0.01, 2: 0.1, 3: 0.01}
    rows = [member(own, seed, learning_rate=rate) for seed, rate in rates.items()]
    older = [member(own, 2, learning_rate=0.01)]
    scope = select(SmallStore([*older, *rows], [study(own)]))
    assert dict(zip(scope.measured["seed"], scope.measured["learning_rate"], strict=True)) == rates
    shared = setting("tanh", 10)
    rows = [member(shared, seed, learning_rate=rate) for seed, rate in rates.items()]
    assert list(select(SmallStore(rows, [study(shared)])).measured["seed"]) == [1, 3]
