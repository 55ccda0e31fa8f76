"""Tuning and the lag ladder by worked examples."""

import pandas as pd
import pytest

from bench.protocol.ladder import FEW, next_cohort, next_turn, remaining
from bench.protocol.preset import Selectors, load_preset, resolve
from bench.protocol.tuning import chosen_rate, own_rates, steps
from bench.records.result import MEMBERS, typed

STUDY = resolve(
    load_preset("smoke"),
    Selectors(techniques=("gru",), tasks=("adding",), lags=(10, 20), learning_rates=(0.1, 0.01), seeds=2),
)
(CHAIN,) = STUDY.chains()
NOTHING = typed([], MEMBERS)


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


def study_of(tuning, seeds, tuning_seeds, rates=(0.1, 0.03, 0.01, 0.003, 0.001), lags=(10,)):
    words = {"learning_rates": rates, "tuning": tuning, "tuning_seeds": tuning_seeds, "seeds": seeds}
    return resolve(load_preset("smoke"), Selectors(techniques=("gru",), tasks=("adding",), lags=lags, **words))


def climb(study, outcome, following=next_cohort):
    """Cohorts in the order in which they train; outcome(member) → (outcome, updates)."""
    (chain,) = study.chains()
    seen, members = [], NOTHING
    while (found := following(study, chain, members)) is not None:
        cohort = found if following is next_cohort else found.cohort
        seen.append(cohort)
        ends = [outcome(member) for member in cohort.members]
        fresh = rows(cohort, [end for end, _ in ends])
        members = pd.concat([members, fresh.assign(updates=[updates for _, updates in ends])])
    assert len(seen) < 50
    return seen, members


def test_halving_drops_the_worse_half_of_the_rates_as_seeds_double():
    study = study_of("halving", seeds=3, tuning_seeds=16)
    assert steps(study.settings[0].protocol) == [(5, 2), (3, 4), (2, 8), (2, 16)]
    order = {0.1: 5, 0.03: 4, 0.01: 3, 0.003: 2, 0.001: 1}
    seen, members = climb(study, lambda member: ("solved", order[member.learning_rate]))
    asked = [(c.role, len(c.members), sorted({m.learning_rate for m in c.members})) for c in seen]
    assert asked == [
        ("tuning", 10, [0.001, 0.003, 0.01, 0.03, 0.1]),
        ("tuning", 6, [0.001, 0.003, 0.01]),
        ("tuning", 8, [0.001, 0.003]),
        ("tuning", 16, [0.001, 0.003]),
        ("measured", 3, [0.001]),
    ]
    (setting,) = study.settings
    assert remaining(study, setting, members) == []
    planned = remaining(study, setting, NOTHING)
    assert [len(cohort.members) for cohort in planned] == [10, 6, 8, 16, 3]  # as many, whichever rates stay in


def test_halving_goes_by_all_seeds_so_far():
    """A rate that is ahead after two seeds and behind after eight does not win."""
    study = study_of("halving", seeds=1, tuning_seeds=8, rates=(0.1, 0.01))

    def outcome(member):
        early = member.seed < 1_000_003
        return "solved", (1 if early else 6) if member.learning_rate == 0.1 else 3

    seen, members = climb(study, outcome)
    assert chosen_rate(study.settings[0], members) == 0.01
    assert seen[-1].members[0].learning_rate == 0.01


def test_halving_with_few_seeds_is_a_grid():
    for seeds in (1, 2):
        assert steps(study_of("halving", 1, seeds).settings[0].protocol) == [(5, seeds)]
    assert steps(study_of("grid", 1, 8).settings[0].protocol) == [(5, 8)]


@pytest.mark.parametrize("tuning_seeds", [1, 2])
def test_a_measured_seed_is_tuned_by_seeds_that_no_other_has(tuning_seeds):
    study = study_of("own", seeds=4, tuning_seeds=tuning_seeds)
    assert study.members == 4 + 4 * 5 * tuning_seeds
    best = {1: 0.1, 2: 0.03, 3: 0.01, 4: 0.003}

    def outcome(member):
        tunes = 1 + (member.seed - 1_000_001) // tuning_seeds
        return "solved", 1 if member.seed > 1_000_000 and best[tunes] == member.learning_rate else 4

    (tuning, measured), members = climb(study, outcome)
    assert len({member.seed for member in tuning.members}) == 4 * tuning_seeds
    assert {member.seed: member.learning_rate for member in measured.members} == best
    assert own_rates(study.settings[0], members) == best


def test_a_seed_whose_own_tuning_failed_is_not_measured():
    study = study_of("own", seeds=3, tuning_seeds=1)
    (_, measured), _ = climb(study, lambda m: ("failed" if m.seed == 1_000_002 else "solved", 3))
    assert [member.seed for member in measured.members] == [1, 3]
    nothing, _ = climb(study, lambda m: ("failed", 0))
    assert [cohort.role for cohort in nothing] == ["tuning"]


def test_breadth_first_a_few_seeds_are_tuned_and_measured_before_others_are():
    study = study_of("own", seeds=FEW + 3, tuning_seeds=1, rates=(0.1, 0.01), lags=(10, 20))
    seen, _ = climb(study, lambda m: ("solved", 3), next_turn)
    assert [(c.setting.lag, c.role, len(c.members)) for c in seen] == [
        (10, "tuning", 2 * FEW), (10, "measured", FEW), (20, "tuning", 2 * FEW), (20, "measured", FEW),
        (10, "tuning", 6), (10, "measured", 3), (20, "tuning", 6), (20, "measured", 3),
    ]  # fmt: skip


