import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_up.cohorts import cohort, costs, result, study
from made_up.snapshots import snapshot
from mlflow.entities import ViewType
from pandas.testing import assert_frame_equal

from bench.errors import BenchError, BusyError
from bench.records.result import COSTS, MEMBERS, typed
from bench.records.snapshot import TIMINGS
from bench.tracking import Store, layout
from bench.tracking.records import Standing


def runs(store, task="adding", view=ViewType.ACTIVE_ONLY):
    experiment = store.client.get_experiment_by_name(f"bptt-bench/{task}")
    return store.client.search_runs([experiment.experiment_id], run_view_type=view)


def records(store):
    experiment = store.client.get_experiment_by_name("bptt-bench-records/v2/cohorts")
    return store.client.search_runs([experiment.experiment_id])


def test_tables_come_back_as_they_were(store):
    measured, tuning = result(cohort("lstm")), result(cohort("gru", "copy", role="tuning"))
    store.write_cohort(measured)
    store.write_cohort(tuning)
    written = pd.concat([measured.members, tuning.members], ignore_index=True)
    assert_frame_equal(store.members().drop(columns="mlflow_run_id"), written)
    curves = store.curves()
    assert_frame_equal(curves[list(measured.curves)], pd.concat([measured.curves, tuning.curves], ignore_index=True))
    assert curves.groupby("technique")["role"].unique().map(list).to_dict() == {
        "gru": ["tuning"],
        "lstm": ["measured"],
    }


def test_reading_needs_the_store_alone(store):
    store.write_cohort(result())
    assert_frame_equal(Store.open(str(store.location.database), create=False).members(), store.members())


def test_empty_tables_have_their_types(store):
    assert store.members().dtypes.astype(str).to_dict() == layout.STORED_MEMBERS.types
    assert store.curves().dtypes.astype(str).to_dict() == layout.STORED_OF_MEMBERS["curves"].types
    assert store.costs().dtypes.astype(str).to_dict() == COSTS.types
    assert store.studies() == []
    assert store.repair() == 0


def test_types_hold_where_a_column_is_empty(store):
    """A cohort that failed outright has no curve, and no number in some columns."""
    store.write_cohort(result(cohort(seeds=2), ["failed", "failed"]))
    assert store.members().dtypes.astype(str).to_dict() == layout.STORED_MEMBERS.types
    assert store.curves().dtypes.astype(str).to_dict() == layout.STORED_OF_MEMBERS["curves"].types
    assert store.members()["metric"].isna().all()


def test_a_member_is_a_flat_readable_run(store):
    store.write_cohort(result(cohort("lstm", seeds=2), ["solved", "unsolved"]))
    solved = next(run for run in runs(store) if run.data.tags["outcome"] == "solved")
    assert solved.info.run_name == "#1 lstm, lag 50"
    assert solved.data.params["technique"] == "lstm"
    assert solved.data.params["learning_rate"] == "0.01"
    assert "clip_norm" not in solved.data.params, "what does not apply is left out"
    assert solved.data.metrics["final/solved"] == 1
    assert solved.data.metrics["final/updates"] == 50
    assert "mlflow.parentRunId" not in solved.data.tags
    assert solved.info.run_id in set(store.members()["mlflow_run_id"])


def test_curves_are_stepped_metrics_by_update(store):
    written = result(cohort(seeds=1), evaluations=9)
    store.write_cohort(written)
    run = runs(store)[0].info.run_id
    history = sorted(store.client.get_metric_history(run, "held_out/metric"), key=lambda point: point.step)
    assert [point.step for point in history] == written.curves["update"].tolist()
    np.testing.assert_allclose([point.value for point in history], written.curves["metric"])
    assert [point.timestamp - history[0].timestamp for point in history] == written.curves["update"].tolist()
    assert len(store.client.get_metric_history(run, "train/loss")) == 8, "there is none before training"


def test_more_points_than_mlflow_takes_at_once(store):
    store.write_cohort(result(cohort(seeds=1), evaluations=401))
    assert len(store.client.get_metric_history(runs(store)[0].info.run_id, "held_out/metric")) == 401


def test_status_follows_the_outcome(store):
    ends = ["solved", "unsolved", "diverged", "failed"]
    store.write_cohort(result(cohort(seeds=4), ends))
    status = {run.data.tags["outcome"]: run.info.status for run in runs(store)}
    assert status == dict.fromkeys(ends[:3], "FINISHED") | {"failed": "FAILED"}


def test_values_that_are_not_finite_are_in_the_table_but_not_in_charts(store):
    written = result(cohort(seeds=1))
    written.curves.loc[2, "loss"] = np.inf
    store.write_cohort(written)
    assert np.isinf(store.curves()["loss"][2])
    points = store.client.get_metric_history(runs(store)[0].info.run_id, "held_out/loss")
    assert len(points) == len(written.curves) - 1


