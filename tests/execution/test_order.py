"""Breadth first: whatever the time, the table is balanced; the order changes no member of the whole."""

import random

import pandas as pd
import pytest

from bench.execution.order import BreadthFirst, Budget, ladders_of
from bench.protocol.ladder import FEW, next_cohort
from bench.protocol.preset import Selectors, load_preset, resolve, resolve_arms
from bench.records.result import MEMBERS, typed
from bench.training.pace import Pace

CHOICES = {"learning_rates": (0.1, 0.01), "seeds": 3 * FEW}
STUDY = resolve(
    load_preset("smoke"),
    Selectors(techniques=("tanh", "gru", "relu"), tasks=("adding", "copy"), lags=(20, 30, 40), **CHOICES),
)
ARMS = resolve_arms(load_preset("smoke"), Selectors(**CHOICES), ["start", "dials", "clipped"])
ALWAYS = 1e9
KEYS = ["setting_hash", "role", "seed", "learning_rate"]


def finished(cohort, solves):
    """What of a cohort's rows an order looks at; solves(cohort): how many of its members."""
    rows = [m.model_dump() | {"outcome": "unsolved", "updates": 6, "loss": 1.0} for m in cohort.members]
    for row in rows[: solves(cohort)]:
        row["outcome"] = "solved"
    setting = cohort.setting
    where = {"technique": setting.technique, "task": setting.task, "lag": setting.lag}
    return pd.DataFrame(rows).assign(setting_hash=setting.hash, role=cohort.role, **where)


def everyone(cohort):
    return len(cohort.members)


def by_chance(number):
    chance = random.Random(number)
    return lambda cohort: chance.choice([0, 0, 1, len(cohort.members)])


def trained_in_order(studies, solves, budget=ALWAYS, unit=0.0):
    """(cohort, members before it) of a run with one job, in its order."""
    ladders, members = ladders_of(studies), typed([], MEMBERS)[[*KEYS, "outcome", "updates", "loss"]]
    order = BreadthFirst(dict.fromkeys(range(len(ladders)), Pace(unit)), Budget(budget))
    waiting = [order.next(ladder, members) for ladder in ladders]
    while found := [one for one in waiting if one.cohort and order.fits(one)]:
        first = min(found, key=lambda one: one.turn)
        yield first.cohort, members
        members = pd.concat([members, finished(first.cohort, solves)], ignore_index=True)
        same = [one for one in waiting if one.cohort and one.cohort.setting == first.cohort.setting]
        waiting = [order.next(one.ladder, members) if one in same else one for one in waiting]


def test_techniques_keep_step_at_every_moment():
    """Where all can climb, cohorts of tuning and of measuring taken together, they differ by two at the most."""
    count = dict.fromkeys(STUDY.techniques, 0)
    measured = dict.fromkeys(STUDY.techniques, 0)
    for cohort, _ in trained_in_order([STUDY], everyone):
        count[cohort.setting.technique] += 1
        measured[cohort.setting.technique] += cohort.role == "measured"
        assert max(count.values()) - min(count.values()) <= 2
        assert max(measured.values()) - min(measured.values()) <= 1
    assert set(count.values()) == {2 * 3 * 3}, "tasks, lags; tuning, few seeds, the other seeds"


def test_short_lags_of_every_task_come_before_longer_ones():
    rounds = {"few": [], "rest": []}
    for cohort, _ in trained_in_order([STUDY], everyone):
        few = cohort.role == "tuning" or cohort.members[0].seed <= FEW
        rounds["few" if few else "rest"].append((cohort.setting.lag, cohort.setting.task))
    for order in rounds.values():
        assert order == sorted(order)


@pytest.mark.parametrize("number", range(2))
def test_no_setting_gets_all_seeds_while_one_within_reach_has_not_a_few(number):
    for cohort, members in trained_in_order([STUDY], by_chance(number)):
        if cohort.role == "tuning" or cohort.members[0].seed <= FEW:
            continue
        measured = members[members["role"] == "measured"]
        begun, solved = (set(rows["setting_hash"]) for rows in (measured, measured[measured["outcome"] == "solved"]))
        for chain in STUDY.chains():
            steps = zip(chain.settings[1:], chain.settings, strict=False)
            within = [s for s, below in steps if below.hash in solved]
            assert {s.hash for s in (chain.settings[0], *within)} <= begun


@pytest.mark.parametrize("number", range(2))
def test_the_order_changes_no_member_of_the_whole(number):
    """Chance decides for each member whether it solves, whatever cohort it is in."""

    def solves(cohort):
        return sum(random.Random(f"{number} {m} {cohort.setting.hash}").random() < 0.05 for m in cohort.members)

    def members_of(cohort):
        return [(cohort.setting.hash, cohort.role, m) for m in cohort.members]

    in_breadth = [m for cohort, _ in trained_in_order([STUDY], solves) for m in members_of(cohort)]
    in_depth, rows = [], typed([], MEMBERS)[[*KEYS, "outcome", "updates", "loss"]]
    for chain in STUDY.chains():
        while cohort := next_cohort(STUDY, chain, rows):
            in_depth += members_of(cohort)
            rows = pd.concat([rows, finished(cohort, solves)], ignore_index=True)
    assert len(in_breadth) == len(set(in_breadth))
    assert len(in_breadth) < STUDY.members
    assert {(h, r, m.seed) for h, r, m in in_breadth} == {(h, r, m.seed) for h, r, m in in_depth}


def test_arms_take_turns_too():
    order = [cohort for cohort, _ in trained_in_order(ARMS, everyone)]
    few = [cohort for cohort in order if cohort.role == "tuning" or cohort.members[0].seed <= FEW]
    assert order[: len(few)] == few
    assert {c.setting.hash for c in few} == {s.hash for study in ARMS for s in study.settings}


def test_what_does_not_fit_is_not_started_and_what_takes_most_of_a_budget_comes_in_parts():
    (setting,) = resolve(load_preset("smoke"), Selectors(techniques=("tanh",), tasks=("adding",), lags=(20,))).settings
    protocol = setting.protocol
    evaluations = 1 + protocol.updates / protocol.evaluate_every
    a_member = 20 * (protocol.updates + evaluations * protocol.held_out_size / protocol.batch_size / 3)
    one = resolve(load_preset("smoke"), Selectors(techniques=("tanh",), tasks=("adding",), lags=(20,), seeds=FEW))
    sizes = [
        [len(c.members) for c, _ in trained_in_order([one], everyone, budget=seconds, unit=10 / a_member)]
        for seconds in (5, 25, 45, 500)
    ]
    assert sizes == [[], [1] * 2 + [1] * FEW, [2, 2, 2, 1], [2, FEW]]
