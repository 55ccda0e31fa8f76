"""Which seeds count: fresh ones are not pooled with those that were looked at."""

from __future__ import annotations

import pytest

from bench.evidence.estimates import summarise
from bench.evidence.measuring.runs import solved
from bench.evidence.scope import select
from bench.records.settings import FIRST_TUNING_SEED
from bench.testing.made_up import RULES, SmallStore, member, setting, study

TANH = setting("tanh", 10)
COPY = setting("tanh", 10, "copy")


def store(*firsts: int, settings=(TANH,), seeds: int = 3, rules=RULES) -> SmallStore:
    """A store of studies that begin with these seeds, the newest last; only seeds below 100 solve."""
    made = SmallStore([])
    for first in firsts:
        asked = study(*settings, seeds=seeds, first_seed=first)
        for of in settings:
            made.rows += [member(of, seed, "solved" if seed < 100 else "unsolved") for seed in asked.seeds]
            made.rows += [
                member(of, seed, "unsolved", role="tuning", learning_rate=rate)
                for seed in asked.tuning_seeds(of.protocol)
                for rate in of.learning_rates
            ]
        made.studies_.append(asked)
    return made


@pytest.mark.parametrize(
    ("firsts", "seeds"),
    [((1,), [1, 2, 3]), ((1, 101), [101, 102, 103]), ((101, 1), [1, 2, 3]), ((1, 101, 1), [1, 2, 3])],
)
def test_the_newest_study_says_which_seeds_count(firsts: tuple[int, ...], seeds: list[int]) -> None:
    scope = select(store(*firsts))
    assert sorted(scope.measured.seed.unique()) == seeds
    assert sorted(solved(scope, "tanh").seed) == seeds
    (cell,) = summarise(scope).itertuples()
    assert (cell.runs, cell.solved) == (3, 3 if seeds[0] == 1 else 0)
    assert set(scope.tuning.seed) == {FIRST_TUNING_SEED + seeds[0] - 1}
    if len(firsts) == 2:
        assert list(scope.left_out.members) == [3 + len(TANH.learning_rates)]


def test_studies_that_begin_alike_are_pooled() -> None:
    made = store(101)
    made.rows += [member(TANH, seed) for seed in (104, 105)]
    made.studies_.insert(0, study(TANH, seeds=5, first_seed=101))
    assert sorted(select(made).measured.seed) == [101, 102, 103, 104, 105]
    newer = store(1, 101)
    newer.rows += [member(TANH, seed) for seed in (104, 105)]
    newer.studies_.insert(0, study(TANH, seeds=5, first_seed=101))
    assert sorted(select(newer).measured.seed) == [101, 102, 103, 104, 105]


def test_each_task_has_the_seeds_of_its_newest_study() -> None:
    made = store(1, settings=(TANH, COPY))
    made.rows += [member(TANH, seed) for seed in (101, 102, 103)]
    made.studies_.append(study(TANH, seeds=3, first_seed=101))
    measured = select(made).measured
    assert {task: sorted(rows.seed) for task, rows in measured.groupby("task")} == {
        "adding": [101, 102, 103], "copy": [1, 2, 3],
    }  # fmt: skip


def test_a_technique_without_fresh_seeds_is_not_shown_with_old_ones() -> None:
    made = store(1, settings=(TANH, setting("gru", 10)))
    made.rows += [member(TANH, seed) for seed in (101, 102, 103)]
    made.studies_.append(study(TANH, seeds=3, first_seed=101))
    scope = select(made)
    assert set(scope.measured.technique) == {"tanh"}
    assert set(scope.plan.technique) == {"tanh"}