def test_a_loss_that_is_the_metric_is_drawn_once(store):
    same, other = result(cohort("tanh", seeds=1)), result(cohort("gru", seeds=1))
    same.curves["metric"] = same.curves["loss"]
    other.curves["metric"] = 1 - other.curves["loss"]
    for written in (same, other):
        store.write_cohort(written)
    losses = {run.data.params["technique"]: {m for m in run.data.metrics if "loss" in m} for run in runs(store)}
    assert losses == {"tanh": {"train/loss"}, "gru": {"train/loss", "held_out/loss", "final/loss"}}
    assert store.curves()["loss"].notna().all(), "the table has it"


def test_writing_twice_changes_nothing(store):
    store.write_cohort(result())
    before = store.members()
    store.write_cohort(result())
    assert_frame_equal(store.members(), before)
    assert len(runs(store)) == 3


def test_no_run_is_left_running(store):
    store.write_cohort(result())
    assert {run.info.status for run in runs(store) + records(store)} == {"FINISHED"}


@pytest.mark.parametrize("delete", ["member", "record", "experiment", "records"])
def test_what_is_deleted_in_the_ui_is_redone(store, delete):
    store.write_cohort(result(cohort("tanh")))
    store.write_cohort(result(cohort("lstm")))
    if delete == "member":
        store.client.delete_run(store.members()["mlflow_run_id"][0])
    elif delete == "record":
        store.client.delete_run(next(r.info.run_id for r in records(store) if "tanh" in r.info.run_name))
    else:
        name = "bptt-bench/adding" if delete == "experiment" else "bptt-bench-records/v2/cohorts"
        store.client.delete_experiment(store.client.get_experiment_by_name(name).experiment_id)
    left = {"lstm"} if delete in ("member", "record") else set()
    assert set(store.members()["technique"]) == left
    store = Store.open(store.uri)
    store.repair()
    assert {run.data.params["technique"] for run in runs(store)} == left, "nothing half is left in the charts"
    store.write_cohort(result(cohort("tanh")))
    assert set(store.members()["technique"]) == left | {"tanh"}
    assert len(runs(store)) == 3 * (1 + len(left))


def test_two_that_finish_the_same_cohort_count_once(store, monkeypatch):
    monkeypatch.setattr(store.records, "standing", lambda *_: Standing())
    store.write_cohort(result())
    store.write_cohort(result())
    monkeypatch.undo()
    assert len(store.members()) == 3
    assert store.repair() == 0
    assert set(store.members()["mlflow_run_id"]) == {run.info.run_id for run in runs(store)}


def test_a_member_that_two_machines_trained_counts_once(store):
    """In cohorts of unlike size: one was asked for more seeds."""
    store.write_cohort(result(cohort(seeds=2)))
    store.write_cohort(result(cohort(seeds=3)))
    assert sorted(store.members()["seed"]) == [1, 2, 3]


def test_what_is_discarded_can_be_written_anew(store):
    keep, gone = result(cohort("lstm")), result(cohort("tanh"), ["failed"] * 3)
    store.write_cohort(keep)
    store.write_cohort(gone)
    store.delete("cohorts", {gone.cohort.key})
    assert set(store.members()["technique"]) == {"lstm"}
    assert store.repair() == 0
    assert {run.data.params["technique"] for run in runs(store)} == {"lstm"}
    store.write_cohort(result(gone.cohort))
    assert store.members().groupby("technique")["outcome"].agg(set)["tanh"] == {"solved", "unsolved"}


def test_a_run_that_a_server_made_twice_is_removed(store):
    """Its first answer was lost, so it was asked again; the first run was never heard of."""
    store.write_cohort(result())
    (record,) = records(store)
    experiment = store.client.get_experiment_by_name("bptt-bench/adding").experiment_id
    lost = store.client.create_run(experiment, tags={"record": record.info.run_id}).info.run_id
    assert store.repair() == 0
    assert lost not in {run.info.run_id for run in runs(store)}
    assert store.client.get_run(lost).info.status == "KILLED"
    assert len(store.members()) == len(runs(store)) == 3


def test_a_lost_file_is_named(store):
    store.write_cohort(result())
    file = next(store.location.artifacts.rglob("members.parquet"))
    file.write_bytes(b"PAR1 no more")
    with pytest.raises(BenchError, match=r"Cannot read members\.parquet of run \w+"):
        store.members()
    file.unlink()
    with pytest.raises(BenchError, match="No such file"):
        store.members()


def test_a_table_of_another_version_is_named(store):
    store.write_cohort(result())
    file = next(store.location.artifacts.rglob("members.parquet"))
    pd.read_parquet(file).drop(columns="outcome").to_parquet(file)
    with pytest.raises(BenchError, match=r"Cannot read members\.parquet .*changed or damaged since it was written"):
        store.members()
    store.client.delete_tag(records(store)[0].info.run_id, f"{layout.CHECKSUM}members.parquet")
    with pytest.raises(BenchError, match=r"Cannot read members\.parquet .*outcome"):
        store.members()


def test_studies_come_by_when_they_were_last_begun(store):
    first, second = study("first"), study("second")
    for each in (first, second, second, first):
        store.write_studies([each])
    assert store.studies() == [second, first]


