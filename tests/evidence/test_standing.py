"""Ranks among techniques, on scores small enough to count by hand."""

import numpy as np
import pytest

from bench.evidence.standing import _ranked, _ranks


def test_equal_scores_share_the_best_rank():
    assert _ranks(np.array([[0.5], [0.9], [0.5], [0.1]]))[:, 0].tolist() == [2, 1, 2, 4]


def test_a_rank_is_certain_where_every_seed_agrees_and_open_where_scores_are_equal():
    values = np.array([[0.9, 0.8, 0.95], [0.2, 0.2, 0.2], [0.2, 0.2, 0.2], [0.0, 0.1, 0.0]])
    found = {one.technique: one for one in _ranked(["a", "b", "c", "d"], "adding", values)}
    assert [(found[n].rank, found[n].best, found[n].worst) for n in "abcd"] == [
        (1, 1, 1), (2, 2, 3), (2, 2, 3), (4, 4, 4),
    ]  # fmt: skip
    assert found["a"].score == pytest.approx(values[0].mean())
    assert found["a"].low <= found["a"].score <= found["a"].high <= 1
    assert {one.ranked for one in found.values()} == {4}
    assert {one.seeds for one in found.values()} == {3}


def test_the_interval_of_a_rank_is_that_of_paired_resamples():
    """Two techniques of which the first leads on 8 of 10 seeds by as much as it loses on 2: who leads is a binomial."""
    lead = np.array([1.0] * 8 + [-1.0] * 2) / 4
    values = np.stack([0.5 + lead / 2, 0.5 - lead / 2])
    first, second = _ranked(["a", "b"], "adding", values)
    assert (first.technique, first.rank, second.rank) == ("a", 1, 2)
    assert (first.best, first.worst) == (1, 2)  # the lead is lost or equal in 3.3 % of resamples
    twice = np.concatenate([values, values, values], axis=1)
    assert _ranked(["a", "b"], "adding", twice)[0].worst == 1