def screened_study(tuning="own", seeds=8, lags=(10, 20), screening=3):
    words = {"learning_rates": (0.1, 0.01), "tuning": tuning, "tuning_seeds": 1, "screening_seeds": screening}
    return resolve(
        load_preset("smoke"), Selectors(techniques=("gru",), tasks=("adding",), lags=lags, seeds=seeds, **words)
    )


@pytest.mark.parametrize("following", [next_cohort, next_turn])
@pytest.mark.parametrize(("tuning", "tuned"), [("own", 6), ("grid", 2), ("halving", 2)])
def test_where_no_seed_that_screens_solves_the_others_are_spared(tuning, tuned, following):
    study = screened_study(tuning)
    seen, members = climb(
        study, lambda m: ("solved" if m.seed > 3 and m.seed < 1_000_000 else "unsolved", 5), following
    )
    assert [(c.setting.lag, c.role, len(c.members)) for c in seen] == [(10, "tuning", tuned), (10, "measured", 3)]
    assert [member.seed for member in seen[1].members] == [1, 2, 3]
    first = study.settings[0]
    assert remaining(study, first, members[members["setting_hash"] == first.hash]) == []


def test_the_seeds_that_screen_go_first_and_the_others_follow_once_one_has_solved():
    study = screened_study(lags=(10,))
    seen, _ = climb(study, lambda m: ("solved" if m.seed == 2 else "unsolved", 5))
    assert [(c.role, [m.seed for m in c.members][:3], len(c.members)) for c in seen] == [
        ("tuning", [1_000_001, 1_000_001, 1_000_002], 6), ("measured", [1, 2, 3], 3),
        ("tuning", [1_000_004, 1_000_004, 1_000_005], 10), ("measured", [4, 5, 6], 5),
    ]  # fmt: skip
    everything = remaining(study, study.settings[0], NOTHING)
    assert sum(len(cohort.members) for cohort in everything) == study.members == 24


def test_breadth_first_the_seeds_that_screen_are_the_few():
    study = screened_study("grid", seeds=12, screening=8)
    seen, _ = climb(study, lambda m: ("solved", 3), next_turn)
    assert [(c.setting.lag, c.role, len(c.members)) for c in seen] == [
        (10, "tuning", 2), (10, "measured", 8), (20, "tuning", 2), (20, "measured", 8),
        (10, "measured", 4), (20, "measured", 4),
    ]  # fmt: skip


def test_seeds_that_cannot_be_measured_have_screened():
    """All of their own tuning failed; and a setting that no seed can be measured in ends as well."""
    study = screened_study(lags=(10,))

    def outcome(member):
        return ("failed" if member.seed == 1_000_002 else "unsolved"), 5

    seen, _ = climb(study, outcome)
    assert [[m.seed for m in c.members] for c in seen if c.role == "measured"] == [[1, 3]]
    nothing, _ = climb(study, lambda m: ("failed", 0))
    assert [(c.role, len(c.members)) for c in nothing] == [("tuning", 6)]


@pytest.mark.parametrize("screening", [8, 9, 0])
def test_as_many_seeds_as_there_are_screen_nothing(screening):
    study = screened_study("grid", seeds=8, lags=(10,), screening=screening)
    seen, _ = climb(study, lambda m: ("unsolved", 5))
    assert [(c.role, len(c.members)) for c in seen] == [("tuning", 2), ("measured", 8)]


@pytest.mark.parametrize(("tuning", "tuned"), [("own", 6), ("grid", 2), ("halving", 2)])
def test_seeds_may_begin_later_and_then_earlier_ones_have_no_say(tuning, tuned):
    """Neither as results, nor in tuning, nor for the ladder, nor for screening."""
    early = screened_study(tuning, seeds=3, screening=0)
    late = early.model_copy(update={"first_seed": 101})
    (chain,) = late.chains()
    _, before = climb(early, lambda m: ("solved", 1 if m.learning_rate == 0.1 else 4))
    assert next_cohort(early, chain, before) is None
    seen, members = [], before
    while (cohort := next_cohort(late, chain, members)) is not None:
        seen.append(cohort)
        ends = [(2 if member.learning_rate == 0.01 else 5) for member in cohort.members]
        members = pd.concat([members, rows(cohort, ["unsolved"] * len(ends)).assign(loss=ends)])
    assert [(c.setting.lag, c.role, len(c.members)) for c in seen] == [(10, "tuning", tuned), (10, "measured", 3)]
    assert [(m.seed, m.learning_rate) for m in seen[1].members] == [(101, 0.01), (102, 0.01), (103, 0.01)]
    tuned_with = {m.seed for m in seen[0].members}
    assert min(tuned_with) > 1_000_000
    assert not tuned_with & set(before["seed"])


def test_of_one_tuning_seed_a_rate_the_first_to_solve_ends_the_others():
    assert study_of("own", 2, 1).tuning_cohort(study_of("own", 2, 1).settings[0]).races
    for tuning, seeds in (("own", 2), ("grid", 1), ("halving", 1)):
        study = study_of(tuning, 2, seeds)
        assert not study.tuning_cohort(study.settings[0]).races
        assert not study.measured_cohort(study.settings[0], 0.1).races