def test_costs_measured_again_replace_the_earlier(store):
    store.write_costs(pd.concat([costs("tanh", 1.0), costs("lstm", 4.0)]))
    store.write_costs(costs("tanh", 2.0))
    assert store.costs().set_index("technique")["milliseconds"].to_dict() == {"lstm": 4.0, "tanh": 2.0}


def test_costs_of_another_method_are_neither_read_nor_lost(store, monkeypatch):
    store.write_costs(costs("tanh", 1.0))
    monkeypatch.setattr(layout, "COST_METHOD", layout.COST_METHOD + 1)
    assert store.costs().empty
    store.write_costs(costs("tanh", 2.0))
    assert store.costs()["milliseconds"].tolist() == [2.0]
    monkeypatch.undo()
    assert store.costs()["milliseconds"].tolist() == [1.0]


def test_the_lock_names_the_process_that_holds_it_and_can_be_waited_for(store):
    program = (
        "import sys; from bench.tracking import Store\n"
        f"with Store.open({store.uri!r}).lock(): print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(BenchError, match=f"being written by process {other.pid}"), store.lock():
            pass
        assert store.members().empty, "reading goes on meanwhile"
        heard = []

        def told(sentence: str) -> None:
            heard.append(sentence)
            other.kill()
            other.communicate()

        with store.lock(told):
            assert heard == [f"Store {store.shown} is being written by process {other.pid}: waiting for it to end."]
    with (
        store.lock(),
        pytest.raises(BusyError, match=f"process {os.getpid()}"),
        Store.open(store.uri).lock(),
    ):
        pass


def test_a_lock_that_cannot_be_signed_leads_to_another_store(store):
    store.location.database.with_suffix(".db.pid").mkdir()
    said = r"^Cannot write .*mlflow\.db\.pid: .*; choose another with --store\.$"
    with pytest.raises(BenchError, match=said), store.lock():
        pass


def test_the_environment_is_left_alone(store):
    store.write_cohort(result())
    assert "MLFLOW_TRACKING_URI" not in os.environ
    assert not Path("mlflow.db").exists()


def test_the_flow_in_mlflow_is_that_of_the_output_whatever_its_name():
    row = {"started": "2026-01-01T00:00:00+00:00", "outcome": "solved", "updates": 1, "metric": 1.0, "loss": 0.0}
    curve = pd.DataFrame(columns=["update", *layout.CURVE_METRICS])
    probes = pd.DataFrame(
        [("x", 0, 0.1), ("z", 0, -0.5), ("h", 0, -0.7), ("cell", 0, 0.3), ("z", 1, -0.9)],
        columns=["quantity", "layer", "decay"],
    ).assign(update=4, dead_share=0.0)
    found = [metric.value for metric in layout.metrics(row, curve, probes) if metric.key == "flow/decay"]
    assert found == [-0.5]


def test_member_columns_are_all_stored():
    assert list(layout.STORED_MEMBERS.types) == [*MEMBERS.types, "mlflow_run_id"]


def test_snapshots_and_samples_come_back_as_they_went_in(store):
    filled = {"str": "x", "int64": 1, "float64": 0.5, "bool": False}
    row = {column: filled[kind] for column, kind in TIMINGS.types.items()}
    table = typed([row, row | {"process": 2}], TIMINGS)
    first, second = (snapshot(taken=f"2026-01-0{day}T00:00:00+00:00") for day in (1, 2))
    store.write_timings(table)
    store.write_snapshot(first)
    store.write_snapshot(second)
    assert store.repair() == 0
    again = Store.open(store.uri)
    assert again.snapshots() == [first, second]
    assert_frame_equal(again.timings(), table)


def test_while_a_program_writes_alone_it_knows_what_is_there(store):
    """Asking for each cohort, by searching for what is deleted, too, takes longer than half of writing it."""
    one, two = result(cohort("tanh")), result(cohort("gru"))
    with store.lock():
        store.write_cohort(one)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(store.records, "standing", None)
            store.write_cohort(two)
            store.write_cohort(one)
        assert len(records(store)) == 2
        store.delete("cohorts", {one.cohort.key})
        store.write_cohort(one)
    Store.open(store.uri).delete("cohorts", {two.cohort.key})
    with store.lock():
        store.write_cohort(two)
        store.write_cohort(one)
    assert sorted(store.members()["technique"].unique()) == ["gru", "tanh"]
    assert len(records(store)) == 2


def test_a_cohort_whose_writing_failed_is_looked_for_again(store, monkeypatch):
    def fails(*_: object) -> None:
        raise BenchError("at the very end")

    with store.lock():
        store.write_cohort(result(cohort("tanh")))
        with monkeypatch.context() as patch:
            patch.setattr(store.client, "set_tag", fails)
            with pytest.raises(BenchError, match="at the very end"):
                store.write_cohort(result(cohort("gru")))
        store.repair()
        store.write_cohort(result(cohort("gru")))
    assert len(store.members()) == 6
