"""Real training of small cohorts."""

import numpy as np
import pandas as pd
import pytest
import torch

from bench.protocol.preset import Selectors, load_preset, resolve
from bench.records.result import CURVES, MEMBERS
from bench.records.settings import Cohort, Member
from bench.tasks.adding import Adding
from bench.techniques import techniques
from bench.training.cohort import failed_cohort, train_cohort

NUMBERS = ["updates", "metric", "loss"]


def cohort_of(technique, members, role="measured", **choices):
    words = {"tasks": ("adding",), "lags": (8,), "updates": 40, "hidden_size": 8, "batch_size": 8}
    study = resolve(load_preset("smoke"), Selectors(techniques=(technique,), **words | choices))
    setting = study.settings[0]
    protocol = setting.protocol.model_copy(update={"evaluate_every": 10})
    return Cohort(
        setting=setting.model_copy(update={"protocol": protocol}),
        role=role,
        members=tuple(Member(seed=s, learning_rate=r) for s, r in members),
    )


MANY = [(1, 0.01), (2, 0.01), (1, 0.001), (3, 0.1)]


@pytest.mark.parametrize("technique", ["tanh", "lstm", "gru", "clip-norm", "residual-depth", "tbptt:window=3"])
def test_a_member_does_not_depend_on_who_else_is_in_the_stack(technique):
    together = train_cohort(cohort_of(technique, MANY))
    for number, member in enumerate(MANY):
        alone = train_cohort(cohort_of(technique, [member]))
        np.testing.assert_allclose(
            together.members[NUMBERS].iloc[number].astype(float),
            alone.members[NUMBERS].iloc[0].astype(float),
            rtol=1e-3,
        )
        curve = together.curves[
            (together.curves["seed"] == member[0]) & (together.curves["learning_rate"] == member[1])
        ]
        pd.testing.assert_frame_equal(curve.reset_index(drop=True), alone.curves, rtol=1e-3)


def test_a_member_that_diverges_takes_nobody_with_it():
    mixed = train_cohort(cohort_of("relu", [(1, 0.01), (1, 1e30), (2, 0.01)], updates=40))
    healthy = train_cohort(cohort_of("relu", [(1, 0.01), (2, 0.01)], updates=40))
    assert mixed.members["outcome"].tolist()[1] == "diverged"
    assert 1 <= mixed.members["updates"][1] < 40
    kept = mixed.members.drop(index=1).reset_index(drop=True)
    np.testing.assert_allclose(kept["metric"], healthy.members["metric"], rtol=1e-3)


def test_solved_members_stop_early_and_the_metric_is_theirs_then():
    # lag 2: the sum of both numbers, all of them marked
    result = train_cohort(cohort_of("tanh", [(1, 0.03), (1, 1e-6)], lags=(2,), updates=400))
    solved, slow = (result.members.iloc[i] for i in range(2))
    assert solved["outcome"] == "solved"
    assert slow["outcome"] == "unsolved"
    assert solved["metric"] <= 0.01
    assert solved["updates"] < slow["updates"] == 400
    assert result.curves.groupby("learning_rate")["update"].max().to_dict() == {
        1e-6: 400,
        0.03: solved["updates"] + 10,
    }


def test_two_trainings_give_equal_tables():
    what = cohort_of("gru", MANY)
    first, second = train_cohort(what), train_cohort(what)
    pd.testing.assert_frame_equal(first.curves, second.curves, check_exact=True)
    same = [c for c in MEMBERS.types if c not in ("started", "wall_seconds")]
    pd.testing.assert_frame_equal(first.members[same], second.members[same], check_exact=True)


def test_tables_have_the_columns_and_types_of_the_contract():
    result = train_cohort(cohort_of("tanh", MANY))
    assert list(result.members) == list(MEMBERS.types)
    assert list(result.curves) == list(CURVES.types)
    assert result.members["parameters"].unique().tolist() == [2 * 8 + 8 * 8 + 8 + 8 + 1]
    assert result.members["state_size"].unique().tolist() == [8]
    failed = failed_cohort(cohort_of("tanh", MANY), "ValueError: a\nb")
    assert list(failed.members) == list(MEMBERS.types)
    assert failed.members.dtypes.equals(result.members.dtypes)
    assert failed.members["reason"].unique().tolist() == ["ValueError: a b"]
    assert failed.curves.empty


def test_a_task_that_cannot_say_its_level_fails_its_cohort_alone(monkeypatch):
    cohort = cohort_of("tanh", MANY)
    monkeypatch.setattr(Adding, "trivial_level", lambda self, lag: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        train_cohort(cohort)
    failed = failed_cohort(cohort, "ZeroDivisionError: division by zero")
    assert failed.members["outcome"].unique().tolist() == ["failed"]
    assert failed.members["trivial_level"].isna().all()


def test_tuning_reads_validation_and_measuring_reads_test():
    rows = [train_cohort(cohort_of("tanh", [(1, 0.01)], role=role)).members for role in ("tuning", "measured")]
    losses = [row["loss"][0] for row in rows]
    assert losses[0] != losses[1]
    assert losses[0] == pytest.approx(losses[1], rel=0.9)


def test_equal_seeds_start_baseline_and_remedy_from_equal_weights_on_equal_sequences():
    rows = {
        name: train_cohort(cohort_of(name, [(1, 0.01)])).curves.query("update == 0")["loss"].item()
        for name in ("tanh", "clip-norm", "tbptt:window=3", "clip-literal")
    }
    assert len(set(rows.values())) == 1


def test_lightning_leaves_the_global_random_state_alone():
    before = torch.get_rng_state()
    train_cohort(cohort_of("tanh", [(1, 0.01)]))
    torch.testing.assert_close(torch.get_rng_state(), before)


def test_protocol_clipping_applies_to_every_technique():
    free = train_cohort(cohort_of("tanh", [(1, 0.01)])).curves
    clipped = train_cohort(cohort_of("tanh", [(1, 0.01)], clip_norm=1e-3)).curves
    assert free["clipped"].max() == 0
    assert clipped["clipped"].max() == 1
    assert set(techniques.names()) >= {"clip-norm", "clip-value", "clip-literal"}
