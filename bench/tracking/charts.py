"""Prepared charts: a view of the learning curves of each task, lag and arm, by technique."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
from mlflow.entities import Experiment, LifecycleStage

from bench.tracking import layout, paths, views
from bench.tracking.opening import plainly
from bench.tracking.store import Store
from bench.waiting import LOG


@dataclass(frozen=True)
class Chart:
    """A prepared view of one task's learning curves."""

    task: str
    name: str
    """Name of what is shown: 'adding lag 50', or 'copy lag 5 exploding' in another arm than the main one."""
    view: views.View
    path: str
    """Path at which MLflow's interface shows it."""


def homes(store: Store) -> dict[str, Experiment]:
    """The experiment by task, whatever it is called now."""
    with plainly(store.shown):
        return {layout.task_of(e): e for e in store.records.homes() if e.lifecycle_stage == LifecycleStage.ACTIVE}


def charts(store: Store, experiments: dict[str, Experiment], members: pd.DataFrame) -> list[Chart]:
    """The charts of all measured runs; a task without an experiment is only a warning. Raises BenchError."""
    arms = {plan.protocol.hash: study.arm for study in store.studies() for plan in study.tasks}
    measured = members[members["role"] == "measured"]
    for task in sorted(set(measured["task"]) - set(experiments)):
        LOG.warning(
            "Cannot show the curves of task '%s' (its results still count): MLflow has no experiment for it. "
            "If it was renamed, rename it back to '%s'.",
            task,
            layout.task_experiment(task),
        )
    found: dict[str, Chart] = {}
    for (task, lag, protocol), group in measured.groupby(["task", "lag", "protocol_hash"]):
        if task in experiments:
            name = f"{task} lag {lag}" + {"main": "", "": ""}.get(arm := arms.get(protocol, ""), f" {arm}")
            name = name if name not in found else f"{name} {protocol}"  # an earlier protocol's
            view = views.curves(name, int(lag), str(protocol), set(group["technique"]))
            path = paths.of_runs(experiments[task].experiment_id, compareRunsMode="CHART", viewStateShareKey=view.key)
            found[name] = Chart(str(task), name, view, path)
    return list(found.values())
