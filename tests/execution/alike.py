"""What two stores must have in common when one run was disturbed and the other was not."""

import pandas as pd
from mlflow.entities import ViewType

from bench.tracking import Store

OF_THE_MOMENT = ["mlflow_run_id", "wall_seconds", "started"]
COUNTED = ["technique", "task", "lag", "parameters", "flops", "peak_bytes", "cost_hash"]
"""Of the costs, what is not a time."""
MEMBER = ["cohort", "seed", "learning_rate"]


def assert_alike(store: Store, other: Store) -> None:
    """All result tables are equal bit for bit, each member is there once, and nothing half done is left."""
    for name in ("members", "curves", "gradients", "probes"):
        ours, theirs = (_sorted(getattr(s, name)()) for s in (store, other))
        assert len(ours) > 0
        pd.testing.assert_frame_equal(ours, theirs, check_exact=True)
    pd.testing.assert_frame_equal(_sorted(store.costs()[COUNTED]), _sorted(other.costs()[COUNTED]), check_exact=True)
    assert store.studies() == other.studies()
    assert_tidy(store)


def assert_tidy(store: Store) -> None:
    """What MLflow shows is what the tables hold: no run that seems to go on, none twice, none of nobody."""
    members = store.members()
    assert not members.duplicated(MEMBER).any()
    shown = store.client.search_runs(store.records.tasks(), max_results=5000)
    assert sorted(run.info.run_id for run in shown) == sorted(members["mlflow_run_id"])
    experiments = [e.experiment_id for e in store.client.search_experiments(ViewType.ALL)]
    for view in (ViewType.ACTIVE_ONLY, ViewType.DELETED_ONLY):
        assert not store.client.search_runs(experiments, "attributes.status = 'RUNNING'", view)


def _sorted(table: pd.DataFrame) -> pd.DataFrame:
    table = table.drop(columns=OF_THE_MOMENT, errors="ignore")
    return table.sort_values(list(table), ignore_index=True)
