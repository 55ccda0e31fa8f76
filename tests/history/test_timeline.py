"""A row of snapshots: which one another is set against, and steps of speed with their runs and causes."""

from __future__ import annotations

import numpy as np
import pytest
from made_up.snapshots import ORIGIN, changed, claim, snapshot, speed

from bench.errors import BenchError
from bench.history import steps
from bench.history.changes import compare
from bench.history.timeline import look_back, previous
from bench.history.words import claims_line, history_record, notes


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(steps, "PERMUTATIONS", 499)


def runs(count: int, **factors: tuple[int, float]):
    """Runs day by day, in which a technique's times are multiplied from a day on, by another version of its code."""
    found = []
    for day in range(1, count + 1):
        speeds = []
        for name, ratio in (("tanh", 2.0), ("lstm", 3.0), ("gru", 2.5), ("relu", 1.0)):
            since, factor = factors.get(name, (count + 1, 1.0))
            code = f"{name}-{1 + (day >= since)}"
            own = ratio * (factor if day >= since else 1.0)
            speeds.append(speed(name, own, seed=100 * day + len(name), technique_hash=code))
        found.append(snapshot(day, speeds=tuple(speeds)))
    return found


def test_a_slow_down_is_told_with_the_runs_about_it_and_its_cause():
    history = look_back(runs(14, lstm=(9, 1.3)))
    (step,) = history.steps
    assert (step.series.technique, step.before.taken[8:10], step.after.taken[8:10]) == ("lstm", "08", "09")
    assert step.factor == pytest.approx(1.3, rel=0.03)
    assert [(cause.kind, *cause.names) for cause in step.causes] == [("technique", "lstm")]
    assert len(history.series) == 4


def test_nothing_is_told_where_nothing_happened():
    assert look_back(runs(14)).steps == ()


def test_a_slower_baseline_is_one_step_of_its_own():
    rows = []
    for day, one in enumerate(runs(14, tanh=(8, 1.5)), start=1):
        others = tuple(
            changed(s, ratios=tuple(r / 1.5 for r in s.ratios)) if s.technique != "tanh" and day >= 8 else s
            for s in one.speeds
        )
        rows.append(one.model_copy(update={"speeds": others}))
    assert [(s.series.technique, round(s.factor, 1)) for s in look_back(rows).steps] == [("tanh", 1.5)]


def test_machines_have_series_of_their_own():
    rows = runs(14)
    slow = ORIGIN.model_copy(update={"cpu": "slow"})
    for day in range(1, len(rows), 2):
        speeds = tuple(changed(s, ratios=tuple(np.multiply(s.ratios, 2))) for s in rows[day].speeds)
        rows[day] = rows[day].model_copy(update={"sampled": slow, "speeds": speeds})
    history = look_back(rows)
    assert history.steps == ()
    assert {len(series.runs) for series in history.series} == {7}


def test_a_run_is_set_against_the_one_before_it_of_the_same_preset():
    rows = [snapshot(1), snapshot(2, preset="quick"), snapshot(3)]
    assert previous(rows) is rows[0]
    assert previous(rows, 1) is rows[0]
    assert previous(rows, 0) is None


def test_flips_are_told_run_by_run():
    rows = [snapshot(1), snapshot(2), snapshot(3, claims=(claim("contradicted", data="d2"),)), snapshot(4)]
    history = look_back(rows)
    assert [(a.taken[8:10], b.taken[8:10]) for a, b, _ in history.flips] == [("02", "03"), ("03", "04")]
    assert history.latest.old is rows[2]


def test_a_change_of_the_claims_is_told_with_the_runs_about_it():
    families = ({}, {"source": "a" * 12}, {"source": "a" * 12}, {"source": "b" * 12, "mine.yaml": "c" * 12})
    runs = [snapshot(day, families=hashes) for day, hashes in enumerate(families, start=1)]
    history = look_back(runs)
    ((after, changes),) = history.claims  # the first is too old to have any
    assert after is runs[3]
    assert [claims_line(change) for change in changes] == [
        f"source {'a' * 12} → {'b' * 12}",
        f"mine.yaml - → {'c' * 12}",
    ]
    assert history_record(history)["claims"][0]["after"] == runs[3].id
    assert any("tests of claims" in note for note in notes(compare(runs[2], runs[3])))
    assert not any("tests of claims" in note for note in notes(compare(runs[0], runs[1])))


def test_no_snapshot_is_said_so():
    with pytest.raises(BenchError, match="holds no snapshots yet"):
        look_back([])
    assert look_back([snapshot(1)]).latest is None
