"""What people change in MLflow's interface: runs edited, deleted and restored, experiments renamed."""

import pytest
from made_up.cohorts import cohort, result

from bench.errors import BenchError
from bench.tracking import Store, run_addresses, ui_addresses
from bench.tracking.layout import COMPLETE, KEY, RECORD

NAMES = ("lstm", "tanh")
WHAT = {name: result(cohort(name, seeds=1), evaluations=1) for name in NAMES}


@pytest.fixture
def filled(store) -> Store:
    for what in WHAT.values():
        store.write_cohort(what)
    return store


def record_of(store: Store, name: str = "tanh") -> str:
    records = store.client.search_runs(store.records.of("cohorts"))
    return next(record.info.run_id for record in records if name in record.info.run_name)


def member_of(store: Store, name: str = "tanh") -> str:
    return store.members().set_index("technique")["mlflow_run_id"][name]


def shown(store: Store) -> list[str]:
    """The techniques of the members that MLflow shows."""
    return sorted(run.data.params["technique"] for run in store.client.search_runs(store.records.tasks()))


def counted(store: Store) -> list[str]:
    return sorted(store.members()["technique"])


def test_edits_of_a_member_change_no_result(filled):
    before, member = filled.members(), member_of(filled)
    filled.client.set_tag(member, "outcome", "edited")
    filled.client.log_metric(member, "final/solved", 7)
    filled.client.set_tag(member, "mlflow.runName", "mine")
    filled.client.delete_tag(member, RECORD)
    assert filled.repair() == 0
    assert filled.members().equals(before)


def test_records_whose_key_was_taken_off_are_no_twins(filled):
    for name in NAMES:
        filled.client.delete_tag(record_of(filled, name), KEY)
    assert filled.repair() == 0
    assert counted(filled) == shown(filled) == [*NAMES]


def test_a_record_whose_mark_was_taken_off_is_trained_again(filled):
    filled.client.delete_tag(record_of(filled), COMPLETE)
    assert filled.repair() == 1
    assert counted(filled) == shown(filled) == ["lstm"]
    filled.write_cohort(WHAT["tanh"])
    assert counted(filled) == shown(filled) == [*NAMES]


@pytest.mark.parametrize("which", [record_of, member_of])
def test_what_is_restored_before_a_repair_counts_again(filled, which):
    run = which(filled)
    filled.client.delete_run(run)
    assert counted(filled) == ["lstm"]
    filled.client.restore_run(run)
    assert filled.repair() == 0
    assert counted(filled) == shown(filled) == [*NAMES]


@pytest.mark.parametrize("deleted", [record_of, member_of])
@pytest.mark.parametrize("restored", [("record",), ("member",), ("record", "member")])
@pytest.mark.parametrize("again", [False, True], ids=["gone", "trained again"])
def test_what_is_restored_after_a_repair_never_stands_twice(filled, deleted, restored, again):
    runs = {"record": record_of(filled), "member": member_of(filled)}
    filled.client.delete_run(deleted(filled))
    filled.repair()
    if again:
        filled.write_cohort(WHAT["tanh"])
    for which in restored:
        filled.client.restore_run(runs[which])
    assert len(counted(filled)) == len(set(counted(filled)))
    filled.repair()
    assert counted(filled) == shown(filled)
    filled.write_cohort(WHAT["tanh"])
    assert counted(filled) == shown(filled) == [*NAMES]
    assert filled.repair() == 0


@pytest.fixture
def renamed(filled) -> str:
    """The id of the experiment of the task 'adding', which somebody calls otherwise."""
    experiment = filled.client.get_experiment_by_name("bptt-bench/adding").experiment_id
    filled.client.rename_experiment(experiment, "mine")
    return experiment


def test_a_task_that_was_renamed_is_what_it_was(filled, renamed):
    assert filled.repair() == 0
    assert counted(filled) == shown(filled) == [*NAMES]
    (curves,) = ui_addresses(filled).values()
    assert f"/#/experiments/{renamed}/" in curves
    assert f"/#/experiments/{renamed}/" in run_addresses(filled).run("adding", member_of(filled))
    filled.client.delete_run(member_of(filled))
    assert counted(filled) == ["lstm"], "what is deleted there is noticed"
    with filled.lock():
        filled.repair()
    again = Store.open(filled.uri)
    again.write_cohort(WHAT["tanh"])
    assert again.client.get_run(member_of(again)).info.experiment_id == renamed
    assert counted(again) == shown(again) == [*NAMES]


def test_a_task_that_was_deleted_for_good_still_counts_but_has_no_curves(filled, caplog):
    experiment = filled.client.get_experiment_by_name("bptt-bench/adding").experiment_id
    filled.client.delete_experiment(experiment)
    filled.client._tracking_client.store._hard_delete_experiment(experiment)
    assert counted(filled) == [*NAMES]
    assert list(ui_addresses(filled)) == ["experiments"]
    assert caplog.messages == [
        "Cannot show the curves of task 'adding' (its results still count): MLflow has no experiment for it. "
        "If it was renamed, rename it back to 'bptt-bench/adding'."
    ]


def test_renamed_records_of_a_task_that_was_renamed_are_asked_back(filled, renamed):
    experiment = filled.client.get_experiment_by_name("bptt-bench-records/v2/cohorts").experiment_id
    filled.client.rename_experiment(experiment, "mine too")
    with pytest.raises(BenchError, match=r"has no experiment .*, or delete the experiments mine to start from scratch"):
        filled.members()


def test_records_that_were_renamed_are_asked_back(filled):
    """Else all would be trained again."""
    experiment = filled.client.get_experiment_by_name("bptt-bench-records/v2/cohorts").experiment_id
    filled.client.rename_experiment(experiment, "mine")
    for use in (filled.members, filled.repair, lambda: filled.write_cohort(WHAT["tanh"])):
        with pytest.raises(
            BenchError, match=r"has no experiment 'bptt-bench-records/v2/cohorts' any more: rename it back"
        ):
            use()
    filled.client.rename_experiment(experiment, "bptt-bench-records/v2/cohorts")
    assert counted(filled) == [*NAMES]
    filled.client.rename_experiment(experiment, "bptt-bench-records/v1/cohorts")
    assert filled.members().empty, "of another version"


def test_what_was_removed_for_good_is_removed_again(filled):
    """By `prune` or `run --retry-failed`; somebody restores it."""
    runs = record_of(filled), member_of(filled)
    filled.delete("cohorts", {WHAT["tanh"].cohort.key})
    for run in runs:
        filled.client.restore_run(run)
    assert counted(filled) == ["lstm"]
    filled.repair()
    assert counted(filled) == shown(filled) == ["lstm"]
