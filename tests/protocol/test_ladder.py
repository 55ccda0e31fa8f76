"""Tuning and the lag ladder by worked examples."""

import pandas as pd
import pytest

from bench.protocol.ladder import chosen_rate, next_cohort, remaining
from bench.protocol.preset import Selectors, load_preset, resolve
from bench.records.result import MEMBER_COLUMNS, typed

STUDY = resolve(
    load_preset("smoke"),
    Selectors(techniques=("gru",), tasks=("adding",), lags=(10, 20), learning_rates=(0.1, 0.01), seeds=2),
)
(CHAIN,) = STUDY.chains()
NOTHING = typed([], MEMBER_COLUMNS)


def rows(cohort, outcomes, updates=5, loss=0.1):
    columns = {"setting_hash": cohort.setting.hash, "role": cohort.role, "updates": updates, "loss": loss}
    pairs = zip(cohort.members, outcomes, strict=True)
    return pd.DataFrame([columns | m.model_dump() | {"outcome": o} for m, o in pairs])


def test_a_chain_climbs_from_tuning_to_measuring_to_the_next_lag():
    seen, members = [], NOTHING
    while (cohort := next_cohort(STUDY, CHAIN, members)) is not None:
        seen.append((cohort.setting.lag, cohort.role, len(cohort.members)))
        members = pd.concat([members, rows(cohort, ["solved"] * len(cohort.members))])
    assert seen == [(10, "tuning", 2), (10, "measured", 2), (20, "tuning", 2), (20, "measured", 2)]
    assert all(not remaining(STUDY, s, members[members["setting_hash"] == s.hash]) for s in CHAIN.settings)


@pytest.mark.parametrize(
    ("outcomes", "climbs"),
    [(["unsolved", "diverged"], False), (["unsolved", "solved"], True), (["failed"] * 2, False)],
)
def test_the_ladder_ends_where_no_measured_member_solves(outcomes, climbs):
    tuning = next_cohort(STUDY, CHAIN, NOTHING)
    members = rows(tuning, ["solved"] * 2)
    measured = next_cohort(STUDY, CHAIN, members)
    following = next_cohort(STUDY, CHAIN, pd.concat([members, rows(measured, outcomes)]))
    assert (following is not None) == climbs


def test_only_missing_members_are_trained():
    tuning = next_cohort(STUDY, CHAIN, NOTHING)
    members = rows(tuning, ["solved"] * 2)
    measured = next_cohort(STUDY, CHAIN, members)
    half = pd.concat([members, rows(measured, ["solved"] * 2).iloc[:1]])
    again = next_cohort(STUDY, CHAIN, half)
    assert again.members == measured.members[1:]


def test_when_all_tuning_fails_there_is_nothing_to_measure():
    tuning = next_cohort(STUDY, CHAIN, NOTHING)
    assert next_cohort(STUDY, CHAIN, rows(tuning, ["failed"] * 2)) is None


def trials(*table):
    words = ["seed", "learning_rate", "outcome", "updates", "loss"]
    return pd.DataFrame([dict(zip(words, row, strict=True)) | {"role": "tuning"} for row in table])


BUDGET = STUDY.settings[0].protocol.updates


@pytest.mark.parametrize(
    ("table", "winner"),
    [
        # more seeds solved beats fewer updates
        (
            [
                (1, 0.1, "solved", 1, 0.0),
                (2, 0.1, "unsolved", 6, 0.1),
                (1, 0.01, "solved", 5, 0.0),
                (2, 0.01, "solved", 5, 0.0),
            ],
            0.01,
        ),
        # then fewer updates
        ([(1, 0.1, "solved", 3, 0.1), (1, 0.01, "solved", 5, 0.0)], 0.1),
        # none solved: the lower loss, and a diverged one has the highest
        ([(1, 0.1, "unsolved", 6, 0.2), (1, 0.01, "unsolved", 6, 0.1)], 0.01),
        ([(1, 0.1, "diverged", 2, float("nan")), (1, 0.01, "unsolved", 6, 9.0)], 0.01),
        # an early divergence is no fast solution
        ([(1, 0.1, "diverged", 1, 0.05), (1, 0.01, "unsolved", 6, 0.04)], 0.01),
        ([(1, 0.1, "failed", 0, float("nan")), (1, 0.01, "unsolved", 6, 9.0)], 0.01),
    ],
)
def test_the_winner_of_the_tuning(table, winner):
    assert chosen_rate(STUDY.settings[0], trials(*table)) == winner


def test_measured_rows_have_no_say_in_the_tuning():
    table = trials((1, 0.1, "unsolved", 6, 0.2), (1, 0.01, "unsolved", 6, 0.1))
    measured = trials((1, 0.1, "solved", 1, 0.0)).assign(role="measured")
    assert chosen_rate(STUDY.settings[0], pd.concat([table, measured])) == 0.01
