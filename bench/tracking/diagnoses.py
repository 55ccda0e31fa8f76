"""Records of diagnoses of users' own models, which no verdict and no report counts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mlflow
from mlflow.entities import Metric, Param, RunTag

from bench.tracking.clock import server_time
from bench.tracking.layout import DIAGNOSES
from bench.tracking.opening import plainly
from bench.tracking.store import Store


def write_diagnosis(store: Store, name: str, record: Mapping[str, Any], files: list[Path]) -> str:
    """Store a diagnosis as a run of its own, with its files; returns the run's id. Call it under `Store.lock`."""
    with plainly(store.shown):
        client = store.client
        run = client.create_run(store.records.experiment(DIAGNOSES), run_name=name).info.run_id
        time = round(1000 * server_time(store.location))
        metrics = [Metric(key, value, time, 0) for key, value in metrics_of(record).items()]
        client.log_batch(
            run,
            metrics,
            [Param("verdict", str(record["verdict"]))],
            [RunTag("mlflow.note.content", str(record["says"]))],
        )
        for file in files:
            client.log_artifact(run, str(file))
        client.set_terminated(run)
        return str(run)


def metrics_of(record: Mapping[str, Any]) -> dict[str, float]:
    """The metrics of a diagnosis by their names in MLflow; what is not finite is left out."""
    found = {
        "flow/decay": record["decay"],
        "flow/half_life": record["half_life"],
        "flow/reach": record["reach"],
        "flow/used": record["horizon_used"],
        "clip/engaged": record["clip"].get("share"),
    }
    return {name: float(value) for name, value in found.items() if value is not None and math.isfinite(value)}


def log_to_active_run(record: Mapping[str, Any]) -> None:
    """Log a diagnosis to the run that the user has begun with mlflow.start_run; do nothing if there is none."""
    if mlflow.active_run() is None:
        return
    mlflow.log_metrics(metrics_of(record))
    mlflow.set_tag("bptt-bench.verdict", record["verdict"])
    mlflow.log_table({key: [p[key] for p in record["profile"]] for key in ("steps_back", "norm")}, "profile.json")
