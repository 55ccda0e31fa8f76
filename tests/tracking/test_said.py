"""A training run says in MLflow what it was, and leads to where more is."""

import re

import pytest
from made_up.cohorts import cohort, result

from bench.tracking import notes


def told(store, outcome, **of):
    store.write_cohort(result(cohort("lstm", **of), [outcome] * len(cohort(**of).members)))
    experiment = store.client.get_experiment_by_name("bptt-bench/adding")
    return store.client.search_runs([experiment.experiment_id])[0].data.tags[notes.TAG]


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        ("solved", r"solved after [\d,]+ of [\d,]+ updates; mse 0\.005 at the end, solved at 0\.01"),
        ("unsolved", r"not solved in [\d,]+ updates; mse 0\.16 at the end"),
        ("diverged", r"diverged after \d+ of"),
        ("failed", r"failed \(RuntimeError: made up\)"),
        ("untrained", r"not trained"),
    ],
)
def test_every_outcome_is_told(store, outcome, words):
    assert re.search(words, told(store, outcome))


def test_a_run_leads_to_its_setting_and_to_the_runs_beside_it(store):
    said = told(store, "solved")
    record = store.records.standing("cohorts").whole[0].info
    assert f"](#/experiments/{record.experiment_id}/runs/{record.run_id}?" in said
    assert f"get-artifact?path=setting.png&run_uuid={record.run_id}" in said
    assert f"tags.record%20%3D%20%27{record.run_id}%27" in said


def test_a_run_for_tuning_says_so_and_has_no_picture(store):
    said = told(store, "solved", role="tuning")
    assert "tried to choose a learning rate" in said
    assert "get-artifact" not in said
